"""A rig file -> the plan that the processes run by. Every fault at once, each with its line."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from pydantic import ValidationError

from controller.config import safety
from controller.config.places import Path as Place
from controller.config.places import Places, dotted, parse
from controller.config.schema import Channel, Quantity, RigFile
from controller.config.units import check_unit, parse_quantity
from controller.domain.errors import ControllerError, DocumentError, Violation
from controller.domain.plan import (
    ChannelPlan,
    DevicePlan,
    InterlockPlan,
    LinkPlan,
    LoopPlan,
    ReactorPlan,
    ReagentPlan,
    RigPlan,
    SpectrometerPlan,
    TwinPlan,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_ACTUATORS = ("pump", "heater", "lamp")


def load_rig(
    path: Path, *, known_drivers: Mapping[str, str], link_overrides: Mapping[str, str] | None = None
) -> RigPlan:
    """Read a rig file. `known_drivers` maps a driver to its kind; `link_overrides` a link to another URL.

    Raises DocumentError with every fault, OSError when the file can't be read.
    """
    text = path.read_text(encoding="utf-8")
    return parse_rig(text, str(path), known_drivers=known_drivers, link_overrides=link_overrides)


def parse_rig(
    text: str,
    document: str,
    *,
    known_drivers: Mapping[str, str],
    link_overrides: Mapping[str, str] | None = None,
) -> RigPlan:
    """Read a rig from its text; see `load_rig`."""
    raw = parse(text, document)
    places = Places(text)
    try:
        file = RigFile.model_validate(raw)
    except ValidationError as error:
        raise DocumentError(document, _from_pydantic(error, places)) from None
    reader = _Reader(file, places)
    plan = reader.plan(link_overrides or {})
    safety.check(plan, known_drivers, reader.fault, reader.faulty)
    if reader.violations:
        raise DocumentError(document, tuple(sorted(reader.violations, key=lambda fault: fault.line)))
    return plan


def closest(name: str, known: Iterable[str]) -> str:
    """Suggest what was meant, or list what there is."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {near[0]}?" if near else f"known: {', '.join(names) or 'none'}"


def _from_pydantic(error: ValidationError, places: Places) -> tuple[Violation, ...]:
    faults: dict[Place, Violation] = {}
    for each in error.errors(include_url=False):
        # Branches of a union end in a type's name, which is no key of the file.
        path = tuple(part for part in each["loc"] if part not in ("str", "float", "[key]"))
        faults.setdefault(path, Violation(dotted(path), each["msg"], places.line(path)))
    return tuple(faults.values())


