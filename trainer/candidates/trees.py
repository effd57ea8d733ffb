"""Decision tree, random forest and extremely randomised trees; many targets by their components."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor
from sklearn.tree import DecisionTreeRegressor

from trainer.candidates.targets import reduce_targets
from trainer.candidates.tree_sum import TreeSum, sum_trees
from trainer.candidates.tuned import Dimension, Tuned, grid

if TYPE_CHECKING:
    from trainer.candidates.base import Settings, TrainingSet

TREES = 200
# While settings are chosen.
FEW_TREES = 40
# Leaves of all trees together: a device takes a graph of 32 MB at most.
MAX_LEAVES = 200_000


def fit_tree(data: TrainingSet, settings: Settings, seed: int) -> TreeSum:
    """Fit one tree of at least `leaf` conditions a leaf."""
    reduced, components = reduce_targets(data)
    tree = DecisionTreeRegressor(min_samples_leaf=int(settings["leaf"]), random_state=seed)
    tree.fit(reduced.z, reduced.y, sample_weight=data.counts)
    return sum_trees([(tree, None)], 1.0, components)


def fit_forest(data: TrainingSet, settings: Settings, seed: int) -> TreeSum:
    """Fit `trees` on bootstrap samples; each split sees the share `features`, a leaf at least `leaf`."""
    return _fit_many(data, settings, seed, RandomForestRegressor)


def fit_extra_trees(data: TrainingSet, settings: Settings, seed: int) -> TreeSum:
    """Fit `trees` whose thresholds are drawn by chance (Geurts et al. 2006)."""
    return _fit_many(data, settings, seed, ExtraTreesRegressor)


def _fit_many(
    data: TrainingSet,
    settings: Settings,
    seed: int,
    kind: type[RandomForestRegressor | ExtraTreesRegressor],
) -> TreeSum:
    reduced, components = reduce_targets(data)
    count = max(min(int(settings["trees"]), MAX_LEAVES // len(data.z)), 1)
    forest = kind(
        n_estimators=count,
        max_features=settings["features"],
        min_samples_leaf=int(settings["leaf"]),
        random_state=seed,
    )
    y = reduced.y.ravel() if reduced.y.shape[1] == 1 else reduced.y
    forest.fit(reduced.z, y, sample_weight=data.counts)
    return sum_trees([(tree, None) for tree in forest.estimators_], 1.0 / count, components)


_LEAF = Dimension(1, 20, is_log=True, is_whole=True)
_SPACE = {"features": Dimension(0.1, 1.0), "leaf": _LEAF}
_GRID = grid(trees=(float(FEW_TREES),), features=(0.4, 1.0), leaf=(1.0,))
# Thresholds by chance are as much chance as is good: each split sees every feature (Geurts et al. 2006).
_EXTRA_GRID = grid(trees=(float(FEW_TREES),), features=(1.0,), leaf=(1.0, 2.0))
_FINAL = {"trees": float(TREES)}
TREE = Tuned(fit_tree, grid(leaf=(1.0, 2.0, 3.0, 5.0, 8.0, 12.0)), {"leaf": _LEAF})
FOREST = Tuned(fit_forest, _GRID, _SPACE, _FINAL)
EXTRA_TREES = Tuned(fit_extra_trees, _EXTRA_GRID, _SPACE, _FINAL)
