"""Columns that are parts of one whole: their sum is 1 or 100 in nearly every row."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.arrays import Floats, Ints
    from trainer.columns import Column

TOTALS = (1.0, 100.0)
TOLERANCE = 0.005
LEAST_SHARE = 0.9
# Longer runs of columns of one unit are spectra.
MAX_PARTS = 24


def find_compositions(inputs: Sequence[Column]) -> list[tuple[tuple[str, ...], float, float, Ints]]:
    """Find runs of neighbours of one unit: headers, total, share of rows that meet it, and the others."""
    found = []
    for (_, is_choice), run in groupby(inputs, key=lambda column: (column.unit, bool(column.choices))):
        columns = list(run)
        if is_choice or not 2 <= len(columns) <= MAX_PARTS:
            continue
        found.extend(_find_in_run(columns))
    return found


def _find_in_run(columns: list[Column]) -> list[tuple[tuple[str, ...], float, float, Ints]]:
    """Look at the longest runs first, and at each column once."""
    data = np.column_stack([column.data for column in columns])
    varies = np.nanmax(data, axis=0) > np.nanmin(data, axis=0)
    taken: set[int] = set()
    found = []
    for length in range(len(columns), 1, -1):
        for start in range(len(columns) - length + 1):
            part = list(range(start, start + length))
            if taken & set(part) or varies[part].sum() < 2:
                continue
            match = _total(data[:, part])
            if match is not None:
                taken |= set(part)
                found.append((tuple(columns[index].header for index in part), *match))
    return found


def _total(parts: Floats) -> tuple[float, float, Ints] | None:
    """Total, share and the rows [k] that miss it, of parts [n, p], or None; rows with gaps don't count."""
    known = ~np.isnan(parts).any(axis=1)
    if not known.any() or parts[known].min() < 0.0:
        return None
    sums = parts.sum(axis=1)
    for total in TOTALS:
        meets = np.abs(sums - total) <= TOLERANCE * total
        share = float(meets[known].mean())
        if share >= LEAST_SHARE:
            return total, share, np.flatnonzero(known & ~meets)
    return None
