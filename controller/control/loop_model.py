"""The rig's loops with names resolved to indices, once, so that a tick looks nothing up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from controller.control.actuation import Actuator, SplitRange
from controller.control.pid import Tuning
from controller.control.seen import Names
from controller.domain.plan import ChannelPlan, LoopPlan, RigPlan

SETPOINT: Final = -1
"""In place of a channel's index: the loop's own ramped setpoint."""
NONE: Final = -1
"""In place of a loop's index."""
SETPOINT_NAME: Final = "setpoint"


@dataclass(frozen=True, slots=True)
class Term:
    """A feed-forward: `gain * (value - reference)`; of an actuator, the value is what was last applied."""

    channel: int
    is_actuator: bool
    gain: float
    reference: float


@dataclass(frozen=True, slots=True)
class LoopModel:
    """One loop. `actuation` is None where the loop drives the setpoint of `inner`, another loop's index.

    `low` and `high` bound the output: the actuator's range, the inner sensor's, or % of a split range.
    `outer` is the loop that drives this one's setpoint. `schedule` pairs rising values of `schedule_on` with
    the tunings that hold there.
    """

    name: str
    sensor: ChannelPlan
    sensor_index: int
    ramp_per_s: float
    tuning: Tuning
    actuation: Actuator | SplitRange | None
    low: float
    high: float
    inner: int
    outer: int
    feed_forward: tuple[Term, ...]
    schedule_on: int
    schedule: tuple[tuple[float, Tuning], ...]
    output_unit: str


@dataclass(frozen=True, slots=True)
class LoopsModel:
    """All loops; `order` has outer ones before their inner ones, `on_actuator` heaters and coolers alike."""

    loops: tuple[LoopModel, ...]
    order: tuple[int, ...]
    by_name: Mapping[str, int]
    on_sensor: Mapping[int, int]
    on_actuator: Mapping[int, int]

    def slowest_per_s(self, number: int) -> float:
        """How fast a loop's output can always change, in its unit per second; 0: at once."""
        loop = self.loops[number]
        return self.loops[loop.inner].ramp_per_s if loop.actuation is None else loop.actuation.slowest_per_s

    def outward(self, number: int) -> list[int]:
        """Return the loops around this one, the nearest first."""
        found = []
        while (number := self.loops[number].outer) != NONE:
            found.append(number)
        return found

    def inward(self, number: int) -> list[int]:
        """Return the loops that this one drives, the nearest first."""
        found = []
        while (number := self.loops[number].inner) != NONE:
            found.append(number)
        return found


def compile_loops(plan: RigPlan) -> LoopsModel:
    """Resolve the loops of a checked plan."""
    names = Names.of(plan)
    on_sensor = {names.channels[loop.sensor]: number for number, loop in enumerate(plan.loops)}
    loops = tuple(_loop(plan, loop, names, on_sensor) for loop in plan.loops)
    return LoopsModel(
        loops=loops,
        order=tuple(sorted(range(len(loops)), key=lambda number: _depth(loops, number))),
        by_name=names.loops,
        on_sensor=on_sensor,
        on_actuator={
            names.channels[actuator]: number
            for number, loop in enumerate(plan.loops)
            for actuator in (loop.actuator, loop.cooler)
            if actuator and loops[number].actuation is not None
        },
    )


def _depth(loops: Sequence[LoopModel], number: int) -> int:
    """Return how many loops stand around this one."""
    outer = loops[number].outer
    return 0 if outer == NONE else 1 + _depth(loops, outer)


def _loop(plan: RigPlan, loop: LoopPlan, names: Names, on_sensor: Mapping[int, int]) -> LoopModel:
    sensor = names.channels[loop.sensor]
    driven = plan.channels[names.channels[loop.actuator]]
    inner = NONE if driven.is_actuator else on_sensor[names.channels[loop.actuator]]
    actuation = _actuation(plan, loop, names) if driven.is_actuator else None
    low, high = (driven.low, driven.high) if actuation is None else (actuation.low, actuation.high)
    tuning = Tuning(
        loop.gain, loop.integral_s, loop.derivative_s, loop.derivative_filter, loop.setpoint_weight
    )
    outer = next((number for number, other in enumerate(plan.loops) if other.actuator == loop.sensor), NONE)
    return LoopModel(
        name=loop.name,
        sensor=plan.channels[sensor],
        sensor_index=sensor,
        ramp_per_s=loop.ramp_per_s,
        tuning=tuning,
        actuation=actuation,
        low=low,
        high=high,
        inner=inner,
        outer=outer,
        feed_forward=tuple(
            Term(
                _source(term.channel, names),
                term.channel != SETPOINT_NAME and plan.channels[names.channels[term.channel]].is_actuator,
                term.gain,
                term.reference,
            )
            for term in loop.feed_forward
        ),
        schedule_on=_source(loop.schedule_on or loop.sensor, names),
        schedule=tuple(
            (
                point.at,
                Tuning(
                    point.gain,
                    point.integral_s,
                    point.derivative_s,
                    loop.derivative_filter,
                    loop.setpoint_weight,
                ),
            )
            for point in loop.schedule
        ),
        output_unit="%" if loop.cooler else driven.unit,
    )


def _source(name: str, names: Names) -> int:
    return SETPOINT if name == SETPOINT_NAME else names.channels[name]


def _actuation(plan: RigPlan, loop: LoopPlan, names: Names) -> Actuator | SplitRange:
    heater = _actuator(plan.channels, names.channels[loop.actuator])
    if not loop.cooler:
        return heater
    cooler = _actuator(plan.channels, names.channels[loop.cooler])
    return SplitRange(heater, cooler, loop.cooler_ratio, loop.split_gap)


def _actuator(channels: tuple[ChannelPlan, ...], index: int) -> Actuator:
    channel = channels[index]
    assert channel.safe_value is not None
    return Actuator(index, channel.low, channel.high, channel.safe_value, channel.rate_limit_per_s)
