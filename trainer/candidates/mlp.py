"""Neural networks: a small committee that differs only in its first weights, averaged.

Merged into one graph of wide layers, because one graph of several networks is much cheaper than several.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import block_diag
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

if TYPE_CHECKING:
    from trainer.arrays import Floats
    from trainer.candidates.base import TrainingSet
    from trainer.graph import Graph

MEMBERS = 5
HIDDEN = (24, 24)
WEIGHT_DECAY = 0.1
MAX_ITERATIONS = 300


@dataclass(frozen=True)
class Committee:
    """Layers of all members side by side: `weights` [in, out] and `biases` [out], tanh between them."""

    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]

    def predict(self, z: Floats) -> tuple[Floats, None]:
        signal = z
        for weights, biases in zip(self.weights[:-1], self.biases[:-1], strict=True):
            signal = np.tanh(signal @ weights + biases)
        return signal @ self.weights[-1] + self.biases[-1], None

    def add_to(self, graph: Graph, features: str) -> tuple[str, None]:
        signal = features
        for depth, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            if depth:
                signal = graph.op("Tanh", signal)
            signal = graph.op("MatMul", signal, graph.constant(weights))
            signal = graph.op("Add", signal, graph.constant(biases))
        return signal, None


def fit(data: TrainingSet, seed: int) -> Committee:
    """Fit each member by L-BFGS from its own start."""
    target = data.y.ravel() if data.y.shape[1] == 1 else data.y
    members = []
    for number in range(MEMBERS):
        network = MLPRegressor(
            hidden_layer_sizes=HIDDEN,
            activation="tanh",
            solver="lbfgs",
            alpha=WEIGHT_DECAY,
            max_iter=MAX_ITERATIONS,
            random_state=(seed + number) % 2**32,
        )
        with warnings.catch_warnings():
            # The limit on iterations is a regulariser here: to stop at it is no fault.
            warnings.simplefilter("ignore", ConvergenceWarning)
            network.fit(data.z, target)
        members.append(network)
    return _merge(members)


def _merge(members: list[MLPRegressor]) -> Committee:
    layers = list(zip(*(member.coefs_ for member in members), strict=True))
    biases = list(zip(*(member.intercepts_ for member in members), strict=True))
    weights = [np.hstack(layers[0]), *(block_diag(*layer) for layer in layers[1:-1])]
    weights.append(np.vstack(layers[-1]) / len(members))
    return Committee(
        tuple(weights),
        (*(np.concatenate(bias) for bias in biases[:-1]), np.mean(biases[-1], axis=0)),
    )
