"""The rig's plan with names resolved to indices, once, so that a tick looks nothing up."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

from controller.control import alarms, flows, interlocks, reagents
from controller.control.loop_model import LoopsModel, compile_loops
from controller.control.seen import Names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.domain.plan import ChannelPlan, RigPlan


@dataclass(frozen=True, slots=True)
class ControlModel:
    """`safe` has the safe value of each actuator, NaN at every other channel.

    `singles` are the actuators that move on their own, with their rate limits; the rest are pumps of groups.
    """

    channels: tuple[ChannelPlan, ...]
    names: Names
    singles: tuple[tuple[int, float], ...]
    safe: tuple[float, ...]
    loops: LoopsModel
    flows: flows.FlowsModel
    flow_channels: frozenset[int]
    interlocks: interlocks.InterlocksModel
    alarms: alarms.AlarmsModel
    reagents: tuple[reagents.ReagentModel, ...]
    computes: bool
    orphan_hold_s: float
    longest_lease_s: float

    @property
    def index(self) -> Mapping[str, int]:
        return self.names.channels


def compile_plan(plan: RigPlan) -> ControlModel:
    """Resolve a checked plan."""
    names = Names.of(plan)
    index = names.channels
    grouped = {index[member.pump] for group in plan.flows for member in group.members}
    return ControlModel(
        channels=plan.channels,
        names=names,
        singles=tuple(
            (position, channel.rate_limit_per_s)
            for position, channel in enumerate(plan.channels)
            if channel.is_actuator and position not in grouped
        ),
        safe=tuple(nan if each.safe_value is None else each.safe_value for each in plan.channels),
        loops=compile_loops(plan),
        flows=flows.compile_flows(plan),
        flow_channels=frozenset(index[name] for group in plan.flows for name in group.channels),
        interlocks=interlocks.compile_interlocks(plan, names),
        alarms=alarms.compile_alarms(plan, names),
        reagents=reagents.compile_reagents(plan),
        computes=any(channel.is_computed for channel in plan.channels),
        orphan_hold_s=plan.orphan_hold_s,
        longest_lease_s=plan.lease.longest_s,
    )
