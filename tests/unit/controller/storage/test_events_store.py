from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.commands import Request, Retune, SetAlarmService, SetReagent, ShelveAlarm
from controller.domain.events import Event, EventKind, LoggedEvent
from controller.storage.events import EventFilter, EventStore
from controller.storage.journal import Journal
from controller.storage.migrations import STEPS, migrate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from controller.storage.standing import StandingStore

BOOT = 2**64 - 1


class WallClock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def wall() -> WallClock:
    return WallClock()


@pytest.fixture
def journal(tmp_path: Path, wall: WallClock) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal.db", wall)
    yield opened
    opened.close()


def event(
    sequence: int, kind: EventKind = EventKind.ALARM, subject: str = "hot", boot_id: int = BOOT
) -> LoggedEvent:
    return LoggedEvent(boot_id, sequence, sequence / 2, Event(kind, subject, f"event {sequence}", "chemist"))


def sequences(store: EventStore, **wanted: object) -> list[int]:
    return [each.logged.sequence for each in store.newest(100, wanted=EventFilter(**wanted))]  # type: ignore[arg-type]


def test_an_event_comes_back_as_it_was_with_the_time_of_day(journal: Journal) -> None:
    journal.events.add([event(1)])
    (found,) = journal.events.newest(10)
    assert found.logged == event(1)
    assert (found.event_id, found.logged_s) == (1, 1000.0)


def test_an_event_told_twice_is_logged_once_and_takes_no_id(journal: Journal) -> None:
    journal.events.add([event(1), event(2)])
    journal.events.add([event(1), event(2), event(3)])
    assert [each.event_id for each in journal.events.newest(10)] == [3, 2, 1]
    assert journal.events.newest_id == 3


def test_the_same_sequence_of_another_boot_is_another_event(journal: Journal) -> None:
    journal.events.add([event(1), event(1, boot_id=5)])
    assert [each.logged.boot_id for each in journal.events.newest(10)] == [5, BOOT]
    assert journal.events.last_sequence(5) == 1
    assert journal.events.last_sequence(6) == 0


def test_events_are_found_by_kind_subject_and_age(journal: Journal, wall: WallClock) -> None:
    journal.events.add([event(1, EventKind.TRIP), event(2), event(3, subject="leak")])
    wall.now_s = 2000.0
    journal.events.add([event(4), event(5, EventKind.STATE, "")])
    assert sequences(journal.events, kinds=(EventKind.TRIP, EventKind.STATE)) == [5, 1]
    assert sequences(journal.events, subject="hot") == [4, 2, 1]
    assert sequences(journal.events, since_s=2000.0) == [5, 4]
    assert sequences(journal.events, kinds=(EventKind.ALARM,), subject="hot", since_s=2000.0) == [4]


@given(
    rows=st.lists(st.tuples(st.sampled_from(EventKind), st.sampled_from(["", "hot", "leak"])), max_size=20),
    kinds=st.sets(st.sampled_from(EventKind), max_size=3),
    subject=st.sampled_from(["", "hot", "cold"]),
)
def test_what_a_query_finds_is_what_the_filter_takes(
    rows: list[tuple[EventKind, str]], kinds: set[EventKind], subject: str
) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    store = EventStore(connection, lambda: 1.0)
    store.add([event(number, *row) for number, row in enumerate(rows, start=1)])
    wanted = EventFilter(kinds, subject)
    taken = [each for each in store.after(0, 100) if wanted.takes(each)]
    assert store.newest(100, wanted=wanted) == taken[::-1]
    connection.close()


def test_pages_by_id_stay_whole_while_events_are_added(journal: Journal) -> None:
    journal.events.add([event(number) for number in range(1, 6)])
    first = journal.events.newest(2)
    journal.events.add([event(6)])
    second = journal.events.newest(2, before=first[-1].event_id)
    assert [each.event_id for each in (*first, *second)] == [5, 4, 3, 2]


