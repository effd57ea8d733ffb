"""Response surfaces of second order: squares of every number, and products of two features if wanted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from trainer.candidates.linear import LinearModel, fit_ridge

if TYPE_CHECKING:
    from trainer.arrays import Floats
    from trainer.candidates.base import TrainingSet
    from trainer.graph import Graph

# Of more features, only so many form cross terms: those that go most with a target. They make 780 terms.
MAX_CROSSED = 40


@dataclass(frozen=True)
class QuadraticModel:
    """`left`, `right` [p, q]: the two features of each product; `linear` weighs features and products."""

    left: Floats
    right: Floats
    linear: LinearModel

    def predict(self, z: Floats) -> tuple[Floats, None]:
        return self.linear.predict(_terms(z, self.left, self.right))

    def add_to(self, graph: Graph, features: str) -> tuple[str, None]:
        if not self.left.shape[1]:
            return self.linear.add_to(graph, features)
        factors = [graph.op("MatMul", features, graph.constant(each)) for each in (self.left, self.right)]
        return self.linear.add_to(graph, graph.concat([features, graph.op("Mul", *factors)]))


def fit_quadratic(data: TrainingSet, seed: int, *, crossed: bool) -> QuadraticModel:
    """Fit by ridge regression, its penalty by leave-one-out error: there may be more terms than rows."""
    pairs = [(feature, feature) for feature in range(data.z.shape[1]) if not _is_flag(data.z[:, feature])]
    if crossed:
        # Two values of one choice are never taken together.
        pairs += [pair for pair in _crossed(data) if data.input_of[pair[0]] != data.input_of[pair[1]]]
    unit = np.eye(data.z.shape[1])
    left = unit[:, [first for first, _ in pairs]]
    right = unit[:, [second for _, second in pairs]]
    return QuadraticModel(left, right, fit_ridge(replace(data, z=_terms(data.z, left, right)), seed))


def _crossed(data: TrainingSet) -> list[tuple[int, int]]:
    centred = data.z - data.z.mean(axis=0)
    size = np.maximum(np.sqrt((centred**2).sum(axis=0)), 1e-12)
    strength = np.abs(centred.T @ data.y).max(axis=1) / size
    chosen = np.sort(np.argsort(-strength, kind="stable")[:MAX_CROSSED])
    return list(combinations(chosen.tolist(), 2))


def _is_flag(column: Floats) -> bool:
    """Return whether a feature is 0 or 1 only, hence its own square."""
    return bool(np.isin(column, (0.0, 1.0)).all())


def _terms(z: Floats, left: Floats, right: Floats) -> Floats:
    return np.hstack([z, (z @ left) * (z @ right)])


QUADRATIC = partial(fit_quadratic, crossed=False)
CROSSED = partial(fit_quadratic, crossed=True)
