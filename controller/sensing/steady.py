"""Whether a signal has settled: neither drifting nor scattered over a window of time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Criterion:
    """Steady: over `window_s` the least-squares trend moves by at most `tolerance`, and no sample strays far.

    Samples may scatter by `tolerance` to either side of the trend.
    """

    tolerance: float
    window_s: float
    least_samples: int = 4


def is_steady(samples: Sequence[tuple[float, float]], criterion: Criterion) -> bool:
    """Judge samples of (time in s, value), oldest first; a NaN in the window is never steady."""
    if not samples:
        return False
    newest_s = samples[-1][0]
    window = [each for each in samples if each[0] >= newest_s - criterion.window_s]
    covered = len(window) < len(samples) or newest_s - window[0][0] >= criterion.window_s
    if not covered or len(window) < criterion.least_samples:
        return False
    if not all(isfinite(value) for _, value in window):
        return False
    slope, residuals = _trend(window)
    drift = abs(slope) * (newest_s - window[0][0])
    return drift <= criterion.tolerance and max(residuals) - min(residuals) <= 2.0 * criterion.tolerance


def _trend(window: Sequence[tuple[float, float]]) -> tuple[float, list[float]]:
    count = len(window)
    mean_s = sum(time_s for time_s, _ in window) / count
    mean = sum(value for _, value in window) / count
    spread = sum((time_s - mean_s) ** 2 for time_s, _ in window)
    covered = sum((time_s - mean_s) * (value - mean) for time_s, value in window)
    slope = covered / spread if spread > 0.0 else 0.0
    return slope, [value - mean - slope * (time_s - mean_s) for time_s, value in window]
