"""The event log: what happened, to what, when, why and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class EventKind(StrEnum):
    STATE = "state"
    TRIP = "trip"
    ALARM = "alarm"
    COMMAND = "command"
    LOOP = "loop"
    LEASE = "lease"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Event:
    """What `step` says. `subject` is a name of the rig: an interlock, an alarm, a loop, a channel.

    `actor` is empty where nobody asked for it.
    """

    kind: EventKind
    subject: str
    text: str
    actor: str = ""


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event in its place: `sequence` counts from 1 within a boot; `time_s` is the reactor's clock."""

    boot_id: int
    sequence: int
    time_s: float
    event: Event
