"""Alarms in the states of ISA-18.2, stepped by tick time: conditions and requests in, states and events out.

A condition raises its alarm once it has stood for longer than `on_delay_s`, and clears it once it has been
gone for longer than `off_delay_s`, counted from the tick before the first that saw it so. While a condition
can't be judged, its alarm stays what it was. The alarm of an interlock follows its trip at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isnan
from typing import Final

from controller.control.alarm_model import (
    AlarmModel,
    AlarmRecord,
    AlarmsModel,
    AlarmsState,
    compile_alarms,
    initial,
)
from controller.control.alarm_states import STANDING, WAITING, Trigger, after
from controller.control.seen import Seen, amount
from controller.domain.alarms import AlarmState, AlarmStatus
from controller.domain.commands import DONE, AcknowledgeAlarm, Reply, SetAlarmService, ShelveAlarm
from controller.domain.events import Event, EventKind

__all__ = [
    "LONGEST_SHELF_S",
    "AlarmsModel",
    "AlarmsState",
    "compile_alarms",
    "initial",
    "on_reset",
    "statuses",
    "step",
    "summary",
    "take",
]

LONGEST_SHELF_S: Final = 24 * 3600.0
"""Longer than a day and a night is not a pause: take the alarm out of service, where it is seen to be out."""

AlarmCommand = AcknowledgeAlarm | ShelveAlarm | SetAlarmService
Taken = tuple[AlarmsState, Reply, tuple[Event, ...]]


def step(
    state: AlarmsState, model: AlarmsModel, seen: Seen, dt_s: float
) -> tuple[AlarmsState, tuple[Event, ...]]:
    """Judge one tick; return the same state when nothing changed."""
    memories, records = list(state.memories), list(state.records)
    events: list[Event] = []
    changed = seen.trips != state.trips
    for index, judge in enumerate(model.judges):
        record, before = records[index], memories[index]
        # What waits for its delay is the last verdict: the opposite of what the alarm is.
        standing = record.active is (record.waited_s == 0.0)
        memory, stands = judge.judge(before, seen, dt_s, standing=standing)
        if memory is not before:
            memories[index], changed = memory, True
        if (
            (stands is None or stands is record.active)
            and record.waited_s == 0.0
            and record.shelved_left_s == 0.0
        ):
            continue
        moment = _Moment(model.alarms[index], seen, events)
        records[index], changed = moment.pass_time(record, stands, dt_s), True
    if not changed:
        return state, ()
    if seen.trips != state.trips:
        for bit, index in enumerate(range(len(model.judges), len(model.alarms))):
            if (tripped := bool(seen.trips >> bit & 1)) is not records[index].active:
                moment = _Moment(model.alarms[index], seen, events)
                records[index] = moment.turn(records[index], tripped)
    return AlarmsState(tuple(memories), tuple(records), seen.trips), tuple(events)


def take(state: AlarmsState, model: AlarmsModel, command: AlarmCommand, actor: str, seen: Seen) -> Taken:
    """Do what a person asks of alarms, or refuse.

    ALARM_UNKNOWN, NOTHING_TO_ACKNOWLEDGE, TRIP_NOT_SHELVABLE, TRIP_STAYS_IN_SERVICE, SHELF_TOO_LONG,
    ALARM_NOT_SHELVED, ALARM_OUT_OF_SERVICE, ALARM_IN_SERVICE.
    """
    if command.name not in model.index and not _names_all(command):
        return state, Reply("ALARM_UNKNOWN", f"there is no alarm {command.name[:64]!r}"), ()
    match command:
        case AcknowledgeAlarm():
            return _acknowledge(state, model, command, actor, seen)
        case ShelveAlarm():
            refusal, trigger, text = _shelving(state, model, command)
            left_s = command.duration_s
        case SetAlarmService():
            refusal, trigger, text = _servicing(state, model, command)
            left_s = 0.0
    if refusal is not None:
        return state, refusal, ()
    index = model.index[command.name]
    events: list[Event] = []
    moment = _Moment(model.alarms[index], seen, events, actor)
    records = list(state.records)
    records[index] = moment.quieten(records[index], trigger, text, left_s)
    return replace(state, records=tuple(records)), DONE, tuple(events)


def on_reset(
    state: AlarmsState, model: AlarmsModel, actor: str, seen: Seen
) -> tuple[AlarmsState, tuple[Event, ...]]:
    """Release the latches of alarms whose cause has gone; call it when a Reset was granted."""
    events: list[Event] = []
    records = tuple(
        _Moment(alarm, seen, events, actor).apply(record, Trigger.RESET, "latch reset")
        for alarm, record in zip(model.alarms, state.records, strict=True)
    )
    return (replace(state, records=records), tuple(events)) if events else (state, ())


def statuses(state: AlarmsState, model: AlarmsModel) -> tuple[AlarmStatus, ...]:
    """Say how each alarm stands, in the model's order: those declared, then the interlocks'."""
    return tuple(
        AlarmStatus(
            name=alarm.plan.name,
            state=record.state,
            priority=alarm.plan.priority,
            active=record.active,
            since_s=record.since_s,
            value=record.value,
            shelved_left_s=record.shelved_left_s,
            by=record.by,
        )
        for alarm, record in zip(model.alarms, state.records, strict=True)
    )


def summary(state: AlarmsState) -> tuple[bool, bool]:
    """Return whether any alarm is on, and whether any waits to be acknowledged; quiet ones don't count."""
    states = {record.state for record in state.records}
    return not STANDING.isdisjoint(states), not WAITING.isdisjoint(states)


