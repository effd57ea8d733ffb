"""What every algorithm is given and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from trainer.arrays import Floats, Ints
    from trainer.graph import Graph

# Settings of one fit by name: penalties, widths, counts.
Settings: TypeAlias = Mapping[str, float]


@dataclass(frozen=True)
class TrainingSet:
    """Distinct conditions, their replicates averaged; targets have mean 0 and deviation 1 over all rows.

    `z` [u, p] features, `y` [u, m], `counts` [u] replicates, `within` [m] squares summed inside replicates,
    `input_of` [p] the input that each feature comes from. `group_of` [u]: which conditions belong together,
    where whole groups will be new to the model; None where conditions will.
    """

    z: Floats
    y: Floats
    counts: Floats
    within: Floats
    input_of: Ints
    group_of: Ints | None = None

    def part(self, rows: Ints) -> TrainingSet:
        """Take some conditions; of the squares inside replicates, their share."""
        share = (self.counts[rows] - 1.0).sum() / max((self.counts - 1.0).sum(), 1.0)
        groups = None if self.group_of is None else self.group_of[rows]
        return TrainingSet(
            self.z[rows], self.y[rows], self.counts[rows], self.within * share, self.input_of, groups
        )

    def with_targets(self, y: Floats) -> TrainingSet:
        """Put other targets `y` [u, k] in place; what replicates say of the old ones is left out."""
        return replace(self, y=y, within=np.zeros(y.shape[1]))

    def deal(self, count: int, rng: np.random.Generator) -> Ints:
        """Give each condition [u] one of `count` parts of like size; groups stay whole, and may be fewer."""
        if self.group_of is None or len(np.unique(self.group_of)) < 2:
            return np.asarray(rng.permutation(len(self.z)) % count)
        _, group_of, sizes = np.unique(self.group_of, return_inverse=True, return_counts=True)
        part_of, filled = np.empty(len(sizes), dtype=np.int64), np.zeros(count)
        # Large groups first, those of one size by chance.
        for group in np.lexsort((rng.random(len(sizes)), -sizes)):
            part_of[group] = filled.argmin()
            filled[part_of[group]] += sizes[group]
        return part_of[group_of]


class Regressor(Protocol):
    """A fitted model on features and standardised targets."""

    def predict(self, z: Floats) -> tuple[Floats, Floats | None]:
        """Mean [n, m], and the predicted deviation [n, m] of a new row if the model has an opinion of it."""

    def add_to(self, graph: Graph, features: str) -> tuple[str, str | None]:
        """Add `predict` to a graph; the names of mean and deviation."""


class Algorithm(Protocol):
    """Fits a regressor; equal seeds give equal models."""

    def __call__(self, data: TrainingSet, seed: int, /) -> Regressor: ...


def merge_replicates(
    z: Floats, y: Floats, same: Ints, input_of: Ints, group_of: Ints | None = None
) -> TrainingSet:
    """Average the rows that `same` [n] labels as equal. Nothing a Gaussian likelihood needs is lost.

    A condition that several groups of `group_of` [n] share counts with the first.
    """
    _, first, labels = np.unique(same, return_index=True, return_inverse=True)
    counts = np.bincount(labels).astype(np.float64)
    sums = np.zeros((len(counts), y.shape[1]))
    np.add.at(sums, labels, y)
    means = sums / counts[:, None]
    within = ((y - means[labels]) ** 2).sum(axis=0)
    groups = None if group_of is None else group_of[first]
    if groups is not None and len(np.unique(groups)) in {1, len(first)}:
        # Groups of one condition each say no more than the conditions do.
        groups = None
    return TrainingSet(z[first], means, counts, within, input_of, groups)
