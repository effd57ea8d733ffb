"""Compares algorithms on held-out rows; everything is learned anew inside each fold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from trainer.calibration import INTERVAL, ONE_SIGMA, calibrate, coverage, interval_coverage
from trainer.errors import TrainerError
from trainer.scores import Score, score_targets, score_together
from trainer.surrogate import Prepared
from trainer.workers import InProcess

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trainer.arrays import Floats, Ints
    from trainer.dataset import Dataset
    from trainer.split import Fold, Split
    from trainer.workers import Workers

# Below this, no inner choice of settings is possible.
MIN_CONDITIONS = 4
# Told after every fit: how many are done, of how many.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Evaluation:
    """One algorithm on unseen `rows` [k] of the data set; `mean`, `std` [k, m], calibrated; `novelty` [k].

    `settings` are those that a search chose, empty where the algorithm chose by itself.
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
    settings: Mapping[str, float]

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


class Measured(Protocol):
    """Rows whose targets are known."""

    @property
    def y(self) -> Floats:
        """Targets [n, m]."""


@dataclass(frozen=True)
class Held:
    """Raw predictions for the test rows of one fold."""

    rows: Ints
    mean: Floats
    std: Floats
    novelty: Floats


@dataclass(frozen=True)
class _Job:
    """What the fits of a comparison share."""

    dataset: Dataset
    settings: Mapping[str, Mapping[str, float]]
    seed: int


def compare(
    dataset: Dataset,
    split: Split,
    algorithms: tuple[str, ...],
    seed: int,
    progress: Progress,
    *,
    settings: Mapping[str, Mapping[str, float]] | None = None,
    workers: Workers | None = None,
) -> Comparison:
    """Fit every algorithm on every fold and rank them by R2; `settings` fixes some of each algorithm's."""
    job = _Job(dataset, settings or {}, seed)
    tasks = [(fold, algorithm) for fold in split.folds for algorithm in algorithms]
    held: dict[str, list[Held]] = {algorithm: [] for algorithm in algorithms}
    answers = (workers or InProcess()).map(_hold_out, job, tasks)
    for done, ((_, algorithm), part) in enumerate(zip(tasks, answers, strict=True), start=1):
        held[algorithm].append(part)
        progress(done, len(tasks))
    evaluations = [
        judge(dataset, algorithm, parts, job.settings.get(algorithm, {})) for algorithm, parts in held.items()
    ]
    evaluations.sort(key=lambda evaluation: -evaluation.score.r2)
    final = None
    if split.final is not None:
        best = evaluations[0]
        part = _hold_out(job, (split.final, best.algorithm))
        final = judge(dataset, best.algorithm, [part], best.settings)
    return Comparison(tuple(evaluations), final)


def _hold_out(job: _Job, task: tuple[Fold, str]) -> Held:
    fold, algorithm = task
    return hold_out(job.dataset, fold, algorithm, job.seed, job.settings.get(algorithm, {}))


def hold_out(dataset: Dataset, fold: Fold, algorithm: str, seed: int, settings: Mapping[str, float]) -> Held:
    """Fit on a fold's training rows and predict its test rows; TrainerError where conditions are too few."""
    prepared = Prepared.of_rows(dataset, fold.train, seed)
    if (distinct := len(prepared.data.z)) < MIN_CONDITIONS:
        raise TrainerError(
            f"{dataset.source}: {distinct} distinct conditions to train on, {MIN_CONDITIONS} are needed",
            remedy="add conditions, or train on a larger share with --split",
        )
    prediction = prepared.fit(algorithm, seed, settings).predict(dataset.x[fold.test])
    return Held(fold.test, prediction.mean, prediction.std, prediction.novelty)


def judge(dataset: Measured, algorithm: str, held: list[Held], settings: Mapping[str, float]) -> Evaluation:
    """Score and calibrate raw predictions of one algorithm, a part for each fold."""
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
        settings=settings,
    )
