"""Alarms in the words of ISA-18.2: what is declared of one, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from controller.domain.conditions import Condition


class Priority(IntEnum):
    """How soon a person must act."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class AlarmState(IntEnum):
    """The states of ANSI/ISA-18.2-2016, figure 3."""

    NORMAL = 1
    UNACKNOWLEDGED = 2
    ACKNOWLEDGED = 3
    RETURNED = 4
    """Returned to normal, not yet acknowledged."""
    LATCHED_UNACKNOWLEDGED = 5
    """The cause has gone; the latch has not been reset or acknowledged."""
    LATCHED_ACKNOWLEDGED = 6
    SHELVED = 7
    SUPPRESSED = 8
    """By design: the rig makes it meaningless at this moment."""
    OUT_OF_SERVICE = 9


@dataclass(frozen=True, slots=True)
class AlarmPlan:
    """One alarm. It stands after `on_delay_s` of its condition and goes `off_delay_s` after it.

    `latching`: the alarm stays until it is acknowledged and reset. `response` tells a person what to do.
    A trip's alarm can't be shelved, suppressed or taken out of service.
    """

    name: str
    condition: Condition
    priority: Priority
    on_delay_s: float = 0.0
    off_delay_s: float = 0.0
    latching: bool = False
    response: str = ""


@dataclass(frozen=True, slots=True)
class AlarmStatus:
    """How one alarm stands. `since_s` is when it entered its state, on the reactor's clock.

    `shelved_left_s` is zero unless shelved; `value` is what its channel read when it was raised, NaN where
    it watches none; `by` is who last acted on it.
    """

    name: str
    state: AlarmState
    priority: Priority
    active: bool
    since_s: float
    value: float
    shelved_left_s: float = 0.0
    by: str = ""
