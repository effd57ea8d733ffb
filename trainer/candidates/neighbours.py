"""The mean of the nearest training conditions, of equal weight or weighted by 1 / distance.

Conditions as near as the k-th count too: where a grid of conditions makes distances equal, which of them come
first would be up to rounding, and a device could answer differently than the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from trainer.candidates.tuned import Dimension, Tuned, grid
from trainer.distances import squared_distances

if TYPE_CHECKING:
    from trainer.arrays import Floats
    from trainer.candidates.base import Settings, TrainingSet
    from trainer.graph import Graph

# Squared distances closer than this, relative or in standard deviations squared, are equal.
_EQUAL = 1e-9
# Squared distance below which a condition counts as met.
_MET = 1e-8
# Stands for "taken out" among squared distances.
_FAR = 1e300
MAX_NEIGHBOURS = 30


@dataclass(frozen=True)
class Neighbours:
    """`points` [k, p], `values` [k, m], `counts` [k] replicates; `number` of neighbours, at most k."""

    points: Floats
    values: Floats
    counts: Floats
    number: int
    by_distance: bool

    def predict(self, z: Floats) -> tuple[Floats, None]:
        squares = squared_distances(z, self.points)
        weights = self.counts * (squares <= _reach(np.sort(squares, axis=1), self.number))
        if self.by_distance:
            weights = weights / np.sqrt(squares + _MET)
        return (weights @ self.values) / weights.sum(axis=1, keepdims=True), None

    def add_to(self, graph: Graph, features: str) -> tuple[str, None]:
        squares = graph.squared_distances(features, self.points)
        near = graph.cast_double(_is_at_most(graph, squares, self._add_reach(graph, squares)))
        weights = graph.op("Mul", near, graph.constant(self.counts))
        if self.by_distance:
            distance = graph.op("Sqrt", graph.op("Add", squares, graph.constant(np.float64(_MET))))
            weights = graph.op("Div", weights, distance)
        total = graph.op("MatMul", weights, graph.constant(self.values))
        return graph.op("Div", total, graph.sum_columns(weights)), None

    def _add_reach(self, graph: Graph, squares: str) -> str:
        """Take the nearest out `number` times, all that are equally near at once, until enough are out."""
        left, reach, out = squares, "", graph.constant(np.zeros((1, 1)))
        for turn in range(self.number):
            edge = _add_edge(graph, graph.min_columns(left))
            taken = _is_at_most(graph, left, edge)
            if turn:
                wanted = graph.constant(np.float64(self.number - 0.5))
                is_enough = graph.op("Equal", graph.op("Max", out, wanted), out)
                reach = graph.op("Where", is_enough, reach, edge)
            else:
                reach = edge
            out = graph.op("Add", out, graph.sum_columns(graph.cast_double(taken)))
            left = graph.op("Where", taken, graph.constant(np.float64(_FAR)), left)
        return reach


def _reach(ordered: Floats, number: int) -> Floats:
    """From squared distances in order [n, k], the edge of the group that holds the `number`-th, [n, 1]."""
    edge = ordered[:, :1] * (1.0 + _EQUAL) + _EQUAL
    for position in range(1, number):
        following = ordered[:, position : position + 1]
        edge = np.where(following <= edge, edge, following * (1.0 + _EQUAL) + _EQUAL)
    return edge


def _add_edge(graph: Graph, nearest: str) -> str:
    grown = graph.op("Mul", nearest, graph.constant(np.float64(1.0 + _EQUAL)))
    return graph.op("Add", grown, graph.constant(np.float64(_EQUAL)))


def _is_at_most(graph: Graph, values: str, edge: str) -> str:
    return graph.op("Equal", graph.op("Max", values, edge), edge)


def fit_neighbours(data: TrainingSet, settings: Settings, _seed: int, *, by_distance: bool) -> Neighbours:
    """Keep the training conditions; of `number` neighbours, as many as there are."""
    number = min(int(settings["number"]), len(data.z))
    return Neighbours(data.z, data.y, data.counts, number, by_distance)


_GRID = grid(number=(1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0))
_SPACE = {"number": Dimension(1, MAX_NEIGHBOURS, is_whole=True)}
UNIFORM = Tuned(partial(fit_neighbours, by_distance=False), _GRID, _SPACE)
BY_DISTANCE = Tuned(partial(fit_neighbours, by_distance=True), _GRID, _SPACE)
