"""Loops of a rig file: units from the channels they join, cascades, split ranges, schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from controller.config.units import per
from controller.domain.plan import FeedForward, LoopPlan, ScheduledTuning

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from controller.config.documents import Document
    from controller.config.lines import Path
    from controller.config.schema import LoopTable
    from controller.domain.plan import ChannelPlan

    Channels = Mapping[str, ChannelPlan]

SETPOINT: Final = "setpoint"
"""In place of a channel: the loop's own ramped setpoint."""


def loop_plan(
    document: Document, name: str, table: LoopTable, channels: Channels, declared: Collection[str]
) -> LoopPlan | None:
    """Resolve one loop; None when a fault, which is kept, leaves nothing to go on with."""
    return _LoopReader(document, name, table, channels, declared).read()


def check_loops(document: Document, loops: Sequence[LoopPlan], channels: Channels) -> None:
    """Allow one setpoint a sensor and one master an actuator; demand that cascades end in an actuator."""
    by_sensor: dict[str, LoopPlan] = {}
    masters: dict[str, str] = {}
    for loop in loops:
        path: Path = ("loops", loop.name)
        first = by_sensor.setdefault(loop.sensor, loop)
        if first is not loop:
            document.fault((*path, "sensor"), f"{loop.sensor} already belongs to loop {first.name}")
        for key, actuator in (("actuator", loop.actuator), ("cooler", loop.cooler)):
            master = masters.setdefault(actuator, loop.name) if actuator else loop.name
            if master != loop.name:
                document.fault((*path, key), f"{actuator} already belongs to loop {master}")
    for loop in loops:
        _check_cascade(document, loop, by_sensor, channels)


def _check_cascade(
    document: Document, loop: LoopPlan, by_sensor: Mapping[str, LoopPlan], channels: Channels
) -> None:
    place: Path = ("loops", loop.name, "actuator")
    if channels[loop.actuator].is_actuator:
        return
    inner = by_sensor.get(loop.actuator)
    if inner is None:
        remedy = "name an actuator, or the sensor of another loop for a cascade"
        document.fault(place, f"{loop.actuator} is a sensor that no loop follows: {remedy}")
        return
    passed: list[LoopPlan] = []
    while inner is not None and inner not in passed:
        if inner is loop:
            circle = " -> ".join([loop.name, *(each.name for each in passed), loop.name])
            document.fault(place, f"the cascade runs in a circle: {circle}; let one end in an actuator")
            return
        passed.append(inner)
        inner = by_sensor.get(inner.actuator)


