"""Which state the reactor is in: a table of what may follow what, and the rules that choose among it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from controller.control import interlocks
from controller.control.state import ControlState, made_safe
from controller.domain.readings import Inputs, ReactorState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.control.model import ControlModel

STARTING, READY, TRIPPED = ReactorState.STARTING, ReactorState.READY, ReactorState.TRIPPED
STOPPED, ORPHANED = ReactorState.STOPPED, ReactorState.ORPHANED

# Every state may be left for a graver one at once; the way back leads through STARTING, by Reset alone where
# something is latched.
MAY_FOLLOW: Final[Mapping[ReactorState, frozenset[ReactorState]]] = {
    STARTING: frozenset({READY, TRIPPED, STOPPED}),
    READY: frozenset({STARTING, TRIPPED, STOPPED, ORPHANED}),
    TRIPPED: frozenset({STARTING, STOPPED}),
    STOPPED: frozenset({STARTING}),
    ORPHANED: frozenset({STARTING, READY, TRIPPED, STOPPED}),
}


def judge(model: ControlModel, state: ControlState, inputs: Inputs, dt_s: float) -> ControlState:
    """Move to the state that the inputs and the interlocks demand."""
    orphaned_s = 0.0 if inputs.service_alive else state.orphaned_s + dt_s
    if orphaned_s != state.orphaned_s:
        state = replace(state, orphaned_s=orphaned_s)
    stopping = inputs.stop_pressed or (inputs.stop_cause and not state.clearing)
    if stopping and state.state is not STOPPED:
        return made_safe(model, state, STOPPED, inputs.stop_cause or "stop button pressed")
    if state.state is STOPPED:
        return state
    if interlocks.trips_reactor(model.interlocks, state.interlocks):
        return _tripped(model, state)
    if state.state is TRIPPED:
        # Nothing latched is left: what latches holds its trip until Reset.
        return made_safe(model, state, STARTING, "released: waiting for the board")
    return _judge_boards(model, state, inputs)


def _judge_boards(model: ControlModel, state: ControlState, inputs: Inputs) -> ControlState:
    if state.state is STARTING:
        if not inputs.boards_ready:
            return state
        return replace(state, state=READY, reason="", clearing=False, heard=True)
    if not inputs.boards_ready:
        return made_safe(model, state, STARTING, "the board does not answer")
    if state.state is READY and state.orphaned_s > model.orphan_hold_s:
        return made_safe(model, state, ORPHANED, f"no service for {model.orphan_hold_s:g} s")
    if state.state is ORPHANED and inputs.service_alive:
        return replace(state, state=READY, reason="")
    return state


def _tripped(model: ControlModel, state: ControlState) -> ControlState:
    if state.state is TRIPPED:
        return state
    reason = interlocks.reason(model.interlocks, state.interlocks)
    return made_safe(model, state, TRIPPED, reason)
