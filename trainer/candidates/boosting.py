"""Gradient boosting of shallow trees (Friedman 2001), each score of the targets by its own trees.

The exact kind, not the one by histograms: on the few thousand rows of a set of experiments bins save nothing,
and skl2onnx does not convert them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.ensemble import GradientBoostingRegressor

from trainer.candidates.targets import reduce_targets
from trainer.candidates.tree_sum import TreeSum, sum_trees
from trainer.candidates.tuned import Dimension, Tuned, grid

if TYPE_CHECKING:
    from trainer.candidates.base import Settings, TrainingSet

# Each tree sees so much of the conditions (stochastic boosting, Friedman 2002).
SAMPLED_SHARE = 0.7


def fit_boosting(data: TrainingSet, settings: Settings, seed: int) -> TreeSum:
    """Fit so many `stages` of trees with `depth` levels, each added at `rate`."""
    reduced, components = reduce_targets(data)
    trees = []
    for column in range(reduced.y.shape[1]):
        model = GradientBoostingRegressor(
            # Scores have mean 0 already.
            init="zero",
            learning_rate=settings["rate"],
            n_estimators=int(settings["stages"]),
            max_depth=int(settings["depth"]),
            subsample=SAMPLED_SHARE,
            random_state=seed,
        )
        model.fit(reduced.z, reduced.y[:, column], sample_weight=data.counts)
        trees += [(stage[0], column) for stage in model.estimators_]
    return sum_trees(trees, settings["rate"], components)


BOOSTING = Tuned(
    fit_boosting,
    grid(stages=(100.0, 300.0), depth=(2.0, 4.0), rate=(0.07,)),
    {
        "stages": Dimension(30, 600, is_log=True, is_whole=True),
        "depth": Dimension(1, 6, is_whole=True),
        "rate": Dimension(0.01, 0.3, is_log=True),
    },
)
