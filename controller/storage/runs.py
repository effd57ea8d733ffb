"""Runs, their events and their telemetry."""

from __future__ import annotations

import json
from array import array
from dataclasses import asdict
from typing import TYPE_CHECKING

from controller.domain.run import ENDED, Run, RunEvent, RunState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence


class RunStore:
    def __init__(self, connection: sqlite3.Connection, wall_s: Callable[[], float]) -> None:
        self._connection = connection
        self._wall_s = wall_s

    def add(self, run: Run, document: str) -> None:
        """Journal a run before it acts, with the recipe's text."""
        self._connection.execute(
            "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?)",
            (run.run_id, run.campaign_id, self._wall_s(), int(run.state), document, _body(run)),
        )

    def update(self, run: Run) -> None:
        self._connection.execute(
            "UPDATE runs SET state = ?, body = ? WHERE run_id = ?", (int(run.state), _body(run), run.run_id)
        )

    def get(self, run_id: str) -> Run | None:
        row = self._connection.execute("SELECT body FROM runs WHERE run_id = ?", (run_id,)).fetchone()
        return None if row is None else _run(row[0])

    def newest(self, limit: int, offset: int = 0) -> list[Run]:
        rows = self._connection.execute(
            "SELECT body FROM runs ORDER BY created DESC, run_id LIMIT ? OFFSET ?", (limit, offset)
        )
        return [_run(body) for (body,) in rows]

    def unfinished(self) -> list[Run]:
        """Return runs that a dead process left behind."""
        rows = self._connection.execute("SELECT body FROM runs WHERE state NOT IN (?, ?)", sorted(ENDED))
        return [_run(body) for (body,) in rows]

    def add_event(self, event: RunEvent) -> None:
        self._connection.execute(
            "INSERT INTO run_events VALUES (?, ?, ?, ?, ?, ?)",
            (event.run_id, event.sequence, event.time_s, int(event.state), event.step, event.message),
        )

    def events(self, run_id: str, after: int = 0) -> list[RunEvent]:
        rows = self._connection.execute(
            "SELECT sequence, time_s, state, step, message FROM run_events"
            " WHERE run_id = ? AND sequence > ? ORDER BY sequence",
            (run_id, after),
        )
        return [_event(run_id, *row) for row in rows]

    def last_event(self, run_id: str) -> RunEvent | None:
        row = self._connection.execute(
            "SELECT sequence, time_s, state, step, message FROM run_events"
            " WHERE run_id = ? ORDER BY sequence DESC LIMIT 1",
            (run_id,),
        ).fetchone()
        return None if row is None else _event(run_id, *row)

    def add_telemetry(self, run_id: str, samples: Sequence[tuple[float, Sequence[float]]]) -> None:
        """Keep samples of (reactor time, values in the rig's channel order), one blob each."""
        self._connection.execute("BEGIN")
        self._connection.executemany(
            "INSERT OR IGNORE INTO telemetry VALUES (?, ?, ?)",
            [(run_id, time_s, array("d", values).tobytes()) for time_s, values in samples],
        )
        self._connection.execute("COMMIT")

    def telemetry(self, run_id: str) -> list[tuple[float, tuple[float, ...]]]:
        rows = self._connection.execute(
            "SELECT time_s, body FROM telemetry WHERE run_id = ? ORDER BY time_s", (run_id,)
        )
        return [(time_s, tuple(array("d", body))) for time_s, body in rows]


def _event(run_id: str, sequence: int, time_s: float, state: int, step: int, message: str) -> RunEvent:
    return RunEvent(run_id, sequence, time_s, RunState(state), step, message)


def _body(run: Run) -> str:
    return json.dumps(asdict(run))


def _run(body: str) -> Run:
    fields = json.loads(body)
    return Run(**{**fields, "state": RunState(fields["state"])})
