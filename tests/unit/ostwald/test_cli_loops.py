from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from ostwald.loops import Loops

from controller.domain.commands import EndAutotune, LoopMode, Retune, SetLoopMode, StartAutotune
from tests.unit.controller.rpc.conftest import RUN
from tests.unit.ostwald.command_line import ostwald
from tests.unit.ostwald.test_client_loops import FAILED, HEAT, PROPOSED, RUNNING

if TYPE_CHECKING:
    from controller.domain.status import ControlStatus
    from tests.unit.ostwald.command_line import Said
    from tests.unit.ostwald.conftest import Served


@pytest.fixture
def heated(served: Served) -> Served:
    served.bench.reactor.loops = (HEAT,)
    return served


def loop(served: Served, *arguments: str) -> Said:
    return ostwald(served.address, "loop", *arguments)


def commands(served: Served) -> list[object]:
    return [each.command for each in served.bench.reactor.asked]


def test_loops_are_listed_with_readings_and_units(heated: Served) -> None:
    answer = ostwald(heated.address, "loop", "list", COLUMNS="80")
    _, row = answer.lines
    assert " ".join(row.split()) == "heat auto 25 degC 45.5 degC 32 % 1 10 s 0 s"


def test_loops_are_listed_as_one_document(heated: Served) -> None:
    heated.bench.reactor.loops = (PROPOSED,)
    (document,) = loop(heated, "list", "--json").json
    assert (document["name"], document["mode"], document["output_unit"]) == ("heat", "auto", "%")
    assert document["proposal"] == {"gain": 2.0, "integral_s": 40.0, "derivative_s": 4.0}


def test_a_rig_without_loops_says_so(heated: Served) -> None:
    heated.bench.reactor.plan = replace(heated.bench.reactor.plan, loops=())
    heated.bench.reactor.loops = ()
    assert loop(heated, "list").out == "this rig has no loops\n"


def test_a_loop_is_shown_in_words(heated: Served) -> None:
    assert loop(heated, "show", "heat").lines == [
        "heat is auto",
        "  sensor    reactor.temperature: 25 degC",
        "  asked     60 degC, now 45.5 degC",
        "  drives    reactor.heater: 32 %",
        "  tuning    gain 1, integral 10 s, derivative 0 s",
    ]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (RUNNING, "'ostwald loop dismiss heat' ends it"),
        (FAILED, "failed: the swing is lost in the noise"),
        (PROPOSED, "gain 2, integral 40 s, derivative 4 s"),
        (PROPOSED, "'ostwald loop accept heat'"),
    ],
)
def test_a_loop_is_shown_with_its_experiment(heated: Served, status: object, words: str) -> None:
    heated.bench.reactor.loops = (status,)  # type: ignore[assignment]
    assert words in loop(heated, "show", "heat").out


@pytest.mark.parametrize(
    ("arguments", "command", "told"),
    [
        (("mode", "heat", "off"), SetLoopMode("heat", LoopMode.OFF), "heat is off"),
        (
            ("mode", "heat", "manual", "--output", "30 %"),
            SetLoopMode("heat", LoopMode.MANUAL, 30.0),
            "heat is manual",
        ),
        (
            ("retune", "heat", "--gain", "-2.5", "--integral", "1 min", "--derivative", "5 s"),
            Retune("heat", -2.5, 60.0, 5.0),
            "heat: gain -2.5, integral 60 s, derivative 5 s",
        ),
        (
            ("retune", "heat", "--gain", "2", "--integral", "0"),
            Retune("heat", 2.0, 0.0, 0.0),
            "heat: gain 2, integral 0 s, derivative 0 s",
        ),
        (
            ("autotune", "heat", "45 degC", "20 %"),
            StartAutotune("heat", 45.0, 20.0),
            "the experiment in heat has begun: see 'ostwald loop show heat'",
        ),
        (("accept", "heat"), EndAutotune("heat", accept=True), "heat has the tuning that was proposed"),
        (("dismiss", "heat"), EndAutotune("heat", accept=False), "heat keeps the tuning that it has"),
    ],
)
def test_a_command_does_what_it_says_and_has_a_document(
    heated: Served, arguments: tuple[str, ...], command: object, told: str
) -> None:
    assert loop(heated, *arguments).out == f"{told}\n"
    assert commands(heated) == [command]
    assert loop(heated, *arguments, "--json").json["loop"] == "heat"


@pytest.mark.parametrize(
    "arguments", [("mode", "heat", "on"), ("retune", "heat", "--gain", "1", "--integral", "1 L")]
)
def test_wrong_use_is_refused_before_the_device_is_asked(heated: Served, arguments: tuple[str, ...]) -> None:
    assert loop(heated, *arguments).code == 2
    assert commands(heated) == []


def test_a_refusal_of_the_device_is_one_line(heated: Served) -> None:
    heated.bench.runs.active = RUN
    answer = loop(heated, "mode", "heat", "off")
    assert answer.code == 3
    assert answer.err == "error: run r1 holds the reactor; wait for it, or 'ostwald run abort r1'\n"


def test_an_experiment_is_followed_to_its_proposal(heated: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ostwald.loops._POLL_S", 0.0)
    told = heated.bench.reactor.status()
    coming = [RUNNING, RUNNING, PROPOSED]

    def status() -> ControlStatus:
        return replace(told, loops=(coming.pop(0) if len(coming) > 1 else coming[0],))

    monkeypatch.setattr(heated.bench.reactor, "status", status)
    answer = loop(heated, "autotune", "heat", "45", "20", "--wait")
    assert "proposed for heat: gain 2, integral 40 s, derivative 4 s\n  lag 40 s\n" in answer.out
    assert len(coming) == 1


def test_a_followed_experiment_is_one_document_too(heated: Served) -> None:
    heated.bench.reactor.loops = (PROPOSED,)
    answer = loop(heated, "autotune", "heat", "45", "20", "--wait", "--json")
    assert answer.json["proposal_summary"] == "lag 40 s"


def test_an_experiment_that_fails_fails_the_command(heated: Served) -> None:
    heated.bench.reactor.loops = (FAILED,)
    answer = loop(heated, "autotune", "heat", "45", "20", "--wait")
    assert answer.code == 1
    assert answer.err == "error: the experiment in heat failed: the swing is lost in the noise\n"


def test_who_stops_following_is_told_that_the_experiment_goes_on(
    heated: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Loops, "wait_for_proposal", interrupted)
    answer = loop(heated, "autotune", "heat", "45", "20", "--wait")
    assert answer.code == 1
    assert answer.err == "error: the experiment goes on; 'ostwald loop dismiss heat' ends it\n"
