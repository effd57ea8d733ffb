"""Columns by which a score knows what a new experiment can't: row numbers, disguised targets, groups."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import rankdata

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trainer.arrays import Floats, Ints
    from trainer.columns import Column

# A physical law with noise stays below; the same quantity measured or computed twice does not.
SAME_ORDER = 0.998
SAME_VALUE = 0.99999
# Fewer rows are in order by chance.
MIN_ROWS = 12
MIN_SHARE = 0.2
_GROUP_WORDS = re.compile(
    r"(^|[^a-z])(batch|run|campaign|citation|doi|ref|reference|paper|author|lot|operator|chip|day|date|session|"
    r"series|plate|cluster|experiment|well)([^a-z]|$)"
)


def find_row_numbers(inputs: Sequence[Column]) -> list[Column]:
    """Columns without a unit that hold whole numbers, each once, with few left out of their range."""
    found = []
    for column in inputs:
        values = column.data
        if column.choices or column.unit or column.missing_count or len(values) < MIN_ROWS:
            continue
        steps = np.diff(np.sort(values))
        is_whole = np.array_equal(values, np.round(values)) and steps.min() >= 1.0
        # Rows that are left out take their numbers with them, but leave the rest in order.
        is_ordered = bool((np.diff(values) > 0.0).all()) and np.ptp(values) < 2 * len(values)
        if is_whole and (is_ordered or steps.max() == 1.0):
            found.append(column)
    return found


def find_disguises(inputs: Sequence[Column], targets: Sequence[Column]) -> list[tuple[Column, Column, float]]:
    """Find inputs that order the rows as a target does, with that target and their rank correlation."""
    y = np.column_stack([target.data for target in targets])
    complete = _ranks(y)
    found = []
    for column in inputs:
        if column.choices or len(column.data) - column.missing_count < MIN_ROWS:
            continue
        known = ~np.isnan(column.data)
        ranks = complete if known.all() else _ranks(y[known])
        correlations = _ranks(column.data[known][:, None]).T @ ranks
        best = int(np.abs(correlations).argmax())
        if abs(correlations[0, best]) >= SAME_ORDER:
            found.append((column, targets[best], float(correlations[0, best])))
    return found


def find_twins(inputs: Sequence[Column]) -> list[tuple[Column, Column, float]]:
    """Pairs of complete numeric inputs that differ by a factor and an offset only."""
    numbers = [column for column in inputs if not column.choices and not column.missing_count]
    numbers = [column for column in numbers if np.ptp(column.data) > 0.0]
    if len(numbers) < 2:
        return []
    correlations = np.corrcoef(np.array([column.data for column in numbers]))
    pairs = np.argwhere(np.triu(np.abs(correlations) >= SAME_VALUE, k=1))
    return [(numbers[i], numbers[j], float(correlations[i, j])) for i, j in pairs]


def find_groups(texts: Mapping[str, Sequence[str]], y: Floats) -> list[tuple[str, int, float, float]]:
    """Columns called like groups whose rows are alike: header, groups, share of variance, rows with a mate.

    The share is epsilon squared (Kelley 1935), which chance alone leaves at 0: one less the variance inside
    groups over all variance, the largest of the targets.
    """
    found = []
    for header, cells in texts.items():
        labels = pd.factorize(np.asarray(cells, dtype=object))[0]
        counts = np.bincount(labels)
        if not may_be_group(header, len(counts), len(labels)):
            continue
        share = max(_share_between(labels, counts, y[:, target]) for target in range(y.shape[1]))
        if share >= MIN_SHARE:
            mates = float(counts[counts > 1].sum() / len(labels))
            found.append((header, len(counts), share, mates))
    return found


def may_be_group(header: str, group_count: int, row_count: int) -> bool:
    """Tell whether a column is called like a group, and has groups of more than a row."""
    return bool(_GROUP_WORDS.search(header.casefold())) and 2 <= group_count <= 0.7 * row_count


def _share_between(labels: Ints, counts: Ints, y: Floats) -> float:
    means = np.bincount(labels, weights=y) / counts
    inside = ((y - means[labels]) ** 2).sum() / (len(y) - len(counts))
    total = y.var(ddof=1)
    return float(1.0 - inside / total) if total > 0.0 else 0.0


def _ranks(values: Floats) -> Floats:
    """Ranks of each column [n, m], centred, of unit length: their products are rank correlations."""
    ranks = np.asarray(rankdata(values, axis=0), dtype=np.float64)
    ranks -= ranks.mean(axis=0)
    length = np.sqrt((ranks**2).sum(axis=0))
    return np.asarray(ranks / np.where(length > 0.0, length, 1.0))
