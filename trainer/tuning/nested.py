"""Searches inside each outer fold, so that no row that gives the score took part in the choice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from trainer.calibration import calibrate
from trainer.evaluate import Comparison, Evaluation, Held, hold_out, judge
from trainer.fit import Fitted
from trainer.tuning.objective import make_problem
from trainer.tuning.search import Found, search

if TYPE_CHECKING:
    from collections.abc import Callable

    from optuna.storages import BaseStorage

    from trainer.arrays import Floats, Ints
    from trainer.dataset import Dataset
    from trainer.recipe import Recipe
    from trainer.split import Split
    from trainer.tuning.objective import Problem
    from trainer.tuning.search import Budget
    from trainer.tuning.space import Choice
    from trainer.workers import Workers


@dataclass(frozen=True)
class Searching:
    """How to search: the same for every outer fold."""

    budget: Budget
    sampler: str
    storage: BaseStorage
    workers: Workers


@dataclass(frozen=True)
class Tuned:
    """`fitted` holds the choice made on all rows, with the score of the choices made in each outer fold."""

    fitted: Fitted
    found: Found
    by_fold: tuple[Found, ...]


def tune(
    dataset: Dataset,
    split: Split,
    recipe: Recipe,
    searching: Searching,
    told: Callable[[int, int], None],
) -> Tuned:
    """Choose in each outer fold and judge there; choose on all rows for the model that is kept."""
    folds = split.folds if split.final is None else (split.final,)
    trials = searching.budget.trials
    if searching.budget.seconds is not None:
        share = searching.budget.seconds / (len(folds) + 1)
        searching = replace(searching, budget=replace(searching.budget, seconds=share))
    held, by_fold = [], []
    for number, fold in enumerate(folds):
        told(number * trials, (len(folds) + 1) * trials)
        problem = make_problem(dataset, fold.train, recipe.seed)
        found = _search(dataset, fold.train, recipe, problem, searching)
        by_fold.append(found)
        part = hold_out(dataset, fold, found.choice.algorithm, recipe.seed, found.choice.settings)
        held.append(_comparable(part, problem, found.choice))
    told(len(folds) * trials, (len(folds) + 1) * trials)
    everything = np.arange(len(dataset.x))
    problem = make_problem(dataset, everything, recipe.seed)
    found = _search(dataset, everything, recipe, problem, searching)
    evaluation = _as_calibrated(
        judge(dataset, found.choice.algorithm, held, found.choice.settings), problem, found
    )
    kept = replace(recipe, algorithms=(found.choice.algorithm,), settings=found.choice.as_texts())
    fitted = Fitted(kept, dataset, split, Comparison((evaluation,), None))
    return Tuned(fitted, found, tuple(by_fold))


def _search(dataset: Dataset, rows: Ints, recipe: Recipe, problem: Problem, searching: Searching) -> Found:
    return search(
        problem,
        recipe.algorithms,
        searching.budget,
        sampler=searching.sampler,
        storage=searching.storage,
        name=_study_name(dataset, rows, recipe, searching.sampler),
        workers=searching.workers,
    )


def _study_name(dataset: Dataset, rows: Ints, recipe: Recipe, sampler: str) -> str:
    """Name what the outcome depends on, so that only an equal search is continued."""
    columns = [column.header for column in (*dataset.inputs, *dataset.targets)]
    asked = repr((columns, recipe.algorithms, recipe.group_by, recipe.seed, sampler))
    digest = sha256(dataset.sha256.encode() + asked.encode() + rows.tobytes())
    return f"{dataset.source} {digest.hexdigest()[:16]}"


def _comparable(part: Held, problem: Problem, choice: Choice) -> Held:
    """Bring deviations of different algorithms to one scale, by their errors on the inner folds."""
    return replace(part, std=part.std * _inner_calibration(problem, choice))


def _as_calibrated(evaluation: Evaluation, problem: Problem, found: Found) -> Evaluation:
    """Make `calibration` fit the deviations that the kept choice gives by itself."""
    return replace(evaluation, calibration=evaluation.calibration * _inner_calibration(problem, found.choice))


def _inner_calibration(problem: Problem, choice: Choice) -> Floats:
    ratios = []
    for fold in problem.folds:
        model = fold.prepared.fit(choice.algorithm, problem.seed, choice.settings)
        answer = model.predict(fold.x)
        ratios.append(np.abs(answer.mean - fold.y) / answer.std)
    return calibrate(np.concatenate(ratios))
