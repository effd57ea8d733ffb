"""How far a trial is from what was asked: the score that strategies lower.

The score is a weighted sum of dissatisfactions, each 0 when perfect: |p - target| / tolerance for a target,
p / scale for a quantity to be small, max(0, 1 - p / scale) for one to be large; each is in units of what
matters. It is a dissatisfaction coefficient, to which Krishnadasan et al., Lab Chip 7, 1434 (2007), reduce a
spectrum of emission, and which Chen & Lv give for CdSe (eq. 5): a target for the peak's wavelength, as large
an intensity as can be, and weights between the two.
"""

from __future__ import annotations

from math import inf, isfinite
from typing import TYPE_CHECKING

from controller.campaign.figures import decimals, quantity
from controller.domain.campaign import Objective, ObjectiveKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from controller.domain.campaign import Observation, Space

# A condition this close to an end of its range, as a share of it, stands at its limit.
_AT_LIMIT = 0.03


def dissatisfaction(objective: Objective, value: float) -> float:
    """Return how far `value`, in the objective's unit, is from perfect, weighted; inf where it is NaN."""
    if not isfinite(value):
        return inf
    match objective.kind:
        case ObjectiveKind.TARGET:
            term = abs(value - objective.target) / objective.tolerance
        case ObjectiveKind.MINIMISE:
            term = max(0.0, value / objective.scale)
        case ObjectiveKind.MAXIMISE:
            term = max(0.0, 1.0 - value / objective.scale)
    return objective.weight * term


def score(objectives: Sequence[Objective], properties: Mapping[str, float]) -> float:
    """Return the sum of dissatisfactions; inf where a property is missing or NaN."""
    return sum(dissatisfaction(each, properties.get(each.property_name, inf)) for each in objectives)


def reached(objectives: Sequence[Objective], properties: Mapping[str, float]) -> bool:
    """Whether every target is met within its tolerance; without a target, nothing is ever reached."""
    targets = [each for each in objectives if each.kind is ObjectiveKind.TARGET]
    return bool(targets) and all(
        abs(properties.get(each.property_name, inf) - each.target) <= each.tolerance for each in targets
    )


def best(objectives: Sequence[Objective], history: Sequence[Observation]) -> Observation | None:
    """Return the observation with the lowest finite score."""
    scored = [
        (score(objectives, each.properties), index)
        for index, each in enumerate(history)
        if each.properties is not None
    ]
    lowest = min((each for each in scored if isfinite(each[0])), default=None)
    return None if lowest is None else history[lowest[1]]


def explain_not_reached(space: Space, objectives: Sequence[Objective], history: Sequence[Observation]) -> str:
    """Say in one line why the targets were not met, from what was seen."""
    top = best(objectives, history)
    if top is None or top.properties is None:
        return "no trial gave a usable spectrum"
    parts = []
    for each in objectives:
        if each.kind is ObjectiveKind.TARGET:
            seen, digits = _seen(each.property_name, history), decimals(each.tolerance)
            ends = f"{min(seen):.{digits}f} to {max(seen):.{digits}f}"
            parts.append(
                f"{each.property_name} was seen from {quantity(ends, each.unit)}"
                if not min(seen) <= each.target <= max(seen)
                else f"trials lie on both sides of {quantity(f'{each.target:g}', each.unit)}:"
                " more trials would help"
            )
    limits = _at_limits(space, top)
    if limits:
        parts.append(f"the best trial stands at a limit of {', '.join(limits)}: widen it")
    return "; ".join(parts) or "no target was set"


def _seen(name: str, history: Sequence[Observation]) -> list[float]:
    values = [each.properties.get(name, inf) for each in history if each.properties is not None]
    return [value for value in values if isfinite(value)]


def _at_limits(space: Space, observation: Observation) -> list[str]:
    names = []
    for condition in space.conditions:
        margin = _AT_LIMIT * (condition.high - condition.low)
        value = observation.conditions[condition.name]
        if min(value - condition.low, condition.high - value) <= margin:
            names.append(condition.name)
    return names
