"""Spectra in a terminal: a few rows of characters, enough to see where the peak is."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROWS, _COLUMNS = 10, 72


def plot(curves: Sequence[tuple[str, str, Sequence[float], Sequence[float]]], low: float, high: float) -> str:
    """Draw curves of (name, mark, wavelengths in nm, values) between two wavelengths; later ones on top."""
    grid = [[" "] * _COLUMNS for _ in range(_ROWS)]
    inside = [
        y for _, _, xs, ys in curves for x, y in zip(xs, ys, strict=True) if low <= x <= high and isfinite(y)
    ]
    top = max(inside, default=0.0)
    if top <= 0.0:
        return "nothing to see"
    for _, mark, xs, ys in curves:
        for x, y in zip(xs, ys, strict=True):
            if low <= x <= high and isfinite(y):
                column = min(int((x - low) / (high - low) * _COLUMNS), _COLUMNS - 1)
                row = min(int(max(y, 0.0) / top * _ROWS), _ROWS - 1)
                grid[_ROWS - 1 - row][column] = mark
    legend = "   ".join(f"{mark} {name}" for name, mark, _, _ in curves)
    height = f"{top:6.3f}" if top < 100.0 else f"{top:6.4g}"
    lines = [f"{height} |{''.join(grid[0])}", *(f"       |{''.join(row)}" for row in grid[1:])]
    axis = f"       {low:.0f} nm{'':>{_COLUMNS - 12}}{high:.0f} nm   {legend}"
    return "\n".join([*lines, f"       +{'-' * _COLUMNS}", axis])
