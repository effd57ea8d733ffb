"""How far conditions lie from the training data: 0 inside, above 1 outside.

The largest of three parts:
- distance: conditions are scaled to unit ranges (a different choice counts like a whole range); with d the
  distance to the nearest training condition and q the distance that 95 % of the training conditions keep
  below to their nearest neighbour, the part is (d - q) / (q / 2), not below 0;
- range: how far a number lies outside the training range, in twentieths of that range;
- choice: 2 for an index that is no choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.distances import squared_distances

if TYPE_CHECKING:
    from trainer.arrays import Floats
    from trainer.graph import Graph
    from trainer.preprocess import Preprocessor

# Enough to cover a condition space that can be covered at all; keeps the graph fast.
MAX_REFERENCES = 512
_QUANTILE = 0.95
_TOLERATED_SHARE = 0.05
_NO_CHOICE = 2.0


@dataclass(frozen=True)
class Novelty:
    """Works on features [n, p]: columns `numbers`, with their `low` and `high` [p], and ranges `choices`."""

    references: Floats
    weights: Floats
    spacing: float
    numbers: tuple[int, ...]
    low: Floats
    high: Floats
    choices: tuple[tuple[int, int], ...]

    @staticmethod
    def fit(preprocessor: Preprocessor, z: Floats, seed: int) -> Novelty:
        """Learn from the distinct training conditions `z` [u, p]."""
        starts = np.flatnonzero(np.diff(preprocessor.input_of, prepend=-1))
        counts = [kind.choice_count for kind in preprocessor.kinds]
        numbers = tuple(int(start) for start, count in zip(starts, counts, strict=True) if not count)
        choices = tuple(
            (int(start), int(start) + count) for start, count in zip(starts, counts, strict=True) if count
        )
        low, high = z.min(axis=0), z.max(axis=0)
        weights = np.full(z.shape[1], np.sqrt(0.5))
        span = high - low
        # A constant input tells no range: its own size, which is its scale, stands in.
        span[span == 0.0] = 1.0
        weights[list(numbers)] = 1.0 / span[list(numbers)]
        scaled = z * weights
        order = np.random.default_rng(seed).permutation(len(z))[:MAX_REFERENCES]
        references = scaled[np.sort(order)]
        return Novelty(references, weights, _spacing(scaled, references), numbers, low, high, choices)

    def measure(self, z: Floats) -> Floats:
        """Features [n, p] to [n]."""
        nearest = np.sqrt(squared_distances(z * self.weights, self.references).min(axis=1))
        parts = [np.maximum((nearest - self.spacing) * (2.0 / self.spacing), 0.0)]
        if self.numbers:
            chosen = list(self.numbers)
            outside = np.maximum(self.low[chosen] - z[:, chosen], z[:, chosen] - self.high[chosen])
            parts.append(np.asarray((outside * self._range_weights()).max(axis=1)))
        parts.extend(_NO_CHOICE * (1.0 - z[:, start:stop].max(axis=1)) for start, stop in self.choices)
        return np.asarray(np.max(parts, axis=0))

    def add_to(self, graph: Graph, features: str) -> str:
        """Add `measure` to the graph; the result is [n, 1]."""
        scaled = graph.op("Mul", features, graph.constant(self.weights))
        nearest = graph.op("Sqrt", graph.min_columns(graph.squared_distances(scaled, self.references)))
        beyond = graph.op("Sub", nearest, graph.constant(np.float64(self.spacing)))
        distance = graph.op("Mul", beyond, graph.constant(np.float64(2.0 / self.spacing)))
        parts = [distance, graph.constant(np.zeros((1, 1)))]
        if self.numbers:
            chosen = list(self.numbers)
            numbers = graph.concat([graph.columns(features, index, index + 1) for index in chosen])
            below = graph.op("Sub", graph.constant(self.low[chosen]), numbers)
            above = graph.op("Sub", numbers, graph.constant(self.high[chosen]))
            outside = graph.op("Mul", graph.op("Max", below, above), graph.constant(self._range_weights()))
            parts.append(graph.max_columns(outside))
        for start, stop in self.choices:
            matched = graph.max_columns(graph.columns(features, start, stop))
            missed = graph.op("Sub", graph.constant(np.float64(1.0)), matched)
            parts.append(graph.op("Mul", missed, graph.constant(np.float64(_NO_CHOICE))))
        return graph.op("Max", *parts)

    def _range_weights(self) -> Floats:
        return np.asarray(self.weights[list(self.numbers)] / _TOLERATED_SHARE)


def _spacing(scaled: Floats, references: Floats) -> float:
    """Return the distance below which 95 % of the conditions have their nearest other reference."""
    squared = squared_distances(scaled, references)
    # A condition that is a reference itself lies at distance 0, up to rounding.
    squared[squared < 1e-12] = np.inf
    nearest = squared.min(axis=1)
    nearest = nearest[np.isfinite(nearest)]
    if not len(nearest):
        return _TOLERATED_SHARE
    return float(np.sqrt(np.quantile(nearest, _QUANTILE)))
