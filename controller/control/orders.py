"""What people and programs ask of control: each request is done whole or refused with a reason."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Final

from controller.control import alarms, flows, interlocks, leases, loop_commands, reagents
from controller.control.loop_state import release
from controller.control.seen import amount
from controller.control.state import ControlState, made_safe
from controller.domain import commands as c
from controller.domain.commands import DONE, Reply, Request
from controller.domain.events import Event, EventKind
from controller.domain.readings import Inputs, ReactorState

if TYPE_CHECKING:
    from controller.control.model import ControlModel
    from controller.control.seen import Seen

Taken = tuple[ControlState, Reply, tuple[Event, ...]]

_LONGEST_TEXT: Final = 200


def take(model: ControlModel, state: ControlState, inputs: Inputs, seen: Seen, request: Request) -> Taken:
    """Take one request; a refused one changes nothing."""
    refusal = leases.permits(state.lease, request.command, request.lease)
    if refusal is not None:
        return state, refusal, ()
    after, reply, events = _take(model, state, inputs, seen, request)
    if reply.refused:
        return state, reply, ()
    return after, reply, events


def _take(model: ControlModel, state: ControlState, inputs: Inputs, seen: Seen, request: Request) -> Taken:
    command, actor = request.command, request.actor
    match command:
        case c.SetTargets():
            return _set(model, state, seen, command, actor)
        case c.MakeSafe():
            safe = made_safe(model, state, state.state, state.reason)
            return safe, DONE, _told("reactor", "all outputs safe, loops off", actor)
        case c.EmergencyStop(reason=reason):
            why = f"emergency stop: {reason[:_LONGEST_TEXT]}"
            return made_safe(model, state, ReactorState.STOPPED, why), DONE, _told("reactor", why, actor)
        case c.Reset():
            return _reset(model, state, inputs, seen, actor)
        case c.SetLoopMode() | c.Retune() | c.StartAutotune() | c.EndAutotune():
            return _loop(model, state, seen, command, actor)
        case c.AcknowledgeAlarm() | c.ShelveAlarm() | c.SetAlarmService():
            found, reply, events = alarms.take(state.alarms, model.alarms, command, actor, seen)
            return replace(state, alarms=found), reply, events
        case c.HoldLease() | c.ReleaseLease():
            lease, reply, events = leases.take(state.lease, command, actor, model.longest_lease_s)
            return replace(state, lease=lease), reply, events
        case c.SetReagent() | c.ReportDevice():
            return _note(model, state, command, actor)


def _note(
    model: ControlModel, state: ControlState, command: c.SetReagent | c.ReportDevice, actor: str
) -> Taken:
    """Take what control can't see by itself."""
    if isinstance(command, c.SetReagent):
        left_ul, reply = reagents.take(model.reagents, state.reagents_ul, command)
        text = f"volume set to {command.volume_ul:g} uL"
        return replace(state, reagents_ul=left_ul), reply, _told(command.reagent, text, actor)
    if command.device != model.names.spectrometer:
        detail = f"{command.device[:64]!r} is not the spectrometer of this rig"
        return state, Reply("DEVICE_UNKNOWN", detail), ()
    return replace(state, spectrometer_lost=command.lost), DONE, ()


def _told(subject: str, text: str, actor: str) -> tuple[Event, ...]:
    return (Event(EventKind.COMMAND, subject, text, actor),)


def _reset(model: ControlModel, state: ControlState, inputs: Inputs, seen: Seen, actor: str) -> Taken:
    if inputs.stop_pressed:
        cause = inputs.stop_cause or "the stop button is pressed"
        return state, Reply("CAUSE_STANDS", f"{cause}; remove the cause, then reset again"), ()
    causes = interlocks.standing_causes(state.interlocks, model.interlocks, seen)
    if causes:
        return state, Reply("CAUSE_STANDS", f"{'; '.join(causes)}; wait, or mend it"), ()
    found, events = alarms.on_reset(state.alarms, model.alarms, actor, seen)
    cleared = interlocks.reset(state.interlocks, model.interlocks)
    state = replace(state, alarms=found, interlocks=cleared, lease=leases.cleared(state.lease))
    told = _told("reactor", "reset", actor)
    if state.state not in (ReactorState.TRIPPED, ReactorState.STOPPED):
        return state, DONE, (*told, *events)
    state = made_safe(model, state, ReactorState.STARTING, "reset: waiting for the board")
    return replace(state, clearing=True, heard=False), DONE, (*told, *events)


def _loop(
    model: ControlModel,
    state: ControlState,
    seen: Seen,
    command: c.SetLoopMode | c.Retune | c.StartAutotune | c.EndAutotune,
    actor: str,
) -> Taken:
    moves = isinstance(command, c.StartAutotune) or (
        isinstance(command, c.SetLoopMode) and command.mode is not c.LoopMode.OFF
    )
    if moves and (refusal := _not_ready(state)):
        return state, refusal, ()
    found, reply, events = loop_commands.take(
        model.loops, state.loops, command, seen.values, seen.qualities, state.outputs
    )
    after = replace(state, loops=found)
    if moves and not reply.refused and (refusal := _taken_back(model, state, after)):
        return state, refusal, ()
    told = () if reply.refused else _told(command.loop, _asked_of_loop(command), actor)
    return after, reply, (*told, *(replace(each, actor=actor) for each in events))


