"""The loops in one tick, pure: what they ask of the actuators.

Cascade: an outer loop's output is the inner loop's setpoint. The inner loop's `ramp` bounds how fast that
moves, and is to the outer loop what a rate limit is to an inner one. While the inner loop is at the end of
its output, the outer one may not push further; while it does not follow at all (manual, off, experimenting,
no good reading), the outer one waits, and then engages at the inner measurement. Without a good reading of
the outer sensor the inner loop's actuator is safe.

Wherever a loop starts or starts again, its setpoint starts at the measurement and its output where it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite, nan
from typing import Final

from controller.control import autotune, pid
from controller.control.loop_model import NONE, SETPOINT, LoopModel, LoopsModel
from controller.control.loop_state import LoopState, LoopStates, switched
from controller.control.ramps import approach
from controller.control.schedule import tuning_at
from controller.control.seen import GOOD
from controller.domain.commands import LoopMode
from controller.domain.events import Event, EventKind

_REMEMBERED: Final = 0.25
"""Of the integral time: a loop that is blind for no longer goes on with the integral that it had."""


@dataclass(slots=True)
class _Tick:
    """What the loops of one tick share; `states` and `wanted` fill as it goes on."""

    model: LoopsModel
    states: list[LoopState]
    values: Sequence[float]
    qualities: Sequence[int]
    outputs: Sequence[float]
    wanted: list[float]
    dt_s: float

    def good(self, channel: int) -> bool:
        return self.qualities[channel] == GOOD and isfinite(self.values[channel])


def drive(
    model: LoopsModel,
    states: LoopStates,
    values: Sequence[float],
    qualities: Sequence[int],
    wanted: list[float],
    outputs: Sequence[float],
    dt_s: float,
) -> tuple[LoopStates, tuple[Event, ...]]:
    """Advance every active loop and write what it asks of its actuators into `wanted`, by channel.

    `outputs` are those applied in the tick before. A loop that is off writes nothing; while all are, `states`
    come back as they are. The events tell how experiments ended.
    """
    if not any(state.is_active for state in states):
        return states, ()
    tick = _Tick(model, list(states), values, qualities, outputs, wanted, dt_s)
    events: tuple[Event, ...] = ()
    for number in model.order:
        state = tick.states[number]
        if state.autotune is not None:
            tick.states[number], more = _experiment(tick, number, state, state.autotune)
            events += more
        elif state.mode is not LoopMode.OFF:
            tick.states[number] = _advance(tick, number, state)
    return tuple(tick.states), events


def _experiment(
    tick: _Tick, number: int, state: LoopState, relay: autotune.AutotuneState
) -> tuple[LoopState, tuple[Event, ...]]:
    """Advance an experiment; once it has ended, the loop goes on in the mode that it had."""
    loop = tick.model.loops[number]
    hindrance = _hindrance(tick, loop, state)
    if hindrance:
        back = replace(_resume(tick, number, state, nan), problem=hindrance)
        return back, (Event(EventKind.LOOP, loop.name, f"auto-tune failed: {hindrance}"),)
    relay, asked = autotune.step(relay, measurement=tick.values[loop.sensor_index], dt_s=tick.dt_s)
    if relay.ended:
        told = f"auto-tune failed: {relay.failed}" if relay.proposal is None else _told(loop, relay.proposal)
        back = replace(_resume(tick, number, state, asked), proposal=relay.proposal, problem=relay.failed)
        return back, (Event(EventKind.LOOP, loop.name, told),)
    low, high, _ = _reach(tick, loop)
    output = _write(tick, loop, min(max(asked, low), high))
    return replace(state, autotune=relay, output=output), ()


def _hindrance(tick: _Tick, loop: LoopModel, state: LoopState) -> str:
    if not tick.good(loop.sensor_index):
        return f"no good reading of {loop.sensor.name}"
    if loop.inner != NONE and not _follows(tick, loop.inner):
        return f"loop {tick.model.loops[loop.inner].name} does not follow"
    if loop.actuation is not None and isfinite(state.output):
        return "its output was overruled" if loop.actuation.overruled(state.output, tick.outputs) else ""
    return ""


def _resume(tick: _Tick, number: int, state: LoopState, centre: float) -> LoopState:
    """Go back to the loop's mode; an automatic one engages at the centre of the swings, not at their edge."""
    loop = tick.model.loops[number]
    state = switched(state, state.mode, target=state.target, held=state.held)
    if state.mode is LoopMode.OFF:
        return state
    if state.mode is LoopMode.AUTO and isfinite(centre):
        measurement = tick.values[loop.sensor_index]
        fed = _fed(tick, loop, measurement, state.fed)
        memory = pid.engage(state.tuning, measurement=measurement, setpoint=measurement, output=centre - fed)
        state = replace(state, setpoint=measurement, memory=memory, fed=fed)
    return _advance(tick, number, state)


def _told(loop: LoopModel, found: autotune.Proposal) -> str:
    unit = f"{loop.output_unit} per {loop.sensor.unit}"
    tuning = f"gain {found.gain:.4g} {unit}, integral {found.integral_s:.4g} s"
    return f"auto-tune proposes {tuning}, derivative {found.derivative_s:.4g} s: accept or dismiss it"


