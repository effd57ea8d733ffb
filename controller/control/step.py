"""One tick of control, pure: equal state, inputs and requests give equal outputs, so a log replays."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.control import alarms, flows, interlocks, leases, loop_state, loops, reagents
from controller.control.orders import take
from controller.control.ramps import approach
from controller.control.reactor_states import judge
from controller.control.seen import Seen
from controller.control.state import ControlState, Outcome, moved
from controller.domain.events import Event, EventKind
from controller.domain.readings import ReactorState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.control.model import ControlModel
    from controller.domain.commands import Request
    from controller.domain.readings import Inputs


def step(
    model: ControlModel, state: ControlState, inputs: Inputs, requests: Sequence[Request], dt_s: float
) -> Outcome:
    """Decide one tick: see, judge, take the requests, move the outputs, raise the alarms."""
    before = state
    seen, reagents_ul = _see(model, state, inputs, dt_s)
    lease, events = leases.step(state.lease, dt_s)
    judged, tripped = _interlock(model, state, seen, dt_s)
    state = ControlState(
        state=state.state,
        reason=state.reason,
        time_s=seen.time_s,
        targets=state.targets,
        outputs=state.outputs,
        loops=state.loops,
        fractions=state.fractions,
        interlocks=judged,
        alarms=state.alarms,
        lease=lease,
        reagents_ul=reagents_ul,
        orphaned_s=state.orphaned_s,
        heard=state.heard,
        clearing=state.clearing,
        spectrometer_lost=state.spectrometer_lost,
    )
    state = judge(model, state, inputs, dt_s)
    told = [*events, *tripped]
    replies = []
    for request in requests:
        state, reply, events = take(model, state, inputs, seen, request)
        replies.append(reply)
        told += events
    state, events = _drive(model, state, seen, dt_s)
    told += events
    state, events = _alarm(model, state, seen, dt_s)
    told += events
    if before.state is not state.state:
        text = f"{state.state.name.lower()}: {state.reason or 'outputs follow the setpoints'}"
        told.append(Event(EventKind.STATE, "reactor", text))
    return Outcome(state, tuple(replies), tuple(told), seen.values, seen.qualities)


def _see(
    model: ControlModel, state: ControlState, inputs: Inputs, dt_s: float
) -> tuple[Seen, tuple[float, ...]]:
    """Fill in the computed channels; return what the tick sees, and what is left of the reagents."""
    values, qualities, left_ul = inputs.values, inputs.qualities, state.reagents_ul
    if model.computes:
        filled, judged = list(values), list(qualities)
        flows.measure(model.flows, filled, judged)
        left_ul = reagents.step(model.reagents, left_ul, filled, judged, state.outputs, dt_s)
        values, qualities = tuple(filled), tuple(judged)
    seen = Seen(
        time_s=state.time_s + dt_s,
        values=values,
        qualities=qualities,
        outputs=state.outputs,
        setpoints=loop_state.setpoints(state.loops),
        boards_lost=inputs.boards_lost,
        stop_pressed=inputs.stop_pressed,
        service_alive=inputs.service_alive,
        lease_lost=state.lease.lost,
        trips=state.interlocks.tripped,
        spectrometer_lost=state.spectrometer_lost,
    )
    return seen, left_ul


def _interlock(
    model: ControlModel, state: ControlState, seen: Seen, dt_s: float
) -> tuple[interlocks.InterlockState, tuple[Event, ...]]:
    """Judge the interlocks. Before the boards are heard there is nothing to judge, and nothing moves.

    While a board is away the outputs are safe: readings that go with it are its loss, not one trip each.
    """
    starting = state.state is ReactorState.STARTING
    if starting and not state.heard:
        return state.interlocks, ()
    away = starting or (state.state is not ReactorState.READY and True in seen.boards_lost)
    return interlocks.step(state.interlocks, model.interlocks, seen, dt_s, readings=not away)


def _drive(
    model: ControlModel, state: ControlState, seen: Seen, dt_s: float
) -> tuple[ControlState, tuple[Event, ...]]:
    if state.state is not ReactorState.READY:
        return (state if state.outputs == model.safe else replace(state, outputs=model.safe)), ()
    forced = interlocks.forced(model.interlocks, state.interlocks)
    if forced:
        state = _let_go(model, state, forced)
    wanted, outputs = list(state.targets), list(state.outputs)
    driven, events = loops.drive(
        model.loops, state.loops, seen.values, seen.qualities, wanted, state.outputs, dt_s
    )
    flows.move(model.flows, outputs, wanted, dt_s)
    for index, limit in model.singles:
        if outputs[index] is not wanted[index]:
            outputs[index] = approach(outputs[index], wanted[index], limit, dt_s)
    for index in forced:
        outputs[index] = model.safe[index]
    return moved(state, tuple(outputs), driven), events


def _let_go(model: ControlModel, state: ControlState, forced: Sequence[int]) -> ControlState:
    """Take what an interlock holds safe out of its loop's hands, and leave its target safe."""
    targets, found = list(state.targets), state.loops
    for index in forced:
        targets[index] = model.safe[index]
        found = loop_state.release(model.loops, found, index)
    if tuple(targets) == state.targets and found == state.loops:
        return state
    return replace(state, targets=tuple(targets), loops=found)


def _alarm(
    model: ControlModel, state: ControlState, seen: Seen, dt_s: float
) -> tuple[ControlState, tuple[Event, ...]]:
    if state.interlocks.tripped != seen.trips:
        seen = replace(seen, trips=state.interlocks.tripped)
    found, events = alarms.step(state.alarms, model.alarms, seen, dt_s)
    return (state if found is state.alarms else replace(state, alarms=found)), events
