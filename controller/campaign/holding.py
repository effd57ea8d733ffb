"""What a hold makes safe, and what brings it back. Pure."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from controller.domain.plan import LoopPlan, RigPlan
    from controller.domain.readings import Snapshot
    from controller.domain.recipe import Hold


def moving(plan: RigPlan) -> frozenset[str]:
    """Return the channels that make liquid move: pumps, and what flow groups take setpoints on."""
    pumps = {reagent.pump for reagent in plan.reagents}
    for group in plan.flows:
        pumps |= {*group.channels, *(member.pump for member in group.members)}
    return frozenset(pumps)


def to_safe(plan: RigPlan, now: Snapshot, hold: Hold) -> dict[str, float]:
    """Return the safe value of every actuator that a hold stops.

    By default all but those that a loop drives: pumps and lamps stop, temperatures stay where they are.
    """
    kept = moving(plan) if hold.keeps_flows else frozenset[str]()
    if hold.keeps_temperatures:
        kept |= {name for loop in _regulating(plan, now) for name in (loop.actuator, loop.cooler)}
    return {
        channel.name: channel.safe_value
        for channel in plan.channels
        if channel.safe_value is not None and channel.name not in kept
    }


def to_restore(
    plan: RigPlan, before: Snapshot, stopped: Collection[str], asked: Mapping[str, float]
) -> dict[str, float]:
    """Return what brings back the actuators that were `stopped`: targets as asked, or else as in `before`.

    Loops that lost their actuators get their setpoints back; flow groups theirs, instead of their pumps. A
    diode that shone for an exposure stays off: the exposure is done again.
    """
    setpoints = _setpoints(plan, before)
    loops = _regulating(plan, before)
    driven = {name for loop in loops for name in (loop.actuator, loop.cooler)}
    targets: dict[str, float] = {}
    for group in plan.flows:
        pumps = {member.pump for member in group.members}
        if not pumps.isdisjoint(stopped) and group.total in setpoints:
            driven |= pumps
            # A group shows what is asked of it, not how far its pumps have come.
            targets |= {name: setpoints[name] for name in group.channels if name in setpoints}
    driven |= _exposing(plan) - set(asked)
    names = [name for name in stopped if name not in driven and name in setpoints]
    names += [sensor for sensor in _lost(loops, stopped) if sensor not in driven]
    return targets | {name: asked.get(name, setpoints[name]) for name in names}


def _exposing(plan: RigPlan) -> set[str]:
    """Return the channels that are on for an exposure alone."""
    emission = None if plan.spectrometer is None else plan.spectrometer.emission
    return set() if emission is None else {emission.excitation}


def _lost(loops: Sequence[LoopPlan], stopped: Collection[str]) -> list[str]:
    """Return the sensors of the loops that go off with these actuators, and of those around them."""
    gone, sensors = set(stopped), list[str]()
    while lost := [
        loop
        for loop in loops
        if loop.sensor not in sensors and not gone.isdisjoint((loop.actuator, loop.cooler))
    ]:
        sensors += [loop.sensor for loop in lost]
        gone.update(sensors)
    return sensors


def _regulating(plan: RigPlan, now: Snapshot) -> list[LoopPlan]:
    setpoints = _setpoints(plan, now)
    return [loop for loop in plan.loops if loop.sensor in setpoints]


def _setpoints(plan: RigPlan, now: Snapshot) -> dict[str, float]:
    named = zip(plan.channels, now.setpoints, strict=True)
    return {channel.name: value for channel, value in named if isfinite(value)}
