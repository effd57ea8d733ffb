"""What may be asked of loops: targets, modes, tunings, experiments. Each is done, or refused with a remedy.

A loop that is switched on engages in the next tick, at the output that is then applied: no switch is a bump.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import copysign, isfinite, nan
from typing import Final

from controller.control import autotune
from controller.control import loop_checks as checks
from controller.control.experiment import Proposal
from controller.control.loop_model import NONE, LoopModel, LoopsModel
from controller.control.loop_state import LoopState, LoopStates, retuned, switched
from controller.control.pid import Tuning
from controller.domain.commands import (
    DONE,
    EndAutotune,
    LoopMode,
    Reply,
    Retune,
    SetLoopMode,
    StartAutotune,
)
from controller.domain.events import Event, EventKind

LoopCommand = SetLoopMode | Retune | StartAutotune | EndAutotune
Taken = tuple[LoopStates, Reply, tuple[Event, ...]]

# Swings below this share of the sensor's range are taken for noise by an experiment.
_NOISE_SHARE: Final = 0.001


def aim(
    model: LoopsModel,
    states: LoopStates,
    number: int,
    value: float,
    values: Sequence[float],
    qualities: Sequence[int],
) -> tuple[LoopStates, Reply]:
    """Ask a loop for a target, in its sensor's unit; it goes to AUTO, and the loops that it drives with it.

    Loops around it go off: a cascade is broken by whoever aims at its inside.
    """
    loop = model.loops[number]
    refused = checks.refuse_target(loop, value) or checks.refuse_busy(model, states, number)
    refused = refused or checks.refuse_blind_start(model, states, number, values, qualities)
    if refused:
        return states, refused
    after = _engaged(model, states, number, values)
    for outer in model.outward(number):
        after[outer] = switched(after[outer], LoopMode.OFF)
    after[number] = replace(after[number], target=value)
    return tuple(after), DONE


def take(
    model: LoopsModel,
    states: LoopStates,
    command: LoopCommand,
    values: Sequence[float],
    qualities: Sequence[int],
    outputs: Sequence[float],
) -> Taken:
    """Carry out one command. `outputs` are those applied in the tick before."""
    number = model.by_name.get(command.loop)
    if number is None:
        known = ", ".join(sorted(model.by_name)) or "none"
        return states, Reply("LOOP_UNKNOWN", f"this rig has no loop {command.loop}; known: {known}"), ()
    match command:
        case SetLoopMode():
            return _set_mode(model, states, number, command, values, qualities, outputs)
        case Retune():
            after, reply = _retune(model, states, number, command)
            return after, reply, ()
        case StartAutotune():
            after, reply = _start(model, states, number, command, values, qualities, outputs)
            return after, reply, ()
        case EndAutotune():
            return _end(model, states, number, command.accept)


def _set_mode(
    model: LoopsModel,
    states: LoopStates,
    number: int,
    command: SetLoopMode,
    values: Sequence[float],
    qualities: Sequence[int],
    outputs: Sequence[float],
) -> Taken:
    loop, mode = model.loops[number], command.mode
    if command.output is not None and mode is not LoopMode.MANUAL:
        detail = f"an output is held in manual alone: leave it out, or switch {loop.name} to manual"
        return states, Reply("OUTPUT_NOT_HELD", detail), ()
    if mode is LoopMode.OFF:
        # Always taken, whatever goes on: off is the way out.
        after = _replaced(states, number, switched(states[number], LoopMode.OFF))
        running = states[number].autotune is not None
        return after, DONE, (_event(loop, "auto-tune ended: the loop was switched off"),) if running else ()
    refused = checks.refuse_busy(model, states, number)
    if not refused and mode is LoopMode.AUTO:
        refused = checks.refuse_blind_start(model, states, number, values, qualities)
        after = states if refused else tuple(_engaged(model, states, number, values))
        return after, refused or DONE, ()
    refused = refused or checks.refuse_output(loop, command.output)
    if not refused and loop.inner != NONE:
        refused = checks.refuse_blind(model, model.inward(number), values, qualities)
    if refused:
        return states, refused, ()
    engaged = _engaged(model, states, loop.inner, values) if loop.inner != NONE else list(states)
    held = _position(model, states, number, values, outputs) if command.output is None else command.output
    return _replaced(engaged, number, switched(states[number], LoopMode.MANUAL, held=held)), DONE, ()


def _retune(model: LoopsModel, states: LoopStates, number: int, command: Retune) -> tuple[LoopStates, Reply]:
    loop = model.loops[number]
    refused = (
        checks.refuse_scheduled(loop)
        or checks.refuse_busy(model, states, number)
        or checks.refuse_tuning(loop, command)
    )
    if refused:
        return states, refused
    return _tuned(loop, states, number, command), DONE


def _start(
    model: LoopsModel,
    states: LoopStates,
    number: int,
    command: StartAutotune,
    values: Sequence[float],
    qualities: Sequence[int],
    outputs: Sequence[float],
) -> tuple[LoopStates, Reply]:
    """Begin an experiment around the present output; an inner loop is switched on to follow it."""
    loop = model.loops[number]
    refused = checks.refuse_target(loop, command.target) or checks.refuse_amplitude(loop, command.amplitude)
    refused = refused or checks.refuse_busy(model, states, number)
    refused = refused or checks.refuse_blind(model, (number, *model.inward(number)), values, qualities)
    if refused:
        return states, refused
    after = _engaged(model, states, loop.inner, values) if loop.inner != NONE else list(states)
    relay = autotune.begin(
        target=command.target,
        amplitude=copysign(command.amplitude, loop.tuning.gain),
        bias=_position(model, states, number, values, outputs),
        low=loop.low,
        high=loop.high,
        noise_band=_NOISE_SHARE * (loop.sensor.high - loop.sensor.low),
        rate_per_s=model.slowest_per_s(number),
    )
    if relay.failed:
        return states, Reply("OUT_OF_RANGE", f"{loop.name}: {relay.failed}")
    state = replace(after[number], setpoint=nan, output=nan, autotune=relay, proposal=None, problem="")
    return _replaced(after, number, state), DONE


def _end(model: LoopsModel, states: LoopStates, number: int, accept: bool) -> Taken:
    """Abort what runs; else put the proposal into the loop, or drop it."""
    loop, state = model.loops[number], states[number]
    if state.autotune is not None:
        if accept:
            detail = f"{loop.name} is still in its experiment: wait for its proposal, or end it unaccepted"
            return states, Reply("AUTOTUNE_RUNNING", detail), ()
        back = switched(state, state.mode, target=state.target, held=state.held)
        return _replaced(states, number, back), DONE, (_event(loop, "auto-tune ended on request"),)
    found = state.proposal
    if found is None:
        detail = f"no tuning is proposed for {loop.name}: start an experiment first"
        return states, Reply("NOTHING_PROPOSED", detail), ()
    if not accept:
        return _replaced(states, number, replace(state, proposal=None)), DONE, ()
    refused = checks.refuse_scheduled(loop) or checks.refuse_tuning(loop, found)
    if refused:
        return states, refused, ()
    after = _tuned(loop, states, number, found)
    return _replaced(after, number, replace(after[number], proposal=None)), DONE, ()


def _engaged(model: LoopsModel, states: LoopStates, number: int, values: Sequence[float]) -> list[LoopState]:
    """Switch a loop and those that it drives to AUTO; one that was not holds where it is."""
    after = list(states)
    for each in (number, *model.inward(number)):
        state, loop = after[each], model.loops[each]
        if state.mode is not LoopMode.AUTO or not isfinite(state.target):
            here = min(max(values[loop.sensor_index], loop.sensor.low), loop.sensor.high)
            after[each] = switched(state, LoopMode.AUTO, target=here)
    return after


def _position(
    model: LoopsModel, states: LoopStates, number: int, values: Sequence[float], outputs: Sequence[float]
) -> float:
    """Return the output that stands now: of actuators, or of the inner loop's setpoint."""
    loop = model.loops[number]
    if loop.actuation is not None:
        return loop.actuation.position(outputs)
    setpoint = states[loop.inner].setpoint
    at = setpoint if isfinite(setpoint) else values[model.loops[loop.inner].sensor_index]
    return min(max(at, loop.low), loop.high)


def _tuned(loop: LoopModel, states: LoopStates, number: int, found: Retune | Proposal) -> LoopStates:
    plan = loop.tuning
    tuning = Tuning(
        found.gain, found.integral_s, found.derivative_s, plan.derivative_filter, plan.setpoint_weight
    )
    return _replaced(states, number, retuned(states[number], tuning))


def _replaced(states: Sequence[LoopState], number: int, state: LoopState) -> LoopStates:
    return (*states[:number], state, *states[number + 1 :])


def _event(loop: LoopModel, text: str) -> Event:
    return Event(EventKind.LOOP, loop.name, text)
