"""What entered the reactor, in order of cumulative volume, and the clocks at each point of it."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Final

LEAST_BIN_UL: Final = 0.25


@dataclass(slots=True)
class Inflow:
    """Liquid that entered the reactor in one step, by stream, and the marks that it carries."""

    streams_ul: list[float]
    rinse_ul: float
    """Clear liquid that filled the mixer at first."""
    marks: list[float]
    """What was done to it before, as volume means: the plant says which."""

    @property
    def volume_ul(self) -> float:
        # Not sum(): its rounding differs between Python's versions.
        volume_ul = 0.0
        for stream_ul in self.streams_ul:
            volume_ul += stream_ul
        return volume_ul + self.rinse_ul

    def blend(self, other: Inflow, share: float) -> Inflow:
        """Give a microlitre of this liquid with a share of another."""
        own, others = (1.0 - share) / self.volume_ul, share / other.volume_ul
        return Inflow(
            [
                own * here + others * there
                for here, there in zip(self.streams_ul, other.streams_ul, strict=True)
            ],
            own * self.rinse_ul + others * other.rinse_ul,
            [here + share * (there - here) for here, there in zip(self.marks, other.marks, strict=True)],
        )

    def absorb(self, other: Inflow, own_ul: float, other_ul: float) -> None:
        """Merge with what follows: volumes add, marks become the volume mean."""
        share = other_ul / (own_ul + other_ul)
        for index, stream_ul in enumerate(other.streams_ul):
            self.streams_ul[index] += stream_ul
        self.rinse_ul += other.rinse_ul
        for index, mark in enumerate(other.marks):
            self.marks[index] += (mark - self.marks[index]) * share


@dataclass(frozen=True, slots=True)
class Crossing:
    """When a point of the liquid entered the reactor."""

    time_s: float
    clocks: tuple[float, ...]
    """Integrals over time of what the liquid meets in the reactor: its temperature in degC s, and more."""


class ReactorHistory:
    """Bins of at least 0.25 uL, enough of them to look back over `horizon_ul`. Cost per step is constant."""

    def __init__(self, horizon_ul: float, streams: int, marks: list[float], clocks: int) -> None:
        self._most_bins = int(horizon_ul / LEAST_BIN_UL) + 2
        self._bins = [Inflow([0.0] * streams, horizon_ul, marks)]
        self._end_ul = [0.0]
        self._end_s = [0.0]
        self._end_clocks: list[tuple[float, ...]] = [(0.0,) * clocks]
        self._last_ul = horizon_ul
        self.volume_ul = 0.0
        """All that has entered."""
        self._forgotten_ul = [0.0] * streams

    @property
    def entered_ul(self) -> tuple[float, ...]:
        """All that has entered of each stream."""
        entered_ul = list(self._forgotten_ul)
        for inflow in self._bins:
            for index, stream_ul in enumerate(inflow.streams_ul):
                entered_ul[index] += stream_ul
        return tuple(entered_ul)

    def push(self, inflow: Inflow, time_s: float, clocks: tuple[float, ...]) -> None:
        """Append what entered during the step that ends at this time and these clocks."""
        entering_ul = inflow.volume_ul
        if entering_ul <= 0.0:
            return
        self.volume_ul += entering_ul
        if self._last_ul < LEAST_BIN_UL:
            self._bins[-1].absorb(inflow, self._last_ul, entering_ul)
            self._last_ul += entering_ul
            self._end_ul[-1] = self.volume_ul
            self._end_s[-1] = time_s
            self._end_clocks[-1] = clocks
            return
        self._bins.append(inflow)
        self._end_ul.append(self.volume_ul)
        self._end_s.append(time_s)
        self._end_clocks.append(clocks)
        self._last_ul = entering_ul
        if len(self._bins) > 2 * self._most_bins:
            self._forget()

    def inflow_at(self, volume_ul: float) -> Inflow:
        """Give a microlitre of what entered about this point; of the oldest bin for points before it.

        Linear between the middles of bins, so that how finely steps cut the liquid shows in second order.
        """
        ends, last = self._end_ul, len(self._bins) - 1
        index = min(bisect_left(ends, volume_ul), last)
        here = self._bins[index]
        if index == 0:
            return here.blend(here, 0.0)
        middle_ul = 0.5 * (ends[index - 1] + ends[index])
        if volume_ul >= middle_ul:
            if index == last:
                return here.blend(here, 0.0)
            beside, away_ul = self._bins[index + 1], ends[index + 1] - ends[index - 1]
        else:
            if index == 1:
                return here.blend(here, 0.0)
            beside, away_ul = self._bins[index - 1], ends[index] - ends[index - 2]
        return here.blend(beside, 2.0 * abs(volume_ul - middle_ul) / away_ul)

    def crossing_at(self, volume_ul: float) -> Crossing:
        """Find the clocks at this point, linear inside a bin; in the rinse those of the start."""
        index = bisect_left(self._end_ul, volume_ul)
        if index == 0:
            return Crossing(self._end_s[0], self._end_clocks[0])
        if index == len(self._end_ul):
            return Crossing(self._end_s[-1], self._end_clocks[-1])
        before_ul = self._end_ul[index - 1]
        share = (volume_ul - before_ul) / (self._end_ul[index] - before_ul)
        before_s = self._end_s[index - 1]
        clocks = tuple(
            before + share * (after - before)
            for before, after in zip(self._end_clocks[index - 1], self._end_clocks[index], strict=True)
        )
        return Crossing(before_s + share * (self._end_s[index] - before_s), clocks)

    def _forget(self) -> None:
        """Drop the older half at once: a constant cost per step on average."""
        surplus = len(self._bins) - self._most_bins
        for inflow in self._bins[:surplus]:
            for index, stream_ul in enumerate(inflow.streams_ul):
                self._forgotten_ul[index] += stream_ul
        del self._bins[:surplus]
        del self._end_ul[:surplus]
        del self._end_s[:surplus]
        del self._end_clocks[:surplus]
