"""Ridge regression; the penalty of each target by leave-one-out error in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.linear_model import RidgeCV

if TYPE_CHECKING:
    from trainer.arrays import Floats
    from trainer.candidates.base import TrainingSet
    from trainer.graph import Graph

PENALTIES = np.logspace(-4, 4, 25)


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


def fit(data: TrainingSet, _seed: int) -> LinearModel:
    """Fit all targets at once; nothing here is random."""
    model = RidgeCV(alphas=PENALTIES, alpha_per_target=True)
    model.fit(data.z, data.y, sample_weight=data.counts)
    # For one target scikit-learn gives vectors.
    weights = np.asarray(model.coef_).reshape(data.y.shape[1], -1).T
    return LinearModel(np.ascontiguousarray(weights), np.asarray(model.intercept_).reshape(-1))
