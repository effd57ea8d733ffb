"""Two lags with dead time, fitted to what was put out and what was measured.

The model is T1 dy/dt = -(y - y0) + K v(t - L), T2 dv/dt = -v + u: the same for temperatures as for flows and
pressures. Integrated once it is linear in 1/T1, K/T1 and y0/T1 for a given L and T2, and the noise of y stays
out of the regressors; T2 = 0 is the first-order model. The initial state drops out, so that an experiment may
begin in the middle of a transient. Source of the integral form: Bi, Cai, Lee, Wang, Hang, Zhang, "Robust
identification of first-order plus dead-time model from step response", Control Engineering Practice 7 (1999)
71-77.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from operator import mul
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

# Of the time that was watched: beyond it a lag can't be told from an integrator.
_LONGEST_LAG: Final = 10.0
# Lags after which a billionth is left, and is neglected.
_FADED: Final = 20.0


@dataclass(frozen=True, slots=True)
class Trace:
    """Samples of a measurement with its integral from the start, thinned so that they stay few."""

    most: int
    every_s: float = 0.0
    times_s: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    integrals: tuple[float, ...] = ()

    def add(self, time_s: float, value: float, integral: float) -> Trace:
        """Keep a sample if it is due; a full trace drops every second one and takes half as many after."""
        if self.times_s and time_s < self.times_s[-1] + self.every_s:
            return self
        grown = (*self.times_s, time_s), (*self.values, value), (*self.integrals, integral)
        if len(grown[0]) <= self.most:
            return Trace(self.most, self.every_s, *grown)
        every_s = 2.0 * (time_s - grown[0][0]) / self.most
        return Trace(self.most, every_s, *(column[::2] for column in grown))

    def at(self, time_s: float) -> float:
        """Return the first value that is no older than `time_s`; the last one if all are older."""
        return self.values[min(bisect_left(self.times_s, time_s), len(self.values) - 1)]


class _Leg(NamedTuple):
    """A straight piece of the output, until the next one's start."""

    start_s: float
    level: float
    slope_per_s: float


@dataclass(frozen=True, slots=True)
class Drive:
    """What was put out: (time, output asked from then on), reached at `rate_per_s`; 0: at once."""

    switches: tuple[tuple[float, float], ...]
    rate_per_s: float

    def integrals(self, times_s: Sequence[float], lag_s: float) -> list[float]:
        """Return the integral of the output, as it is behind a lag, until each of these ascending times.

        None may be before the first switch, at whose output the lag is taken to rest.
        """
        legs = self._legs()
        origin = lagged = legs[0].level
        position, total, found = 0, 0.0, []
        for time_s in times_s:
            while position + 1 < len(legs) and legs[position + 1].start_s <= time_s:
                area, lagged = _along(legs[position], legs[position + 1].start_s, lagged, lag_s)
                total += area
                position += 1
            area, here = _along(legs[position], time_s, lagged, lag_s)
            # T2 dv/dt = u - v, integrated.
            found.append(total + area - lag_s * (here - origin))
        return found

    def _legs(self) -> list[_Leg]:
        """Cut the output into straight pieces: ways at the rate, rests at what was asked."""
        start_s, level = self.switches[0]
        legs = [_Leg(start_s, level, 0.0)]
        for (start_s, asked), (end_s, _) in pairwise((*self.switches[1:], (math.inf, level))):
            change = asked - level
            way_s = abs(change) / self.rate_per_s if self.rate_per_s > 0.0 else 0.0
            if way_s > 0.0:
                legs.append(_Leg(start_s, level, change / way_s))
            if start_s + way_s <= end_s:
                legs.append(_Leg(start_s + way_s, asked, 0.0))
                level = asked
            else:
                level += change / way_s * (end_s - start_s)
        return legs


