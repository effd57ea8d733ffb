"""The ticking part of the control process: what a tick does with the hardware, the mail and the recorders."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from controller.control import alarms, flows, leases, loop_state, loop_status
from controller.control.indicators import indicate
from controller.control.model import compile_plan
from controller.control.state import initial_state
from controller.control.step import step
from controller.domain import plain
from controller.domain.events import Event, EventKind, LoggedEvent
from controller.domain.readings import Inputs, Quality, ReactorState, Snapshot
from controller.domain.status import ControlStatus
from controller.runtime.mailbox import MAX_DATAGRAM, request_from

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Sequence

    from controller.control.state import Outcome
    from controller.domain.commands import Request
    from controller.domain.pins import PinInputs
    from controller.domain.plan import RigPlan
    from controller.domain.readings import LinkHealth
    from controller.equipment.hardware import Hardware
    from controller.equipment.pins import Pins
    from controller.runtime.mailbox import Mail, MailboxServer, Message
    from controller.runtime.recorder import Recorder
    from controller.runtime.snapshots import SnapshotWriter

_STATUS_EVERY_S: Final = 1.0
# Enough for an hour without a service; older ones are counted as lost by their sequence.
_EVENTS_KEPT: Final = 2000
# A status must fit a datagram, with every alarm and the actor of each; characters may take 12 bytes of JSON.
_EVENTS_A_STATUS: Final = 40
_EVENT_BYTES_A_STATUS: Final = MAX_DATAGRAM // 8
_ACTOR_BYTES: Final = 120


class ControlProcess:
    """One tick after another: inputs, requests, `step`, outputs, snapshot, record."""

    def __init__(
        self,
        plan: RigPlan,
        boards: Hardware,
        mailbox: MailboxServer,
        writer: SnapshotWriter,
        boot_id: int,
        *,
        pins: Pins | None = None,
        recorder: Recorder | None = None,
        warnings: tuple[str, ...] = (),
    ) -> None:
        self._model = compile_plan(plan)
        self._state = initial_state(self._model)
        self._boards = boards
        self._pins = pins
        self._pin_channels = _pin_channels(plan)
        self._mailbox = mailbox
        self._writer = writer
        self._recorder = recorder
        self._boot_id = boot_id
        self._warnings = warnings
        self._tick = 0
        self._loop_sensors = tuple(self._model.index[loop.sensor] for loop in plan.loops)
        # What the flow groups show, and of which targets and fractions: most ticks ask for nothing new.
        self._flows_shown: tuple[object, object, tuple[tuple[int, float], ...]] = (None, None, ())
        self._status_due_s = 0.0
        self._sequence = 0
        self._events: deque[LoggedEvent] = deque(maxlen=_EVENTS_KEPT)
        # The newest event that a client has been sent; a new client gets all that are kept.
        self._told = 0
        self._told_alarms: object = None
        self._greeted = 0
        self._problems: dict[str, str] = {}
        self.overruns = 0
        self._log(Event(EventKind.SYSTEM, "control", "control started"))
        for warning in warnings:
            self._log(Event(EventKind.SYSTEM, "control", warning))
        if recorder is not None:
            recorder.checkpoint(0, self._state)

    @property
    def time_s(self) -> float:
        """The reactor's clock, as of the last tick."""
        return self._state.time_s

    def tick(self, dt_s: float, mail: Sequence[Mail]) -> None:
        """Advance by `dt_s` of reactor time with what came in the mail."""
        self._tick += 1
        inputs = self._read(self.time_s + dt_s)
        asked = [(client, message, _bounded(request_from(message))) for client, message in mail]
        requests = [request for _, _, request in asked if request is not None]
        try:
            outcome = step(self._model, self._state, inputs, requests, dt_s)
        except BaseException:
            # The tick that ends control is the one to replay.
            self._record(dt_s, inputs, requests)
            raise
        self._state = outcome.state
        self._act()
        self._writer.publish(self._snapshot(outcome))
        self._record(dt_s, inputs, requests)
        for event in outcome.events:
            self._log(event)
        # Before the replies: who is told that it is done finds it in the status.
        self._report()
        replies = iter(outcome.replies)
        for client, message, request in asked:
            if request is not None:
                self._mailbox.send(client, {"id": message.get("id"), **plain.to_plain(next(replies))})
            else:
                self.serve(client, message)

    def go_safe(self) -> None:
        """Leave every output safe before the process ends."""
        self._boards.write(self._model.safe, self.time_s, stopped=False, clearing=False)
        self._boards.close()
        if self._pins is not None:
            self._pins.close()

    def _record(self, dt_s: float, inputs: Inputs, requests: Sequence[Request]) -> None:
        if self._recorder is not None:
            state = self._state
            self._recorder.tick(self._tick, dt_s, inputs, requests, state.state, state.outputs)

    def _read(self, now_s: float) -> Inputs:
        inputs = self._boards.read(now_s, service_alive=self._mailbox.connected)
        if self._pins is None:
            return inputs
        return _joined(inputs, self._pins.read(now_s), self._pin_channels, self._pins.problem)

    def _act(self) -> None:
        state = self._state
        stopped = state.state is ReactorState.STOPPED
        self._boards.write(state.outputs, self.time_s, stopped=stopped, clearing=state.clearing)
        if self._pins is not None:
            active, unacknowledged = alarms.summary(state.alarms)
            shown = indicate(state.state, unacknowledged=unacknowledged, alarm=active, time_s=self.time_s)
            self._pins.write(shown, self.time_s)

    def serve(self, client: socket.socket, message: Message) -> None:
        """Answer a message that is no request to `step`; takes no time of the reactor."""
        answer: Message = {"id": message.get("id"), "refused": "", "detail": ""}
        match message:
            case {"op": "checkpoint"}:
                if self._recorder is not None:
                    self._recorder.checkpoint(self._tick, self._state)
            case _:
                answer = {
                    "id": message.get("id"),
                    "refused": "MESSAGE_UNKNOWN",
                    "detail": f"control does not take {str(message.get('op'))[:40]}; update both together",
                }
        self._mailbox.send(client, answer)

    def _log(self, event: Event) -> None:
        self._sequence += 1
        self._events.append(LoggedEvent(self._boot_id, self._sequence, self.time_s, event))

    def _report(self) -> None:
        if self._mailbox.accepted != self._greeted:
            # All that is kept, again: a service drops what it has already.
            self._greeted, self._told, self._status_due_s = self._mailbox.accepted, 0, 0.0
            self._told_alarms = None
        if self._told == self._sequence and self.time_s < self._status_due_s:
            return
        if not self._mailbox.connected:
            return
        self._status_due_s = self.time_s + _STATUS_EVERY_S
        links = self._boards.health()
        self._note_problems(links)
        waiting = min(self._sequence - self._told, len(self._events))
        first = len(self._events) - waiting
        untold = _fitting(islice(self._events, first, first + _EVENTS_A_STATUS))
        if untold:
            self._told = untold[-1].sequence
        status = plain.to_plain(self._status(links, untold))
        if self._state.alarms.records is not self._told_alarms:
            # As many as there are interlocks: told when one of them changes.
            self._told_alarms = self._state.alarms.records
            told = alarms.statuses(self._state.alarms, self._model.alarms)
            status["alarms"] = plain.to_plain(told)
        self._mailbox.broadcast({"status": status})

    def _note_problems(self, links: tuple[LinkHealth, ...]) -> None:
        """Log what stands in a device's way, when that changes."""
        for each in links:
            if each.problem != self._problems.get(each.name, ""):
                self._problems[each.name] = each.problem
                self._log(Event(EventKind.SYSTEM, each.name, each.problem or "works again"))

    def _status(self, links: tuple[LinkHealth, ...], events: tuple[LoggedEvent, ...]) -> ControlStatus:
        """Say all but the alarms."""
        state = self._state
        return ControlStatus(
            boot_id=self._boot_id,
            reason=state.reason,
            links=links,
            loops=loop_status.statuses(self._model.loops, state.loops),
            lease=leases.status(state.lease),
            reagents_ul=state.reagents_ul,
            warnings=self._warnings,
            events=events,
        )

    def _snapshot(self, outcome: Outcome) -> Snapshot:
        state = outcome.state
        return Snapshot(
            boot_id=self._boot_id,
            tick=self._tick,
            time_s=self.time_s,
            state=state.state,
            trips=state.interlocks.tripped,
            first_out=state.interlocks.first_out,
            overruns=self.overruns,
            values=outcome.values,
            qualities=outcome.qualities,
            setpoints=self._setpoints(),
        )

    def _setpoints(self) -> tuple[float, ...]:
        """Show what is asked: at a loop's sensor its ramped setpoint, at an actuator what is applied."""
        state = self._state
        setpoints = list(state.outputs)
        for sensor, setpoint in zip(self._loop_sensors, loop_state.setpoints(state.loops), strict=True):
            setpoints[sensor] = setpoint
        targets, fractions, shown = self._flows_shown
        if targets is not state.targets or fractions is not state.fractions:
            shown = tuple(flows.setpoints(self._model.flows, state.fractions, state.targets))
            self._flows_shown = (state.targets, state.fractions, shown)
        for index, value in shown:
            setpoints[index] = value
        return tuple(setpoints)


