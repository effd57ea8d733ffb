from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.ostwald.command_line import ostwald

if TYPE_CHECKING:
    from tests.unit.ostwald.conftest import Served


def test_nothing_stands_at_first_and_all_are_listed_on_demand(served: Served) -> None:
    assert ostwald(served.address, "alarms").lines == ["no alarm stands"]
    everything = ostwald(served.address, "alarms", "list", "--all").lines
    assert "warm  normal, high priority: reactor.temperature above 60 degC" in everything
    assert len(everything) == 8


def test_a_standing_alarm_says_since_when_what_it_read_and_what_to_do(served: Served) -> None:
    served.bench.reactor.pass_time(0.5, reactor_temperature=70.0)
    assert ostwald(served.address, "alarms").lines == [
        "warm  unacknowledged, high priority, since t = 2.5 s",
        "    reactor.temperature above 60 degC; it read 70 degC",
        "    to do: open the vent",
    ]


def test_as_json_the_list_is_one_document_with_or_without_its_name(served: Served) -> None:
    served.bench.reactor.pass_time(0.5, reactor_temperature=70.0)
    short = ostwald(served.address, "alarms", "--json").json
    assert short == ostwald(served.address, "alarms", "list", "--json").json
    assert [(each["name"], each["state"], each["shelved_left_s"]) for each in short] == [
        ("warm", "unacknowledged", None)
    ]
    assert len(ostwald(served.address, "alarms", "--all", "--json").json) == 8


def test_an_alarm_is_acknowledged(served: Served) -> None:
    served.bench.reactor.pass_time(0.5, reactor_temperature=70.0, reactor_pressure=0.2)
    assert ostwald(served.address, "alarms", "ack", "warm").lines == ["warm: acknowledged"]
    assert "by " in ostwald(served.address, "alarms").lines[2]
    assert ostwald(served.address, "alarms", "ack", "--json").json == {"alarm": None, "done": "acknowledged"}
    refused = ostwald(served.address, "alarms", "ack")
    assert (refused.code, refused.out, refused.err) == (3, "", "error: no alarm waits for it\n")


def test_an_alarm_goes_onto_the_shelf_and_back(served: Served) -> None:
    done = ostwald(served.address, "alarms", "shelve", "warm", "1.5 h", "--reason", "cleaning")
    assert (done.code, done.lines) == (0, ["warm: shelved"])
    served.bench.reactor.pass_time(60.0, reactor_temperature=70.0)
    head, now, _ = ostwald(served.address, "alarms").lines
    assert head.endswith("for another 1 h 29 min")
    assert now.endswith("its condition stands")
    ostwald(served.address, "alarms", "unshelve", "warm")
    assert "unacknowledged" in ostwald(served.address, "alarms").lines[0]


def test_an_alarm_leaves_service_and_comes_back(served: Served) -> None:
    ostwald(served.address, "alarms", "out-of-service", "warm", "--reason", "sensor sent in")
    assert ostwald(served.address, "alarms").lines[0].startswith("warm  out of service, high priority")
    ostwald(served.address, "alarms", "in-service", "warm", "--json")
    assert ostwald(served.address, "alarms").lines == ["no alarm stands"]


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("shelve", "hot", "10min", "--reason", "x"), 3, "its alarm can't be shelved"),
        (("shelve", "warm", "25 h", "--reason", "x"), 3, "at most 24 h"),
        (("shelve", "warm", "0", "--reason", "x"), 1, "unshelve brings it back"),
        (("shelve", "warm", "10min", "--reason", " "), 3, "must say why"),
        (("shelve", "warm", "10min"), 2, "--reason"),
        (("shelve", "warm", "soon", "--reason", "x"), 2, "soon"),
        (("out-of-service", "warm"), 2, "--reason"),
        (("ack", "wram"), 3, "did you mean warm?"),
        (("--json", "ack"), 2, "put options behind 'ack'"),
    ],
)
def test_what_can_not_be_done_is_said_with_its_exit_code(
    served: Served, arguments: tuple[str, ...], code: int, error: str
) -> None:
    said = ostwald(served.address, "alarms", *arguments)
    assert (said.code, said.out) == (code, "")
    assert error in said.err
    assert served.bench.reactor.asked == []
