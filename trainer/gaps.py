"""Gaps in numbers, filled from the other numbers of the row; learned on training rows, the same in the graph.

- `neighbours`: the mean of training rows, weighted by exp(-(distance - least distance) / width), over the
  numbers that both rows have (Nadaraya 1964, Watson 1964); a number that one lacks counts as two variances,
  which is what unrelated rows differ by;
- `iterative`: each number from all others by linear regression, over and over until they agree (Buck 1960):
  the conditional mean of a normal distribution, by damped Jacobi steps on its precision matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from trainer.arrays import Floats
    from trainer.graph import Graph

METHODS = ("fill", "drop", "neighbours", "iterative")
# Enough to cover conditions that can be covered; keeps the graph fast.
MAX_REFERENCES = 512
ROUNDS = 24
LEARNING_ROUNDS = 8
# Added to the covariance of standardised numbers: keeps collinear columns apart.
RIDGE = 0.02
_LEAST_WIDTH = 1e-3
# Far below any weight that counts: where no neighbour has the number, its mean stands in.
_NO_WEIGHT = 1e-200


class Filler(Protocol):
    """Fills the gaps (NaN) of conditions [n, d]."""

    def fill(self, x: Floats) -> Floats: ...

    def add_to(self, graph: Graph, conditions: str) -> str: ...


def fit_filler(method: str, x: Floats, is_number: Floats) -> Filler | None:
    """Learn from `x` [n, d]; None where medians are asked for, or there is no second number to learn from."""
    if method not in {"neighbours", "iterative"} or is_number.sum() < 2:
        return None
    z = _Standard.of(x, is_number)
    return NeighbourFiller.of(z, x) if method == "neighbours" else IterativeFiller.of(z, x)


@dataclass(frozen=True)
class _Standard:
    """`centre`, `scale`, `is_number` [d]: numbers to mean 0 and deviation 1, choices to gaps."""

    centre: Floats
    scale: Floats
    is_number: Floats

    @staticmethod
    def of(x: Floats, is_number: Floats) -> _Standard:
        known = ~np.isnan(x) & (is_number > 0.0)
        count = np.maximum(known.sum(axis=0), 1)
        values = np.where(known, x, 0.0)
        centre = values.sum(axis=0) / count
        deviation = np.sqrt((np.where(known, x - centre, 0.0) ** 2).sum(axis=0) / count)
        size = np.where(known, np.abs(x), 0.0).max(axis=0)
        return _Standard(centre, np.where(deviation > 1e-12 * size, deviation, 1.0), is_number)

    def apply(self, x: Floats) -> tuple[Floats, Floats]:
        """Numbers [n, d], 0 where unknown, and which are known (1) [n, d]."""
        known = (~np.isnan(x) & (self.is_number > 0.0)).astype(np.float64)
        return np.where(known > 0.0, (x - self.centre) / self.scale, 0.0), known

    def add_to(self, graph: Graph, conditions: str) -> tuple[str, str, str]:
        """Add `apply`; also which are gaps, as booleans."""
        gap = graph.op("IsNaN", conditions)
        zero, one = graph.constant(np.zeros((1, 1))), graph.constant(np.ones((1, 1)))
        known = graph.op("Mul", graph.op("Where", gap, zero, one), graph.constant(self.is_number[None, :]))
        z = graph.op("Sub", conditions, graph.constant(self.centre))
        z = graph.op("Where", gap, zero, graph.op("Div", z, graph.constant(self.scale)))
        return graph.op("Mul", z, graph.constant(self.is_number[None, :])), known, gap

    def restore(self, x: Floats, z: Floats) -> Floats:
        return np.where(np.isnan(x), z * self.scale + self.centre, x)

    def add_restore(self, graph: Graph, conditions: str, gap: str, z: str) -> str:
        filled = graph.op("Add", graph.op("Mul", z, graph.constant(self.scale)), graph.constant(self.centre))
        return graph.op("Where", gap, filled, conditions)


@dataclass(frozen=True)
class NeighbourFiller:
    """`references`, `known` [k, d] standardised training rows."""

    standard: _Standard
    references: Floats
    known: Floats
    width: float

    @staticmethod
    def of(standard: _Standard, x: Floats) -> NeighbourFiller:
        rows = np.unique(np.linspace(0, len(x) - 1, min(len(x), MAX_REFERENCES)).astype(np.int64))
        references, known = standard.apply(x[rows])
        filler = NeighbourFiller(standard, references, known, 1.0)
        distances = filler._distances(references, known)
        np.fill_diagonal(distances, np.inf)
        nearest = distances.min(axis=1) if len(rows) > 1 else np.ones(1)
        return NeighbourFiller(standard, references, known, max(float(np.median(nearest)), _LEAST_WIDTH))

    def fill(self, x: Floats) -> Floats:
        z, known = self.standard.apply(x)
        distances = self._distances(z, known)
        weights = np.exp((distances.min(axis=1, keepdims=True) - distances) / self.width)
        means = (weights @ self.references) / (weights @ self.known + _NO_WEIGHT)
        return self.standard.restore(x, means)

    def add_to(self, graph: Graph, conditions: str) -> str:
        z, known, gap = self.standard.add_to(graph, conditions)
        numbers = float(self.standard.is_number.sum())
        shared = graph.op("MatMul", known, graph.constant(np.ascontiguousarray(2.0 * self.known.T)))
        own = graph.op("MatMul", graph.op("Mul", z, z), graph.constant(np.ascontiguousarray(self.known.T)))
        cross = graph.op("MatMul", z, graph.constant(np.ascontiguousarray(2.0 * self.references.T)))
        other = graph.op("MatMul", known, graph.constant(np.ascontiguousarray(self.references.T**2)))
        total = graph.op("Sub", graph.op("Add", own, other), graph.op("Add", cross, shared))
        total = graph.op("Div", total, graph.constant(np.full((1, 1), numbers * self.width)))
        nearness = graph.op("Sub", graph.min_columns(total), total)
        weights = graph.op("Exp", nearness)
        sums = graph.op("MatMul", weights, graph.constant(self.references))
        counts = graph.op("MatMul", weights, graph.constant(self.known))
        counts = graph.op("Add", counts, graph.constant(np.full((1, 1), _NO_WEIGHT)))
        return self.standard.add_restore(graph, conditions, gap, graph.op("Div", sums, counts))

    def _distances(self, z: Floats, known: Floats) -> Floats:
        """Mean squared difference [n, k], two where either lacks the number; a constant apart."""
        total = (z**2) @ self.known.T + known @ (self.references.T**2) - 2.0 * (z @ self.references.T)
        numbers = self.standard.is_number.sum()
        return np.asarray((total + 2.0 * (numbers - known @ self.known.T)) / numbers)


@dataclass(frozen=True)
class IterativeFiller:
    """`weights` [d, d] with a zero diagonal: each number from the others; `step` keeps the rounds stable."""

    standard: _Standard
    weights: Floats
    step: float

    @staticmethod
    def of(standard: _Standard, x: Floats) -> IterativeFiller:
        z, known = standard.apply(x)
        filler = IterativeFiller(standard, np.zeros((z.shape[1], z.shape[1])), 1.0)
        for _ in range(LEARNING_ROUNDS):
            filler = IterativeFiller._from_covariance(standard, filler._iterate(z, known))
        return filler

    @staticmethod
    def _from_covariance(standard: _Standard, z: Floats) -> IterativeFiller:
        precision = np.linalg.inv(z.T @ z / len(z) + RIDGE * np.eye(z.shape[1]))
        diagonal = np.diag(precision)
        weights = -precision / diagonal
        np.fill_diagonal(weights, 0.0)
        # A choice has no part in this: its row and column are those of a gap that stays 0.
        weights *= np.outer(standard.is_number, standard.is_number)
        scaled = precision / np.sqrt(np.outer(diagonal, diagonal))
        return IterativeFiller(standard, weights, 1.0 / float(np.linalg.eigvalsh(scaled).max()))

    def fill(self, x: Floats) -> Floats:
        z, known = self.standard.apply(x)
        return self.standard.restore(x, self._iterate(z, known))

    def add_to(self, graph: Graph, conditions: str) -> str:
        z, _, gap = self.standard.add_to(graph, conditions)
        weights = graph.constant(np.ascontiguousarray(self._stepped()))
        filled = z
        for _ in range(ROUNDS):
            filled = graph.op("Where", gap, graph.op("MatMul", filled, weights), z)
        return self.standard.add_restore(graph, conditions, gap, filled)

    def _iterate(self, z: Floats, known: Floats) -> Floats:
        filled, weights = z, self._stepped()
        for _ in range(ROUNDS):
            filled = np.where(known > 0.0, z, filled @ weights)
        return filled

    def _stepped(self) -> Floats:
        """One damped step as one product: (1 - step) x own + step x regression."""
        return np.asarray((1.0 - self.step) * np.eye(len(self.weights)) + self.step * self.weights)
