"""Which versions of which models are on the device, and in which stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.domain.models import ModelRecord, Stage

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable


_COLUMNS = "digest, name, serial, stage, signed_by"


class ModelStore:
    def __init__(self, connection: sqlite3.Connection, wall_s: Callable[[], float]) -> None:
        self._connection = connection
        self._wall_s = wall_s

    def add(self, record: ModelRecord) -> None:
        self._connection.execute(
            f"INSERT INTO models ({_COLUMNS}, created) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608
            (
                record.digest,
                record.name,
                record.serial,
                int(record.stage),
                record.signed_by,
                self._wall_s(),
            ),
        )

    def get(self, digest: str) -> ModelRecord | None:
        records = self._select("WHERE digest = ?", digest)
        return records[0] if records else None

    def all(self, name: str = "") -> list[ModelRecord]:
        """By name, newest serial first; an empty name means all."""
        return self._select("WHERE ? IN ('', name) ORDER BY name, serial DESC", name)

    def active(self, name: str) -> ModelRecord | None:
        records = self._select("WHERE name = ? AND stage = ?", name, int(Stage.ACTIVE))
        return records[0] if records else None

    def set_stage(self, digest: str, stage: Stage) -> None:
        """Move a version; a new active one retires the old."""
        self._connection.execute("BEGIN IMMEDIATE")
        if stage is Stage.ACTIVE:
            self._connection.execute(
                "UPDATE models SET stage = ? WHERE stage = ?"
                " AND name = (SELECT name FROM models WHERE digest = ?)",
                (int(Stage.RETIRED), int(Stage.ACTIVE), digest),
            )
        self._connection.execute("UPDATE models SET stage = ? WHERE digest = ?", (int(stage), digest))
        self._connection.execute("COMMIT")

    def _select(self, clause: str, *values: object) -> list[ModelRecord]:
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM models {clause}", values)  # noqa: S608
        return [
            ModelRecord(digest, name, serial, Stage(stage), signed_by)
            for digest, name, serial, stage, signed_by in rows
        ]
