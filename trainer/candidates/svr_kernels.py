"""Kernels of support vector machines, between features [n, p] and points [k, p], as arrays and as graphs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from trainer.distances import absolute_distances, squared_distances

if TYPE_CHECKING:
    from trainer.arrays import Floats
    from trainer.graph import Graph


class VectorKernel(Protocol):
    def value(self, z: Floats, points: Floats, gamma: float) -> Floats:
        """Return the kernel [n, k]."""

    def add_to(self, graph: Graph, features: str, points: Floats, gamma: float) -> str:
        """Add `value` to a graph."""


@dataclass(frozen=True)
class Gaussian:
    """exp(-gamma |a - b|^2)."""

    def value(self, z: Floats, points: Floats, gamma: float) -> Floats:
        return np.asarray(np.exp(-gamma * squared_distances(z, points)))

    def add_to(self, graph: Graph, features: str, points: Floats, gamma: float) -> str:
        scaled = graph.op(
            "Mul", graph.squared_distances(features, points), graph.constant(np.float64(-gamma))
        )
        return graph.op("Exp", scaled)


@dataclass(frozen=True)
class Laplacian:
    """exp(-sqrt(gamma / p) |a - b|_1), p features: as wide as the Gaussian of equal gamma."""

    def value(self, z: Floats, points: Floats, gamma: float) -> Floats:
        return np.asarray(np.exp(_per_feature(gamma, points) * absolute_distances(z, points)))

    def add_to(self, graph: Graph, features: str, points: Floats, gamma: float) -> str:
        distances = graph.absolute_distances(features, points)
        factor = graph.constant(np.float64(_per_feature(gamma, points)))
        return graph.op("Exp", graph.op("Mul", distances, factor))


@dataclass(frozen=True)
class Polynomial:
    """(gamma a.b + 1)^degree, degree 1 or more; 1 is the linear kernel."""

    degree: int

    def value(self, z: Floats, points: Floats, gamma: float) -> Floats:
        return np.asarray((z @ (gamma * points.T) + 1.0) ** self.degree)

    def add_to(self, graph: Graph, features: str, points: Floats, gamma: float) -> str:
        base = power = _affine(graph, features, gamma * points.T, 1.0)
        for _ in range(self.degree - 1):
            power = graph.op("Mul", power, base)
        return power


@dataclass(frozen=True)
class Sigmoid:
    """tanh(gamma a.b - 1). It is not positive definite; Lin & Lin 2003 on where it behaves."""

    def value(self, z: Floats, points: Floats, gamma: float) -> Floats:
        return np.asarray(np.tanh(z @ (gamma * points.T) - 1.0))

    def add_to(self, graph: Graph, features: str, points: Floats, gamma: float) -> str:
        return graph.op("Tanh", _affine(graph, features, gamma * points.T, -1.0))


def _affine(graph: Graph, features: str, matrix: Floats, offset: float) -> str:
    product = graph.op("MatMul", features, graph.constant(np.ascontiguousarray(matrix)))
    return graph.op("Add", product, graph.constant(np.float64(offset)))


def _per_feature(gamma: float, points: Floats) -> float:
    return -float(np.sqrt(gamma / points.shape[1]))


KERNELS: dict[str, VectorKernel] = {
    "gaussian": Gaussian(),
    "laplacian": Laplacian(),
    "linear": Polynomial(1),
    "polynomial": Polynomial(3),
    "sigmoid": Sigmoid(),
}
