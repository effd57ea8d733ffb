"""What a loop's output does to actuators: drive one of them, or split its range between heat and cold.

Both kinds answer alike. A position is the output that the actuators stand at; `reach` bounds it to what their
rate limits let through in a tick, so that a loop never asks for, or winds up over, what can't be had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FULL = 100.0
"""Percent: a split range runs from -FULL to FULL."""
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Actuator:
    """An actuator's channel, its range, its safe value and its fastest change (0: none set)."""

    channel: int
    low: float
    high: float
    safe: float
    rate_per_s: float

    def make_safe(self, wanted: list[float]) -> None:
        wanted[self.channel] = self.safe

    @property
    def slowest_per_s(self) -> float:
        """How fast the output can always change; 0: at once."""
        return self.rate_per_s

    def write(self, output: float, wanted: list[float]) -> None:
        wanted[self.channel] = output

    def position(self, outputs: Sequence[float]) -> float:
        return outputs[self.channel]

    def reach(self, outputs: Sequence[float], dt_s: float) -> tuple[float, float]:
        """Return the lowest and highest output that this tick can bring."""
        if self.rate_per_s <= 0.0:
            return self.low, self.high
        now, most = outputs[self.channel], self.rate_per_s * dt_s
        return max(self.low, now - most), min(self.high, now + most)

    def overruled(self, output: float, outputs: Sequence[float]) -> bool:
        """Whether something else than `output` was applied: an interlock held the actuator."""
        return abs(outputs[self.channel] - output) > _ROUNDING * (self.high - self.low)


@dataclass(frozen=True, slots=True)
class SplitRange:
    """Heating above `gap / 2`, cooling below `-gap / 2`, neither between; outputs are in % of span.

    The cooler's share is multiplied by `ratio`, the heater's process gain over the cooler's, so that the loop
    gain is the same on both sides. Without hysteresis, and never both on: as far as rate limits keep one from
    closing, `reach` keeps the other closed.
    """

    heater: Actuator
    cooler: Actuator
    ratio: float
    gap: float

    @property
    def low(self) -> float:
        """Where the cooler is fully on; further down nothing more would happen."""
        half = self.gap / 2.0
        return -FULL * (half + (1.0 - half) * min(1.0, 1.0 / self.ratio))

    @property
    def high(self) -> float:
        return FULL

    @property
    def slowest_per_s(self) -> float:
        """How fast the output can always change, in % of span; 0: at once."""
        share = FULL * (1.0 - self.gap / 2.0)
        rates = (
            share * self.heater.rate_per_s / (self.heater.high - self.heater.low),
            share * self.cooler.rate_per_s / (self.cooler.high - self.cooler.low) / self.ratio,
        )
        return min((rate for rate in rates if rate > 0.0), default=0.0)

    def make_safe(self, wanted: list[float]) -> None:
        self.heater.make_safe(wanted)
        self.cooler.make_safe(wanted)

    def write(self, output: float, wanted: list[float]) -> None:
        wanted[self.heater.channel], wanted[self.cooler.channel] = self._share(output)

    def position(self, outputs: Sequence[float]) -> float:
        """Return the output that gives these; 0 where both are closed, the heater's where both are open."""
        heating, cooling = outputs[self.heater.channel], outputs[self.cooler.channel]
        if heating > self.heater.low:
            return self._heating(heating)
        return self._cooling(cooling) if cooling > self.cooler.low else 0.0

    def reach(self, outputs: Sequence[float], dt_s: float) -> tuple[float, float]:
        """Return the lowest and highest output that this tick can bring without both being on."""
        heater, cooler = self.heater, self.cooler
        least_heating, most_heating = heater.reach(outputs, dt_s)
        least_cooling, most_cooling = cooler.reach(outputs, dt_s)
        low, high = self.low, FULL
        if least_cooling > cooler.low:
            high = self._cooling(least_cooling)
        elif heater.rate_per_s > 0.0:
            high = self._heating(most_heating)
        if least_heating > heater.low and least_cooling <= cooler.low:
            low = self._heating(least_heating)
        elif cooler.rate_per_s > 0.0:
            low = max(low, self._cooling(most_cooling))
        return min(low, high), high

    def overruled(self, output: float, outputs: Sequence[float]) -> bool:
        """Whether something else than `output` was applied to either."""
        heating, cooling = self._share(output)
        return self.heater.overruled(heating, outputs) or self.cooler.overruled(cooling, outputs)

    def _share(self, output: float) -> tuple[float, float]:
        """Return heater and cooler values, one of them closed."""
        heater, cooler, half = self.heater, self.cooler, self.gap / 2.0
        share = (abs(output) / FULL - half) / (1.0 - half)
        if share <= 0.0:
            return heater.low, cooler.low
        if output > 0.0:
            return heater.low + min(share, 1.0) * (heater.high - heater.low), cooler.low
        return heater.low, cooler.low + min(share * self.ratio, 1.0) * (cooler.high - cooler.low)

    def _heating(self, value: float) -> float:
        heater, half = self.heater, self.gap / 2.0
        return FULL * (half + (1.0 - half) * (value - heater.low) / (heater.high - heater.low))

    def _cooling(self, value: float) -> float:
        cooler, half = self.cooler, self.gap / 2.0
        share = (value - cooler.low) / (cooler.high - cooler.low) / self.ratio
        return -FULL * (half + (1.0 - half) * share)
