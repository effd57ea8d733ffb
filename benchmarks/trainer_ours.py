"""The trainer as `ostwald-trainer tune` uses it on one outer fold: a search on inner folds, then a fit."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from trainer.evaluate import hold_out
from trainer.tuning.objective import make_problem
from trainer.tuning.search import BATCH, MAX_TRIALS, Budget, Found, open_storage, search
from trainer.workers import InProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.trainer_systems import Training
    from trainer.arrays import Floats

# The combination of unlike ones, and the best of its members.
ALGORITHMS: Final = ("stacking", "extra-trees", "gp", "mlp")


def answer(training: Training) -> Iterator[Floats]:
    """Answer once."""
    choice = _search(training, time.monotonic() + training.budget_s).choice
    held = hold_out(training.dataset, training.fold, choice.algorithm, training.seed, choice.settings)
    yield held.mean[:, 0]


def _search(training: Training, deadline_s: float) -> Found:
    """Go on as long as one more batch, as slow as the slowest so far, and the last fit end in time."""
    problem = make_problem(training.dataset, training.fold.train, training.seed)
    storage = open_storage(None)
    slowest_s = 0.0
    for trials in range(BATCH, MAX_TRIALS, BATCH):
        started_s = time.monotonic()
        found = search(
            problem,
            ALGORITHMS,
            Budget(trials, patience=trials),
            sampler="tpe",
            storage=storage,
            name=training.dataset.source,
            workers=InProcess(),
        )
        slowest_s = max(slowest_s, time.monotonic() - started_s)
        # A batch holds more fits than the one that is left.
        if time.monotonic() + 2.0 * slowest_s > deadline_s:
            break
    return found