def _along(leg: _Leg, until_s: float, lagged: float, lag_s: float) -> tuple[float, float]:
    """Return the leg's integral until then, and what follows it with the lag, from `lagged` at its start."""
    start_s, level, slope_per_s = leg
    age_s = until_s - start_s
    area = (level + 0.5 * slope_per_s * age_s) * age_s
    if lag_s <= 0.0:
        return area, level + slope_per_s * age_s
    behind = slope_per_s * lag_s
    return area, level + slope_per_s * age_s - behind + (lagged - level + behind) * fade(age_s / lag_s)


def fade(lags: float) -> float:
    """Return e^-lags for lags >= 0, to 1e-5 of it, by arithmetic that rounds alike everywhere.

    A Pade approximant of order (3, 3), squared as often as its argument was halved.
    """
    if lags > _FADED:
        return 0.0
    halvings = 0
    while lags > 0.5:
        lags *= 0.5
        halvings += 1
    even, odd = 120.0 + 12.0 * lags * lags, lags * (60.0 + lags * lags)
    left = (even - odd) / (even + odd)
    for _ in range(halvings):
        left *= left
    return left


@dataclass(frozen=True, slots=True)
class Regression:
    """The best K and T1 for one dead time and T2; what they leave unexplained, squared, a sample."""

    residual: float
    gain: float
    lag_s: float


def regress(
    traces: Sequence[Trace], drive: Drive, dead_time_s: float, second_lag_s: float, from_s: float
) -> Regression | None:
    """Fit K and T1 for one dead time and T2 to the samples after `from_s`.

    `from_s` must be no less than the dead time, since what was applied before the experiment is not known.
    None where the experiment does not determine a model.
    """
    columns = _columns(traces, drive, dead_time_s, second_lag_s, from_s)
    *regressors, values = columns
    if len(values) <= 2 * len(regressors):
        return None
    scales = [max(map(abs, column)) or 1.0 for column in regressors]
    normal = [
        [
            math.fsum(map(mul, one, other)) / (scale * by)
            for other, by in zip(columns, (*scales, 1.0), strict=True)
        ]
        for one, scale in zip(regressors, scales, strict=True)
    ]
    solution = _solve(normal)
    if solution is None:
        return None
    lag, push, drift, start = (each / scale for each, scale in zip(solution, scales, strict=True))
    errors = [v - lag * a - push * b - drift * t - start for a, b, t, _, v in zip(*columns, strict=True)]
    residual = math.fsum(map(mul, errors, errors))
    if push <= 0.0:
        return None
    longest_s = _LONGEST_LAG * regressors[2][-1]
    lag_s = min(-1.0 / lag, longest_s) if lag < 0.0 else longest_s
    return Regression(residual / len(values), push * lag_s, lag_s)


def _columns(
    traces: Sequence[Trace], drive: Drive, dead_time_s: float, second_lag_s: float, from_s: float
) -> tuple[list[float], ...]:
    """Return integral of y, integral of the delayed v, time, 1 and y: each a column over all samples."""
    integrals: list[float] = []
    times_s: list[float] = []
    values: list[float] = []
    for trace in traces:
        first = bisect_left(trace.times_s, from_s)
        integrals += trace.integrals[first:]
        times_s += trace.times_s[first:]
        values += trace.values[first:]
    drives = drive.integrals([time_s - dead_time_s for time_s in times_s], second_lag_s)
    return integrals, drives, times_s, [1.0] * len(times_s), values


def _solve(matrix: list[list[float]]) -> list[float] | None:
    """Solve a small system, right side in the last column, by elimination with pivoting; None if singular."""
    size = len(matrix)
    for column in range(size):
        pivot = max(range(column, size), key=lambda line: abs(matrix[line][column]))
        matrix[column], matrix[pivot] = matrix[pivot], matrix[column]
        lead = matrix[column]
        if math.isclose(lead[column], 0.0, abs_tol=1e-12):
            return None
        for line in matrix[column + 1 :]:
            factor = line[column] / lead[column]
            for each in range(column, size + 1):
                line[each] -= factor * lead[each]
    solution = [0.0] * size
    for column in reversed(range(size)):
        known = math.fsum(matrix[column][each] * solution[each] for each in range(column + 1, size))
        solution[column] = (matrix[column][size] - known) / matrix[column][column]
    return solution
