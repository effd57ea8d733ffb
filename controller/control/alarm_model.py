"""The rig's alarms with names resolved, once: those declared, then one for each interlock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Final

from controller.control.conditions import Judge, Memory, compile_condition
from controller.control.seen import Names, Seen
from controller.domain.alarms import AlarmPlan, AlarmState, Priority
from controller.domain.conditions import (
    BoardLost,
    Condition,
    Deviation,
    HeaterImplausible,
    LeaseLost,
    PressureResidual,
    ServiceLost,
    StopPressed,
    Tripped,
)
from controller.domain.plan import RigPlan

NO_CHANNEL: Final = -1


@dataclass(frozen=True, slots=True)
class AlarmModel:
    """One alarm. `channel` is the index of what it watches, or -1; `condition` says it in words."""

    plan: AlarmPlan
    channel: int
    unit: str
    condition: str
    trip: bool = False

    def value(self, seen: Seen) -> float:
        return nan if self.channel == NO_CHANNEL else seen.values[self.channel]


@dataclass(frozen=True, slots=True)
class AlarmsModel:
    """First the declared alarms, each with its place in `judges`, then the interlocks', in their order."""

    alarms: tuple[AlarmModel, ...]
    judges: tuple[Judge, ...]
    index: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class AlarmRecord:
    """How one alarm stands.

    `active`: its condition stands, delays included, whatever the state. `waited_s` is for how long the
    condition has been otherwise; `value` is what the channel read when it was last raised.
    """

    state: AlarmState = AlarmState.NORMAL
    active: bool = False
    waited_s: float = 0.0
    since_s: float = 0.0
    value: float = nan
    shelved_left_s: float = 0.0
    by: str = ""


@dataclass(frozen=True, slots=True)
class AlarmsState:
    """All that alarms remember: one memory per declared alarm, one record per alarm, the trips last seen."""

    memories: tuple[Memory, ...]
    records: tuple[AlarmRecord, ...]
    trips: int = 0


def compile_alarms(plan: RigPlan, names: Names) -> AlarmsModel:
    """Resolve a checked plan's alarms; each interlock gets one of the highest priority."""
    judges = tuple(compile_condition(alarm.condition, names, plan) for alarm in plan.alarms)
    declared = [
        _model(alarm, plan, names, judge.describe()) for alarm, judge in zip(plan.alarms, judges, strict=True)
    ]
    trips = [
        _model(
            AlarmPlan(
                rule.name, Tripped(rule.name), Priority.CRITICAL, response="remove the cause, then reset"
            ),
            plan,
            names,
            compile_condition(rule.condition, names, plan).describe(),
            trip=True,
        )
        for rule in plan.interlocks
    ]
    alarms = (*declared, *trips)
    return AlarmsModel(alarms, judges, {alarm.plan.name: i for i, alarm in enumerate(alarms)})


def initial(model: AlarmsModel) -> AlarmsState:
    """Return the state at boot: nothing stands, nothing is kept quiet."""
    return AlarmsState(
        memories=tuple(judge.initial() for judge in model.judges),
        records=tuple(AlarmRecord() for _ in model.alarms),
    )


def _model(
    alarm: AlarmPlan, plan: RigPlan, names: Names, condition: str, *, trip: bool = False
) -> AlarmModel:
    channel = watched(alarm.condition, plan)
    index = names.channels.get(channel, NO_CHANNEL)
    unit = "" if index == NO_CHANNEL else plan.channels[index].unit
    return AlarmModel(alarm, index, unit, condition, trip)


def watched(condition: Condition, plan: RigPlan) -> str:
    """Return the channel whose reading tells most about a condition, or nothing."""
    match condition:
        case PressureResidual(pressure=channel):
            return channel
        case HeaterImplausible(loop=loop) | Deviation(loop=loop):
            return next(each.sensor for each in plan.loops if each.name == loop)
        case Tripped(interlock=name):
            # No interlock watches for a trip: this ends.
            return watched(next(each.condition for each in plan.interlocks if each.name == name), plan)
        case LeaseLost() | ServiceLost() | BoardLost() | StopPressed():
            return ""
    return condition.channel
