"""Neural networks: single ones, and a small committee that differs only in its first weights, averaged.

Merged into one graph of wide layers, because one graph of several networks is much cheaper than several.
Sigmoid units become tanh units, as 1 / (1 + exp(-a)) = (1 + tanh(a / 2)) / 2.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import block_diag
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from trainer.candidates.tuned import Dimension, FitWith, Tuned, grid

if TYPE_CHECKING:
    from trainer.arrays import Floats
    from trainer.candidates.base import Settings, TrainingSet
    from trainer.graph import Graph

WEIGHT_DECAY = 0.1
_DECAYS = (0.01, 0.1, 1.0)
_DECAY = Dimension(1e-4, 10.0, is_log=True)


@dataclass(frozen=True)
class Network:
    """Layers of all members side by side: `weights` [in, out] and `biases` [out], units between them."""

    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]
    is_rectified: bool

    def predict(self, z: Floats) -> tuple[Floats, None]:
        signal = z
        for weights, biases in zip(self.weights[:-1], self.biases[:-1], strict=True):
            signal = signal @ weights + biases
            signal = np.maximum(signal, 0.0) if self.is_rectified else np.tanh(signal)
        return signal @ self.weights[-1] + self.biases[-1], None

    def add_to(self, graph: Graph, features: str) -> tuple[str, None]:
        signal = features
        for depth, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            if depth and self.is_rectified:
                signal = graph.op("Max", signal, graph.constant(np.float64(0.0)))
            elif depth:
                signal = graph.op("Tanh", signal)
            signal = graph.op("MatMul", signal, graph.constant(weights))
            signal = graph.op("Add", signal, graph.constant(biases))
        return signal, None


@dataclass(frozen=True, slots=True)
class Design:
    """`units`: tanh, logistic or relu. With `is_mapped`, targets are learned between -1 and 1."""

    hidden: tuple[int, ...]
    units: str
    is_mapped: bool = True
    max_iterations: int = 300

    def fit(self, data: TrainingSet, settings: Settings, seed: int) -> Network:
        """Fit each of the `members` by L-BFGS from its own start, under the weight `decay`."""
        low, high = data.y.min(axis=0), data.y.max(axis=0)
        half, middle = np.ones(data.y.shape[1]), np.zeros(data.y.shape[1])
        if self.is_mapped:
            half = np.where(high > low, (high - low) / 2.0, 1.0)
            middle = (high + low) / 2.0
        y = (data.y - middle) / half
        standard = data.with_targets(y)
        members = range(int(settings.get("members", 1.0)))
        merged = _merge([self._fit_member(standard, settings, seed + each) for each in members])
        if self.units == "logistic":
            merged = _as_tanh(merged)
        weights, biases = merged.weights, merged.biases
        return replace(
            merged,
            weights=(*weights[:-1], weights[-1] * half),
            biases=(*biases[:-1], biases[-1] * half + middle),
        )

    def _fit_member(self, data: TrainingSet, settings: Settings, seed: int) -> MLPRegressor:
        target = data.y.ravel() if data.y.shape[1] == 1 else data.y
        network = MLPRegressor(
            hidden_layer_sizes=self.hidden,
            activation=self.units,
            solver="lbfgs",
            alpha=settings["decay"],
            max_iter=self.max_iterations,
            random_state=seed % 2**32,
        )
        with warnings.catch_warnings():
            # The limit on iterations is a regulariser here: to stop at it is no fault.
            warnings.simplefilter("ignore", ConvergenceWarning)
            network.fit(data.z, target, sample_weight=data.counts / data.counts.mean())
        return network


def _merge(members: list[MLPRegressor]) -> Network:
    layers = list(zip(*(member.coefs_ for member in members), strict=True))
    biases = list(zip(*(member.intercepts_ for member in members), strict=True))
    weights = [np.hstack(layers[0]), *(block_diag(*layer) for layer in layers[1:-1])]
    weights.append(np.vstack(layers[-1]) / len(members))
    return Network(
        tuple(weights),
        (*(np.concatenate(bias) for bias in biases[:-1]), np.mean(biases[-1], axis=0)),
        is_rectified=members[0].activation == "relu",
    )


def _as_tanh(network: Network) -> Network:
    """Write sigmoid units as tanh units: half of what goes in, half of what comes out and a half on top."""
    weights, biases = list(network.weights), list(network.biases)
    for layer in range(len(weights) - 1):
        weights[layer], biases[layer] = weights[layer] / 2.0, biases[layer] / 2.0
        following = weights[layer + 1] / 2.0
        weights[layer + 1] = following
        biases[layer + 1] = biases[layer + 1] + following.sum(axis=0)
    return replace(network, weights=tuple(weights), biases=tuple(biases))


def _tuned(fit_with: FitWith, decays: tuple[float, ...]) -> Tuned:
    return Tuned(fit_with, grid(decay=decays), {"decay": _DECAY})


COMMITTEE = Tuned(
    Design((24, 24), "tanh", is_mapped=False).fit,
    # A smaller committee will do while settings, or weights in a stack, are chosen.
    grid(decay=(WEIGHT_DECAY,), members=(2.0,)),
    {"decay": _DECAY},
    {"members": 5.0},
)
SIGMOID = _tuned(Design((24,), "logistic").fit, (0.001, 0.01, 0.1))
TANH = _tuned(Design((24,), "tanh").fit, _DECAYS)
RELU = _tuned(Design((48,), "relu").fit, _DECAYS)
DEEP = _tuned(Design((48, 32, 24, 16), "tanh", max_iterations=200).fit, _DECAYS)
