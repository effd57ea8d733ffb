"""Skewed inputs bent towards symmetry, by square or fourth root: amounts and times that spread over decades.

A root does what a logarithm does to large values, and takes zeros, of which recipes are full ("none of this
ligand"). It sits between features and algorithm, learned on training rows and exported with the model;
novelty is measured before it, so that far above the largest value stays far.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from trainer.arrays import Floats
    from trainer.graph import Graph
    from trainer.preprocess import Preprocessor

# Skewness above this is high by the usual rule (Bulmer 1979, Principles of Statistics); an exponential has 2.
HIGHLY_SKEWED = 1.0
# How many square roots follow one another.
MOST_ROOTS = 2
# Below this share of an input's deviation, the bend is straight: no rounding error may grow at zero.
_STRAIGHT = 1e-6
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Roots:
    """`zero` [p]: where an input is 0; `roots` [p] to take of what is above; then `centre`, `scale` [p]."""

    zero: Floats
    roots: tuple[int, ...]
    centre: Floats
    scale: Floats

    @staticmethod
    def fit(preprocessor: Preprocessor, z: Floats) -> Roots:
        """Take the best root of each number that is never negative in the distinct conditions `z` [u, p]."""
        zero, is_amount = _zeros(preprocessor, z)
        chosen = [
            _choose(z[:, column] - zero[column]) if is_amount[column] else 0 for column in range(z.shape[1])
        ]
        bent = np.column_stack([_root(z[:, column] - zero[column], n) for column, n in enumerate(chosen)])
        is_bent = np.array(chosen) > 0
        deviation = bent.std(axis=0)
        return Roots(
            zero=np.where(is_bent, zero, 0.0),
            roots=tuple(chosen),
            centre=np.where(is_bent, bent.mean(axis=0), 0.0),
            scale=np.where(is_bent & (deviation > 0.0), deviation, 1.0),
        )

    def apply(self, z: Floats) -> Floats:
        """Features [n, p] to as many, those that are bent again of mean 0 and deviation 1."""
        amounts = z - self.zero
        for column, count in enumerate(self.roots):
            amounts[:, column] = _root(amounts[:, column], count)
        return np.asarray((amounts - self.centre) / self.scale)

    def add_to(self, graph: Graph, features: str) -> str:
        """Add `apply` to a graph; a run of features that are bent alike goes through together."""
        if not any(self.roots):
            return features
        amounts = graph.op("Sub", features, graph.constant(self.zero[None, :]))
        ends = np.flatnonzero(np.diff(self.roots, append=-1)) + 1
        parts, start = [], 0
        for stop in map(int, ends):
            parts.append(_add_root(graph, graph.columns(amounts, start, stop), self.roots[start]))
            start = stop
        bent = graph.op("Sub", graph.concat(parts), graph.constant(self.centre[None, :]))
        return graph.op("Div", bent, graph.constant(self.scale[None, :]))


def _zeros(preprocessor: Preprocessor, z: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Where each feature's input is 0, and which are numbers that never fall below."""
    source = preprocessor.input_of
    zero = -(preprocessor.mean / preprocessor.scale)[source]
    is_number = np.array([not kind.choice_count for kind in preprocessor.kinds])[source]
    return zero, is_number & (z.min(axis=0) >= zero - _ROUNDING)


def _choose(amounts: Floats) -> int:
    """Return how many square roots leave the least skewness; none where there is not much."""
    if _skewness(amounts) <= HIGHLY_SKEWED:
        return 0
    return int(np.argmin([abs(_skewness(_root(amounts, count))) for count in range(MOST_ROOTS + 1)]))


def _skewness(values: Floats) -> float:
    apart = values - values.mean()
    spread = float((apart**2).mean())
    return float((apart**3).mean() / spread**1.5) if spread > 0.0 else 0.0


def _root(amounts: Floats, count: int) -> Floats:
    """Take `count` square roots; below 0, those of the amount that is missing, negative."""
    if not count:
        return amounts
    return _one_side(amounts, count) - _one_side(-amounts, count)


def _one_side(amounts: Floats, count: int) -> Floats:
    rooted, offset = np.maximum(amounts, 0.0) + _STRAIGHT, _STRAIGHT
    for _ in range(count):
        rooted, offset = np.sqrt(rooted), float(np.sqrt(offset))
    return np.asarray(rooted - offset)


def _add_root(graph: Graph, amounts: str, count: int) -> str:
    if not count:
        return amounts
    zero = graph.constant(np.zeros((1, 1)))
    less = graph.op("Sub", zero, amounts)
    sides = [_add_one_side(graph, graph.op("Max", side, zero), count) for side in (amounts, less)]
    return graph.op("Sub", *sides)


def _add_one_side(graph: Graph, amounts: str, count: int) -> str:
    rooted, offset = graph.op("Add", amounts, graph.constant(np.full((1, 1), _STRAIGHT))), _STRAIGHT
    for _ in range(count):
        rooted, offset = graph.op("Sqrt", rooted), float(np.sqrt(offset))
    return graph.op("Sub", rooted, graph.constant(np.full((1, 1), offset)))
