"""Answers to mutations, kept so that a repeated request acts once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

KEEP_S = 7 * 24 * 3600.0


class RequestStore:
    def __init__(self, connection: sqlite3.Connection, wall_s: Callable[[], float]) -> None:
        self._connection = connection
        self._wall_s = wall_s

    def get(self, request_id: str, method: str) -> bytes | None:
        """Return the first answer, unless it is older than seven days."""
        row = self._connection.execute(
            "SELECT response FROM requests WHERE request_id = ? AND method = ? AND created > ?",
            (request_id, method, self._wall_s() - KEEP_S),
        ).fetchone()
        return None if row is None else bytes(row[0])

    def put(self, request_id: str, method: str, response: bytes) -> None:
        now_s = self._wall_s()
        self._connection.execute("DELETE FROM requests WHERE created <= ?", (now_s - KEEP_S,))
        self._connection.execute(
            "INSERT OR REPLACE INTO requests VALUES (?, ?, ?, ?)", (request_id, method, now_s, response)
        )
