"""Linear models: least squares, ridge, LASSO, elastic net. Conditions measured more often weigh more."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet, RidgeCV

from trainer.candidates.tuned import Dimension, Tuned, grid

if TYPE_CHECKING:
    from trainer.arrays import Floats
    from trainer.candidates.base import Settings, TrainingSet
    from trainer.graph import Graph

PENALTIES = np.logspace(-4, 4, 25)
_SHRINKAGES = tuple(np.logspace(-4, 0, 9).tolist())
MAX_ITERATIONS = 5000
_GROUP_FOLDS = 5


@dataclass(frozen=True)
class LinearModel:
    """`weights` [p, m], `intercept` [m]."""

    weights: Floats
    intercept: Floats

    def predict(self, z: Floats) -> tuple[Floats, None]:
        return z @ self.weights + self.intercept, None

    def add_to(self, graph: Graph, features: str) -> tuple[str, None]:
        product = graph.op("MatMul", features, graph.constant(self.weights))
        return graph.op("Add", product, graph.constant(self.intercept)), None


def fit_least_squares(data: TrainingSet, _seed: int) -> LinearModel:
    """Fit by the shortest of all solutions, so that redundant features do no harm."""
    root = np.sqrt(data.counts)[:, None]
    design = np.hstack([data.z, np.ones((len(data.z), 1))])
    solution = np.linalg.lstsq(design * root, data.y * root, rcond=1e-10)[0]
    return LinearModel(np.ascontiguousarray(solution[:-1]), solution[-1])


def fit_ridge(data: TrainingSet, seed: int) -> LinearModel:
    """Fit all targets at once, the penalty of each by its leave-one-out error in closed form.

    Where whole groups will be new, by the error on groups left out.
    """
    if data.group_of is not None:
        return _fit_ridge_across_groups(data, seed)
    model = RidgeCV(alphas=PENALTIES, alpha_per_target=True)
    model.fit(data.z, data.y, sample_weight=data.counts)
    # For one target scikit-learn gives vectors.
    weights = np.asarray(model.coef_).reshape(data.y.shape[1], -1).T
    return LinearModel(np.ascontiguousarray(weights), np.asarray(model.intercept_).reshape(-1))


def _fit_ridge_across_groups(data: TrainingSet, seed: int) -> LinearModel:
    fold_of = data.deal(_GROUP_FOLDS, np.random.default_rng(seed))
    errors = np.zeros((len(PENALTIES), data.y.shape[1]))
    for fold in np.unique(fold_of):
        held = fold_of == fold
        models = _ridges(data.part(np.flatnonzero(~held)))
        missed = np.stack([model.predict(data.z[held])[0] - data.y[held] for model in models])
        errors += np.einsum("n,pnm->pm", data.counts[held], missed**2)
    best = errors.argmin(axis=0)
    weights, intercepts = zip(*((model.weights, model.intercept) for model in _ridges(data)), strict=True)
    targets = np.arange(data.y.shape[1])
    chosen = np.stack(weights)[best, :, targets].T
    return LinearModel(np.ascontiguousarray(chosen), np.stack(intercepts)[best, targets])


def _ridges(data: TrainingSet) -> list[LinearModel]:
    """Fit under every penalty, by one singular value decomposition (Hastie et al. 2009, eq. 3.47)."""
    share = data.counts / data.counts.sum()
    centre, middle = share @ data.z, share @ data.y
    root = np.sqrt(data.counts)[:, None]
    left, sizes, right = np.linalg.svd((data.z - centre) * root, full_matrices=False)
    scores = left.T @ ((data.y - middle) * root)
    fits = [right.T @ ((sizes / (sizes**2 + penalty))[:, None] * scores) for penalty in PENALTIES]
    return [LinearModel(weights, middle - centre @ weights) for weights in fits]


def fit_elastic_net(data: TrainingSet, settings: Settings, _seed: int) -> LinearModel:
    """Fit each target by `penalty` and the `sparsity` (1: LASSO) that divides it between |w| and w^2."""
    weights, intercept = np.zeros((data.z.shape[1], data.y.shape[1])), np.zeros(data.y.shape[1])
    for target in range(data.y.shape[1]):
        model = ElasticNet(alpha=settings["penalty"], l1_ratio=settings["sparsity"], max_iter=MAX_ITERATIONS)
        with warnings.catch_warnings():
            # The least penalties of the grid may stop at the limit; their error on held-out rows judges them.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(data.z, data.y[:, target], sample_weight=data.counts)
        weights[:, target], intercept[target] = model.coef_, model.intercept_
    return LinearModel(weights, intercept)


_PENALTY = Dimension(1e-5, 10.0, is_log=True)
LASSO = Tuned(fit_elastic_net, grid(penalty=_SHRINKAGES, sparsity=(1.0,)), {"penalty": _PENALTY})
ELASTIC_NET = Tuned(
    fit_elastic_net,
    grid(penalty=_SHRINKAGES, sparsity=(0.2, 0.5, 0.8)),
    {"penalty": _PENALTY, "sparsity": Dimension(0.05, 1.0)},
)
