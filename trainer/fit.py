"""From a CSV to a chosen, refitted, exported and signed surrogate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.evaluate import compare
from trainer.surrogate import Prepared

if TYPE_CHECKING:
    from trainer.dataset import Dataset
    from trainer.evaluate import Comparison, Progress
    from trainer.recipe import Recipe
    from trainer.split import Split
    from trainer.surrogate import Surrogate
    from trainer.trust import Trust
    from trainer.workers import Workers


@dataclass(frozen=True)
class Fitted:
    """The comparison, and what it was made from; `trust` where a report is wanted."""

    recipe: Recipe
    dataset: Dataset
    split: Split
    comparison: Comparison
    trust: Trust | None = None

    def surrogate(self) -> Surrogate:
        """Refit the best algorithm on all rows, with the deviations calibrated on held-out ones."""
        prepared = Prepared.of_rows(self.dataset, np.arange(len(self.dataset.x)), self.recipe.seed)
        best = self.comparison.best
        fitted = prepared.fit(best.algorithm, self.recipe.seed, best.settings)
        return fitted.calibrated(self.comparison.judged.calibration)


def fit(dataset: Dataset, recipe: Recipe, progress: Progress, *, workers: Workers | None = None) -> Fitted:
    """Split and compare; errors are `TrainerError`, or `UsageError` where the request is at fault."""
    split = dataset.split(recipe.split, recipe.seed)
    settings = {algorithm: recipe.settings_of(algorithm) for algorithm in recipe.algorithms}
    comparison = compare(
        dataset, split, recipe.algorithms, recipe.seed, progress, settings=settings, workers=workers
    )
    return Fitted(recipe, dataset, split, comparison)
