"""Which rows are held out: k-fold, repeated, 7:3, 6:2:2, one group at a time, the later ones."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from trainer.errors import TrainerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.arrays import Bools, Ints

MAX_FOLDS = 1000
_NUMBER = r"([1-9][0-9]{0,3})"
_KFOLD = re.compile(rf"kfold:{_NUMBER}(?:x{_NUMBER})?")
_TIME = re.compile(rf"time:{_NUMBER}")
_SHARES = re.compile(rf"{_NUMBER}:{_NUMBER}(?::{_NUMBER})?")
LEAVE_ONE_GROUP_OUT = ("logo", "leave-one-group-out")


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

    def judging(self, judged: Bools) -> Split:
        """Hold out only `judged` rows [n]; others are learned from, but not while their fold is held out."""
        kept = (Fold(fold.train, fold.test[judged[fold.test]]) for fold in self.folds)
        folds = tuple(fold for fold in kept if len(fold.test))
        final = self.final and Fold(self.final.train, self.final.test[judged[self.final.test]])
        if not folds or (final is not None and not len(final.test)):
            raise TrainerError(
                f"--split {self.kind}: every row held out is at its limit", remedy="use kfold:10"
            )
        return replace(self, folds=folds, final=final)

    def describe(self) -> str:
        """One line for people and for the manifest."""
        grouped = "" if self.group_count is None else f", {self.group_count} groups kept whole"
        return self.kind + grouped


def make_split(kind: str, row_count: int, group_of: Ints | None, seed: int) -> Split:
    """Split `row_count` rows, in the order of time, as `kind` says; equal seeds, equal splits.

    `kfold:K`, `kfold:KxR` (R times), `A:B` (train:test), `A:B:C` (train:choose:test), `logo` or
    `leave-one-group-out` (each group alone) or `time:K` (the rows in K + 1 parts, each but the first
    predicted from all before it).
    """
    units = np.arange(row_count) if group_of is None else group_of
    unit_count = int(units.max()) + 1
    group_count = None if group_of is None else unit_count
    rng = np.random.default_rng(seed)
    folds: tuple[Fold, ...]
    final = None
    if kind in LEAVE_ONE_GROUP_OUT:
        folds = _leave_one_out(units, grouped=group_of is not None)
    elif match := _TIME.fullmatch(kind):
        _enough(kind, unit_count, int(match[1]) + 1, group_of)
        folds = _later(units, int(match[1]) + 1)
    elif match := _KFOLD.fullmatch(kind):
        count, repeats = int(match[1]), int(match[2] or 1)
        if count < 2 or count * repeats > MAX_FOLDS:
            raise _unknown(kind)
        _enough(kind, unit_count, count, group_of)
        deals = (_deal(units, [1.0] * count, rng) for _ in range(repeats))
        folds = tuple(fold for part_of in deals for fold in _each_out(part_of))
    elif match := _SHARES.fullmatch(kind):
        shares = [float(part) for part in match.groups() if part]
        _enough(kind, unit_count, len(shares), group_of)
        folds, final = _parts(_deal(units, shares, rng), len(shares))
    else:
        raise _unknown(kind)
    return Split(kind, folds, final, group_count)


def is_shuffled(kind: str) -> bool:
    """Return whether another seed gives other folds."""
    return kind not in LEAVE_ONE_GROUP_OUT and not _TIME.fullmatch(kind)


def what_is_scored(kind: str, groups: Sequence[str], *, groups_by_inputs: bool, repeats: bool) -> str:
    """Say what a score on rows held out by `kind` is a score of: how the model will have to be used."""
    if kind.startswith("time:"):
        return "later experiments, predicted from earlier ones"
    if groups:
        return f"a new group: values of {', '.join(map(repr, groups))} that were not seen"
    if groups_by_inputs or not repeats:
        return "new conditions of a known system"
    return "new rows, some of which repeat known conditions: higher than that of new conditions"


def _unknown(kind: str) -> UsageError:
    return UsageError(
        f"--split {kind!r} is not understood", remedy="use kfold:10, kfold:10x5, 7:3, 6:2:2, logo or time:5"
    )


def _enough(kind: str, unit_count: int, least: int, group_of: Ints | None) -> None:
    if unit_count < least:
        what = "rows" if group_of is None else "groups"
        raise UsageError(f"--split {kind}: needs at least {least} {what}, there are {unit_count}")


def _leave_one_out(units: Ints, *, grouped: bool) -> tuple[Fold, ...]:
    if not grouped:
        raise UsageError(
            "--split logo leaves out one group at a time", remedy="name the groups with --group-by"
        )
    count = int(units.max()) + 1
    if not 2 <= count <= MAX_FOLDS:
        raise UsageError(
            f"--split logo: {count} groups are not within 2 to {MAX_FOLDS}",
            remedy="use kfold:10, groups stay whole",
        )
    return _each_out(units)


def _each_out(part_of: Ints) -> tuple[Fold, ...]:
    return tuple(
        Fold(np.flatnonzero(part_of != part), np.flatnonzero(part_of == part))
        for part in range(int(part_of.max()) + 1)
    )


def _later(units: Ints, part_count: int) -> tuple[Fold, ...]:
    """Cut rows in order into parts of nearly equal size; a group belongs where it begins."""
    _, first = np.unique(units, return_index=True)
    begins = first[units]
    rank = np.unique(begins, return_inverse=True)[1]
    sizes = np.bincount(rank)
    middle = (np.cumsum(sizes) - 0.5 * sizes) / len(units)
    part_of = np.minimum((middle * part_count).astype(np.int64), part_count - 1)[rank]
    folds = [
        Fold(np.flatnonzero(part_of < part), np.flatnonzero(part_of == part)) for part in range(1, part_count)
    ]
    return tuple(fold for fold in folds if len(fold.test) and len(fold.train))


def _parts(part_of: Ints, count: int) -> tuple[tuple[Fold, ...], Fold | None]:
    train, choose = np.flatnonzero(part_of == 0), np.flatnonzero(part_of == 1)
    final = Fold(np.flatnonzero(part_of != 2), np.flatnonzero(part_of == 2)) if count == 3 else None
    return (Fold(train, choose),), final


def _deal(units: Ints, shares: list[float], rng: np.random.Generator) -> Ints:
    """Give each unit (a row, or a group) to the part that lacks most rows of its share; none is empty."""
    sizes = np.bincount(units)
    order = rng.permutation(len(sizes))
    wanted = np.array(shares) / sum(shares) * len(units)
    part_of_unit = np.empty(len(sizes), dtype=np.int64)
    for position, unit in enumerate(order):
        part = position if position < len(shares) else int(np.argmax(wanted))
        part_of_unit[unit] = part
        wanted[part] -= sizes[unit]
    return part_of_unit[units]
