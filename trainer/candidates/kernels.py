"""Stationary kernels of unit variance, as functions of the squared scaled distance r2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from trainer.arrays import Floats
    from trainer.graph import Graph


class Kernel(Protocol):
    def value(self, r2: Floats) -> Floats:
        """Return the covariance at r2."""

    def slope(self, r2: Floats) -> Floats:
        """Differentiate `value` by r2."""

    def add_to(self, graph: Graph, r2: str) -> str:
        """Add `value` to a graph."""


class Matern52:
    """(1 + a + a^2 / 3) exp(-a), a = sqrt(5 r2). Rasmussen & Williams 2006, eq. 4.17."""

    def value(self, r2: Floats) -> Floats:
        a = np.sqrt(5.0 * r2)
        return (1.0 + a + a * a / 3.0) * np.exp(-a)

    def slope(self, r2: Floats) -> Floats:
        a = np.sqrt(5.0 * r2)
        return -5.0 / 6.0 * (1.0 + a) * np.exp(-a)

    def add_to(self, graph: Graph, r2: str) -> str:
        a = graph.op("Sqrt", graph.op("Mul", r2, graph.constant(np.float64(5.0))))
        third = graph.op("Div", graph.op("Mul", a, a), graph.constant(np.float64(3.0)))
        polynomial = graph.op("Add", graph.op("Add", a, graph.constant(np.float64(1.0))), third)
        return graph.op(
            "Mul", polynomial, graph.op("Exp", graph.op("Mul", a, graph.constant(np.float64(-1.0))))
        )


class SquaredExponential:
    """exp(-r2 / 2). Rasmussen & Williams 2006, eq. 4.9."""

    def value(self, r2: Floats) -> Floats:
        return np.exp(-0.5 * r2)

    def slope(self, r2: Floats) -> Floats:
        return -0.5 * np.exp(-0.5 * r2)

    def add_to(self, graph: Graph, r2: str) -> str:
        return graph.op("Exp", graph.op("Mul", r2, graph.constant(np.float64(-0.5))))


KERNELS: dict[str, Kernel] = {"matern52": Matern52(), "squared-exponential": SquaredExponential()}
