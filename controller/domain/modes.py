"""PackML's states as one table: the base state model of ANSI/ISA-TR88.00.02-2022.

The report is not free to read; the states and transitions of its edition of 2015 stand in OPC 30050 (OPC UA
for PackML), 6.3.6 to 6.3.8. That of 2022 added Hold in SUSPENDED, and Complete in SUSPENDED and HELD.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, IntEnum
from types import MappingProxyType


class State(IntEnum):
    """The numbers are ours: journals and the contract hold them, so that they never change."""

    STARTING = 1
    EXECUTE = 2
    COMPLETING = 3
    COMPLETE = 4
    ABORTING = 5
    ABORTED = 6
    IDLE = 7
    HOLDING = 8
    HELD = 9
    UNHOLDING = 10
    SUSPENDING = 11
    SUSPENDED = 12
    UNSUSPENDING = 13
    STOPPING = 14
    STOPPED = 15
    RESETTING = 16
    CLEARING = 17


class Trigger(Enum):
    """The commands, and that an acting state has done its work."""

    RESET = "reset"
    START = "start"
    STOP = "stop"
    HOLD = "hold"
    UNHOLD = "unhold"
    SUSPEND = "suspend"
    UNSUSPEND = "unsuspend"
    ABORT = "abort"
    CLEAR = "clear"
    COMPLETE = "complete"
    DONE = "state complete"


# States that end by themselves, with DONE. In the others the machine waits for a command.
ACTING = frozenset(
    {
        State.STARTING,
        State.EXECUTE,
        State.COMPLETING,
        State.HOLDING,
        State.UNHOLDING,
        State.SUSPENDING,
        State.UNSUSPENDING,
        State.STOPPING,
        State.ABORTING,
        State.RESETTING,
        State.CLEARING,
    }
)

_UNSTOPPABLE = frozenset({State.STOPPING, State.STOPPED, State.ABORTING, State.ABORTED, State.CLEARING})
_ABORTING = frozenset({State.ABORTING, State.ABORTED})

# A run uses part of it. It begins in IDLE, is started once and ends in COMPLETE or ABORTED, since another
# execution is another run: so it never sees RESETTING and CLEARING. What ends it early goes safe, which is an
# abort: never STOPPING or STOPPED. What interrupts it, a person or the loss of a lease, waits for a decision,
# which is a hold: never SUSPENDING, SUSPENDED or UNSUSPENDING.
TABLE: Mapping[tuple[State, Trigger], State] = MappingProxyType(
    {
        (State.STOPPED, Trigger.RESET): State.RESETTING,
        (State.COMPLETE, Trigger.RESET): State.RESETTING,
        (State.RESETTING, Trigger.DONE): State.IDLE,
        (State.IDLE, Trigger.START): State.STARTING,
        (State.STARTING, Trigger.DONE): State.EXECUTE,
        (State.EXECUTE, Trigger.DONE): State.COMPLETING,
        (State.EXECUTE, Trigger.COMPLETE): State.COMPLETING,
        (State.HELD, Trigger.COMPLETE): State.COMPLETING,
        (State.SUSPENDED, Trigger.COMPLETE): State.COMPLETING,
        (State.COMPLETING, Trigger.DONE): State.COMPLETE,
        (State.EXECUTE, Trigger.HOLD): State.HOLDING,
        (State.SUSPENDED, Trigger.HOLD): State.HOLDING,
        (State.HOLDING, Trigger.DONE): State.HELD,
        (State.HELD, Trigger.UNHOLD): State.UNHOLDING,
        (State.UNHOLDING, Trigger.DONE): State.EXECUTE,
        (State.EXECUTE, Trigger.SUSPEND): State.SUSPENDING,
        (State.SUSPENDING, Trigger.DONE): State.SUSPENDED,
        (State.SUSPENDED, Trigger.UNSUSPEND): State.UNSUSPENDING,
        (State.UNSUSPENDING, Trigger.DONE): State.EXECUTE,
        (State.STOPPING, Trigger.DONE): State.STOPPED,
        (State.ABORTING, Trigger.DONE): State.ABORTED,
        (State.ABORTED, Trigger.CLEAR): State.CLEARING,
        (State.CLEARING, Trigger.DONE): State.STOPPED,
    }
    | {(state, Trigger.STOP): State.STOPPING for state in State if state not in _UNSTOPPABLE}
    | {(state, Trigger.ABORT): State.ABORTING for state in State if state not in _ABORTING}
)


def advance(state: State, trigger: Trigger) -> State | None:
    """Return the state that follows, or None where the trigger means nothing."""
    return TABLE.get((state, trigger))
