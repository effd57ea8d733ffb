"""First-order models with dead time: fitted to an experiment, and the controller tuned for them.

The model is T dy/dt = -(y - y0) + K u(t - L), the same for temperatures as for flows and pressures.
Integrated once it is linear in 1/T, K/T and y0/T for a given L, and the noise of y stays out of the
regressors. The initial state drops out, so that an experiment may begin in the middle of a transient.
Source of the integral form: Bi, Cai, Lee, Wang, Hang, Zhang, "Robust identification of first-order plus
dead-time model from step response", Control Engineering Practice 7 (1999) 71-77.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from operator import mul
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

# A closed loop at twice the dead time has a gain margin above 4: half as much gain again leaves it at the
# margins that SIMC chooses for its nominal case, with an overshoot under 5 %.
_LAMBDA_PER_DEAD_TIME: Final = 2.0
# On a pure integrator, a PI controller overshoots by about (lambda + L) / Ti.
_LONGEST_INTEGRAL: Final = 25.0
# Of the time that was watched: beyond it a lag can't be told from an integrator.
_LONGEST_LAG: Final = 10.0


@dataclass(frozen=True, slots=True)
class Fotdp:
    """K in measurement units per output unit, T and L in seconds."""

    gain: float
    time_constant_s: float
    dead_time_s: float

    @property
    def normalised_dead_time(self) -> float:
        """L / (L + T): 0 is all lag, 1 is all dead time."""
        return self.dead_time_s / (self.dead_time_s + self.time_constant_s)


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


@dataclass(frozen=True, slots=True)
class Drive:
    """What was put out: (time, output asked from then on), reached at `rate_per_s`; 0: at once."""

    switches: tuple[tuple[float, float], ...]
    rate_per_s: float

    def integrals(self) -> tuple[tuple[float, float, float], ...]:
        """Return (time, output that stood then, its integral until then) of each switch."""
        found = []
        last_s, level = self.switches[0]
        asked, total = level, 0.0
        for start_s, output in self.switches:
            added, level = self._move(level, asked, start_s - last_s)
            total += added
            found.append((start_s, level, total))
            last_s, asked = start_s, output
        return tuple(found)

    def since(self, position: int, level: float, age_s: float) -> float:
        """Return the integral over `age_s` from a switch at which `level` stood."""
        return self._move(level, self.switches[position][1], age_s)[0]

    def _move(self, level: float, asked: float, age_s: float) -> tuple[float, float]:
        """Return the integral over `age_s` on the way from `level` to `asked`, and where that leads."""
        change = asked - level
        if self.rate_per_s <= 0.0 or change == 0.0:
            return asked * age_s, asked
        way_s = abs(change) / self.rate_per_s
        if age_s >= way_s:
            return asked * age_s - 0.5 * change * way_s, asked
        reached = level + change * age_s / way_s
        return 0.5 * (level + reached) * age_s, reached


@dataclass(frozen=True, slots=True)
class Regression:
    """What the best K and T for one dead time leave unexplained, in squared measurement units per sample."""

    residual: float
    gain: float
    time_constant_s: float


def regress(traces: Sequence[Trace], drive: Drive, dead_time_s: float, from_s: float) -> Regression | None:
    """Fit K and T for one dead time to the samples after `from_s`.

    `from_s` must be no less than the dead time, since what was applied before the experiment is not known.
    None where the experiment does not determine a model.
    """
    columns = _columns(traces, drive, dead_time_s, from_s)
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
    time_constant_s = min(-1.0 / lag, longest_s) if lag < 0.0 else longest_s
    return Regression(residual / len(values), push * time_constant_s, time_constant_s)


def lambda_tuning(model: Fotdp, dt_s: float) -> tuple[float, float]:
    """Return the gain and integral time of the PI controller for a loop that runs every `dt_s`.

    Lambda tuning: K_c = T / (K (lambda + L)), T_i = T; lambda is twice the dead time. A held output delays by
    half a tick more. Source: Astrom & Hagglund, Advanced PID Control (ISA, 2006), section 6.5; the limit of
    T_i for near integrators after Skogestad, J. Process Control 13 (2003) 291-309, section 3.
    """
    delay_s = max(model.dead_time_s, dt_s) + 0.5 * dt_s
    closed_s = (1.0 + _LAMBDA_PER_DEAD_TIME) * delay_s
    integral_s = min(model.time_constant_s, _LONGEST_INTEGRAL * closed_s)
    return model.time_constant_s / (model.gain * closed_s), integral_s


def _columns(
    traces: Sequence[Trace], drive: Drive, dead_time_s: float, from_s: float
) -> tuple[list[float], ...]:
    """Return integral of y, integral of the delayed u, time, 1 and y: each a column over all samples."""
    found: tuple[list[float], ...] = ([], [], [], [], [])
    integrals, drives, times_s, ones, values = found
    position, starts = 0, drive.integrals()
    for trace in traces:
        first = bisect_left(trace.times_s, from_s)
        integrals += trace.integrals[first:]
        times_s += trace.times_s[first:]
        values += trace.values[first:]
    for time_s in times_s:
        seen_s = time_s - dead_time_s
        while position + 1 < len(starts) and starts[position + 1][0] <= seen_s:
            position += 1
        start_s, level, driven = starts[position]
        drives.append(driven + drive.since(position, level, seen_s - start_s))
    ones += [1.0] * len(times_s)
    return found


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