class _Reader:
    """Converts quantities and collects what is wrong, with 0 in place of what can't be read."""

    def __init__(self, file: RigFile, places: Places) -> None:
        self._file = file
        self._places = places
        self.violations: list[Violation] = []
        self.faulty: set[str] = set()

    def fault(self, path: Place, description: str) -> None:
        self.violations.append(Violation(dotted(path), description, self._places.line(path)))

    def plan(self, overrides: Mapping[str, str]) -> RigPlan:
        file = self._file
        for name in overrides:
            if name not in file.links:
                self.fault(("links", name), f"--link names no link of this rig; {closest(name, file.links)}")
        return RigPlan(
            name=file.rig.name,
            rate_hz=self._read(("rig", "rate"), file.rig.rate, "Hz"),
            orphan_hold_s=self._read(("rig", "orphan_hold"), file.rig.orphan_hold, "s"),
            reactor=ReactorPlan(
                self._read(("reactor", "volume"), file.reactor.volume, "uL"),
                self._read(("reactor", "dead_volume"), file.reactor.dead_volume, "uL"),
            ),
            links=tuple(
                LinkPlan(name, overrides.get(name, link.url), link.baud) for name, link in file.links.items()
            ),
            devices=self._devices(),
            channels=tuple(self._channel(name, channel) for name, channel in file.channels.items()),
            loops=self._loops(),
            interlocks=self._interlocks(),
            reagents=tuple(ReagentPlan(name, each.pump, each.stock) for name, each in file.reagents.items()),
            spectrometer=self._spectrometer(),
            twin=TwinPlan(file.twin.synthesis, file.twin.seed) if file.twin else None,
            trusted_keys=tuple(file.security.trusted_keys),
        )

    def _read(self, path: Place, value: Quantity, unit: str) -> float:
        try:
            return parse_quantity(value, unit)
        except ControllerError as error:
            self.fault(path, str(error))
            self.faulty.add(dotted(path))
            return 0.0

    def _devices(self) -> tuple[DevicePlan, ...]:
        return tuple(
            DevicePlan(
                name=name,
                driver=device.driver,
                link=device.link,
                deadman_ms=round(self._read(("devices", name, "deadman"), device.deadman, "ms")),
                temperature_limits_c=tuple(
                    self._read(("devices", name, "temperature_limits"), limit, "degC")
                    for limit in device.temperature_limits
                ),
                acceleration_steps_s2=device.acceleration,
            )
            for name, device in self._file.devices.items()
        )

    def _channel(self, name: str, channel: Channel) -> ChannelPlan:
        place = ("channels", name)
        kind = channel.signal.partition(".")[0]
        try:
            check_unit(channel.unit)
        except ControllerError as error:
            self.fault((*place, "unit"), str(error))
        safe = None
        if channel.safe is not None:
            safe = self._read((*place, "safe"), channel.safe, channel.unit)
        if kind in _ACTUATORS and safe is None:
            self.fault(place, 'an actuator needs a safe value: add safe = "0 ..."')
        if kind not in _ACTUATORS and safe is not None:
            self.fault((*place, "safe"), "a sensor has no safe value")
        low, high = (self._read((*place, "range"), limit, channel.unit) for limit in channel.range)
        rate = channel.rate_limit
        return ChannelPlan(
            name=name,
            device=channel.device,
            signal=channel.signal,
            unit=channel.unit,
            low=low,
            high=high,
            safe_value=safe,
            rate_limit_per_s=self._read((*place, "rate_limit"), rate, f"{channel.unit}/s"),
            scale=self._scale(place, channel, kind),
            offset=channel.offset,
            stale_after_s=self._read((*place, "stale_after"), channel.stale_after, "s"),
        )

    def _scale(self, place: Place, channel: Channel, kind: str) -> float:
        """Return device units per channel unit: steps/s per uL/min, duty per percent."""
        if channel.scale == 0.0:
            self.fault((*place, "scale"), "a scale of 0 loses the value")
            return 1.0
        if channel.scale is not None:
            return channel.scale
        if kind == "pump":
            if channel.steps_per_ul is None or channel.unit != "uL/min":
                self.fault(place, 'a pump needs unit = "uL/min" and steps_per_ul, or a scale')
                return 1.0
            return channel.steps_per_ul / 60.0
        return 0.01 if kind in ("heater", "lamp") and channel.unit == "%" else 1.0

    def _loops(self) -> tuple[LoopPlan, ...]:
        return tuple(
            LoopPlan(
                name=name,
                sensor=loop.sensor,
                actuator=loop.actuator,
                gain=loop.gain,
                integral_s=self._read(("loops", name, "integral"), loop.integral, "s"),
                derivative_s=self._read(("loops", name, "derivative"), loop.derivative, "s"),
                ramp_per_s=loop.ramp,
            )
            for name, loop in self._file.loops.items()
        )

    def _interlocks(self) -> tuple[InterlockPlan, ...]:
        plans = []
        for name, rule in self._file.interlocks.items():
            channel = self._file.channels.get(rule.channel)
            unit = channel.unit if channel else "1"
            place = ("interlocks", name)
            low = float("-inf") if rule.low is None else self._read((*place, "low"), rule.low, unit)
            high = float("inf") if rule.high is None else self._read((*place, "high"), rule.high, unit)
            delay_s = self._read((*place, "delay"), rule.delay, "s")
            plans.append(InterlockPlan(name, rule.channel, low, high, delay_s))
        return tuple(plans)

    def _spectrometer(self) -> SpectrometerPlan | None:
        each = self._file.spectrometer
        if each is None:
            return None
        lamp = self._file.channels.get(each.lamp)
        low_nm, high_nm = (self._read(("spectrometer", "window"), limit, "nm") for limit in each.window)
        return SpectrometerPlan(
            device=each.device,
            lamp=each.lamp,
            lamp_level=self._read(
                ("spectrometer", "lamp_level"), each.lamp_level, lamp.unit if lamp else "%"
            ),
            integration_s=self._read(("spectrometer", "integration"), each.integration, "s"),
            scans=each.scans,
            low_nm=low_nm,
            high_nm=high_nm,
        )
