from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.domain.readings import ReactorState
from tests.unit.ostwald.command_line import ostwald

if TYPE_CHECKING:
    from tests.unit.ostwald.conftest import Served


def test_a_quiet_reactor_takes_two_lines(served: Served) -> None:
    assert ostwald(served.address, "status").lines == [
        "bench is ready (lockstep, Ostwald 1.2.3)",
        "50 Hz, 100 ticks, 3 late; links: board ready",
    ]


def test_what_a_person_must_know_of_is_all_there(served: Served) -> None:
    reactor = served.bench.reactor
    reactor.warnings = ("no real-time priority [SCHED_FIFO]: ticks may come late",)
    reactor.now = replace(reactor.now, state=ReactorState.TRIPPED, trips=0b10, first_out=1)
    reactor.pass_time(0.5, reactor_temperature=70.0)
    served.bench.hold_lease(ttl_s=60.0)
    ostwald(served.address, "alarms", "shelve", "thin", "1 h", "--reason", "cleaning")
    ostwald(served.address, "alarms", "ack", "warm")
    assert ostwald(served.address, "status").lines[2:] == [
        "tripped, first out: burst: reactor.pressure above 4 bar, or no good reading, for 0.1 s",
        "alarms: 2 standing, 1 waiting to be acknowledged, 1 kept quiet; see 'ostwald alarms'",
        "ann@bench holds the lease for another 1 min",
        "warning: no real-time priority [SCHED_FIFO]: ticks may come late",
    ]


def test_as_json_it_is_one_document(served: Served) -> None:
    served.bench.reactor.pass_time(0.5, reactor_temperature=70.0)
    document = ostwald(served.address, "status", "--json").json
    assert (document["state"], document["warnings"]) == ("ready", [])
    assert document["alarms"] == {"standing": 1, "waiting": 1, "quiet": 0}
    assert document["lease"] == {"holder": "", "left_s": 0.0, "lost": False, "longest_s": 300.0}
    assert document["interlocks"][0]["rule"].startswith("reactor.temperature above 85 degC")


def test_a_control_that_has_not_told_its_alarms_yet_has_a_status_all_the_same(served: Served) -> None:
    served.bench.reactor.heard = False
    assert ostwald(served.address, "status").lines[2:] == ["alarms are not known yet"]
    assert ostwald(served.address, "status", "--json").json["alarms"] is None


def test_nobody_there_is_one_line_and_exit_code_1() -> None:
    said = ostwald("127.0.0.1:9", "status")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("error: no Ostwald daemon answers at 127.0.0.1:9; start one")
