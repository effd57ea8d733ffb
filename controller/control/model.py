"""The rig's plan with names resolved to indices, once, so that a tick looks nothing up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.control.pid import Tuning
from controller.domain.conditions import Limits

if TYPE_CHECKING:
    from controller.domain.plan import ChannelPlan, InterlockPlan, LoopPlan, RigPlan


@dataclass(frozen=True, slots=True)
class LoopModel:
    plan: LoopPlan
    sensor: int
    actuator: int
    tuning: Tuning
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ControlModel:
    """`actuators` are channel indices; `loop_of` maps a sensor's or actuator's index to its loop."""

    channels: tuple[ChannelPlan, ...]
    index: dict[str, int]
    actuators: tuple[int, ...]
    loops: tuple[LoopModel, ...]
    loop_on_sensor: dict[int, int]
    loop_on_actuator: dict[int, int]
    interlocks: tuple[tuple[int, Limits, InterlockPlan], ...]
    orphan_hold_s: float


def compile_plan(plan: RigPlan) -> ControlModel:
    """Resolve a checked plan."""
    index = {channel.name: position for position, channel in enumerate(plan.channels)}
    loops = tuple(_loop(loop, index, plan) for loop in plan.loops)
    return ControlModel(
        channels=plan.channels,
        index=index,
        actuators=tuple(i for i, channel in enumerate(plan.channels) if channel.is_actuator),
        loops=loops,
        loop_on_sensor={loop.sensor: i for i, loop in enumerate(loops)},
        loop_on_actuator={loop.actuator: i for i, loop in enumerate(loops)},
        interlocks=tuple(
            (index[rule.condition.channel], rule.condition, rule)
            for rule in plan.interlocks
            if isinstance(rule.condition, Limits)
        ),
        orphan_hold_s=plan.orphan_hold_s,
    )


def _loop(loop: LoopPlan, index: dict[str, int], plan: RigPlan) -> LoopModel:
    actuator = index[loop.actuator]
    return LoopModel(
        plan=loop,
        sensor=index[loop.sensor],
        actuator=actuator,
        tuning=Tuning(loop.gain, loop.integral_s, loop.derivative_s, loop.derivative_filter),
        low=plan.channels[actuator].low,
        high=plan.channels[actuator].high,
    )
