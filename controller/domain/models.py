"""Versions of surrogates on the device, and how far each is trusted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Stage(IntEnum):
    SHADOW = 1
    CANARY = 2
    ACTIVE = 3
    RETIRED = 4


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """One version; its bundle lies in the model folder under its digest."""

    digest: str
    name: str
    serial: int
    stage: Stage
    signed_by: str


class ModelRecords(Protocol):
    """Where the device keeps what it knows of its models."""

    def add(self, record: ModelRecord) -> None: ...

    def get(self, digest: str) -> ModelRecord | None: ...

    def all(self, name: str = "") -> Sequence[ModelRecord]:
        """By name, newest serial first; an empty name means all."""
        ...

    def active(self, name: str) -> ModelRecord | None: ...

    def set_stage(self, digest: str, stage: Stage) -> None:
        """Move a version; a new active one retires the old."""
        ...
