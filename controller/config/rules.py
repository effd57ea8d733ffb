"""Loops and the rules across channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.config.units import per
from controller.domain.plan import LoopPlan

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from controller.config.documents import Document
    from controller.config.lines import Path
    from controller.config.schema import LoopTable
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
