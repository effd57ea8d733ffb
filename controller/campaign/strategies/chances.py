"""How probable it is that one more trial reaches the targets: by a Gaussian process for each property.

The processes are those that the Bayesian strategy learns, fitted to the same trials whatever proposed them.
Targets count as independent, given the conditions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from controller.campaign.constraints import to_conditions, to_unit
from controller.campaign.strategies import bayesian, gaussian_process
from controller.domain.campaign import ObjectiveKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from controller.campaign.strategies.gaussian_process import GaussianProcess
    from controller.domain.campaign import Objective, Observation, Space

    Array = NDArray[np.float64]

# With fewer trials the prior would speak, not the chemistry.
_LEAST_TRIALS = 3


@dataclass(frozen=True, slots=True)
class Chance:
    """The highest probability, 0 to 1, that one more trial reaches all targets, and where it has it."""

    probability: float
    conditions: Mapping[str, float]


def best_chance(
    space: Space, objectives: Sequence[Objective], history: Sequence[Observation], seed: int
) -> Chance | None:
    """Look for the conditions that most probably reach the targets; None without targets or enough trials."""
    targets = [each for each in objectives if each.kind is ObjectiveKind.TARGET]
    usable = np.array([bayesian.is_usable(targets, each) for each in history], dtype=np.bool_)
    if not targets or usable.sum() < _LEAST_TRIALS:
        return None
    inputs = to_unit(space, [dict(each.conditions) for each in history])[usable]
    models = [
        gaussian_process.fit(inputs, bayesian.learnable(each, history, usable), seed + index)
        for index, each in enumerate(targets)
    ]
    point = bayesian.search(space, lambda points: _promise(points, models, targets), inputs, seed)
    probability = float(_probability(point[None, :], models, targets)[0])
    return Chance(probability, to_conditions(space, point))


def _probability(points: Array, models: Sequence[GaussianProcess], targets: Sequence[Objective]) -> Array:
    """Return how probable a measurement within every tolerance is at points (n, d); shape (n,)."""
    total = np.ones(len(points))
    for model, target in zip(models, targets, strict=True):
        mean, std = model.predict(points)
        spread = np.hypot(std, model.noise_std)
        high = norm.cdf((target.target + target.tolerance - mean) / spread)
        low = norm.cdf((target.target - target.tolerance - mean) / spread)
        total *= high - low
    return total


def _promise(points: Array, models: Sequence[GaussianProcess], targets: Sequence[Objective]) -> Array:
    """Return the probability, and where that is zero everywhere still a slope toward the targets."""
    away = np.zeros(len(points))
    for model, target in zip(models, targets, strict=True):
        away += np.abs(model.predict(points)[0] - target.target) / target.tolerance
    return np.asarray(_probability(points, models, targets) - 1e-9 * away)
