"""How good a choice is: squared error on inner folds of the rows that a search is given.

Runs in any process: everything it needs is in its arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.split import make_split
from trainer.surrogate import Prepared

if TYPE_CHECKING:
    from trainer.arrays import Floats, Ints
    from trainer.dataset import Dataset
    from trainer.tuning.space import Choice

INNER_FOLDS = 5
# A choice this much worse than the best after its first folds is not looked at further.
_HOPELESS = 2.0


@dataclass(frozen=True)
class InnerFold:
    """Scaling and training rows of one inner fold, learned once, and the rows `x`, `y` that judge."""

    prepared: Prepared
    x: Floats
    y: Floats


@dataclass(frozen=True)
class Problem:
    """`spread` [m]: variance of each target in all rows of the search; `seed` of every fit."""

    folds: tuple[InnerFold, ...]
    spread: Floats
    seed: int


@dataclass(frozen=True)
class Task:
    """A choice to try; `bound` is the least loss known before, infinite at first."""

    choice: Choice
    bound: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """`loss`: squared error over variance, mean over targets; of the folds seen, if `was_stopped`."""

    loss: float
    was_stopped: bool


def make_problem(dataset: Dataset, rows: Ints, seed: int) -> Problem:
    """Divide `rows` into inner folds, groups kept whole."""
    group_of = None
    if dataset.group_of is not None:
        group_of = np.unique(dataset.group_of[rows], return_inverse=True)[1]
    units = len(rows) if group_of is None else int(group_of.max()) + 1
    split = make_split(f"kfold:{min(INNER_FOLDS, units)}", len(rows), group_of, seed)
    if dataset.at_limit is not None:
        split = split.judging(~dataset.at_limit[rows])
    folds = []
    for fold in split.folds:
        train, test = rows[fold.train], rows[fold.test]
        prepared = Prepared.of_rows(dataset, train, seed)
        folds.append(InnerFold(prepared, dataset.x[test], dataset.y[test]))
    spread = np.maximum(dataset.y[rows].var(axis=0), np.finfo(float).tiny)
    return Problem(tuple(folds), spread, seed)


def evaluate(problem: Problem, task: Task) -> Outcome:
    """Fit the choice on each inner fold; stop where it is hopeless."""
    total, count = 0.0, 0
    for number, fold in enumerate(problem.folds):
        model = fold.prepared.fit(task.choice.algorithm, problem.seed, task.choice.settings)
        missed = (model.predict(fold.x).mean - fold.y) ** 2 / problem.spread
        total += float(missed.mean(axis=1).sum())
        count += len(fold.y)
        loss = total / count if np.isfinite(total) else float("inf")
        if loss > _HOPELESS * task.bound and number + 1 < len(problem.folds):
            return Outcome(loss, was_stopped=True)
    return Outcome(loss, was_stopped=False)
