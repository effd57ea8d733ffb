"""One tick of control, pure: equal state, inputs and commands give equal outputs, so a log replays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite, nan
from typing import TYPE_CHECKING

from controller.control import interlocks, pid
from controller.control.ramps import approach
from controller.domain.commands import DONE, Command, EmergencyStop, MakeSafe, Reply, Reset, SetTargets
from controller.domain.readings import Inputs, Quality, ReactorState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.control.model import ControlModel, LoopModel


@dataclass(frozen=True, slots=True)
class LoopState:
    """`setpoint` is the ramped one; `memory` is None while the loop is off."""

    target: float = nan
    setpoint: float = nan
    memory: pid.PidState | None = None


@dataclass(frozen=True, slots=True)
class ControlState:
    """Everything control remembers. `targets` and `outputs` have one place per channel, NaN at sensors."""

    state: ReactorState
    reason: str
    targets: tuple[float, ...]
    outputs: tuple[float, ...]
    loops: tuple[LoopState, ...]
    interlocks: interlocks.InterlockState
    orphaned_s: float = 0.0
    # A reset was granted here and is being carried to the boards.
    clearing: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    state: ControlState
    replies: tuple[Reply, ...]
    events: tuple[str, ...]


def initial_state(model: ControlModel) -> ControlState:
    """Return the state at boot: everything safe, the board not yet heard."""
    return ControlState(
        state=ReactorState.STARTING,
        reason="waiting for the board",
        targets=_safe_values(model),
        outputs=_safe_values(model),
        loops=tuple(LoopState() for _ in model.loops),
        interlocks=interlocks.InterlockState(tuple(0.0 for _ in model.interlocks)),
    )


def step(
    model: ControlModel, state: ControlState, inputs: Inputs, commands: Sequence[Command], dt_s: float
) -> Outcome:
    """Decide one tick: judge the interlocks, take the commands, move the outputs."""
    before = (state.state, state.interlocks.latched)
    judged = interlocks.step(state.interlocks, model.interlocks, inputs.values, inputs.qualities, dt_s)
    state = _judge(model, replace(state, interlocks=judged), inputs, dt_s)
    replies = []
    for command in commands:
        state, reply = _take(model, state, inputs, command)
        replies.append(reply)
    state = _drive(model, state, inputs, dt_s)
    after = (state.state, state.interlocks.latched)
    events = () if before == after else (f"{state.state.name.lower()}: {state.reason or 'ready'}",)
    return Outcome(state, tuple(replies), events)


def _safe_values(model: ControlModel) -> tuple[float, ...]:
    return tuple(nan if channel.safe_value is None else channel.safe_value for channel in model.channels)


def _safe(model: ControlModel, state: ControlState, to: ReactorState, reason: str) -> ControlState:
    return replace(
        state,
        state=to,
        reason=reason,
        targets=_safe_values(model),
        loops=tuple(LoopState() for _ in model.loops),
        clearing=False,
    )


def _judge(model: ControlModel, state: ControlState, inputs: Inputs, dt_s: float) -> ControlState:
    """Move to a safe state where something demands it; the gravest first."""
    orphaned_s = 0.0 if inputs.service_alive else state.orphaned_s + dt_s
    state = replace(state, orphaned_s=orphaned_s)
    stopping = inputs.stop_pressed or (inputs.stop_cause and not state.clearing)
    if stopping and state.state is not ReactorState.STOPPED:
        return _safe(model, state, ReactorState.STOPPED, inputs.stop_cause)
    if state.state is ReactorState.STOPPED:
        return state
    return _judge_rig(model, state, inputs)


def _judge_rig(model: ControlModel, state: ControlState, inputs: Inputs) -> ControlState:
    # Before the board is heard there is no reading to judge by, and nothing moves.
    if state.state is not ReactorState.STARTING and state.interlocks.latched:
        return _tripped(model, state)
    if state.state is ReactorState.STARTING:
        fresh = replace(state, interlocks=_cleared(state.interlocks))
        if not inputs.boards_ready:
            return fresh
        return replace(fresh, state=ReactorState.READY, reason="", clearing=False)
    if not inputs.boards_ready:
        return _safe(model, state, ReactorState.STARTING, "the board does not answer")
    if state.state is ReactorState.READY and state.orphaned_s > model.orphan_hold_s:
        reason = f"no service for {model.orphan_hold_s:g} s"
        return _safe(model, state, ReactorState.ORPHANED, reason)
    if state.state is ReactorState.ORPHANED and inputs.service_alive:
        return replace(state, state=ReactorState.READY, reason="")
    return state


def _cleared(state: interlocks.InterlockState) -> interlocks.InterlockState:
    return interlocks.InterlockState(tuple(0.0 for _ in state.outside_s))


def _tripped(model: ControlModel, state: ControlState) -> ControlState:
    if state.state is ReactorState.TRIPPED:
        return state
    channel, limits, rule = model.interlocks[state.interlocks.first_out]
    plan = model.channels[channel]
    reason = f"interlock {rule.name}: {plan.name} {interlocks.describe(limits, rule.delay_s, plan.unit)}"
    return _safe(model, state, ReactorState.TRIPPED, reason)


def _take(
    model: ControlModel, state: ControlState, inputs: Inputs, command: Command
) -> tuple[ControlState, Reply]:
    match command:
        case SetTargets():
            return _set(model, state, inputs, command)
        case MakeSafe():
            return _safe(model, state, state.state, state.reason), DONE
        case EmergencyStop(reason=reason):
            return _safe(model, state, ReactorState.STOPPED, f"emergency stop: {reason}"), DONE
        case Reset():
            return _reset(model, state, inputs)
    return state, Reply("NOT_SUPPORTED", f"control does not take {type(command).__name__}")


def _reset(model: ControlModel, state: ControlState, inputs: Inputs) -> tuple[ControlState, Reply]:
    if inputs.stop_pressed:
        return state, Reply("CAUSE_STANDS", f"{inputs.stop_cause}; remove the cause, then reset again")
    for index, (channel, _, rule) in enumerate(model.interlocks):
        if inputs.boards_ready and state.interlocks.outside_s[index] > 0.0:
            plan = model.channels[channel]
            detail = (
                f"{plan.name} is still {inputs.values[channel]:g} {plan.unit} ({rule.name}); wait, or mend it"
            )
            return state, Reply("CAUSE_STANDS", detail)
    if state.state not in (ReactorState.TRIPPED, ReactorState.STOPPED):
        return state, DONE
    state = replace(state, interlocks=_cleared(state.interlocks))
    state = _safe(model, state, ReactorState.STARTING, "reset: waiting for the board")
    return replace(state, clearing=True), DONE


def _set(
    model: ControlModel, state: ControlState, inputs: Inputs, command: SetTargets
) -> tuple[ControlState, Reply]:
    if state.state is not ReactorState.READY:
        return state, Reply("REACTOR_NOT_READY", f"the reactor is {state.state.name.lower()}: {state.reason}")
    refusal = next(filter(None, (_refuse(model, *item) for item in command.targets.items())), None)
    if refusal:
        return state, refusal
    targets, loops = list(state.targets), list(state.loops)
    for name, value in command.targets.items():
        index = model.index[name]
        if index in model.loop_on_sensor:
            number = model.loop_on_sensor[index]
            loops[number] = _aim(model.loops[number], loops[number], state, inputs, value)
        else:
            targets[index] = value
            if index in model.loop_on_actuator:
                loops[model.loop_on_actuator[index]] = LoopState()
    return replace(state, targets=tuple(targets), loops=tuple(loops)), DONE


def _refuse(model: ControlModel, name: str, value: float) -> Reply | None:
    index = model.index.get(name)
    if index is None:
        return Reply("CHANNEL_UNKNOWN", f"this rig has no channel {name}")
    channel = model.channels[index]
    if not channel.is_actuator and index not in model.loop_on_sensor:
        return Reply("NOT_WRITABLE", f"{name} is a sensor that no loop controls")
    if not isfinite(value) or not channel.low <= value <= channel.high:
        allowed = f"{channel.low:g} to {channel.high:g} {channel.unit}"
        return Reply("OUT_OF_RANGE", f"{name}: {value:g} is outside {allowed}")
    return None


def _aim(loop: LoopModel, before: LoopState, state: ControlState, inputs: Inputs, target: float) -> LoopState:
    if before.memory is not None:
        return replace(before, target=target)
    measurement = inputs.values[loop.sensor]
    memory = pid.engage(
        loop.tuning, measurement=measurement, setpoint=measurement, output=state.outputs[loop.actuator]
    )
    return LoopState(target=target, setpoint=measurement, memory=memory)


def _drive(model: ControlModel, state: ControlState, inputs: Inputs, dt_s: float) -> ControlState:
    if state.state is not ReactorState.READY:
        safe = _safe_values(model)
        return state if state.outputs == safe else replace(state, outputs=safe)
    wanted, loops = list(state.targets), list(state.loops)
    for number, loop in enumerate(model.loops):
        if loops[number].memory is not None:
            loops[number], wanted[loop.actuator] = _close(model, loop, loops[number], inputs, dt_s)
    outputs = list(state.outputs)
    for index in model.actuators:
        limit = model.channels[index].rate_limit_per_s
        outputs[index] = approach(outputs[index], wanted[index], limit, dt_s)
    return replace(state, outputs=tuple(outputs), loops=tuple(loops))


def _close(
    model: ControlModel, loop: LoopModel, state: LoopState, inputs: Inputs, dt_s: float
) -> tuple[LoopState, float]:
    """Compute one loop; without a good reading its output is safe and the loop waits."""
    measurement = inputs.values[loop.sensor]
    if inputs.qualities[loop.sensor] != Quality.GOOD or state.memory is None:
        safe = model.channels[loop.actuator].safe_value
        assert safe is not None
        return state, safe
    if not isfinite(state.setpoint):
        memory = pid.engage(loop.tuning, measurement=measurement, setpoint=measurement, output=loop.low)
        state = LoopState(state.target, measurement, memory)
    setpoint = approach(state.setpoint, state.target, loop.plan.ramp_per_s, dt_s)
    assert state.memory is not None
    memory, output = pid.step(
        state.memory,
        loop.tuning,
        measurement=measurement,
        setpoint=setpoint,
        low=loop.low,
        high=loop.high,
        dt_s=dt_s,
    )
    return LoopState(state.target, setpoint, memory), output
