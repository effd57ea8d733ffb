from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from ostwald.client import AsyncOstwald, NotFoundError, Ostwald

from controller.domain.run import RunState
from tests.unit.controller.rpc.conftest import RUN

if TYPE_CHECKING:
    from tests.unit.ostwald.conftest import Served


def test_a_run_is_started_held_resumed_and_aborted_in_the_clients_name(served: Served) -> None:
    with Ostwald(served.address, actor="ann@bench") as device:
        started = device.runs.start("recipe", {})
        held = device.runs.hold("r1", "the stirrer stands")
        resumed = device.runs.resume("r1")
        aborted = device.runs.abort("r1", "over")
    assert (started.state, started.actor, started.leased) == ("execute", "ann@bench (127.0.0.1)", False)
    assert (held.state, held.detail) == ("held", "held by ann@bench (127.0.0.1): the stirrer stands")
    assert resumed.actor == "ann@bench (127.0.0.1)"
    assert (aborted.state, aborted.ended_s) == ("aborted", 4.0)


async def test_a_run_acts_under_the_lease_of_its_client(served: Served) -> None:
    async with AsyncOstwald(served.address, lease="secret") as device:
        assert (await device.runs.start("recipe", {})).leased
        assert (await device.runs.resume("r1")).leased


def test_runs_are_plain_values(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    run = replace(RUN, parameters={"flow": 2.0}, achieved={"flow": 1.9}, campaign_id="c1")
    monkeypatch.setattr(served.bench.runs, "get", lambda _run_id: run)
    with Ostwald(served.address) as device:
        found = device.runs.get("r1")
        assert len(device.runs.list()) == 7
        assert [message for message, _ in device.runs.watch("r1")] == ["step"] * 3
        assert device.runs.validate("bad", {}) == ["line 4, steps[0]: is not known"]
        assert device.runs.validate("good", {}) == []
    assert (found.parameters, found.achieved, found.campaign_id) == ({"flow": 2.0}, {"flow": 1.9}, "c1")
    assert (found.started_s, found.ended_s, found.step, found.steps) == (1.0, None, 2, 3)


@pytest.mark.parametrize("deed", ["hold", "abort"])
def test_what_is_unknown_is_an_error_in_the_devices_words(served: Served, deed: str) -> None:
    with Ostwald(served.address) as device, pytest.raises(NotFoundError, match="there is no run zz") as error:
        getattr(device.runs, deed)("zz", "")
    assert error.value.reason == "RUN_UNKNOWN"


def test_every_state_of_a_run_has_a_word(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    words = []
    with Ostwald(served.address) as device:
        for state in RunState:
            monkeypatch.setattr(
                served.bench.runs, "get", lambda _run_id, state=state: replace(RUN, state=state)
            )
            words.append(device.runs.get("r1").state)
    assert words == [state.name.lower() for state in RunState]


def test_a_campaign_is_created_started_followed_and_aborted(served: Served) -> None:
    with Ostwald(served.address, actor="ann@bench") as device:
        created = device.campaigns.create("campaign", "recipe")
        assert device.campaigns.start("silver").campaign_id == created.campaign_id == "c1"
        seen = [(event.message, event.trial and event.trial.number) for event in device.campaigns.watch("c1")]
        assert seen == [("started", None), ("trial 1", 1)]
        assert device.campaigns.abort("c1", "over").reason == "aborted by ann@bench (127.0.0.1): over"
        with pytest.raises(NotFoundError):
            device.campaigns.get("zz")


def test_all_trials_come_though_pages_with_spectra_are_short(served: Served) -> None:
    with Ostwald(served.address) as device:
        for with_spectra in (False, True):
            trials = device.campaigns.trials("c1", with_spectra=with_spectra)
            assert [trial.number for trial in trials] == list(range(1, 31))
