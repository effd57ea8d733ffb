"""Priming a line: one reagent's pump runs alone until the account of its volume says that so much came."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Final

from controller.campaign.recipes import resolve
from controller.domain.errors import ControllerError

if TYPE_CHECKING:
    from controller.campaign.steps import StepContext
    from controller.domain.plan import ReagentPlan, RigPlan
    from controller.domain.readings import Snapshot
    from controller.domain.recipe import Prime

_LONGEST_PAUSE_S: Final = 1.0
_SHORTEST_PAUSE_S: Final = 0.1
# A pump that starts slowly, or goes on by the beat of its bus.
_GRACE_S: Final = 60.0
_ROUNDING_UL: Final = 1e-6
_MOST_OVER: Final = 2.0
"""No pump delivers more than so many times what is asked: a larger drop is a correction by a person."""


async def prime(action: Prime, context: StepContext) -> None:
    """Deliver the volume, then put the pump to its safe value.

    ControllerError: REAGENT_SHORT before anything moves where too little is left, and where it runs out
    after all; NO_FLOW when it takes more than twice as long as it should, and a minute.
    """
    plan = context.reactor.plan
    reagent = next(each for each in plan.reagents if each.name == action.reagent)
    wanted_ul = resolve(action.volume_ul, context.parameters)
    flow_ul_min = resolve(action.flow_ul_min, context.parameters)
    left_ul = _left_ul(context.note(), plan, reagent)
    if left_ul < wanted_ul:
        raise _short(reagent, f"{left_ul:g} uL is left of {reagent.name}, {wanted_ul:g} uL is wanted")
    rest = _at_rest(plan)
    await context.set(rest | {reagent.pump: flow_ul_min / 60.0 / reagent.flow_ul_s})
    await _deliver(reagent, wanted_ul, flow_ul_min, context)
    await context.set({reagent.pump: rest[reagent.pump]})


async def _deliver(reagent: ReagentPlan, wanted_ul: float, flow_ul_min: float, context: StepContext) -> None:
    """Wait until so much has left the bottle; what a person corrects in the account does not count."""
    plan, clock = context.reactor.plan, context.reactor.clock
    before, delivered_ul = context.note(), 0.0
    began_s = clock.now_s()
    longest_s = 2.0 * wanted_ul / flow_ul_min * 60.0 + _GRACE_S
    while (missing_ul := wanted_ul - delivered_ul) > _ROUNDING_UL:
        pause_s = missing_ul / flow_ul_min * 60.0
        await clock.sleep(min(max(pause_s, _SHORTEST_PAUSE_S), _LONGEST_PAUSE_S))
        now = context.note()
        left_ul = _left_ul(now, plan, reagent)
        drop_ul = _left_ul(before, plan, reagent) - left_ul
        most_ul = _MOST_OVER * flow_ul_min * (now.time_s - before.time_s) / 60.0
        delivered_ul += drop_ul if 0.0 < drop_ul <= most_ul else 0.0
        before = now
        so_far = f"{delivered_ul:.1f} of {wanted_ul:g} uL"
        if left_ul <= 0.0 and delivered_ul < wanted_ul - _ROUNDING_UL:
            raise _short(reagent, f"{reagent.name} ran out: {so_far}")
        if clock.now_s() - began_s > longest_s:
            raise ControllerError(
                f"{reagent.pump} delivers too little: {so_far} in {longest_s:.0f} s",
                reason="NO_FLOW",
                remedy="see to the pump and its line",
            )


def _left_ul(now: Snapshot, plan: RigPlan, reagent: ReagentPlan) -> float:
    names = [channel.name for channel in plan.channels]
    left_ul = now.values[names.index(reagent.level)]
    # Control has not told of it yet, or is not at work: then nothing can be counted on.
    return left_ul if isfinite(left_ul) else 0.0


def _at_rest(plan: RigPlan) -> dict[str, float]:
    """Return the safe value of every reagent's pump; 0 where it has none."""
    safe = {channel.name: channel.safe_value or 0.0 for channel in plan.channels}
    return {reagent.pump: safe[reagent.pump] for reagent in plan.reagents}


def _short(reagent: ReagentPlan, what: str) -> ControllerError:
    remedy = f"fill it and say so: ostwald reagent refill {reagent.name}"
    return ControllerError(what, reason="REAGENT_SHORT", remedy=remedy)
