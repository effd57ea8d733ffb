"""Conditions in physical units to features of comparable size, fitted on training rows only.

A number becomes (x - mean) / deviation, its gaps the training median first; a choice becomes one 0/1 feature
for each value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.arrays import Floats, Ints
    from trainer.graph import Graph


@dataclass(frozen=True)
class Preprocessor:
    """`choice_counts` [d] (0 for a number); `fill`, `mean`, `scale` [d]; `gaps` [d]: may be missing."""

    choice_counts: tuple[int, ...]
    fill: Floats
    mean: Floats
    scale: Floats
    gaps: tuple[bool, ...]

    @staticmethod
    def fit(x: Floats, choice_counts: Sequence[int]) -> Preprocessor:
        """Learn from `x` [n, d]; a column with no value at all in these rows counts as 0."""
        gaps = np.isnan(x)
        known = np.where(gaps.all(axis=0), 0.0, x)
        fill = np.nanmedian(known, axis=0)
        filled = np.where(np.isnan(known), fill, known)
        deviation = filled.std(axis=0)
        # A constant column must not blow rounding errors up to the size of a signal: its size is its scale.
        size = np.abs(filled).max(axis=0)
        constant = deviation <= 1e-12 * size
        return Preprocessor(
            choice_counts=tuple(choice_counts),
            fill=fill,
            mean=filled.mean(axis=0),
            scale=np.where(constant, np.where(size > 0.0, size, 1.0), deviation),
            gaps=tuple(np.asarray(gaps.any(axis=0)).tolist()),
        )

    @property
    def input_of(self) -> Ints:
        """For each feature, the input that it comes from."""
        widths = [max(count, 1) for count in self.choice_counts]
        return np.repeat(np.arange(len(widths)), widths)

    def transform(self, x: Floats) -> Floats:
        """[n, d] to features [n, p]."""
        columns = []
        for index, count in enumerate(self.choice_counts):
            column = x[:, index : index + 1]
            if count:
                columns.append((column == np.arange(count, dtype=np.float64)).astype(np.float64))
                continue
            if self.gaps[index]:
                column = np.where(np.isnan(column), self.fill[index], column)
            columns.append((column - self.mean[index]) / self.scale[index])
        return np.hstack(columns)

    def add_to(self, graph: Graph, conditions: str) -> str:
        """Add `transform` to the graph; runs of numbers go through together."""
        parts = []
        for start, stop in self._runs():
            block = graph.columns(conditions, start, stop)
            if count := self.choice_counts[start]:
                equal = graph.op("Equal", block, graph.constant(np.arange(count, dtype=np.float64)))
                parts.append(graph.cast_double(equal))
                continue
            if any(self.gaps[start:stop]):
                is_gap = graph.op("IsNaN", block)
                block = graph.op("Where", is_gap, graph.constant(self.fill[start:stop]), block)
            centred = graph.op("Sub", block, graph.constant(self.mean[start:stop]))
            parts.append(graph.op("Div", centred, graph.constant(self.scale[start:stop])))
        return graph.concat(parts)

    def _runs(self) -> list[tuple[int, int]]:
        """Column ranges handled alike: each choice alone, neighbouring numbers together."""
        runs: list[tuple[int, int]] = []
        for index, count in enumerate(self.choice_counts):
            if runs and not count and not self.choice_counts[runs[-1][0]]:
                runs[-1] = (runs[-1][0], index + 1)
            else:
                runs.append((index, index + 1))
        return runs
