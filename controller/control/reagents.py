"""What is left of each reagent: what was there, less what its pump has delivered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.control.seen import GOOD
from controller.domain.commands import DONE, Reply, SetReagent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.domain.plan import RigPlan

_MOST_UL = 1e6


@dataclass(frozen=True, slots=True)
class ReagentModel:
    """`pump` and `level` are channel indices; `flow_ul_s` is the flow behind one unit of the pump."""

    name: str
    pump: int
    level: int
    flow_ul_s: float
    full_ul: float


def compile_reagents(plan: RigPlan) -> tuple[ReagentModel, ...]:
    """Resolve the reagents whose volume the rig file gives."""
    index = {channel.name: position for position, channel in enumerate(plan.channels)}
    return tuple(
        ReagentModel(each.name, index[each.pump], index[each.level], each.flow_ul_s, each.volume_ul)
        for each in plan.reagents
        if each.level
    )


def step(
    model: Sequence[ReagentModel],
    left_ul: tuple[float, ...],
    values: list[float],
    qualities: list[int],
    outputs: Sequence[float],
    dt_s: float,
) -> tuple[float, ...]:
    """Count what was delivered, by what the pump says it does, else by what it was told; show the levels."""
    if not model:
        return left_ul
    after = []
    for each, before_ul in zip(model, left_ul, strict=True):
        rate = values[each.pump] if qualities[each.pump] == GOOD else outputs[each.pump]
        level_ul = max(0.0, before_ul - rate * each.flow_ul_s * dt_s) if rate > 0.0 else before_ul
        values[each.level], qualities[each.level] = level_ul, GOOD
        after.append(level_ul)
    return tuple(after)


def take(
    model: Sequence[ReagentModel], left_ul: tuple[float, ...], command: SetReagent
) -> tuple[tuple[float, ...], Reply]:
    """Set what is there of one reagent."""
    for position, each in enumerate(model):
        if each.name == command.reagent:
            if not 0.0 <= command.volume_ul <= _MOST_UL:
                detail = f"{command.volume_ul:g} uL must lie in 0 to {_MOST_UL:g} uL"
                return left_ul, Reply("OUT_OF_RANGE", detail)
            return (*left_ul[:position], command.volume_ul, *left_ul[position + 1 :]), DONE
    known = ", ".join(each.name for each in model) or "none; give a `volume` in [reagents.NAME]"
    return left_ul, Reply("REAGENT_UNKNOWN", f"no volume is kept of {command.reagent[:64]!r}; known: {known}")
