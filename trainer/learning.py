"""Would more experiments help? Error on unseen rows against the number of rows trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.dataset import same_rows
from trainer.evaluate import MIN_CONDITIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.arrays import Floats, Ints
    from trainer.dataset import Dataset
    from trainer.explain import Fit
    from trainer.split import Fold

SHARES = (0.2, 0.35, 0.5, 0.7, 1.0)
# A doubling of the data that gains less is not worth the experiments.
WORTHWHILE_GAIN = 0.05
# An error within this factor of what repeated experiments differ by cannot fall much further.
_NEAR_NOISE = 1.15


@dataclass(frozen=True)
class LearningCurve:
    """`rows` [s] trained on and RMSE [s, folds], in deviations of each target (root mean over targets).

    `gain`: share of the error that a doubling is expected to remove, from a power law through the larger half
    of the sizes; `doubt`: its standard deviation between folds; `noise`: RMSE that repeated rows leave.
    """

    rows: Floats
    rmse: Floats
    gain: float
    doubt: float
    noise: float | None

    @property
    def more_would_help(self) -> bool:
        return self.gain >= WORTHWHILE_GAIN and self.gain > self.doubt and not self.at_noise

    @property
    def at_noise(self) -> bool:
        """Whether the error has come down to what repeated experiments differ by."""
        return self.noise is not None and float(self.rmse[-1].mean()) <= _NEAR_NOISE * self.noise

    def verdict(self) -> str:
        """One sentence for a chemist."""
        gain = f"twice the experiments would cut the error by about {max(self.gain, 0.0):.0%}"
        if self.at_noise:
            return "More data would not help: the error is already what repeated experiments differ by."
        if self.more_would_help:
            return f"More data would help: {gain} (± {self.doubt:.0%})."
        return f"More data of this kind would not help much: {gain} (± {self.doubt:.0%})."


def learning_curve(
    dataset: Dataset,
    folds: tuple[Fold, ...],
    fit: Fit,
    progress: Callable[[int, int], None],
) -> LearningCurve | None:
    """Fit on growing parts of each fold, groups whole; None where even a half is too few conditions."""
    spread = np.maximum(dataset.y.std(axis=0), np.finfo(float).tiny)
    rows, errors = [], []
    for number, fold in enumerate(folds):
        parts = _growing_parts(dataset, fold, fit.seed)
        fits = [_error(dataset, part, fold.test, fit, spread) for part in parts]
        rows.append([float(len(part)) for part in parts])
        errors.append(fits)
        progress(number + 1, len(folds))
    table = np.array(errors).T
    usable = np.isfinite(table).all(axis=1)
    if int(usable.sum()) < 3:
        return None
    sizes, table = np.mean(rows, axis=0)[usable], table[usable]
    gains = _gains_of_doubling(sizes, table)
    doubt = float(gains.std(ddof=1)) / math.sqrt(len(gains)) if len(gains) > 1 else 0.0
    return LearningCurve(sizes, table, float(gains.mean()), doubt, replicate_noise(dataset, spread))


def replicate_noise(dataset: Dataset, spread: Floats) -> float | None:
    """RMSE in units of `spread` [m] that no model of the inputs can go below, from repeated rows; or None."""
    labels = same_rows(dataset.x)
    counts = np.bincount(labels)
    freedom = int((counts - 1).sum())
    # A handful of repeats says next to nothing about a variance.
    if freedom < MIN_CONDITIONS:
        return None
    sums = np.zeros((len(counts), dataset.y.shape[1]))
    np.add.at(sums, labels, dataset.y)
    within = ((dataset.y - (sums / counts[:, None])[labels]) ** 2).sum(axis=0) / freedom
    return float(np.sqrt((within / spread**2).mean()))


def _growing_parts(dataset: Dataset, fold: Fold, seed: int) -> list[Ints]:
    units = np.arange(len(dataset.x)) if dataset.group_of is None else dataset.group_of
    own = units[fold.train]
    order = np.random.default_rng(seed).permutation(np.unique(own))
    return [fold.train[np.isin(own, order[: max(round(share * len(order)), 1)])] for share in SHARES]


def _error(dataset: Dataset, train: Ints, test: Ints, fit: Fit, spread: Floats) -> float:
    if len(np.unique(dataset.x[train], axis=0)) < MIN_CONDITIONS:
        return float("nan")
    missed = (fit(dataset, train).predict(dataset.x[test]).mean - dataset.y[test]) / spread
    return float(np.sqrt((missed**2).mean()))


def _gains_of_doubling(sizes: Floats, errors: Floats) -> Floats:
    """For each fold, 1 - 2^slope of log(error) over log(rows), through the last three sizes."""
    logs = np.log(np.maximum(errors[-3:], np.finfo(float).tiny))
    slopes = np.polyfit(np.log(sizes[-3:]), logs, 1)[0]
    return np.asarray(1.0 - 2.0**slopes)
