"""First trials where the promoted surrogate expects the most, and only where it may be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scipy.stats import norm

from controller.campaign import objectives as goals
from controller.campaign.constraints import to_conditions, to_unit
from controller.campaign.strategies import designs
from controller.domain.campaign import Proposal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from controller.domain.campaign import CampaignSpec
    from controller.domain.ports import Surrogate
    from controller.domain.surrogates import Prediction

SOURCE = "surrogate"
_CANDIDATES = 2048
# Equally likely outcomes of a normal distribution, at which a score is averaged.
_OUTCOMES = tuple(float(norm.ppf((i + 0.5) / 9)) for i in range(9))
# A second proposal nearer than this, as a share of the space's sides, would teach little.
_APART = 0.1


def propose_from_surrogate(
    spec: CampaignSpec, surrogate: Surrogate, tried: Sequence[Mapping[str, float]]
) -> Proposal | None:
    """Return the trusted candidate with the lowest expected score; None when none is trusted."""
    points = designs.sobol(spec.space, _CANDIDATES, spec.seed)
    candidates = [to_conditions(spec.space, point) for point in points]
    before = to_unit(spec.space, [dict(each) for each in tried])
    ranked = sorted(
        (_expected_score(spec, prediction), index)
        for index, prediction in enumerate(surrogate.predict(candidates))
        if prediction.trusted
    )
    for _, index in ranked:
        distances = abs(before - points[index]).max(axis=1) if len(before) else [1.0]
        if min(distances) >= _APART:
            return Proposal(candidates[index], SOURCE)
    return None


def _expected_score(spec: CampaignSpec, prediction: Prediction) -> float:
    """Average the score over what the surrogate thinks possible; what it does not know counts nothing."""
    total = 0.0
    for objective in spec.objectives:
        estimate = prediction.properties.get(objective.property_name)
        if estimate is not None:
            values = (estimate.mean + z * estimate.std for z in _OUTCOMES)
            total += sum(goals.dissatisfaction(objective, value) for value in values) / len(_OUTCOMES)
    return total
