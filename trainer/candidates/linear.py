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


def fit_ridge(data: TrainingSet, _seed: int) -> LinearModel:
    """Fit all targets at once, the penalty of each by its leave-one-out error in closed form."""
    model = RidgeCV(alphas=PENALTIES, alpha_per_target=True)
    model.fit(data.z, data.y, sample_weight=data.counts)
    # For one target scikit-learn gives vectors.
    weights = np.asarray(model.coef_).reshape(data.y.shape[1], -1).T
    return LinearModel(np.ascontiguousarray(weights), np.asarray(model.intercept_).reshape(-1))


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
