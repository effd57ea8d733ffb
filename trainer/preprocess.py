"""Conditions in physical units to features of comparable size, fitted on training rows only.

A number becomes (x - mean) / deviation, its gaps filled first: by the training median, or as `gaps` says; a
choice becomes one 0/1 feature for each value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.gaps import fit_filler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.arrays import Floats, Ints
    from trainer.gaps import Filler
    from trainer.graph import Graph


@dataclass(frozen=True, slots=True)
class InputKind:
    """A number, or one of `choice_count` values; a number that `may_miss` is filled, as `filled_by` says."""

    choice_count: int = 0
    may_miss: bool = False
    filled_by: str = "fill"


@dataclass(frozen=True)
class Preprocessor:
    """`kinds`, `fill`, `mean`, `scale` [d]; a `filler` comes before all of them."""

    kinds: tuple[InputKind, ...]
    fill: Floats
    mean: Floats
    scale: Floats
    filler: Filler | None = None

    @staticmethod
    def fit(x: Floats, kinds: Sequence[InputKind]) -> Preprocessor:
        """Learn from `x` [n, d]; a column with no value at all in these rows counts as 0."""
        is_number = np.array([not kind.choice_count for kind in kinds])
        method = next((kind.filled_by for kind in kinds if kind.may_miss), "fill")
        filler = fit_filler(method, x, is_number.astype(np.float64))
        if filler is not None:
            x = filler.fill(x)
        gaps = np.isnan(x)
        known = np.where(gaps.all(axis=0), 0.0, x)
        fill = np.nanmedian(known, axis=0)
        filled = np.where(np.isnan(known), fill, known)
        deviation = filled.std(axis=0)
        # A constant column must not blow rounding errors up to the size of a signal: its size is its scale.
        size = np.abs(filled).max(axis=0)
        constant = deviation <= 1e-12 * size
        return Preprocessor(
            kinds=tuple(kinds),
            fill=fill,
            mean=filled.mean(axis=0),
            scale=np.where(constant, np.where(size > 0.0, size, 1.0), deviation),
            filler=filler,
        )

    @property
    def input_of(self) -> Ints:
        """For each feature, the input that it comes from."""
        widths = [max(kind.choice_count, 1) for kind in self.kinds]
        return np.repeat(np.arange(len(widths)), widths)

    def transform(self, x: Floats) -> Floats:
        """[n, d] to features [n, p]."""
        if self.filler is not None:
            x = self.filler.fill(x)
        columns = []
        for index, kind in enumerate(self.kinds):
            column = x[:, index : index + 1]
            if kind.choice_count:
                columns.append((column == np.arange(kind.choice_count, dtype=np.float64)).astype(np.float64))
                continue
            if kind.may_miss:
                column = np.where(np.isnan(column), self.fill[index], column)
            columns.append((column - self.mean[index]) / self.scale[index])
        return np.hstack(columns)

    def add_to(self, graph: Graph, conditions: str) -> str:
        """Add `transform` to the graph; runs of numbers go through together."""
        parts = []
        if self.filler is not None:
            conditions = self.filler.add_to(graph, conditions)
        for start, stop in self._runs():
            block = graph.columns(conditions, start, stop)
            if count := self.kinds[start].choice_count:
                equal = graph.op("Equal", block, graph.constant(np.arange(count, dtype=np.float64)))
                parts.append(graph.cast_double(equal))
                continue
            if self.kinds[start].may_miss and self.filler is None:
                is_gap = graph.op("IsNaN", block)
                block = graph.op("Where", is_gap, graph.constant(self.fill[start:stop]), block)
            centred = graph.op("Sub", block, graph.constant(self.mean[start:stop]))
            parts.append(graph.op("Div", centred, graph.constant(self.scale[start:stop])))
        return graph.concat(parts)

    def _runs(self) -> list[tuple[int, int]]:
        """Column ranges handled alike: each choice alone, neighbouring numbers of a kind together."""
        runs: list[tuple[int, int]] = []
        for index, kind in enumerate(self.kinds):
            if runs and not kind.choice_count and kind == self.kinds[runs[-1][0]]:
                runs[-1] = (runs[-1][0], index + 1)
            else:
                runs.append((index, index + 1))
        return runs