@dataclass(frozen=True, slots=True)
class _Moment:
    """One alarm at one tick, and who acts on it; what happens is told to `events`."""

    alarm: AlarmModel
    seen: Seen
    events: list[Event]
    actor: str = ""

    def pass_time(self, record: AlarmRecord, stands: bool | None, dt_s: float) -> AlarmRecord:
        """Count down the delay of a change, then the shelf: an alarm comes back as its condition is now."""
        if stands is None or stands is record.active:
            record = record if record.waited_s == 0.0 else replace(record, waited_s=0.0)
        else:
            waited_s = record.waited_s + dt_s
            plan = self.alarm.plan
            due = waited_s > (plan.on_delay_s if stands else plan.off_delay_s)
            record = self.turn(record, stands) if due else replace(record, waited_s=waited_s)
        if record.shelved_left_s == 0.0:
            return record
        left_s = record.shelved_left_s - dt_s
        if left_s > 0.0:
            return replace(record, shelved_left_s=left_s)
        return self.quieten(record, Trigger.UNSHELVED, "shelf time is over", 0.0)

    def turn(self, record: AlarmRecord, active: bool) -> AlarmRecord:
        """Take note that the condition now stands, or has gone."""
        if active:
            record = replace(record, active=True, waited_s=0.0, value=self.alarm.value(self.seen))
            return self._raise(record)
        record = replace(record, active=False, waited_s=0.0)
        if self.alarm.plan.latching:
            return self.apply(record, Trigger.CLEARED_LATCHING, "its cause has gone: latched until reset")
        return self.apply(record, Trigger.CLEARED, "returned to normal")

    def quieten(self, record: AlarmRecord, trigger: Trigger, text: str, left_s: float) -> AlarmRecord:
        """Shelve, take out of service, or bring back; an active one comes back raised."""
        record = replace(self.apply(record, trigger, text), shelved_left_s=left_s)
        if record.state is AlarmState.NORMAL and record.active:
            return self._raise(replace(record, value=self.alarm.value(self.seen)))
        return record

    def apply(self, record: AlarmRecord, trigger: Trigger, text: str) -> AlarmRecord:
        """Follow the table; a trigger that means nothing here leaves record and log as they are."""
        to = after(record.state, trigger)
        if to is record.state and trigger is not Trigger.SHELVED:
            return record
        self.events.append(Event(EventKind.ALARM, self.alarm.plan.name, text, self.actor))
        since_s = record.since_s if to is record.state else self.seen.time_s
        acted = trigger not in (Trigger.CLEARED, Trigger.CLEARED_LATCHING)
        return replace(record, state=to, since_s=since_s, by=self.actor if acted else record.by)

    def _raise(self, record: AlarmRecord) -> AlarmRecord:
        alarm = self.alarm
        reads = "" if isnan(record.value) else f"; it reads {amount(record.value, alarm.unit)}"
        text = f"{alarm.plan.priority.name.lower()} alarm: {alarm.condition}{reads}"
        # Nobody asked for it, though somebody's unshelving may have brought it back.
        return replace(self, actor="").apply(record, Trigger.RAISED, text)