def _bounded(request: Request | None) -> Request | None:
    """Shorten who asks, who stands at every alarm that he acted on."""
    if request is None or len(json.dumps(request.actor)) <= _ACTOR_BYTES:
        return request
    # The longest that fits whatever its characters are.
    return replace(request, actor=request.actor[: _ACTOR_BYTES // 12])


def _fitting(events: Iterable[LoggedEvent]) -> tuple[LoggedEvent, ...]:
    """Return as many of the events as fit a status; the first always."""
    found: list[LoggedEvent] = []
    size = 0
    for event in events:
        size += len(json.dumps(plain.to_plain(event)))
        if found and size > _EVENT_BYTES_A_STATUS:
            break
        found.append(event)
    return tuple(found)


def _pin_channels(plan: RigPlan) -> tuple[int, ...]:
    """Return where the named inputs of the pins stand among the channels."""
    index = {channel.name: position for position, channel in enumerate(plan.channels)}
    return () if plan.pins is None else tuple(index[each.name] for each in plan.pins.inputs)


def _joined(inputs: Inputs, pins: PinInputs, channels: Sequence[int], problem: str | None) -> Inputs:
    """Add what the pins read; pins that can't be read stop the reactor."""
    values, qualities = list(inputs.values), list(inputs.qualities)
    for channel, level in zip(channels, pins.levels, strict=True):
        values[channel] = float(level)
        qualities[channel] = int(Quality.GOOD if pins.healthy else Quality.BAD)
    cause = inputs.stop_cause
    if pins.stop_pressed and not inputs.stop_pressed:
        # Before what it has led to: a board that was stopped for it.
        cause = f"the pins can't be used: {problem}" if problem else "stop button on the pins pressed"
    return Inputs(
        values=tuple(values),
        qualities=tuple(qualities),
        boards_ready=inputs.boards_ready,
        stop_cause=cause,
        stop_pressed=inputs.stop_pressed or pins.stop_pressed,
        service_alive=inputs.service_alive,
        boards_lost=inputs.boards_lost,
    )
