"""What makes a rig whole and safe: references that exist, limits that hold, heaters that are watched."""

from __future__ import annotations

import difflib
from collections import Counter
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from controller.config.places import Path as Place
    from controller.domain.plan import ChannelPlan, RigPlan

    Fault = Callable[[Place, str], None]


def check(plan: RigPlan, known_drivers: Mapping[str, str], fault: Fault, faulty: AbstractSet[str]) -> None:
    """Report every fault of `plan`. `faulty` holds the places already reported as unreadable."""
    if "rig.rate" not in faulty and not 1.0 <= plan.rate_hz <= 1000.0:
        fault(("rig", "rate"), f"{plan.rate_hz:g} Hz is outside 1 to 1000 Hz")
    if "reactor.volume" not in faulty and plan.reactor.volume_ul <= 0.0:
        fault(("reactor", "volume"), "a reactor holds more than nothing")
    if plan.twin is None and any(link.url.startswith("twin:") for link in plan.links):
        fault(("links",), "a twin: link needs a [twin] that names the synthesis")
    _check_devices(plan, known_drivers, fault)
    _check_channels(plan, fault)
    _check_loops(plan, fault)
    _check_interlocks(plan, fault)
    _check_heaters(plan, fault)
    _check_others(plan, known_drivers, fault)


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(names) or 'none'}"
    return f"unknown {kind} '{name}'; {hint}"


def _check_devices(plan: RigPlan, known_drivers: Mapping[str, str], fault: Fault) -> None:
    links = [link.name for link in plan.links]
    for device in plan.devices:
        place = ("devices", device.name)
        if device.driver not in known_drivers:
            known = ", ".join(sorted(known_drivers))
            fault((*place, "driver"), f"unknown driver '{device.driver}'; known: {known}")
        if device.link not in links:
            fault((*place, "link"), _unknown("link", device.link, links))
        if not 50 <= device.deadman_ms <= 60_000:
            fault((*place, "deadman"), f"{device.deadman_ms} ms is outside 50 ms to 60 s")
        elif device.deadman_ms < 2000.0 / plan.rate_hz:
            fault(
                (*place, "deadman"), f"{device.deadman_ms} ms is less than two ticks at {plan.rate_hz:g} Hz"
            )


def _check_channels(plan: RigPlan, fault: Fault) -> None:
    devices = [device.name for device in plan.devices]
    signals = Counter((channel.device, channel.signal) for channel in plan.channels)
    for channel in plan.channels:
        place = ("channels", channel.name)
        if channel.device not in devices:
            fault((*place, "device"), _unknown("device", channel.device, devices))
        if signals[channel.device, channel.signal] > 1:
            fault((*place, "signal"), f"{channel.signal} of {channel.device} is on more than one channel")
        if channel.low >= channel.high:
            fault((*place, "range"), f"{channel.low:g} to {channel.high:g} {channel.unit} holds no value")
        elif channel.safe_value is not None and not channel.low <= channel.safe_value <= channel.high:
            fault((*place, "safe"), f"the safe value {channel.safe_value:g} is outside the range")


def _check_loops(plan: RigPlan, fault: Fault) -> None:
    names = [channel.name for channel in plan.channels]
    driven = Counter(loop.actuator for loop in plan.loops)
    for loop in plan.loops:
        place = ("loops", loop.name)
        sensor, actuator = plan.channel(loop.sensor), plan.channel(loop.actuator)
        if sensor is None:
            fault((*place, "sensor"), _unknown("channel", loop.sensor, names))
        elif sensor.is_actuator:
            fault((*place, "sensor"), f"{loop.sensor} is an actuator")
        if actuator is None:
            fault((*place, "actuator"), _unknown("channel", loop.actuator, names))
        elif not actuator.is_actuator:
            fault((*place, "actuator"), f"{loop.actuator} is a sensor")
        elif driven[loop.actuator] > 1:
            fault((*place, "actuator"), f"{loop.actuator} is driven by more than one loop")


def _check_interlocks(plan: RigPlan, fault: Fault) -> None:
    names = [channel.name for channel in plan.channels]
    for rule in plan.interlocks:
        place = ("interlocks", rule.name)
        if rule.channel not in names:
            fault((*place, "channel"), _unknown("channel", rule.channel, names))
        if rule.low == -inf and rule.high == inf:
            fault(place, "an interlock needs a low or a high")
        elif rule.low >= rule.high:
            fault(place, "low is not below high")
        if rule.delay_s < 0.0:
            fault((*place, "delay"), "a delay is not negative")


def _check_heaters(plan: RigPlan, fault: Fault) -> None:
    """Refuse a heater that nothing watches: one without a loop, or whose sensor has no upper limit."""
    watched = {rule.channel for rule in plan.interlocks if rule.high < inf}
    sensor_of = {loop.actuator: loop.sensor for loop in plan.loops}
    for channel in plan.channels:
        if not _heats(channel):
            continue
        sensor = sensor_of.get(channel.name)
        if sensor is None:
            fault(("channels", channel.name), "a heater needs a loop, so that its sensor is known")
        elif sensor not in watched:
            fault(("channels", channel.name), f"a heater needs an interlock with a high limit on {sensor}")


def _heats(channel: ChannelPlan) -> bool:
    return channel.signal.startswith("heater.")


def _check_others(plan: RigPlan, known_drivers: Mapping[str, str], fault: Fault) -> None:
    actuators = [channel.name for channel in plan.channels if channel.is_actuator]
    for reagent in plan.reagents:
        if reagent.pump not in actuators:
            fault(("reagents", reagent.name, "pump"), _unknown("actuator", reagent.pump, actuators))
    spectrometer = plan.spectrometer
    if spectrometer is None:
        return
    seeing = [each.name for each in plan.devices if known_drivers.get(each.driver) == "spectrometer"]
    if spectrometer.device not in seeing:
        fault(("spectrometer", "device"), _unknown("spectrometer", spectrometer.device, seeing))
    if spectrometer.lamp not in actuators:
        fault(("spectrometer", "lamp"), _unknown("actuator", spectrometer.lamp, actuators))
    if spectrometer.low_nm >= spectrometer.high_nm:
        fault(("spectrometer", "window"), "the window holds no wavelength")
