"""Checks what WriteSetpoints asks for and puts it into the channels' own units. Pure."""

from __future__ import annotations

from difflib import get_close_matches
from math import isfinite
from typing import TYPE_CHECKING

from controller.config.units import convert
from controller.domain.errors import ControllerError, Kind, Violation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ostwald.v1 import reactor_pb2

    from controller.domain.plan import ChannelPlan, RigPlan

_LONGEST_NAME = 64


def targets_of(plan: RigPlan, setpoints: Sequence[reactor_pb2.Setpoint]) -> dict[str, float]:
    """Return targets by channel; ControllerError CHANNEL_UNKNOWN or SETPOINTS_INVALID with every fault."""
    if not setpoints:
        raise _invalid([Violation("setpoints", "must name at least one channel")])
    if len(setpoints) > len(plan.channels):
        raise _invalid([Violation("setpoints", f"the rig has only {len(plan.channels)} channels")])
    indices(plan, [each.channel for each in setpoints])
    targets: dict[str, float] = {}
    violations = []
    for number, each in enumerate(setpoints):
        channel = plan.channel(each.channel)
        assert channel is not None
        try:
            targets[channel.name] = _target(plan, channel, each, seen=channel.name in targets)
        except ControllerError as error:
            violations.append(Violation(f"setpoints[{number}].{channel.name}", str(error)))
    if violations:
        raise _invalid(violations)
    return targets


def indices(plan: RigPlan, names: Sequence[str]) -> list[int]:
    """Return where the named channels stand in a snapshot, all of them for none; CHANNEL_UNKNOWN."""
    known = {channel.name: index for index, channel in enumerate(plan.channels)}
    for name in names:
        if name not in known:
            raise _unknown(name[:_LONGEST_NAME], list(known))
    return [known[name] for name in dict.fromkeys(names)] if names else list(known.values())


def _target(plan: RigPlan, channel: ChannelPlan, asked: reactor_pb2.Setpoint, *, seen: bool) -> float:
    if seen:
        raise ControllerError("stands twice", reason="SETPOINT_TWICE")
    if not plan.takes_setpoints(channel):
        raise ControllerError("is only read: no loop and no flow group drives it", reason="NOT_WRITABLE")
    if not isfinite(asked.value):
        raise ControllerError("must be a finite number", reason="OUT_OF_RANGE")
    value = convert(asked.value, asked.unit or channel.unit, channel.unit)
    # pint leaves the last bits of a limit that was written in another unit outside of it.
    value = float(f"{value:.12g}")
    if not channel.low <= value <= channel.high:
        limits = f"{channel.low:g} to {channel.high:g} {channel.unit}"
        raise ControllerError(f"{value:g} {channel.unit} is outside {limits}", reason="OUT_OF_RANGE")
    return value


def _invalid(violations: list[Violation]) -> ControllerError:
    return ControllerError("nothing was written", reason="SETPOINTS_INVALID", violations=tuple(violations))


def _unknown(name: str, known: list[str]) -> ControllerError:
    close = get_close_matches(name, known, n=3, cutoff=0.5)
    return ControllerError(
        f"there is no channel {name!r}",
        reason="CHANNEL_UNKNOWN",
        kind=Kind.NOT_FOUND,
        remedy=f"did you mean {', '.join(close)}?" if close else "see 'ostwald read' for the channels",
    )
