from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from controller.domain.run import RunState
from tests.unit.controller.rpc.conftest import RUN
from tests.unit.ostwald.command_line import ostwald

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.ostwald.conftest import Served


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    path = tmp_path / "recipe.toml"
    path.write_text("good")
    return str(path)


def test_a_run_is_shown_as_text_that_a_person_reads(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    run = replace(
        RUN,
        detail="acquire [sample]",
        actor="ann@bench",
        leased=True,
        parameters={"flow": 2.0, "light": 80.0},
        achieved={"flow": 1.93},
        properties={"peak_wavelength": 519.44},
        ended_s=73.5,
    )
    monkeypatch.setattr(served.bench.runs, "get", lambda _run_id: run)
    said = ostwald(served.address, "run", "show", "r1")
    assert [line.rstrip() for line in said.lines] == [
        "run r1 of silver is execute",
        "  step 2 of 3: acquire [sample]",
        "  reactor time: 1.0 to 73.5 s",
        "  asked for by ann@bench, under a lease",
        "  spectrum s1",
        "  parameter    asked    achieved",
        "  flow             2        1.93",
        "  light           80",
        "  peak_wavelength: 519.4",
    ]


def test_a_trial_is_shown_with_its_campaign_and_json_has_everything(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        served.bench.runs, "get", lambda _run_id: replace(RUN, campaign_id="c7", spectrum_id="")
    )
    assert ostwald(served.address, "run", "show", "r1").lines[-1] == "  trial of campaign c7"
    shown = ostwald(served.address, "run", "show", "r1", "--json").json
    assert (shown["run_id"], shown["state"], shown["campaign_id"]) == ("r1", "execute", "c7")


def test_a_run_is_held_with_a_reason_and_resumed(served: Served) -> None:
    held = ostwald(served.address, "run", "hold", "r1", "--reason", "the [old] stirrer stands")
    assert held.code == 0
    (line,) = held.lines
    assert line.startswith("run r1 is held: held by ")
    assert line.endswith("(127.0.0.1): the [old] stirrer stands")
    assert ostwald(served.address, "run", "resume", "r1").lines == ["run r1 is execute"]
    assert ostwald(served.address, "run", "hold", "r1", "--json").json["state"] == "held"
    assert ostwald(served.address, "run", "resume", "r1", "--json").json["state"] == "execute"


def test_a_hold_that_came_too_late_is_a_failure(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ended(run_id: str, reason: str):
        return replace(RUN, run_id=run_id, state=RunState.COMPLETE, detail=reason)

    monkeypatch.setattr(served.bench.runs, "hold", ended)
    said = ostwald(served.address, "run", "hold", "r1")
    assert (said.code, said.lines) == (1, ["run r1 is complete"])


def test_a_run_is_followed_to_its_end(served: Served, recipe: str) -> None:
    followed = ostwald(served.address, "run", "start", recipe, "--wait")
    assert followed.lines == ["2/3 step"] * 3 + ["run r1 is execute"]
    assert ostwald(served.address, "run", "watch", "r1", "--json").json["run_id"] == "r1"


def test_an_aborted_run_is_a_failure_of_start_and_not_of_abort(
    served: Served, monkeypatch: pytest.MonkeyPatch, recipe: str
) -> None:
    assert ostwald(served.address, "run", "abort", "r1").lines == ["run r1 is aborted"]
    monkeypatch.setattr(
        served.bench.runs, "get", lambda _run_id: replace(RUN, state=RunState.ABORTED, detail="tripped")
    )
    said = ostwald(served.address, "run", "start", recipe, "--wait")
    assert (said.code, said.lines[-1]) == (1, "run r1 is aborted: tripped")


def test_a_recipe_is_checked(served: Served, recipe: str, tmp_path: Path) -> None:
    assert ostwald(served.address, "run", "validate", recipe).lines == ["good"]
    bad = tmp_path / "bad.toml"
    bad.write_text("bad")
    said = ostwald(served.address, "run", "validate", str(bad))
    assert (said.code, said.lines) == (1, ["line 4, steps[0]: is not known"])
    assert ostwald(served.address, "run", "validate", str(bad), "--json").json["ok"] is False


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("hold", "zz"), 3, "error: there is no run zz"),
        (("resume", "zz"), 3, "error: there is no run zz"),
        (("start", "no/such/file.toml"), 1, "error: no/such/file.toml: No such file or directory"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(
    served: Served, arguments: tuple[str, ...], code: int, error: str
) -> None:
    said = ostwald(served.address, "run", *arguments)
    assert (said.code, said.out) == (code, "")
    assert said.err.startswith(error)
    assert len(said.err.splitlines()) == 1


def test_runs_are_listed_newest_first_a_line_each(served: Served) -> None:
    assert len(ostwald(served.address, "run", "list").lines) == 7
    assert ostwald(served.address, "run", "list", "--json").json[0]["run_id"] == "r0"
