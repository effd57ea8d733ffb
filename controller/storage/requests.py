"""Mutations by their id: noted before they act and answered after, so that a repeated request acts once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

KEEP_S = 7 * 24 * 3600.0
_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class KeptRequest:
    """What a request was, as a digest, and its answer; None while it has not been finished."""

    digest: bytes
    answer: bytes | None


class RequestStore:
    """Keeps requests for seven days; their digests are SHA-256."""

    def __init__(self, connection: sqlite3.Connection, wall_s: Callable[[], float]) -> None:
        self._connection = connection
        self._wall_s = wall_s

    def get(self, request_id: str, method: str) -> KeptRequest | None:
        """Return what is known of a request, unless it is older than seven days."""
        row = self._connection.execute(
            "SELECT response, finished FROM requests WHERE request_id = ? AND method = ? AND created > ?",
            (request_id, method, self._wall_s() - KEEP_S),
        ).fetchone()
        if row is None:
            return None
        body, finished = bytes(row[0]), bool(row[1])
        digest, answer = body[:_DIGEST_BYTES], body[_DIGEST_BYTES:]
        return KeptRequest(digest, answer if finished else None)

    def begin(self, request_id: str, method: str, digest: bytes) -> None:
        """Note a request before it acts."""
        self._put(request_id, method, digest, finished=False)

    def finish(self, request_id: str, method: str, digest: bytes, answer: bytes) -> None:
        """Keep the answer of a request that has acted, noted before or not."""
        self._put(request_id, method, digest + answer, finished=True)

    def forget(self, request_id: str, method: str) -> None:
        """Free the id of a request that did nothing."""
        self._connection.execute(
            "DELETE FROM requests WHERE request_id = ? AND method = ?", (request_id, method)
        )

    def _put(self, request_id: str, method: str, body: bytes, *, finished: bool) -> None:
        now_s = self._wall_s()
        self._connection.execute("DELETE FROM requests WHERE created <= ?", (now_s - KEEP_S,))
        self._connection.execute(
            "INSERT OR REPLACE INTO requests (request_id, method, created, response, finished)"
            " VALUES (?, ?, ?, ?, ?)",
            (request_id, method, now_s, body, finished),
        )
