"""What entered the reactor, in order of cumulative volume, and the clocks at each point of it."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Final

LEAST_BIN_UL: Final = 0.25


@dataclass(slots=True)
class Inflow:
    """Liquid that crossed the second junction in one step, by stream, and how it passed the mixer."""

    silver_ul: float
    pva_ul: float
    citrate_ul: float
    seed_ul: float
    reductant_ul: float
    water_ul: float
    """Rinse that filled the mixer at first."""
    exposure: float
    mixer_c: float

    @property
    def volume_ul(self) -> float:
        return (
            self.silver_ul + self.pva_ul + self.citrate_ul + self.seed_ul + self.reductant_ul + self.water_ul
        )

    def absorb(self, other: Inflow, own_ul: float, other_ul: float) -> None:
        """Merge with what follows: volumes add, the rest is the volume mean."""
        share = other_ul / (own_ul + other_ul)
        self.silver_ul += other.silver_ul
        self.pva_ul += other.pva_ul
        self.citrate_ul += other.citrate_ul
        self.seed_ul += other.seed_ul
        self.reductant_ul += other.reductant_ul
        self.water_ul += other.water_ul
        self.exposure += (other.exposure - self.exposure) * share
        self.mixer_c += (other.mixer_c - self.mixer_c) * share


@dataclass(frozen=True, slots=True)
class Crossing:
    """When a point of the liquid crossed the second junction."""

    time_s: float
    heat_clock: float
    """Integral of the reactor's temperature over time, degC s."""


class ReactorHistory:
    """Bins of at least 0.25 uL, enough of them to look back over `horizon_ul`. Cost per step is constant."""

    def __init__(self, horizon_ul: float, start_c: float) -> None:
        self._most_bins = int(horizon_ul / LEAST_BIN_UL) + 2
        rinse = Inflow(0.0, 0.0, 0.0, 0.0, 0.0, horizon_ul, 0.0, start_c)
        self._bins = [rinse]
        self._end_ul = [0.0]
        self._end_s = [0.0]
        self._end_heat = [0.0]
        self._last_ul = horizon_ul
        self.volume_ul = 0.0
        """All that has entered."""

    def push(self, inflow: Inflow, time_s: float, heat_clock: float) -> None:
        """Append what entered during the step that ends at these clocks."""
        entering_ul = inflow.volume_ul
        if entering_ul <= 0.0:
            return
        self.volume_ul += entering_ul
        if self._last_ul < LEAST_BIN_UL:
            self._bins[-1].absorb(inflow, self._last_ul, entering_ul)
            self._last_ul += entering_ul
            self._end_ul[-1] = self.volume_ul
            self._end_s[-1] = time_s
            self._end_heat[-1] = heat_clock
            return
        self._bins.append(inflow)
        self._end_ul.append(self.volume_ul)
        self._end_s.append(time_s)
        self._end_heat.append(heat_clock)
        self._last_ul = entering_ul
        if len(self._bins) > 2 * self._most_bins:
            self._forget()

    def inflow_at(self, volume_ul: float) -> Inflow:
        """Find the bin that holds this point; the oldest one for points before it."""
        return self._bins[min(bisect_left(self._end_ul, volume_ul), len(self._bins) - 1)]

    def crossing_at(self, volume_ul: float) -> Crossing:
        """Find the clocks at this point, linear inside a bin; in the rinse those of the start."""
        index = bisect_left(self._end_ul, volume_ul)
        if index == 0:
            return Crossing(self._end_s[0], self._end_heat[0])
        if index == len(self._end_ul):
            return Crossing(self._end_s[-1], self._end_heat[-1])
        before_ul = self._end_ul[index - 1]
        share = (volume_ul - before_ul) / (self._end_ul[index] - before_ul)
        before_s, before_heat = self._end_s[index - 1], self._end_heat[index - 1]
        return Crossing(
            before_s + share * (self._end_s[index] - before_s),
            before_heat + share * (self._end_heat[index] - before_heat),
        )

    def _forget(self) -> None:
        """Drop the older half at once: a constant cost per step on average."""
        surplus = len(self._bins) - self._most_bins
        for column in (self._bins, self._end_ul, self._end_s, self._end_heat):
            del column[:surplus]
