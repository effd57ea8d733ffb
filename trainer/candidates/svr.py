"""Support vector regression with an RBF kernel; one machine a target, all on one kernel width."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from sklearn.svm import SVR

from trainer.distances import squared_distances

if TYPE_CHECKING:
    from trainer.arrays import Floats, Ints
    from trainer.candidates.base import TrainingSet
    from trainer.graph import Graph

PENALTIES = (1.0, 10.0, 100.0)
# Times 1 / (features x variance), which is scikit-learn's "scale".
WIDTHS = (0.1, 0.3, 1.0)
TUBE = 0.05
TUNING_FOLDS = 3
# Enough to tell settings apart; the machines themselves see every row and every target.
MAX_TUNING_ROWS = 300
MAX_TUNING_TARGETS = 3


@dataclass(frozen=True)
class KernelMachine:
    """`points` [s, p], `weights` [s, m], `intercept` [m]: sum of weights x exp(-gamma x squared distance)."""

    points: Floats
    weights: Floats
    intercept: Floats
    gamma: float

    def predict(self, z: Floats) -> tuple[Floats, None]:
        kernel = np.exp(-self.gamma * squared_distances(z, self.points))
        return kernel @ self.weights + self.intercept, None

    def add_to(self, graph: Graph, features: str) -> tuple[str, None]:
        distances = graph.squared_distances(features, self.points)
        kernel = graph.op("Exp", graph.op("Mul", distances, graph.constant(np.float64(-self.gamma))))
        mean = graph.op("MatMul", kernel, graph.constant(self.weights))
        return graph.op("Add", mean, graph.constant(self.intercept)), None


def fit(data: TrainingSet, seed: int) -> KernelMachine:
    """Choose penalty and width by an inner cross-validation, then fit each target."""
    variance = float(data.z.var())
    base = 1.0 / (data.z.shape[1] * variance) if variance > 0.0 else 1.0
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(data.z))[:MAX_TUNING_ROWS]
    fold_of = np.arange(len(rows)) % TUNING_FOLDS
    targets = _leading_parts(data.y)[rows]
    errors = {
        (penalty, base * width): _tuning_error(data, rows, fold_of, targets, (penalty, base * width))
        for penalty, width in product(PENALTIES, WIDTHS)
    }
    penalty, gamma = min(errors, key=lambda setting: errors[setting])
    return _fit_machine(data.z, data.y, data.counts, penalty, gamma)


def _tuning_error(
    data: TrainingSet, rows: Ints, fold_of: Ints, targets: Floats, setting: tuple[float, float]
) -> float:
    z, counts = data.z[rows], data.counts[rows]
    error = 0.0
    for fold in range(TUNING_FOLDS):
        train, test = fold_of != fold, fold_of == fold
        machine = _fit_machine(z[train], targets[train], counts[train], *setting)
        missed = (machine.predict(z[test])[0] - targets[test]) ** 2
        error += float((counts[test][:, None] * missed).sum())
    return error


def _fit_machine(z: Floats, y: Floats, counts: Floats, penalty: float, gamma: float) -> KernelMachine:
    weights = np.zeros_like(y)
    intercept = np.zeros(y.shape[1])
    for target in range(y.shape[1]):
        machine = SVR(C=penalty, gamma=gamma, epsilon=TUBE)
        machine.fit(z, y[:, target], sample_weight=counts / counts.mean())
        weights[machine.support_, target] = machine.dual_coef_[0]
        intercept[target] = machine.intercept_[0]
    used = np.flatnonzero(weights.any(axis=1))
    # A flat target uses no point at all; one is kept, with weight 0, so that every shape stays.
    used = used if len(used) else np.array([0])
    return KernelMachine(z[used], weights[used], intercept, gamma)


def _leading_parts(y: Floats) -> Floats:
    """Return the targets, or the leading principal components of many."""
    if y.shape[1] <= MAX_TUNING_TARGETS:
        return y
    left, sizes, _ = np.linalg.svd(y - y.mean(axis=0), full_matrices=False)
    return np.asarray(left[:, :MAX_TUNING_TARGETS] * sizes[:MAX_TUNING_TARGETS])
