"""What may be asked of control, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class SetTargets:
    """Targets by channel name, in the channels' own units: all of them or none."""

    targets: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class MakeSafe:
    """All loops off, all actuators to their safe values; nothing latches."""


@dataclass(frozen=True, slots=True)
class EmergencyStop:
    reason: str


@dataclass(frozen=True, slots=True)
class Reset:
    """Release what is latched, unless its cause stands."""


Command = SetTargets | MakeSafe | EmergencyStop | Reset


@dataclass(frozen=True, slots=True)
class Reply:
    """Empty `refused` means done; else it is a stable reason and `detail` says what to do."""

    refused: str = ""
    detail: str = ""


DONE = Reply()
