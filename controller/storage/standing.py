"""What must be asked again of a control process that restarted: it remembers nothing by itself.

Alarms shelved or out of service, accepted tunings, levels of reagents: each kept as the request that asked
for it, one a subject, the newest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from controller.domain import plain
from controller.domain.commands import Request, Retune, SetAlarmService, SetReagent, ShelveAlarm

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

Lasting = Retune | SetReagent | ShelveAlarm | SetAlarmService


_RESTORED: Final = "restored"


class StandingStore:
    """`wall_s` tells seconds since the epoch."""

    def __init__(self, connection: sqlite3.Connection, wall_s: Callable[[], float]) -> None:
        self._connection = connection
        self._wall_s = wall_s

    def keep(self, command: Lasting, actor: str) -> None:
        """Keep a request that control accepted in place of the one before; forget one that was taken back."""
        key = _key(command)
        if _takes_back(command):
            self._forget(key)
        else:
            self._put(key, plain.to_json(Request(command, actor)))

    def due(self) -> list[Request]:
        """Return what to ask of a fresh control, oldest first.

        A shelf's time has gone on by the calendar clock, whatever control did; one that is over is forgotten.
        PlainError for a request of another release: `purge` first.
        """
        found = []
        for key, body, kept_s in self._rows():
            request = plain.from_json(Request, body)
            command = request.command
            if isinstance(command, ShelveAlarm):
                left_s = command.duration_s - max(0.0, self._wall_s() - kept_s)
                if left_s <= 0.0:
                    self._forget(key)
                    continue
                request = replace(request, command=replace(command, duration_s=left_s))
            found.append(request)
        return found

    def purge(self) -> list[str]:
        """Forget what this release can't read; say what that was."""
        forgotten = []
        for key, body, _ in self._rows():
            try:
                plain.from_json(Request, body)
            except plain.PlainError as error:
                self._forget(key)
                forgotten.append(f"{key}: {error}")
        return forgotten

    def is_restored(self, boot_id: int) -> bool:
        """Whether this control process has been asked again already: since then it knows better."""
        query = "SELECT 1 FROM standing WHERE key = ? AND body = ?"
        return self._connection.execute(query, (_RESTORED, f"{boot_id:016x}")).fetchone() is not None

    def note_restored(self, boot_id: int) -> None:
        self._put(_RESTORED, f"{boot_id:016x}")

    def _rows(self) -> list[tuple[str, str, float]]:
        query = "SELECT key, body, kept FROM standing WHERE key <> ? ORDER BY kept, key"
        return self._connection.execute(query, (_RESTORED,)).fetchall()

    def _put(self, key: str, body: str) -> None:
        row = (key, body, self._wall_s())
        self._connection.execute("INSERT OR REPLACE INTO standing VALUES (?, ?, ?)", row)

    def _forget(self, key: str) -> None:
        self._connection.execute("DELETE FROM standing WHERE key = ?", (key,))


def _key(command: Lasting) -> str:
    match command:
        case Retune(loop=loop):
            return f"tuning/{loop}"
        case SetReagent(reagent=reagent):
            return f"reagent/{reagent}"
        case ShelveAlarm(name=name) | SetAlarmService(name=name):
            # One place for both: who takes a shelved alarm out of service takes it off the shelf.
            return f"alarm/{name}"


def _takes_back(command: Lasting) -> bool:
    match command:
        case ShelveAlarm(duration_s=duration_s):
            return duration_s == 0.0
        case SetAlarmService(in_service=in_service):
            return in_service
    return False
