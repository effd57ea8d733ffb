from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from ostwald.client import InvalidError, Ostwald
from ostwald.errors import OstwaldError
from ostwald.events import KINDS

from controller.domain.events import Event, EventKind

if TYPE_CHECKING:
    from tests.unit.ostwald.conftest import Served

HOT = Event(EventKind.TRIP, "hot", "tripped")
WARM = Event(EventKind.ALARM, "warm", "acknowledged", "ann@bench")


def test_the_client_knows_every_kind_of_event() -> None:
    assert set(KINDS) == {each.value for each in EventKind}


def test_events_are_plain_values_newest_first(served: Served) -> None:
    served.log(HOT, WARM)
    with Ostwald(served.address) as device:
        newest, oldest = device.events.list()
    assert (newest.event_id, newest.kind, newest.subject, newest.actor) == (2, "alarm", "warm", "ann@bench")
    assert (oldest.event_id, oldest.kind, oldest.text, oldest.boot_id) == (1, "trip", "tripped", 7)
    assert newest.logged.tzinfo is not None


def test_a_long_list_is_fetched_page_by_page_up_to_its_limit(served: Served) -> None:
    served.log(*[HOT] * 520)
    with Ostwald(served.address) as device:
        assert [each.event_id for each in device.events.list(limit=510)] == list(range(520, 10, -1))
        assert len(device.events.list(limit=3)) == 3
        assert len(device.events.list(limit=9999)) == 520


def test_events_are_chosen_by_kind_subject_and_time(served: Served) -> None:
    served.log(HOT, WARM)
    now = datetime.now(UTC)
    with Ostwald(served.address) as device:
        assert [each.subject for each in device.events.list(["trip", "lease"])] == ["hot"]
        assert [each.subject for each in device.events.list(subject="warm")] == ["warm"]
        assert len(device.events.list(since=now - timedelta(days=1))) == 2
        assert device.events.list(since=now + timedelta(days=1)) == []


def test_an_unknown_kind_is_named_with_those_there_are(served: Served) -> None:
    with Ostwald(served.address) as device, pytest.raises(OstwaldError, match="choose of state, trip, alarm"):
        device.events.list(["trips"])


def test_a_watcher_goes_on_after_an_event(served: Served) -> None:
    served.log(HOT, WARM, HOT)
    with Ostwald(served.address) as device:
        watching = device.events.watch(after=1)
        seen = [next(watching) for _ in range(2)]
    assert [(each.event.event_id, each.lost) for each in seen if each.event] == [(2, 0), (3, 0)]


def test_a_watcher_is_told_what_is_lost_though_it_does_not_want_it(served: Served) -> None:
    served.log(WARM)
    served.log(WARM, first=9)
    with Ostwald(served.address) as device:
        watching = device.events.watch(after=0, kinds=["trip"])
        first = next(watching)
    assert (first.event, first.lost) == (None, 7)


def test_nobody_watches_on_from_an_event_that_is_not_there(served: Served) -> None:
    with Ostwald(served.address) as device, pytest.raises(InvalidError) as caught:
        next(device.events.watch(after=5))
    assert caught.value.reason == "EVENT_UNKNOWN"
