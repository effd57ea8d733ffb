"""Bayesian optimisation of a composite score: one process per property, expected improvement of their score.

The score is a known function of the properties, so the processes learn the properties and the improvement is
averaged over their draws (Astudillo & Frazier, Bayesian Optimization of Composite Functions, ICML 2019). A
trial without a usable spectrum counts as one whose properties are all the worst seen: pessimistic, but it
keeps the region known.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm, qmc

from controller.campaign import objectives as goals
from controller.campaign.constraints import repair, to_unit
from controller.campaign.strategies import gaussian_process
from controller.domain.campaign import ObjectiveKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from controller.campaign.strategies.gaussian_process import GaussianProcess
    from controller.domain.campaign import Objective, Observation, Space

    Array = NDArray[np.float64]

_DRAWS = 64
_CANDIDATES = 2048
_LOCAL = 256
_LOCAL_ROUNDS = 4


def propose(
    space: Space, objectives: Sequence[Objective], history: Sequence[Observation], seed: int
) -> Array:
    """Return the most promising point of the unit cube, shape (d,); `history` has at least two trials."""
    inputs = to_unit(space, [dict(each.conditions) for each in history])
    models = [
        gaussian_process.fit(inputs, _learnable(each, history), seed + index)
        for index, each in enumerate(objectives)
    ]
    scores = [goals.score(objectives, each.properties) for each in history if each.properties is not None]
    lowest = min((each for each in scores if isfinite(each)), default=float("inf"))
    draws = norm.ppf(
        qmc.Sobol(len(objectives), rng=np.random.default_rng(seed)).random(_DRAWS) * 0.998 + 0.001
    )

    def improvement(points: Array) -> Array:
        return _expected_improvement(points, models, objectives, lowest, draws)

    return _search(space, improvement, inputs, seed)


def _learnable(objective: Objective, history: Sequence[Observation]) -> Array:
    """Collect one property, failed trials at the worst value seen."""
    values = np.array(
        [
            float("nan") if each.properties is None else each.properties.get(objective.property_name, np.nan)
            for each in history
        ]
    )
    seen = values[np.isfinite(values)]
    if seen.size == 0:
        return np.zeros(len(values))
    worst = max(seen, key=lambda value: goals.dissatisfaction(objective, float(value)))
    return np.where(np.isfinite(values), values, worst)


def _expected_improvement(
    points: Array,
    models: Sequence[GaussianProcess],
    objectives: Sequence[Objective],
    lowest: float,
    draws: Array,
) -> Array:
    total = np.zeros((len(points), len(draws)))
    for column, (model, objective) in enumerate(zip(models, objectives, strict=True)):
        mean, std = model.predict(points)
        total += _dissatisfaction(objective, mean[:, None] + std[:, None] * draws[None, :, column])
    if not isfinite(lowest):
        return np.asarray(-total.mean(axis=1))
    gain = np.maximum(lowest - total, 0.0).mean(axis=1)
    # Where no draw improves, a lower expected score still leads the way.
    return np.asarray(gain - 1e-9 * total.mean(axis=1))


def _dissatisfaction(objective: Objective, values: Array) -> Array:
    """`objectives.dissatisfaction` over an array."""
    match objective.kind:
        case ObjectiveKind.TARGET:
            term = np.abs(values - objective.target) / objective.tolerance
        case ObjectiveKind.MINIMISE:
            term = np.maximum(0.0, values / objective.scale)
        case ObjectiveKind.MAXIMISE:
            term = np.maximum(0.0, 1.0 - values / objective.scale)
    return np.asarray(objective.weight * term)


def _search(space: Space, improvement: Callable[[Array], Array], inputs: Array, seed: int) -> Array:
    """Look over the whole space, then ever closer around the best points and the trials so far."""
    generator = np.random.default_rng(seed)
    dimensions = len(space.conditions)
    points = repair(space, qmc.Sobol(dimensions, rng=generator).random(_CANDIDATES))
    values = improvement(points)
    width = 0.2
    for _ in range(_LOCAL_ROUNDS):
        centres = np.concatenate([points[np.argsort(values)[-8:]], inputs[-4:]])
        around = centres[generator.integers(len(centres), size=_LOCAL)]
        steps = width * generator.standard_normal((_LOCAL, dimensions))
        near = repair(space, np.clip(around + steps, 0.0, 1.0))
        points = np.concatenate([points, near])
        values = np.concatenate([values, improvement(near)])
        width *= 0.4
    return np.asarray(points[int(np.argmax(values))])