def _acknowledge(
    state: AlarmsState, model: AlarmsModel, command: AcknowledgeAlarm, actor: str, seen: Seen
) -> Taken:
    chosen = [model.index[command.name]] if command.name else range(len(model.alarms))
    records, events = list(state.records), list[Event]()
    for index in chosen:
        moment = _Moment(model.alarms[index], seen, events, actor)
        records[index] = moment.apply(records[index], Trigger.ACKNOWLEDGED, "acknowledged")
    if not events:
        detail = f"alarm {command.name} does not wait for it" if command.name else "no alarm waits for it"
        return state, Reply("NOTHING_TO_ACKNOWLEDGE", detail), ()
    return replace(state, records=tuple(records)), DONE, tuple(events)


_Decision = tuple[Reply | None, Trigger, str]


def _shelving(state: AlarmsState, model: AlarmsModel, command: ShelveAlarm) -> _Decision:
    now = _state_of(state, model, command.name)
    if command.duration_s == 0.0:
        refusal = Reply("ALARM_NOT_SHELVED", f"alarm {command.name} is not shelved")
        return None if now is AlarmState.SHELVED else refusal, Trigger.UNSHELVED, "unshelved"
    refused = None
    if _is_trip(model, command.name):
        refused = Reply("TRIP_NOT_SHELVABLE", f"{command.name} is an interlock: its alarm can't be shelved")
    elif not 0.0 < command.duration_s <= LONGEST_SHELF_S:
        refused = Reply("SHELF_TOO_LONG", f"shelve it for at most {LONGEST_SHELF_S / 3600:g} h")
    elif now is AlarmState.OUT_OF_SERVICE:
        refused = Reply("ALARM_OUT_OF_SERVICE", f"alarm {command.name} is out of service")
    return refused, Trigger.SHELVED, f"shelved for {command.duration_s:g} s: {command.reason}"


def _servicing(state: AlarmsState, model: AlarmsModel, command: SetAlarmService) -> _Decision:
    out = _state_of(state, model, command.name) is AlarmState.OUT_OF_SERVICE
    if command.in_service:
        refused = None if out else Reply("ALARM_IN_SERVICE", f"alarm {command.name} is in service")
        return refused, Trigger.PUT_BACK, "back in service"
    refused = None
    if _is_trip(model, command.name):
        refused = Reply(
            "TRIP_STAYS_IN_SERVICE", f"{command.name} is an interlock: its alarm stays in service"
        )
    elif out:
        refused = Reply("ALARM_OUT_OF_SERVICE", f"alarm {command.name} is out of service already")
    return refused, Trigger.TAKEN_OUT, f"out of service: {command.reason}"


def _names_all(command: AlarmCommand) -> bool:
    return isinstance(command, AcknowledgeAlarm) and not command.name


def _state_of(state: AlarmsState, model: AlarmsModel, name: str) -> AlarmState:
    return state.records[model.index[name]].state


def _is_trip(model: AlarmsModel, name: str) -> bool:
    return model.alarms[model.index[name]].trip
