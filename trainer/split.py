"""Which rows are held out: k-fold, 7:3, 6:2:2, whole groups together when groups are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.errors import UsageError

if TYPE_CHECKING:
    from trainer.arrays import Ints

MAX_FOLDS = 1000


@dataclass(frozen=True)
class Fold:
    """Row numbers; models fitted on `train` are judged on `test`."""

    train: Ints
    test: Ints


@dataclass(frozen=True)
class Split:
    """`folds` choose between algorithms; `final`, of a three-part split, scores the chosen one afresh."""

    kind: str
    folds: tuple[Fold, ...]
    final: Fold | None
    group_count: int | None

    def describe(self) -> str:
        """One line for people and for the manifest."""
        grouped = "" if self.group_count is None else f", {self.group_count} groups kept whole"
        return self.kind + grouped


def make_split(kind: str, row_count: int, group_of: Ints | None, seed: int) -> Split:
    """Split as `kfold:K`, `A:B` (train:test) or `A:B:C` (train:choose:test); equal seeds, equal splits."""
    parts = _parse(kind)
    units = np.arange(row_count) if group_of is None else group_of
    unit_count = int(units.max()) + 1
    group_count = None if group_of is None else unit_count
    shares = [1.0] * parts[0] if kind.startswith("kfold:") else [float(part) for part in parts]
    if unit_count < len(shares):
        what = "rows" if group_of is None else "groups"
        raise UsageError(f"--split {kind}: needs at least {len(shares)} {what}, there are {unit_count}")
    part_of = _deal(units, shares, seed)
    if kind.startswith("kfold:"):
        folds = tuple(
            Fold(np.flatnonzero(part_of != part), np.flatnonzero(part_of == part))
            for part in range(len(shares))
        )
        return Split(kind, folds, None, group_count)
    train, choose = np.flatnonzero(part_of == 0), np.flatnonzero(part_of == 1)
    final = None
    if len(shares) == 3:
        final = Fold(np.flatnonzero(part_of != 2), np.flatnonzero(part_of == 2))
    return Split(kind, (Fold(train, choose),), final, group_count)


def _parse(kind: str) -> list[int]:
    words = kind.removeprefix("kfold:").split(":")
    is_kfold = kind.startswith("kfold:")
    good = all(word.isascii() and word.isdigit() and int(word) > 0 for word in words)
    counts = [int(word) for word in words] if good else []
    if is_kfold and len(counts) == 1 and 2 <= counts[0] <= MAX_FOLDS:
        return counts
    if not is_kfold and len(counts) in (2, 3):
        return counts
    raise UsageError(f"--split {kind!r} is not understood", remedy="use kfold:10, 7:3 or 6:2:2")


def _deal(units: Ints, shares: list[float], seed: int) -> Ints:
    """Give each unit (a row, or a group) to the part that lacks most rows of its share; none is empty."""
    sizes = np.bincount(units)
    order = np.random.default_rng(seed).permutation(len(sizes))
    wanted = np.array(shares) / sum(shares) * len(units)
    part_of_unit = np.empty(len(sizes), dtype=np.int64)
    for position, unit in enumerate(order):
        part = position if position < len(shares) else int(np.argmax(wanted))
        part_of_unit[unit] = part
        wanted[part] -= sizes[unit]
    return part_of_unit[units]
