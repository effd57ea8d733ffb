"""Whether a signal has settled: its trend and its scatter over a trailing window. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

MOST_SAMPLES: Final = 500
"""A window keeps no more; samples that come faster are passed over."""


@dataclass(frozen=True, slots=True)
class Criteria:
    """What steady means; `tolerance` is in the signal's unit.

    Over `window_s` the trend moves the signal by no more than `tolerance`, and the scatter about the trend,
    one standard deviation, is no more than it either.
    """

    tolerance: float
    window_s: float
    least_samples: int = 4

    def __post_init__(self) -> None:
        if not (self.tolerance > 0.0 and self.window_s > 0.0 and 3 <= self.least_samples <= MOST_SAMPLES):
            raise ValueError(f"{self}: tolerance and window must be above 0, samples 3 to {MOST_SAMPLES}")


@dataclass(frozen=True, slots=True)
class Trail:
    """Samples (time_s, value) of the trailing window, oldest first."""

    samples: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`drift` is the trend times the window; both figures are NaN until the window is full."""

    steady: bool
    drift: float = math.nan
    scatter: float = math.nan


def observe(trail: Trail, criteria: Criteria, time_s: float, value: float) -> Trail:
    """Add a sample. One that is not finite, or older than the last, empties the trail: nothing is proven."""
    if not math.isfinite(value):
        return Trail()
    samples = trail.samples
    if samples and time_s < samples[-1][0]:
        samples = ()
    if samples and time_s - samples[-1][0] < criteria.window_s / MOST_SAMPLES:
        return trail
    begin_s = time_s - criteria.window_s
    # The newest sample from before the window stays: with it the window is covered.
    first = max((i for i, (sampled_s, _) in enumerate(samples) if sampled_s <= begin_s), default=0)
    return Trail((*samples[first:], (time_s, value)))


def judge(trail: Trail, criteria: Criteria) -> Verdict:
    """Fit a straight line by least squares and compare it with the criteria."""
    samples = trail.samples
    if len(samples) < criteria.least_samples or samples[-1][0] - samples[0][0] < criteria.window_s:
        return Verdict(steady=False)
    count = len(samples)
    mean_s = math.fsum(time_s for time_s, _ in samples) / count
    mean = math.fsum(value for _, value in samples) / count
    spread = math.fsum((time_s - mean_s) ** 2 for time_s, _ in samples)
    slope = math.fsum((time_s - mean_s) * (value - mean) for time_s, value in samples) / spread
    residual = math.fsum((value - mean - slope * (time_s - mean_s)) ** 2 for time_s, value in samples)
    drift, scatter = slope * criteria.window_s, math.sqrt(residual / (count - 2))
    return Verdict(abs(drift) <= criteria.tolerance and scatter <= criteria.tolerance, drift, scatter)
