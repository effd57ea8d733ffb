"""Algorithms whose settings are chosen by cross-validation inside the rows that they are given.

No row that will judge the model is ever among them: whoever holds rows out does so before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from trainer.candidates.base import Regressor, Settings, TrainingSet

if TYPE_CHECKING:
    from trainer.arrays import Floats, Ints

FOLDS = 3
# Enough to tell settings apart; the final fit sees every row and every target.
MAX_TUNING_ROWS = 300
MAX_TUNING_TARGETS = 3
# Fits a regressor by given settings; equal seeds give equal models.
FitWith = Callable[[TrainingSet, Settings, int], Regressor]


@dataclass(frozen=True, slots=True)
class Dimension:
    """Where a setting may lie for a wider search: `low` to `high`, by its logarithm, or whole numbers."""

    low: float
    high: float
    is_log: bool = False
    is_whole: bool = False


@dataclass(frozen=True)
class Tuned:
    """`grid`: what is tried; `final`: what the last fit sets otherwise; `space`: for searches beyond it."""

    fit_with: FitWith
    grid: tuple[Settings, ...]
    space: Mapping[str, Dimension] = field(default_factory=dict)
    final: Settings = field(default_factory=dict)

    def __call__(self, data: TrainingSet, seed: int, /) -> Regressor:
        return self.fit_with(data, {**self.choose(data, seed), **self.final}, seed)

    def choose(self, data: TrainingSet, seed: int) -> Settings:
        """Return the settings of the grid with the least squared error on inner held-out conditions."""
        if len(self.grid) == 1:
            return self.grid[0]
        rng = np.random.default_rng(seed)
        rows = rng.permutation(len(data.z))[:MAX_TUNING_ROWS]
        part = data.with_targets(leading_parts(data.y)).part(rows)
        fold_of = part.deal(FOLDS, rng)
        errors = [self._error(part, fold_of, settings, seed) for settings in self.grid]
        return self.grid[int(np.argmin(errors))]

    def _error(self, data: TrainingSet, fold_of: Ints, settings: Settings, seed: int) -> float:
        error = 0.0
        for fold in np.unique(fold_of):
            model = self.fit_with(data.part(np.flatnonzero(fold_of != fold)), settings, seed)
            held = fold_of == fold
            missed = (model.predict(data.z[held])[0] - data.y[held]) ** 2
            error += float((data.counts[held, None] * missed).sum())
        # Settings under which a fit breaks down are the worst of all.
        return error if np.isfinite(error) else np.inf


def grid(**values: tuple[float, ...]) -> tuple[Settings, ...]:
    """Every combination of the named values."""
    return tuple(dict(zip(values, each, strict=True)) for each in product(*values.values()))


def leading_parts(y: Floats) -> Floats:
    """Return the targets, or the leading principal components of many."""
    if y.shape[1] <= MAX_TUNING_TARGETS:
        return y
    left, sizes, _ = np.linalg.svd(y - y.mean(axis=0), full_matrices=False)
    return np.asarray(left[:, :MAX_TUNING_TARGETS] * sizes[:MAX_TUNING_TARGETS])
