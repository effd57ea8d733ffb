"""Predicted deviations that keep their word, from errors on rows the model had not seen."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.arrays import Floats, Ints

ONE_SIGMA = 2.0 * NormalDist().cdf(1.0) - 1.0
# The interval that reports and tables show.
INTERVAL = 0.9
# A deviation of 0 would claim certainty, and divide by zero in any acquisition.
_FLOOR = 1e-6


def calibrate(ratios: Floats, level: float = ONE_SIGMA) -> Floats:
    """Return the factor of each target's deviation, from |error| / deviation on unseen rows [n, m].

    The split-conformal quantile (Angelopoulos & Bates 2021, arXiv:2107.07511): the k-th smallest ratio,
    k = ceil((n + 1) x level), so that a new row lies within that many deviations with probability `level`
    whatever the errors' distribution; by default, within one std as often as for a normal one.
    """
    count = len(ratios)
    rank = min(math.ceil((count + 1) * level), count)
    return np.asarray(np.maximum(np.sort(ratios, axis=0)[rank - 1], _FLOOR))


def coverage(ratios: Floats, fold_of: Ints, level: float) -> float:
    """Share of values inside the normal interval of `level`, each fold calibrated on the others."""
    width = NormalDist().inv_cdf(0.5 + 0.5 * level)
    return _share_inside(ratios, fold_of, lambda others: width * calibrate(others))


def interval_coverage(ratios: Floats, fold_of: Ints, level: float) -> float:
    """Share of values inside the conformal interval of `level`, each fold calibrated on the others."""
    return _share_inside(ratios, fold_of, lambda others: calibrate(others, level))


def _share_inside(ratios: Floats, fold_of: Ints, limit: Callable[[Floats], Floats]) -> float:
    folds = np.unique(fold_of)
    inside = 0
    for fold in folds:
        # A single fold has no others: it can only be measured by itself.
        others = ratios[fold_of != fold] if len(folds) > 1 else ratios
        inside += int((ratios[fold_of == fold] <= limit(others)).sum())
    return inside / ratios.size
