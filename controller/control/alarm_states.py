"""The alarm states of ANSI/ISA-18.2-2016 (figure 3) and what moves an alarm between them, as one table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from controller.domain.alarms import AlarmState


class Trigger(Enum):
    RAISED = auto()
    CLEARED = auto()
    """The condition of an alarm without a latch has gone."""
    CLEARED_LATCHING = auto()
    """The condition has gone; the latch holds the alarm."""
    ACKNOWLEDGED = auto()
    RESET = auto()
    SHELVED = auto()
    UNSHELVED = auto()
    TAKEN_OUT = auto()
    PUT_BACK = auto()


WAITING: Final = frozenset(
    {AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED, AlarmState.LATCHED_UNACKNOWLEDGED}
)
"""States in which an alarm waits to be acknowledged."""

STANDING: Final = frozenset(
    {
        AlarmState.UNACKNOWLEDGED,
        AlarmState.ACKNOWLEDGED,
        AlarmState.LATCHED_UNACKNOWLEDGED,
        AlarmState.LATCHED_ACKNOWLEDGED,
    }
)
"""States in which an alarm is on, by its condition or by its latch."""

_HEARD: Final = tuple(
    state for state in AlarmState if state <= AlarmState.LATCHED_ACKNOWLEDGED
)  # Those in which nobody keeps the alarm quiet.

TRANSITIONS: Final[Mapping[tuple[AlarmState, Trigger], AlarmState]] = {
    (AlarmState.NORMAL, Trigger.RAISED): AlarmState.UNACKNOWLEDGED,
    (AlarmState.UNACKNOWLEDGED, Trigger.ACKNOWLEDGED): AlarmState.ACKNOWLEDGED,
    (AlarmState.UNACKNOWLEDGED, Trigger.CLEARED): AlarmState.RETURNED,
    (AlarmState.UNACKNOWLEDGED, Trigger.CLEARED_LATCHING): AlarmState.LATCHED_UNACKNOWLEDGED,
    (AlarmState.ACKNOWLEDGED, Trigger.CLEARED): AlarmState.NORMAL,
    (AlarmState.ACKNOWLEDGED, Trigger.CLEARED_LATCHING): AlarmState.LATCHED_ACKNOWLEDGED,
    (AlarmState.RETURNED, Trigger.RAISED): AlarmState.UNACKNOWLEDGED,
    (AlarmState.RETURNED, Trigger.ACKNOWLEDGED): AlarmState.NORMAL,
    (AlarmState.LATCHED_UNACKNOWLEDGED, Trigger.RAISED): AlarmState.UNACKNOWLEDGED,
    (AlarmState.LATCHED_UNACKNOWLEDGED, Trigger.ACKNOWLEDGED): AlarmState.LATCHED_ACKNOWLEDGED,
    (AlarmState.LATCHED_UNACKNOWLEDGED, Trigger.RESET): AlarmState.RETURNED,
    (AlarmState.LATCHED_ACKNOWLEDGED, Trigger.RAISED): AlarmState.UNACKNOWLEDGED,
    (AlarmState.LATCHED_ACKNOWLEDGED, Trigger.RESET): AlarmState.NORMAL,
    **{(state, Trigger.SHELVED): AlarmState.SHELVED for state in (*_HEARD, AlarmState.SHELVED)},
    **{(state, Trigger.TAKEN_OUT): AlarmState.OUT_OF_SERVICE for state in (*_HEARD, AlarmState.SHELVED)},
    # Back to normal; one whose condition stands is raised anew at once.
    (AlarmState.SHELVED, Trigger.UNSHELVED): AlarmState.NORMAL,
    (AlarmState.OUT_OF_SERVICE, Trigger.PUT_BACK): AlarmState.NORMAL,
}
"""Where a pair does not stand, the trigger means nothing in that state."""


def after(state: AlarmState, trigger: Trigger) -> AlarmState:
    """Return the state that `trigger` leads to: the same one where it means nothing."""
    return TRANSITIONS.get((state, trigger), state)