def test_the_oldest_go_when_the_log_is_full_and_ids_are_never_used_again() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    store = EventStore(connection, lambda: 1.0, most_rows=3)
    store.add([event(number) for number in range(1, 6)])
    assert [each.event_id for each in store.after(0, 10)] == [3, 4, 5]
    store.add([event(6)])
    assert [each.event_id for each in store.after(4, 10)] == [5, 6]
    connection.close()


def test_a_fault_in_a_batch_leaves_the_log_as_it_was(journal: Journal) -> None:
    broken = LoggedEvent(BOOT, 2, 1.0, Event(EventKind.ALARM, "hot", None))  # type: ignore[arg-type]
    with pytest.raises(sqlite3.IntegrityError):
        journal.events.add([event(1), broken])
    assert journal.events.newest(10) == []
    journal.events.add([event(1)])
    assert journal.events.newest_id == 1


def test_a_journal_of_the_first_release_gains_the_log_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    old = sqlite3.connect(path)
    old.executescript(f"BEGIN; {STEPS[0]}; PRAGMA user_version = 1; COMMIT;")
    old.execute("INSERT INTO requests VALUES ('a', 'm', 1.0, zeroblob(32))")
    old.commit()
    old.close()
    journal = Journal(path, lambda: 1.0)
    journal.events.add([event(1)])
    kept = journal.requests.get("a", "m")
    assert kept is not None
    assert (kept.digest, kept.answer) == (bytes(32), b"")
    assert journal.events.newest_id == 1
    journal.close()


@pytest.fixture
def standing(journal: Journal) -> StandingStore:
    return journal.standing


def test_the_newest_request_about_a_subject_is_asked_again(standing: StandingStore, wall: WallClock) -> None:
    standing.keep(Retune("heat", 1.0, 10.0, 0.0), "first")
    standing.keep(SetReagent("silver", 900.0), "")
    wall.now_s += 1.0
    standing.keep(Retune("heat", 2.0, 12.0, 0.5), "second")
    assert standing.due() == [
        Request(SetReagent("silver", 900.0)),
        Request(Retune("heat", 2.0, 12.0, 0.5), "second"),
    ]


def test_a_shelf_goes_on_by_the_calendar_and_is_forgotten_when_over(
    standing: StandingStore, wall: WallClock
) -> None:
    standing.keep(ShelveAlarm("hot", 60.0, "cleaning"), "chemist")
    wall.now_s += 20.0
    assert standing.due() == [Request(ShelveAlarm("hot", 40.0, "cleaning"), "chemist")]
    wall.now_s += 40.0
    assert standing.due() == []
    wall.now_s -= 40.0
    assert standing.due() == []


def test_a_clock_set_back_lengthens_no_shelf(standing: StandingStore, wall: WallClock) -> None:
    standing.keep(ShelveAlarm("hot", 60.0, "cleaning"), "chemist")
    wall.now_s -= 500.0
    assert standing.due() == [Request(ShelveAlarm("hot", 60.0, "cleaning"), "chemist")]


def test_out_of_service_takes_the_place_of_a_shelf_and_ends_with_its_return(standing: StandingStore) -> None:
    standing.keep(ShelveAlarm("hot", 60.0, "cleaning"), "chemist")
    standing.keep(SetAlarmService("hot", in_service=False, reason="sensor sent in"), "chemist")
    assert standing.due() == [
        Request(SetAlarmService("hot", in_service=False, reason="sensor sent in"), "chemist")
    ]
    standing.keep(SetAlarmService("hot", in_service=True, reason=""), "chemist")
    assert standing.due() == []


def test_a_shelf_that_was_taken_back_is_not_asked_again(standing: StandingStore) -> None:
    standing.keep(ShelveAlarm("hot", 60.0, "cleaning"), "chemist")
    standing.keep(ShelveAlarm("hot", 0.0, ""), "chemist")
    assert standing.due() == []
