"""Bayesian optimisation of a composite score: one process per property, expected improvement of their score.

The score is a known function of the properties, so the processes learn the properties and the improvement is
averaged over their draws (Astudillo & Frazier, Bayesian Optimization of Composite Functions, ICML 2019). A
trial without a usable spectrum teaches no property; it only makes its nearest neighbourhood unattractive, for
a failure may be chance or may be the chemistry.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import cdist
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
# How far around a failed trial, as a share of the cube's side, others are held back.
_FAILED_REACH = 0.03


def propose(
    space: Space, objectives: Sequence[Objective], history: Sequence[Observation], seed: int
) -> Array:
    """Return the most promising point of the unit cube, shape (d,); `history` has at least two trials."""
    tried = to_unit(space, [dict(each.conditions) for each in history])
    usable = np.array([is_usable(objectives, each) for each in history])
    inputs, failed = tried[usable], tried[~usable]
    if len(inputs) < 2:
        # Nothing to learn from yet: go where nobody has been.
        return search(space, lambda points: cdist(points, tried).min(axis=1), tried, seed)
    models = [
        gaussian_process.fit(inputs, learnable(each, history, usable), seed + index)
        for index, each in enumerate(objectives)
    ]
    scores = [goals.score(objectives, each.properties) for each in history if each.properties is not None]
    lowest = min((each for each in scores if isfinite(each)), default=float("inf"))
    draws = norm.ppf(
        qmc.Sobol(len(objectives), rng=np.random.default_rng(seed)).random(_DRAWS) * 0.998 + 0.001
    )

    def improvement(points: Array) -> Array:
        gain = _expected_improvement(points, models, objectives, lowest, draws)
        return np.where(gain > 0.0, gain * _feasibility(points, failed), gain)

    return search(space, improvement, inputs, seed)


def is_usable(objectives: Sequence[Objective], observation: Observation) -> bool:
    """Whether a trial measured all that the objectives ask."""
    seen = observation.properties
    return seen is not None and all(isfinite(seen.get(each.property_name, np.nan)) for each in objectives)


def learnable(objective: Objective, history: Sequence[Observation], usable: NDArray[np.bool_]) -> Array:
    """Collect one property of the usable trials, shape (number of usable ones,)."""
    return np.array(
        [
            each.properties[objective.property_name]
            for each, good in zip(history, usable, strict=True)
            if good and each.properties is not None
        ]
    )


def _feasibility(points: Array, failed: Array) -> Array:
    """Return a weight from 0 at a failed trial to 1 away from it."""
    if not len(failed):
        return np.ones(len(points))
    distance = cdist(points, failed).min(axis=1)
    return np.asarray(1.0 - np.exp(-((distance / _FAILED_REACH) ** 2)))


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


def search(space: Space, improvement: Callable[[Array], Array], inputs: Array, seed: int) -> Array:
    """Return the point, shape (d,), where a function of points (n, d) is largest, as far as was looked.

    Looks over the whole space, then ever closer around the best points and the trials so far, `inputs`.
    """
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
