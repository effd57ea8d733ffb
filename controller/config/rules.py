"""Loops, interlocks and what makes a rig safe: rules across channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.config.signals import kind_of
from controller.config.units import per
from controller.domain.conditions import Limits
from controller.domain.plan import InterlockPlan, LoopPlan

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from controller.config.documents import Document
    from controller.config.lines import Path
    from controller.config.schema import InterlockTable, LoopTable
    from controller.domain.plan import ChannelPlan

    Channels = Mapping[str, ChannelPlan]


def loop_plan(
    document: Document, name: str, table: LoopTable, channels: Channels, declared: Collection[str]
) -> LoopPlan | None:
    """Resolve one loop; None when a fault, which is kept, leaves nothing to go on with."""
    path: Path = ("loops", name)
    known = [
        document.reference((*path, key), value, "channel", declared)
        for key, value in (("sensor", table.sensor), ("actuator", table.actuator))
    ]
    sensor, actuator = channels.get(table.sensor), channels.get(table.actuator)
    if not all(known) or sensor is None or actuator is None:
        return None
    if sensor.is_actuator:
        document.fault((*path, "sensor"), f"{sensor.name} is an actuator: a loop follows a sensor")
    if not actuator.is_actuator:
        document.fault((*path, "actuator"), f"{actuator.name} is a sensor: a loop drives an actuator")
    gain = document.quantity((*path, "gain"), table.gain, per(actuator.unit, sensor.unit))
    ramp = document.quantity((*path, "ramp"), table.ramp, per(sensor.unit, "s"))
    if ramp is not None and ramp <= 0.0:
        document.fault((*path, "ramp"), f"{table.ramp} is not above zero")
    if gain is None or ramp is None:
        return None
    return LoopPlan(
        name=name,
        sensor=sensor.name,
        actuator=actuator.name,
        gain=gain,
        integral_s=table.integral,
        derivative_s=table.derivative,
        ramp_per_s=ramp,
        derivative_filter=table.derivative_filter,
    )


def interlock_plan(
    document: Document, name: str, table: InterlockTable, channels: Channels, declared: Collection[str]
) -> InterlockPlan | None:
    """Resolve one interlock; a limit that is not given is infinite."""
    path: Path = ("interlocks", name)
    if not document.reference((*path, "channel"), table.channel, "channel", declared):
        return None
    if table.low is None and table.high is None:
        document.fault(path, "needs low, high or both")
    channel = channels.get(table.channel)
    if channel is None:
        return None
    if channel.is_actuator:
        document.fault((*path, "channel"), f"{channel.name} is an actuator: an interlock watches a sensor")
    low = _limit(document, (*path, "low"), table.low, channel)
    high = _limit(document, (*path, "high"), table.high, channel)
    if low is not None and high is not None and low >= high:
        document.fault((*path, "low"), f"{table.low} is not below {table.high}")
    limits = Limits(
        channel.name,
        low=float("-inf") if low is None else low,
        high=float("inf") if high is None else high,
    )
    return InterlockPlan(name, limits, delay_s=table.delay)


def check_signals(document: Document, channels: Sequence[ChannelPlan]) -> None:
    """Allow one channel a signal: two would fight over it."""
    taken: dict[tuple[str, str], str] = {}
    for channel in channels:
        first = taken.setdefault((channel.device, channel.signal), channel.name)
        if first != channel.name:
            place: Path = ("channels", channel.name, "signal")
            document.fault(place, f"{channel.signal} of {channel.device} already is {first}")


def check_loops(document: Document, loops: Sequence[LoopPlan]) -> None:
    """Allow one setpoint a sensor and one master an actuator."""
    sensors: dict[str, str] = {}
    actuators: dict[str, str] = {}
    for loop in loops:
        for key, name, taken in (("sensor", loop.sensor, sensors), ("actuator", loop.actuator, actuators)):
            first = taken.setdefault(name, loop.name)
            if first != loop.name:
                document.fault(("loops", loop.name, key), f"{name} already belongs to loop {first}")


def check_heaters(
    document: Document, channels: Channels, loops: Sequence[LoopPlan], interlocks: Sequence[InterlockPlan]
) -> None:
    """Demand that each heater is driven by a loop on a temperature that an interlock limits from above."""
    limited = {
        rule.condition.channel
        for rule in interlocks
        if isinstance(rule.condition, Limits) and rule.condition.high < float("inf")
    }
    for channel in channels.values():
        if kind_of(channel.signal) != "heater":
            continue
        sensors = [loop.sensor for loop in loops if loop.actuator == channel.name]
        hot = [name for name in sensors if kind_of(channels[name].signal) == "temperature"]
        if not hot:
            remedy = "drive it by a loop on a temperature, and add an interlock with `high` on that"
            document.fault(
                ("channels", channel.name), f"is a heater that no temperature loop drives: {remedy}"
            )
        elif hot[0] not in limited:
            remedy = f"add an interlock with `high` on {hot[0]}"
            document.fault(
                ("channels", channel.name), f"is a heater with no over-temperature limit: {remedy}"
            )


def _limit(document: Document, path: Path, text: str | None, channel: ChannelPlan) -> float | None:
    """Convert a limit; one outside the sensor's range could never be seen to be passed."""
    if text is None:
        return None
    value = document.quantity(path, text, channel.unit)
    if value is not None and not channel.low <= value <= channel.high:
        span = f"{channel.low:g} to {channel.high:g} {channel.unit}"
        document.fault(path, f"{text} lies outside the range of {channel.name}, {span}")
    return value
