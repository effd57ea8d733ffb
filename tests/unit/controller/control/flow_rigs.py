"""Rigs that are nothing but groups of pumps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from controller.domain.plan import ChannelPlan, FlowGroupPlan, FlowMember, ReactorPlan, RigPlan

if TYPE_CHECKING:
    from collections.abc import Sequence

HIGHS = st.lists(st.floats(1.0, 1e4), min_size=2, max_size=5)
PART = st.floats(0.0, 1.0)


def rig(
    highs: Sequence[float],
    rates: Sequence[float] | None = None,
    *,
    ramp_per_s: float = 0.0,
    high: float | None = None,
    names: Sequence[str] = ("feed",),
) -> RigPlan:
    """Equal groups, with a pump for each of `highs`; each group's channels: pumps, total, fractions."""
    rates = rates or [0.0] * len(highs)
    channels: list[ChannelPlan] = []
    groups: list[FlowGroupPlan] = []
    for name in names:
        members = [FlowMember(f"{name}.pump.{number}", f"{name}.{number}") for number in range(len(highs))]
        for each, most, rate in zip(members, highs, rates, strict=True):
            channels.append(ChannelPlan(each.pump, "board", "pump.0", "uL/min", 0.0, most, 0.0, rate))
        most = sum(highs) if high is None else high
        channels.append(ChannelPlan(f"{name}.total", "", "total", "uL/min", 0.0, most))
        channels += [ChannelPlan(each.fraction, "", "fraction", "1", 0.0, 1.0) for each in members]
        groups.append(FlowGroupPlan(name, f"{name}.total", tuple(members), ramp_per_s))
    reactor = ReactorPlan(100.0, 0.0)
    return RigPlan("rig", 50.0, 10.0, reactor, (), (), tuple(channels), flows=tuple(groups))