def _advance(tick: _Tick, number: int, state: LoopState) -> LoopState:
    loop = tick.model.loops[number]
    if state.mode is LoopMode.MANUAL:
        low, high, _ = _reach(tick, loop)
        output = _write(tick, loop, min(max(state.held, low), high))
        return state if output == state.output else replace(state, output=output)
    target = _target(tick, loop, state)
    if not isfinite(target) or not tick.good(loop.sensor_index):
        if loop.actuation is not None:
            loop.actuation.make_safe(tick.wanted)
        blind_s = state.blind_s + tick.dt_s
        # For a short while the integral is still what holds the plant; after that, begin anew.
        memory = state.memory if blind_s <= _REMEMBERED * state.tuning.integral_s else None
        return replace(
            state, target=target, setpoint=nan, memory=memory, output=nan, limited=0, blind_s=blind_s
        )
    if loop.inner != NONE and not _follows(tick, loop.inner):
        return replace(state, setpoint=nan, memory=None, output=nan, limited=0)
    return _regulate(tick, loop, state, target)


def _target(tick: _Tick, loop: LoopModel, state: LoopState) -> float:
    """Return the loop's own target, or what the loop around it asks for; NaN when that asks for nothing."""
    if loop.outer != NONE:
        outer = tick.states[loop.outer]
        if outer.is_active:
            return outer.output
    return state.target


def _follows(tick: _Tick, number: int) -> bool:
    """Whether the loop, and those that it drives, take a setpoint."""
    while number != NONE:
        state, loop = tick.states[number], tick.model.loops[number]
        if state.mode is not LoopMode.AUTO or state.autotune is not None or not tick.good(loop.sensor_index):
            return False
        number = loop.inner
    return True


def _regulate(tick: _Tick, loop: LoopModel, state: LoopState, target: float) -> LoopState:
    measurement = tick.values[loop.sensor_index]
    low, high, position = _reach(tick, loop)
    memory = _kept(tick, loop, state)
    start = measurement if memory is None or not isfinite(state.setpoint) else state.setpoint
    setpoint = approach(start, target, loop.ramp_per_s, tick.dt_s)
    tuning = _tuning(tick, loop, state, setpoint) if loop.schedule else state.tuning
    fed = _fed(tick, loop, setpoint, state.fed) if loop.feed_forward else 0.0
    if memory is None:
        memory = pid.engage(tuning, measurement=measurement, setpoint=start, output=position - fed)
    elif start is not state.setpoint:
        memory = pid.PidState(memory.integral, 0.0, measurement)
    elif tuning is not state.tuning and tuning.integral_s > 0.0:
        memory = pid.transfer(memory, state.tuning, tuning, setpoint=start)
    memory, output = pid.step(
        memory,
        tuning,
        measurement=measurement,
        setpoint=setpoint,
        low=low,
        high=high,
        dt_s=tick.dt_s,
        feed_forward=fed,
    )
    return LoopState(
        tuning,
        LoopMode.AUTO,
        target,
        setpoint,
        memory,
        _write(tick, loop, output),
        fed=fed,
        limited=_limited(output, low, high, tuning.gain) if loop.outer != NONE else 0,
        proposal=state.proposal,
        problem=state.problem,
    )


def _kept(tick: _Tick, loop: LoopModel, state: LoopState) -> pid.PidState | None:
    """Return the controller's memory; None where something else holds the actuator, instead of winding up."""
    if state.memory is None or loop.actuation is None or not isfinite(state.output):
        return state.memory
    return None if loop.actuation.overruled(state.output, tick.outputs) else state.memory


def _limited(output: float, low: float, high: float, gain: float) -> int:
    """Return the sign of the direction in which the setpoint can't be followed; 0: in neither."""
    if low < output < high:
        return 0
    return 1 if (output >= high) is (gain > 0.0) else -1


def _reach(tick: _Tick, loop: LoopModel) -> tuple[float, float, float]:
    """Return the bounds of the output in this tick, and where it stands."""
    if loop.actuation is not None:
        low, high = loop.actuation.reach(tick.outputs, tick.dt_s)
        return low, high, loop.actuation.position(tick.outputs)
    inner, state = tick.model.loops[loop.inner], tick.states[loop.inner]
    position = state.setpoint if isfinite(state.setpoint) else tick.values[inner.sensor_index]
    if not isfinite(position):
        return loop.low, loop.high, nan
    position = min(max(position, loop.low), loop.high)
    most = inner.ramp_per_s * tick.dt_s
    low = position if state.limited < 0 else max(loop.low, position - most)
    high = position if state.limited > 0 else min(loop.high, position + most)
    return low, high, position


def _write(tick: _Tick, loop: LoopModel, output: float) -> float:
    """Ask the actuator for `output`; an inner loop reads it from the outer one's state."""
    if loop.actuation is not None:
        loop.actuation.write(output, tick.wanted)
    return output


def _tuning(tick: _Tick, loop: LoopModel, state: LoopState, setpoint: float) -> pid.Tuning:
    """Return what the schedule says; without a good reading of its channel, what is in force."""
    if loop.schedule_on == SETPOINT:
        return tuning_at(loop.schedule, setpoint)
    if not tick.good(loop.schedule_on):
        return state.tuning
    return tuning_at(loop.schedule, tick.values[loop.schedule_on])


def _fed(tick: _Tick, loop: LoopModel, setpoint: float, before: float) -> float:
    """Sum up what is fed forward; it stands still while one of its channels has no good reading."""
    total = 0.0
    for term in loop.feed_forward:
        if term.channel == SETPOINT:
            value = setpoint
        elif term.is_actuator:
            value = tick.outputs[term.channel]
        elif tick.good(term.channel):
            value = tick.values[term.channel]
        else:
            return before
        total += term.gain * (value - term.reference)
    return total
