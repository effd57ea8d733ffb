"""What each loop remembers between ticks, and how it is let go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite, nan
from typing import Final

from controller.control.autotune import AutotuneState, Proposal
from controller.control.loop_model import LoopsModel
from controller.control.pid import PidState, Tuning, transfer
from controller.domain.commands import LoopMode

_INTERRUPTED: Final = "interrupted: the loop was let go; begin again"


@dataclass(frozen=True, slots=True)
class LoopState:
    """One loop, between two ticks.

    `tuning` is the one in force. `setpoint` is the ramped one, NaN while there is none: then it starts again
    at the measurement. `memory` is None until the loop has engaged. `output` is what it last asked for, NaN
    for nothing; `held` is what a manual loop holds; `fed` is what was fed forward. `limited` is the sign of
    the direction in which its setpoint can't be followed: the output is at its end. While `autotune` runs it
    drives the output, and `mode` is what the loop returns to. `proposal` stands until a person accepts or
    dismisses it, `problem` of a failed experiment until the next one. `blind_s` is how long the loop has not
    regulated for want of a reading or a setpoint.
    """

    tuning: Tuning
    mode: LoopMode = LoopMode.OFF
    target: float = nan
    setpoint: float = nan
    memory: PidState | None = None
    output: float = nan
    held: float = nan
    fed: float = 0.0
    limited: int = 0
    autotune: AutotuneState | None = None
    proposal: Proposal | None = None
    problem: str = ""
    blind_s: float = 0.0

    @property
    def is_active(self) -> bool:
        """Whether the loop, not a person, says what its output is."""
        return self.mode is not LoopMode.OFF or self.autotune is not None


LoopStates = tuple[LoopState, ...]


def initial(model: LoopsModel) -> LoopStates:
    """Return every loop off, with the tuning of the plan."""
    return tuple(LoopState(loop.tuning) for loop in model.loops)


def switched(state: LoopState, mode: LoopMode, *, target: float = nan, held: float = nan) -> LoopState:
    """Put a loop into a mode from which it engages anew; its tuning and what was found for it stay."""
    return LoopState(
        state.tuning, mode, target=target, held=held, proposal=state.proposal, problem=state.problem
    )


def all_off(states: LoopStates) -> LoopStates:
    """Let every loop go, as a trip does: experiments end, accepted tunings and proposals stay."""
    if not any(state.is_active for state in states):
        return states
    return tuple(_let_go(state) for state in states)


def release(model: LoopsModel, states: LoopStates, actuator: int) -> LoopStates:
    """Let go of an actuator that is written directly: its loop, and any around it, goes off."""
    number = model.on_actuator.get(actuator)
    if number is None:
        return states
    around = (number, *model.outward(number))
    if not any(states[each].is_active for each in around):
        return states
    after = list(states)
    for each in around:
        after[each] = _let_go(after[each])
    return tuple(after)


def _let_go(state: LoopState) -> LoopState:
    if state.autotune is not None:
        state = replace(state, problem=_INTERRUPTED)
    return switched(state, LoopMode.OFF)


def setpoints(states: LoopStates) -> tuple[float, ...]:
    """Return each loop's ramped setpoint, NaN while it does not regulate."""
    # A list comprehension: a generator costs half as much again, and this runs every tick.
    return tuple(
        [
            state.setpoint if state.mode is LoopMode.AUTO and state.autotune is None else nan
            for state in states
        ]
    )


def held_actuators(model: LoopsModel, states: LoopStates) -> tuple[int, ...]:
    """Return the actuators that active loops drive: what was written to them before no longer stands."""
    return tuple(actuator for actuator, number in model.on_actuator.items() if states[number].is_active)


def retuned(state: LoopState, tuning: Tuning) -> LoopState:
    """Put a tuning into force without a bump, whatever the loop is doing."""
    memory = state.memory
    # While it is blind there is no error: the integral stands as it is.
    if memory is not None and isfinite(state.setpoint):
        memory = transfer(memory, state.tuning, tuning, setpoint=state.setpoint)
    return replace(state, tuning=tuning, memory=memory)
