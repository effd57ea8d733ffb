"""Compares algorithms on held-out rows; everything is learned anew inside each fold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.calibration import INTERVAL, ONE_SIGMA, calibrate, coverage, interval_coverage
from trainer.errors import TrainerError
from trainer.scores import Score, score_targets, score_together
from trainer.surrogate import Prepared

if TYPE_CHECKING:
    from trainer.arrays import Floats, Ints
    from trainer.dataset import Dataset
    from trainer.split import Fold, Split

# Below this, no inner choice of settings is possible.
MIN_CONDITIONS = 4
# Told after every fit: how many are done, of how many.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Evaluation:
    """One algorithm on unseen `rows` [k] of the data set; `mean`, `std` [k, m], calibrated; `novelty` [k].

    `interval` [m] times std is the half width of the 90 % interval; `coverage_90` is how often it held.
    """

    algorithm: str
    score: Score
    targets: tuple[Score, ...]
    coverage_68: float
    coverage_90: float
    coverage_95: float
    calibration: Floats
    interval: Floats
    rows: Ints
    mean: Floats
    std: Floats
    novelty: Floats

    @property
    def half_width(self) -> Floats:
        """[k, m], of the 90 % interval around `mean`."""
        return self.std * self.interval


@dataclass(frozen=True)
class Comparison:
    """`evaluations`, best first; `final` scores the best afresh."""

    evaluations: tuple[Evaluation, ...]
    final: Evaluation | None

    @property
    def best(self) -> Evaluation:
        return self.evaluations[0]

    @property
    def judged(self) -> Evaluation:
        """The best algorithm on the rows that score it: untouched ones in a three-part split."""
        return self.final or self.best


@dataclass(frozen=True)
class _Held:
    """Raw predictions for the test rows of one fold."""

    rows: Ints
    mean: Floats
    std: Floats
    novelty: Floats


def compare(
    dataset: Dataset, split: Split, algorithms: tuple[str, ...], seed: int, progress: Progress
) -> Comparison:
    """Fit every algorithm on every fold and rank them by R2."""
    held: dict[str, list[_Held]] = {algorithm: [] for algorithm in algorithms}
    total, done = len(split.folds) * len(algorithms), 0
    for fold in split.folds:
        prepared = _prepare(dataset, fold, seed)
        for algorithm in algorithms:
            held[algorithm].append(_predict(dataset, fold, prepared, algorithm, seed))
            done += 1
            progress(done, total)
    evaluations = [_judge(dataset, algorithm, parts) for algorithm, parts in held.items()]
    evaluations.sort(key=lambda evaluation: -evaluation.score.r2)
    final = None
    if split.final is not None:
        prepared = _prepare(dataset, split.final, seed)
        best = evaluations[0].algorithm
        final = _judge(dataset, best, [_predict(dataset, split.final, prepared, best, seed)])
    return Comparison(tuple(evaluations), final)


def _prepare(dataset: Dataset, fold: Fold, seed: int) -> Prepared:
    prepared = Prepared.of(dataset.x[fold.train], dataset.y[fold.train], dataset.kinds, seed)
    if (distinct := len(prepared.data.z)) < MIN_CONDITIONS:
        raise TrainerError(
            f"{dataset.source}: {distinct} distinct conditions to train on, {MIN_CONDITIONS} are needed",
            remedy="add conditions, or train on a larger share with --split",
        )
    return prepared


def _predict(dataset: Dataset, fold: Fold, prepared: Prepared, algorithm: str, seed: int) -> _Held:
    prediction = prepared.fit(algorithm, seed).predict(dataset.x[fold.test])
    return _Held(fold.test, prediction.mean, prediction.std, prediction.novelty)


def _judge(dataset: Dataset, algorithm: str, held: list[_Held]) -> Evaluation:
    rows = np.concatenate([part.rows for part in held])
    mean = np.concatenate([part.mean for part in held])
    std = np.concatenate([part.std for part in held])
    fold_of = np.repeat(np.arange(len(held)), [len(part.rows) for part in held])
    truth = dataset.y[rows]
    ratios = np.abs(mean - truth) / std
    targets = score_targets(truth, mean)
    calibration = calibrate(ratios)
    return Evaluation(
        algorithm=algorithm,
        score=score_together(truth, targets),
        targets=targets,
        coverage_68=coverage(ratios, fold_of, ONE_SIGMA),
        coverage_90=interval_coverage(ratios, fold_of, INTERVAL),
        coverage_95=coverage(ratios, fold_of, 0.95),
        calibration=calibration,
        interval=calibrate(ratios, INTERVAL) / calibration,
        rows=rows,
        mean=mean,
        std=std * calibration,
        novelty=np.concatenate([part.novelty for part in held]),
    )