class _LoopReader:
    """Reads one loop's table. What refers to a channel with faults of its own adds none for it."""

    def __init__(
        self,
        document: Document,
        name: str,
        table: LoopTable,
        channels: Channels,
        declared: Collection[str],
    ) -> None:
        self._document = document
        self._name = name
        self._table = table
        self._channels = channels
        self._declared = declared
        self._path: Path = ("loops", name)

    def read(self) -> LoopPlan | None:
        table = self._table
        sensor = self._sensor()
        actuator = self._channel(("actuator",), table.actuator)
        cooler_is_sound = self._cooler(actuator)
        if sensor is None or actuator is None or not cooler_is_sound:
            return None
        output_unit = "%" if table.cooler else actuator.unit
        gain = self._gain(("gain",), table.gain, output_unit, sensor)
        ramp = self._quantity(("ramp",), table.ramp, per(sensor.unit, "s"))
        if ramp is not None and ramp <= 0.0:
            self._fault(("ramp",), f"{table.ramp} is not above zero")
        feed_forward = self._feed_forward(sensor, output_unit)
        schedule = self._schedule(sensor, output_unit, gain)
        if gain is None or ramp is None:
            return None
        return LoopPlan(
            name=self._name,
            sensor=sensor.name,
            actuator=actuator.name,
            gain=gain,
            integral_s=table.integral,
            derivative_s=table.derivative,
            ramp_per_s=ramp,
            derivative_filter=table.derivative_filter,
            setpoint_weight=table.setpoint_weight,
            cooler=table.cooler or "",
            cooler_ratio=table.cooler_ratio or 1.0,
            split_gap=table.split_gap or 0.0,
            feed_forward=feed_forward,
            schedule_on=(table.schedule_on or sensor.name) if schedule else "",
            schedule=schedule,
        )

    def _fault(self, key: Path, text: str) -> None:
        self._document.fault((*self._path, *key), text)

    def _quantity(self, key: Path, text: str, unit: str) -> float | None:
        return self._document.quantity((*self._path, *key), text, unit)

    def _channel(self, key: Path, name: str) -> ChannelPlan | None:
        found = self._channels.get(name)
        if found is None:
            known = {*self._declared, *self._channels}
            self._document.reference((*self._path, *key), name, "channel", known)
        return found

    def _sensor(self) -> ChannelPlan | None:
        sensor = self._channel(("sensor",), self._table.sensor)
        if sensor is not None and sensor.is_actuator:
            self._fault(("sensor",), f"{sensor.name} is an actuator: a loop follows a sensor")
        elif sensor is not None and sensor.is_computed:
            self._fault(("sensor",), f"{sensor.name} is computed: a loop follows what a device measures")
        return sensor

    def _cooler(self, actuator: ChannelPlan | None) -> bool:
        """Check what splits the range; True when there is no cooler, or one that can be used."""
        table = self._table
        if table.cooler is None:
            for key, value in (("cooler_ratio", table.cooler_ratio), ("split_gap", table.split_gap)):
                if value is not None:
                    self._fault((key,), "belongs to a split range: name a cooler, or remove it")
            return True
        cooler = self._channel(("cooler",), table.cooler)
        if cooler is None:
            return False
        if not cooler.is_actuator:
            self._fault(("cooler",), f"{cooler.name} is a sensor: a loop drives an actuator")
        if table.cooler == table.actuator:
            self._fault(("cooler",), f"{cooler.name} is the heating side already: name another actuator")
        if actuator is not None and not actuator.is_actuator:
            text = f"{actuator.name} is a sensor, and a cascade's outer loop splits no range: remove it"
            self._fault(("cooler",), f"{text}, or move it to the inner loop")
        return True

    def _gain(self, key: Path, text: str, output_unit: str, sensor: ChannelPlan) -> float | None:
        gain = self._quantity(key, text, per(output_unit, sensor.unit))
        if gain == 0.0:
            self._fault(key, f"{text} does nothing: take a gain other than zero")
        elif gain is not None and gain < 0.0 and self._table.cooler:
            self._fault(key, f"{text} would heat what is too hot: with a cooler the gain is above zero")
        return gain

    def _source(self, key: Path, name: str, sensor: ChannelPlan) -> ChannelPlan | None:
        """Look up a channel that feeds forward or schedules; "setpoint" is in the sensor's unit."""
        return sensor if name == SETPOINT else self._channel(key, name)

    def _feed_forward(self, sensor: ChannelPlan, output_unit: str) -> tuple[FeedForward, ...]:
        terms = []
        for position, term in enumerate(self._table.feed_forward):
            key: Path = ("feed_forward", position)
            source = self._source((*key, "channel"), term.channel, sensor)
            if source is None:
                continue
            if term.channel in (sensor.name, self._table.actuator, self._table.cooler):
                remedy = f'name a disturbance, or "{SETPOINT}"'
                self._fault((*key, "channel"), f"{term.channel} is part of the loop itself: {remedy}")
            gain = self._quantity((*key, "gain"), term.gain, per(output_unit, source.unit))
            reference = 0.0
            if term.reference is not None:
                reference = self._quantity((*key, "reference"), term.reference, source.unit) or 0.0
            if gain is not None:
                terms.append(FeedForward(term.channel, gain, reference))
        return tuple(terms)

    def _schedule(
        self, sensor: ChannelPlan, output_unit: str, gain: float | None
    ) -> tuple[ScheduledTuning, ...]:
        table = self._table
        if table.schedule_on is not None and not table.schedule:
            self._fault(("schedule_on",), "has no schedule: add one, or remove it")
        source = self._source(("schedule_on",), table.schedule_on or sensor.name, sensor)
        if source is None:
            return ()
        points: list[ScheduledTuning] = []
        for position, point in enumerate(table.schedule):
            key: Path = ("schedule", position)
            at = self._quantity((*key, "at"), point.at, source.unit)
            own = self._gain((*key, "gain"), point.gain, output_unit, sensor)
            if at is None or own is None:
                continue
            if points and at <= points[-1].at:
                self._fault((*key, "at"), f"{point.at} is not above the point before it")
            if gain is not None and gain * own < 0.0:
                self._fault((*key, "gain"), f"{point.gain} has not the sign of the loop's {table.gain}")
            if (point.integral == 0.0) is not (table.integral == 0.0):
                text = "switches the integral on or off between points: let all have one, or none"
                self._fault((*key, "integral"), text)
            points.append(ScheduledTuning(at, own, point.integral, point.derivative))
        return tuple(points)
