"""The trainer as `ostwald-trainer tune` uses it on one outer fold: a search on inner folds, then a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trainer.evaluate import hold_out
from trainer.tuning.objective import make_problem
from trainer.tuning.search import MAX_TRIALS, Budget, open_storage, search
from trainer.workers import InProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.trainer_systems import Training
    from trainer.arrays import Floats

# As unlike each other as good ones are.
ALGORITHMS: Final = ("gp", "svr-laplacian", "quadratic-cross", "extra-trees", "mlp", "boosting")
# Of the budget; the rest is for the fit to all training rows.
_SEARCHING: Final = 0.75


def answer(training: Training) -> Iterator[Floats]:
    """Answer once."""
    problem = make_problem(training.dataset, training.fold.train, training.seed)
    budget = Budget(MAX_TRIALS, seconds=_SEARCHING * training.budget_s, patience=MAX_TRIALS)
    found = search(
        problem,
        ALGORITHMS,
        budget,
        sampler="tpe",
        storage=open_storage(None),
        name=training.dataset.source,
        workers=InProcess(),
    )
    choice = found.choice
    held = hold_out(training.dataset, training.fold, choice.algorithm, training.seed, choice.settings)
    yield held.mean[:, 0]
