"""What a model relies on: how much each input matters on unseen rows, and what the model does along it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.surrogate import Prepared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trainer.arrays import Floats, Ints
    from trainer.dataset import Dataset
    from trainer.split import Fold
    from trainer.surrogate import Surrogate

SHUFFLES = 5
GRID = 20
# Rows that a partial dependence averages over; more change the curve by less than its width.
BACKGROUND = 200
# A grid to the extremes would show what one odd row does to the model.
_EDGES = (0.02, 0.98)
_BAND = (0.1, 0.9)


@dataclass(frozen=True)
class Fit:
    """How the model in question is fitted to some rows of its data."""

    algorithm: str
    settings: Mapping[str, float]
    seed: int

    def __call__(self, dataset: Dataset, rows: Ints) -> Surrogate:
        prepared = Prepared.of_rows(dataset, rows, self.seed)
        return prepared.fit(self.algorithm, self.seed, self.settings)


@dataclass(frozen=True, slots=True)
class Importance:
    """`loss`: how much R2 (mean over targets) falls when the input is shuffled; `spread`: its deviation."""

    name: str
    loss: float
    spread: float


@dataclass(frozen=True)
class Dependence:
    """Mean prediction of each target [g, m] with one input set to `grid` [g], and where 80 % of rows lie."""

    name: str
    unit: str
    choices: tuple[str, ...]
    grid: Floats
    mean: Floats
    low: Floats
    high: Floats


def permutation_importance(dataset: Dataset, folds: tuple[Fold, ...], fit: Fit) -> tuple[Importance, ...]:
    """Shuffle each input in the test rows of each fold (Breiman 2001); most important first.

    Inputs that say the same stand in for one another: each then looks less important than it is.
    """
    rng = np.random.default_rng(fit.seed)
    spread = np.maximum(dataset.y.var(axis=0), np.finfo(float).tiny)
    losses: list[Floats] = []
    for fold in folds:
        model = fit(dataset, fold.train)
        x, y = dataset.x[fold.test], dataset.y[fold.test]
        before = _unexplained(model, x, y, spread)
        for _ in range(SHUFFLES):
            after = [_unexplained(model, _shuffled(x, i, rng), y, spread) for i in range(x.shape[1])]
            losses.append(np.array(after) - before)
    table = np.array(losses)
    found = [
        Importance(column.name, float(mean), float(deviation))
        for column, mean, deviation in zip(dataset.inputs, table.mean(axis=0), table.std(axis=0), strict=True)
    ]
    return tuple(sorted(found, key=lambda each: -each.loss))


def partial_dependence(surrogate: Surrogate, dataset: Dataset, index: int, seed: int) -> Dependence:
    """Set input `index` to each value of a grid in a sample of rows (Friedman 2001), all else as measured."""
    column = dataset.inputs[index]
    rows = np.random.default_rng(seed).permutation(len(dataset.x))[:BACKGROUND]
    if column.choices:
        grid = np.arange(len(column.choices), dtype=np.float64)
    else:
        low, high = np.nanquantile(column.data, _EDGES)
        grid = np.unique(np.linspace(low, high, GRID))
    answers = np.array([surrogate.predict(_with_input(dataset.x[rows], index, value)).mean for value in grid])
    low_band, high_band = np.quantile(answers, _BAND, axis=1)
    return Dependence(
        column.name, column.unit, column.choices, grid, answers.mean(axis=1), low_band, high_band
    )


def _unexplained(model: Surrogate, x: Floats, y: Floats, spread: Floats) -> float:
    return float((((model.predict(x).mean - y) ** 2).mean(axis=0) / spread).mean())


def _shuffled(x: Floats, index: int, rng: np.random.Generator) -> Floats:
    return _with_input(x, index, rng.permutation(x[:, index]))


def _with_input(x: Floats, index: int, value: Floats | float) -> Floats:
    changed = x.copy()
    changed[:, index] = value
    return changed
