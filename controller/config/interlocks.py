"""Interlocks of a rig file, and the demand that no heater goes without one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from controller.config.conditions import INTERLOCK_KINDS, owned, read_condition
from controller.config.schema import InterlockTable
from controller.config.signals import kind_of
from controller.config.units import convert
from controller.domain.conditions import HeaterImplausible, Limits
from controller.domain.errors import ControllerError
from controller.domain.plan import InterlockPlan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from controller.config.documents import Document
    from controller.config.lines import Path
    from controller.config.lookup import RigContext
    from controller.domain.plan import ChannelPlan, LoopPlan

_SECTION: Final = "interlocks"


def interlock_plans(document: Document, context: RigContext) -> tuple[InterlockPlan, ...]:
    """Read every `[interlocks.NAME]`; those with faults, which are kept, are left out."""
    found = (_plan(document, name, raw, context) for name, raw in document.section(_SECTION).items())
    return tuple(plan for plan in found if plan is not None)


def check_heaters(
    document: Document,
    channels: Mapping[str, ChannelPlan],
    loops: Sequence[LoopPlan],
    interlocks: Sequence[InterlockPlan],
) -> None:
    """Demand that each heater ends a temperature loop whose sensor a latching interlock limits from above.

    The interlock must force that heater, or everything. An instrument that regulates by itself needs no loop.
    """
    for heater in channels.values():
        place: Path = ("channels", heater.name)
        if _is_thermostat(heater):
            _check_thermostat(document, heater, channels, interlocks)
            continue
        if kind_of(heater.signal) != "heater":
            continue
        sensors = [loop.sensor for loop in _loops_onto(heater.name, loops)]
        hot = [
            name for name in sensors if name in channels and kind_of(channels[name].signal) == "temperature"
        ]
        if not hot:
            remedy = "drive it by a loop on a temperature, and add an interlock with `high` on that"
            document.fault(place, f"is a heater that no temperature loop drives: {remedy}")
        elif not any(_cuts(rule, heater.name, hot) for rule in interlocks):
            remedy = f"add a latching interlock with `high` on {hot[0]} that forces {heater.name} or all"
            document.fault(place, f"is a heater with no over-temperature limit: {remedy}")


def _is_thermostat(channel: ChannelPlan) -> bool:
    """Whether it takes a temperature: the setpoint of an instrument that heats by itself."""
    if not (channel.is_actuator and channel.device):
        return False
    try:
        convert(0.0, channel.unit, "degC")
    except ControllerError:
        return False
    return True


def _check_thermostat(
    document: Document,
    setpoint: ChannelPlan,
    channels: Mapping[str, ChannelPlan],
    interlocks: Sequence[InterlockPlan],
) -> None:
    """Demand a temperature of the same instrument that a latching interlock limits from above."""
    hot = [
        each.name
        for each in channels.values()
        if each.device == setpoint.device and kind_of(each.signal) == "temperature"
    ]
    place: Path = ("channels", setpoint.name)
    if not hot:
        document.fault(
            place, f"heats, and nothing watches it: add a channel on {setpoint.device}'s temperature"
        )
    elif not any(_cuts(rule, setpoint.name, hot) for rule in interlocks):
        remedy = f"add a latching interlock with `high` on {hot[0]} that forces {setpoint.name} or all"
        document.fault(place, f"heats, and has no over-temperature limit: {remedy}")


def _plan(document: Document, name: str, raw: object, context: RigContext) -> InterlockPlan | None:
    path: Path = (_SECTION, name)
    table = document.read(path, owned(raw, InterlockTable), InterlockTable)
    condition = read_condition(document, path, raw, context, owner=InterlockTable, kinds=INTERLOCK_KINDS)
    if table is None or condition is None:
        return None
    if isinstance(condition, HeaterImplausible) and not table.latching:
        # It would heat again at once, as with the heater off nothing is implausible.
        document.fault((*path, "latching"), "a heater that does not heat must wait for a person: remove it")
    _check_forces(document, path, table.forces, context)
    return InterlockPlan(name, condition, table.delay, table.latching, tuple(table.forces))


def _check_forces(document: Document, path: Path, forces: Sequence[str], context: RigContext) -> None:
    place: Path = (*path, "forces")
    raw = document.raw.get("channels")
    known = {*context.channels, *raw} if isinstance(raw, dict) else context.channels
    for position, name in enumerate(forces):
        document.reference(place, name, "channel", known)
        channel = context.channels.get(name)
        if channel is not None and not channel.is_actuator:
            document.fault(place, f"{name} is a sensor: an interlock forces actuators")
        if name in forces[:position]:
            document.fault(place, f"names {name} twice")


def _loops_onto(actuator: str, loops: Sequence[LoopPlan]) -> list[LoopPlan]:
    """Return the loops that end at an actuator: its own, and the outer ones of their cascades."""
    found = [loop for loop in loops if actuator in (loop.actuator, loop.cooler)]
    for inner in found:
        found += [
            loop for loop in loops if inner.sensor in (loop.actuator, loop.cooler) and loop not in found
        ]
    return found


def _cuts(rule: InterlockPlan, heater: str, sensors: Sequence[str]) -> bool:
    return (
        isinstance(rule.condition, Limits)
        and rule.condition.channel in sensors
        and rule.condition.high < float("inf")
        and rule.latching
        and (not rule.forces or heater in rule.forces)
    )
