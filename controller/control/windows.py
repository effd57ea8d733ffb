"""Judges that look back over a window, in bounded memory: a rate of change, a sensor that is stuck."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, isnan, nan
from typing import TYPE_CHECKING, Final

from controller.control.judges import MEND, NO_GOOD_READING, Channel

if TYPE_CHECKING:
    from controller.control.seen import Seen

BINS: Final = 16
"""Parts of a window, each kept as the mean of its readings: a memory of at most BINS + 2 points."""
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class RateMemory:
    """`points` are times and mean readings, oldest first; the bin being filled is not among them.

    `bin_s` is how long that bin is open, `sum_s` the sum of its readings' times. `slope_per_s` is NaN until
    the points span the window. `blind_s` is how long there has been no good reading.
    """

    time_s: float = 0.0
    bin_s: float = 0.0
    sum_s: float = 0.0
    sum_value: float = 0.0
    count: int = 0
    points: tuple[tuple[float, float], ...] = ()
    slope_per_s: float = nan
    blind_s: float = 0.0


@dataclass(frozen=True, slots=True)
class StuckMemory:
    """Lowest and highest reading of the last `quiet_s`, over which they spanned too little; NaN at first."""

    low: float = nan
    high: float = nan
    quiet_s: float = 0.0


_NO_HISTORY: Final = RateMemory()
_UNSEEN: Final = StuckMemory()


@dataclass(frozen=True, slots=True)
class RateJudge:
    """Compares the least-squares slope over the window, in which noise averages out, with the limit.

    Not standing until the window is full; a gap in the readings longer than the window empties it.
    """

    channel: Channel
    limit_per_s: float
    window_s: float
    cannot: str = NO_GOOD_READING

    def initial(self) -> RateMemory:
        return _NO_HISTORY

    def judge(
        self,
        memory: object,
        seen: Seen,
        dt_s: float,
        *,
        standing: bool,  # noqa: ARG002
    ) -> tuple[RateMemory, bool | None]:
        assert isinstance(memory, RateMemory)
        if not seen.good(self.channel.index):
            return self._blind(memory, dt_s), None
        memory = self._take(memory, seen.values[self.channel.index], dt_s)
        return memory, abs(memory.slope_per_s) > self.limit_per_s

    def describe(self) -> str:
        limit = self.channel.amount(self.limit_per_s)
        return f"{self.channel.name} moving faster than {limit}/s over {self.window_s:g} s"

    def explain(self, memory: object, seen: Seen) -> str:
        assert isinstance(memory, RateMemory)
        if isnan(memory.slope_per_s):
            return self.channel.show(seen)
        return f"{self.channel.show(seen)}, moving by {self.channel.amount(memory.slope_per_s)}/s"

    def remedy(self, seen: Seen) -> str:
        return f"wait until it is steady for {self.window_s:g} s" if seen.good(self.channel.index) else MEND

    def _blind(self, memory: RateMemory, dt_s: float) -> RateMemory:
        blind_s = memory.blind_s + dt_s
        if blind_s > self.window_s:
            return _NO_HISTORY
        m = memory
        return RateMemory(
            m.time_s + dt_s, m.bin_s + dt_s, m.sum_s, m.sum_value, m.count, m.points, m.slope_per_s, blind_s
        )

    def _take(self, m: RateMemory, value: float, dt_s: float) -> RateMemory:
        time_s, bin_s = m.time_s + dt_s, m.bin_s + dt_s
        sum_s, sum_value, count = m.sum_s + time_s, m.sum_value + value, m.count + 1
        if bin_s < self.window_s / BINS - _ROUNDING:
            return RateMemory(time_s, bin_s, sum_s, sum_value, count, m.points, m.slope_per_s)
        points = [*m.points, (sum_s / count, sum_value / count)]
        begin_s = points[-1][0] - self.window_s + _ROUNDING
        # One point at or before the window's begin stays, so that the points span all of it.
        while len(points) > 1 and points[1][0] <= begin_s:
            del points[0]
        full = points[0][0] <= begin_s
        return RateMemory(time_s, points=tuple(points), slope_per_s=_slope(points) if full else nan)


@dataclass(frozen=True, slots=True)
class StuckJudge:
    """Stands once all readings of the window lie within less than `span`; moving on ends it at once."""

    channel: Channel
    span: float
    window_s: float
    cannot: str = NO_GOOD_READING

    def initial(self) -> StuckMemory:
        return _UNSEEN

    def judge(
        self,
        memory: object,
        seen: Seen,
        dt_s: float,
        *,
        standing: bool,  # noqa: ARG002
    ) -> tuple[StuckMemory, bool | None]:
        assert isinstance(memory, StuckMemory)
        if not seen.good(self.channel.index):
            return memory, None
        value = seen.values[self.channel.index]
        low = value if value < memory.low or isnan(memory.low) else memory.low
        high = value if value > memory.high or isnan(memory.high) else memory.high
        if high - low >= self.span or isnan(memory.low):
            return StuckMemory(value, value), False
        quiet_s = min(memory.quiet_s + dt_s, self.window_s)
        if (low, high, quiet_s) != (memory.low, memory.high, memory.quiet_s):
            memory = StuckMemory(low, high, quiet_s)
        return memory, quiet_s >= self.window_s - _ROUNDING

    def describe(self) -> str:
        return f"{self.channel.name} within {self.channel.amount(self.span)} for {self.window_s:g} s"

    def explain(self, _memory: object, seen: Seen) -> str:
        return self.channel.show(seen)

    def remedy(self, seen: Seen) -> str:
        return "see why the sensor shows no change" if seen.good(self.channel.index) else MEND


def _slope(points: list[tuple[float, float]]) -> float:
    """Fit a straight line by least squares; returns its slope. The times must differ."""
    count = len(points)
    mean_s = fsum([time_s for time_s, _ in points]) / count
    mean = fsum([value for _, value in points]) / count
    above = fsum([(time_s - mean_s) * (value - mean) for time_s, value in points])
    return above / fsum([(time_s - mean_s) * (time_s - mean_s) for time_s, _ in points])