def _asked_of_loop(command: c.SetLoopMode | c.Retune | c.StartAutotune | c.EndAutotune) -> str:
    match command:
        case c.SetLoopMode(mode=mode, output=output):
            return f"switched to {mode}" + ("" if output is None else f", output {output:g}")
        case c.Retune(gain=gain, integral_s=integral_s, derivative_s=derivative_s):
            return f"retuned: gain {gain:g}, integral {integral_s:g} s, derivative {derivative_s:g} s"
        case c.StartAutotune(target=target, amplitude=amplitude):
            return f"auto-tune begun around {target:g}, amplitude {amplitude:g}"
        case c.EndAutotune(accept=accept):
            return "proposed tuning accepted" if accept else "auto-tune dismissed"


def _not_ready(state: ControlState) -> Reply | None:
    if state.state is ReactorState.READY:
        return None
    return Reply("REACTOR_NOT_READY", f"the reactor is {state.state.name.lower()}: {state.reason}")


def _set(model: ControlModel, state: ControlState, seen: Seen, command: c.SetTargets, actor: str) -> Taken:
    """Take all targets or none: plain outputs first, then loops, then the flows of groups."""
    refusal = _not_ready(state) or _first_refusal(model, command)
    if refusal is not None:
        return state, refusal, ()
    targets, found = list(state.targets), state.loops
    flowing: dict[int, float] = {}
    written: set[int] = set()
    for name, value in command.targets.items():
        index = model.index[name]
        if index in model.flow_channels:
            flowing[index] = value
        elif index in model.loops.on_sensor:
            number = model.loops.on_sensor[index]
            found, reply = loop_commands.aim(model.loops, found, number, value, seen.values, seen.qualities)
            if reply.refused:
                return state, reply, ()
        else:
            targets[index] = value
            written.add(index)
            found = release(model.loops, found, index)
    fractions, reply = flows.aim(model.flows, state.fractions, targets, flowing, written)
    if reply.refused:
        return state, reply, ()
    after = replace(state, targets=tuple(targets), loops=found, fractions=fractions)
    refusal = _taken_back(model, state, after)
    if refusal is not None:
        return state, refusal, ()
    return after, DONE, _told_of_targets(model, command, actor)


def _told_of_targets(model: ControlModel, command: c.SetTargets, actor: str) -> tuple[Event, ...]:
    """Tell of one target under its own name, of several under the reactor's; of none, nothing."""
    worded = [
        (name, amount(value, model.channels[model.index[name]].unit))
        for name, value in command.targets.items()
    ]
    match worded:
        case []:
            return ()
        case [(name, value)]:
            return _told(name, f"set to {value}", actor)
    text = ", ".join(f"{name} {value}" for name, value in worded)
    return _told("reactor", f"set {text}"[:_LONGEST_TEXT], actor)


def _first_refusal(model: ControlModel, command: c.SetTargets) -> Reply | None:
    for name, value in command.targets.items():
        index = model.index.get(name)
        if index is None:
            return Reply("CHANNEL_UNKNOWN", f"this rig has no channel {name}")
        channel = model.channels[index]
        takes = channel.is_actuator or index in model.loops.on_sensor or index in model.flow_channels
        if not takes:
            return Reply("NOT_WRITABLE", f"{name} is a sensor that no loop controls")
        if not isfinite(value) or not channel.low <= value <= channel.high:
            allowed = f"{channel.low:g} to {channel.high:g} {channel.unit}"
            return Reply("OUT_OF_RANGE", f"{name}: {value:g} is outside {allowed}")
    return None


def _taken_back(model: ControlModel, before: ControlState, after: ControlState) -> Reply | None:
    """Refuse what an interlock over some outputs would take back in this tick; a safe value is granted."""
    for actuator in interlocks.forced(model.interlocks, before.interlocks):
        number = model.loops.on_actuator.get(actuator)
        switched_on = (
            number is not None
            and after.loops[number] is not before.loops[number]
            and after.loops[number].is_active
        )
        if switched_on or after.targets[actuator] not in (before.targets[actuator], model.safe[actuator]):
            held = model.channels[actuator].name
            by = " and ".join(_forcing(model, before, actuator))
            return Reply("FORCED_SAFE", f"{held} is held safe by interlock {by}; remove its cause first")
    return None


def _forcing(model: ControlModel, state: ControlState, actuator: int) -> list[str]:
    rules = zip(model.interlocks.plans, model.interlocks.forces, strict=True)
    tripped = state.interlocks.tripped
    return [
        plan.name for index, (plan, forces) in enumerate(rules) if tripped >> index & 1 and actuator in forces
    ]
