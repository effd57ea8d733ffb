"""FLAML's AutoML with its defaults: it knows categories and gaps by itself, and is told of groups."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from flaml import AutoML

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.trainer_systems import Training
    from trainer.arrays import Floats


def answer(training: Training) -> Iterator[Floats]:
    """Answer once, after its search and its refit on all training rows."""
    grouped: dict[str, Any] = {}
    if training.groups is not None:
        grouped = {"split_type": "group", "groups": training.groups, "n_splits": training.inner_folds}
    search = AutoML()
    with warnings.catch_warnings():
        # It warns of its own dependencies.
        warnings.simplefilter("ignore")
        search.fit(
            X_train=training.frame(training.fold.train),
            y_train=training.target,
            task="regression",
            time_budget=training.budget_s,
            n_jobs=1,
            seed=training.seed,
            verbose=0,
            **grouped,
        )
        yield np.asarray(search.predict(training.frame(training.fold.test)), dtype=np.float64)
