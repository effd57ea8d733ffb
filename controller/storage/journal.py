"""The journal: everything that must outlive the process, in one SQLite file.

Calls are short and synchronous, and each that changes something returns only when it is on the disk: a trial
is journaled before it acts. Only the service process opens it. Only its user may read it: the kept answers of
AcquireLease hold tokens.
"""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING

from controller.domain.errors import ControllerError, Kind
from controller.storage.campaigns import CampaignStore
from controller.storage.events import EventStore
from controller.storage.migrations import migrate
from controller.storage.models import ModelStore
from controller.storage.requests import RequestStore
from controller.storage.runs import RunStore
from controller.storage.spectra import SpectrumStore
from controller.storage.standing import StandingStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PRIVATE = 0o600


class Journal:
    """One open journal; its parts share a connection. `wall_s` tells seconds since the epoch."""

    def __init__(self, path: Path, wall_s: Callable[[], float] = time.time) -> None:
        _keep_private(path)
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        try:
            migrate(self._connection)
        except (ValueError, sqlite3.DatabaseError) as error:
            self._connection.close()
            raise ControllerError(
                f"the journal {path} can't be opened: {error}",
                reason="JOURNAL_UNREADABLE",
                kind=Kind.UNAVAILABLE,
                remedy="move it away to begin a new one, or run the release that wrote it",
            ) from error
        self.runs = RunStore(self._connection, wall_s)
        self.campaigns = CampaignStore(self._connection, wall_s)
        self.spectra = SpectrumStore(self._connection, wall_s)
        self.requests = RequestStore(self._connection, wall_s)
        self.models = ModelStore(self._connection, wall_s)
        self.events = EventStore(self._connection, wall_s)
        self.standing = StandingStore(self._connection, wall_s)

    def close(self) -> None:
        self._connection.close()


def _keep_private(path: Path) -> None:
    """Let nobody else read the journal; SQLite gives its -wal and -shm files the same mode."""
    path.touch(_PRIVATE)
    for each in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        if each.exists():
            each.chmod(_PRIVATE)
