from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from ostwald.events import Events

from controller.domain.events import Event, EventKind
from tests.unit.ostwald.command_line import ostwald

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ostwald.values import WatchedEvent

    from tests.unit.ostwald.conftest import Served

HOT = Event(EventKind.TRIP, "hot", "tripped [first out]")
WARM = Event(EventKind.ALARM, "warm", "acknowledged", "ann@bench")


def test_the_log_reads_from_top_to_bottom(served: Served) -> None:
    served.log(HOT, WARM)
    first, second = ostwald(served.address, "events").lines
    assert first.endswith("trip     hot: tripped [first out]")
    assert second.endswith("alarm    warm: acknowledged (ann@bench)")


def test_who_is_named_in_the_text_is_not_named_again(served: Served) -> None:
    served.log(Event(EventKind.LEASE, "lease", "ann@bench released the lease", "ann@bench"))
    assert ostwald(served.address, "events").lines[0].endswith("lease: ann@bench released the lease")


def test_an_empty_log_says_so(served: Served) -> None:
    assert ostwald(served.address, "events").lines == ["no such event is logged"]
    assert ostwald(served.address, "events", "--json").json == []


def test_events_are_chosen_by_kind_subject_age_and_number(served: Served) -> None:
    served.log(HOT, WARM, HOT)

    def ids(*arguments: str) -> list[int]:
        return [each["event_id"] for each in ostwald(served.address, "events", "--json", *arguments).json]

    assert ids() == [1, 2, 3]
    assert ids("--kind", "alarm", "--kind", "lease") == [2]
    assert ids("--subject", "hot") == [1, 3]
    assert ids("--limit", "2") == [2, 3]
    assert ids("--since", "2 h") == [1, 2, 3]
    assert ids("--since", "2001-01-01") == [1, 2, 3]
    assert ids("--since", "2999-01-01T08:00") == []


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--kind", "trips"), "'trips' is no kind of event; choose of state"),
        (("--since", "yesterday"), "neither a duration nor a moment"),
        (("--since", "9999999999999 d"), "neither a duration nor a moment"),
    ],
)
def test_what_can_not_be_chosen_is_said(served: Served, arguments: tuple[str, ...], error: str) -> None:
    said = ostwald(served.address, "events", *arguments)
    assert (said.code, said.out) == (1, "")
    assert error in said.err


def test_following_goes_on_where_the_list_ends(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    served.log(HOT, WARM)
    followed: list[int | None] = []
    watch = Events.watch

    def twice(
        self: Events, after: int | None = None, kinds: Sequence[str] = (), subject: str = ""
    ) -> Iterator[WatchedEvent]:
        followed.append(after)
        served.log(HOT, first=9 + len(followed))
        yield next(watch(self, after, kinds, subject))
        raise KeyboardInterrupt

    monkeypatch.setattr(Events, "watch", twice)
    said = ostwald(served.address, "events", "--follow", "--json", "--kind", "trip")
    documents = [json.loads(line) for line in said.lines]
    assert (said.code, followed) == (0, [2])
    assert [(each["event"]["event_id"], each["lost"]) for each in documents] == [(1, 0), (3, 7)]
    plain = ostwald(served.address, "events", "--follow", "--limit", "1")
    assert len(plain.lines) == 2
    assert plain.lines[1].endswith("tripped [first out]")
