"""The event log: what control told of, in the order in which the journal took it, bounded in rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from controller.domain.events import Event, EventKind, LoggedEvent

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Sequence

MOST_ROWS: Final = 1_000_000
"""Some 200 MB: a decade at 250 events a day."""
_COLUMNS: Final = "id, boot_id, sequence, time_s, logged, kind, subject, text, actor"


@dataclass(frozen=True, slots=True)
class JournaledEvent:
    """An event in the journal. `event_id` grows over boots; `logged_s` is in seconds since the epoch."""

    event_id: int
    logged_s: float
    logged: LoggedEvent


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are wanted; an empty collection or text means all of them."""

    kinds: Collection[EventKind] = ()
    subject: str = ""
    since_s: float = 0.0

    def takes(self, event: JournaledEvent) -> bool:
        what = event.logged.event
        return (
            (not self.kinds or what.kind in self.kinds)
            and self.subject in ("", what.subject)
            and event.logged_s >= self.since_s
        )


class EventStore:
    """At most `most_rows` events: a new one pushes out the oldest."""

    def __init__(
        self, connection: sqlite3.Connection, wall_s: Callable[[], float], most_rows: int = MOST_ROWS
    ) -> None:
        self._connection = connection
        self._wall_s = wall_s
        self._most_rows = most_rows
        self._newest_id = self._find_newest()

    @property
    def newest_id(self) -> int:
        """The id of the newest event, 0 when there is none; costs nothing to ask."""
        return self._newest_id

    def add(self, events: Sequence[LoggedEvent]) -> None:
        """Log events, all in one transaction; those that are there already are left as they are."""
        if not events:
            return
        logged_s = self._wall_s()
        rows = [_row(each, logged_s) for each in events]
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            # Not INSERT OR IGNORE: what it ignores takes an id all the same.
            self._connection.executemany(
                "INSERT INTO events (boot_id, sequence, time_s, logged, kind, subject, text, actor)"
                " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE NOT EXISTS"
                " (SELECT 1 FROM events WHERE boot_id = ?1 AND sequence = ?2)",
                rows,
            )
            newest = self._find_newest()
            self._connection.execute("DELETE FROM events WHERE id <= ?", (newest - self._most_rows,))
        self._newest_id = newest

    def newest(
        self, limit: int, *, before: int = 0, wanted: EventFilter | None = None
    ) -> list[JournaledEvent]:
        """Return what is wanted, newest first; only events before the id `before`, unless that is 0."""
        wanted = wanted or EventFilter()
        clauses, values = ["logged >= ?"], [wanted.since_s, *wanted.kinds]
        if wanted.kinds:
            clauses.append(f"kind IN ({', '.join('?' * len(wanted.kinds))})")
        if wanted.subject:
            clauses.append("subject = ?")
            values.append(wanted.subject)
        if before:
            clauses.append("id < ?")
            values.append(before)
        return self._select(f"WHERE {' AND '.join(clauses)} ORDER BY id DESC LIMIT ?", *values, limit)

    def after(self, event_id: int, limit: int) -> list[JournaledEvent]:
        """Return the events that follow one, oldest first."""
        return self._select("WHERE id > ? ORDER BY id LIMIT ?", event_id, limit)

    def last_sequence(self, boot_id: int) -> int:
        """Return the highest sequence logged of a boot, 0 when there is none: where to go on."""
        row = self._connection.execute(
            "SELECT coalesce(max(sequence), 0) FROM events WHERE boot_id = ?", (str(boot_id),)
        ).fetchone()
        return int(row[0])

    def _find_newest(self) -> int:
        (newest,) = self._connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()
        return int(newest)

    def _select(self, clause: str, *values: object) -> list[JournaledEvent]:
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM events {clause}", values)  # noqa: S608
        return [
            JournaledEvent(
                event_id,
                logged_s,
                LoggedEvent(int(boot_id), sequence, time_s, Event(EventKind(kind), subject, text, actor)),
            )
            for event_id, boot_id, sequence, time_s, logged_s, kind, subject, text, actor in rows
        ]


def _row(each: LoggedEvent, logged_s: float) -> tuple[object, ...]:
    what = each.event
    # A boot id has 64 bits, which SQLite's signed integers don't hold.
    place = (str(each.boot_id), each.sequence, each.time_s, logged_s)
    return (*place, str(what.kind), what.subject, what.text, what.actor)
