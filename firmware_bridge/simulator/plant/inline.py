"""An instrument in the line that is no spectrometer: what it reads is a signal on an analog input."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from firmware_bridge.simulator.plant.errors import PlantError
from firmware_bridge.simulator.plant.noise import NormalStream

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class InlineSensor:
    """How it reports on the board's second analog input, `pressure.1`; a rig file's calibration reads it.

    Times and noise are chosen.
    """

    low: float
    """What no signal stands for, in the sensor's own unit."""
    high: float
    """What the whole signal stands for."""
    signal_kpa: float = 1000.0
    """The whole signal, as the board's input takes it."""
    period_s: float = 10.0
    """How often it measures; it holds its signal in between."""
    noise: float = 0.002
    """Standard deviation of a measurement, over the range."""

    def __post_init__(self) -> None:
        if not (self.low < self.high and self.signal_kpa > 0.0 and self.period_s > 0.0):
            raise PlantError(f"{self}: the range must rise, and signal and period be above 0")


class SensorLine:
    """One such instrument; `read` looks at the liquid now, and gives NaN where there is nothing to read."""

    def __init__(self, sensor: InlineSensor, seed: int, read: Callable[[], float]) -> None:
        self._sensor = sensor
        self._read = read
        self._noise = NormalStream(seed, "in-line sensor")
        self._waited_s = sensor.period_s
        self._shown_kpa = 0.0

    def advance(self, dt_s: float) -> float:
        """Let time pass; give the signal, which ends where the range does."""
        sensor = self._sensor
        self._waited_s += dt_s
        if self._waited_s >= sensor.period_s:
            self._waited_s %= sensor.period_s
            value = self._read()
            share = 0.0 if math.isnan(value) else (value - sensor.low) / (sensor.high - sensor.low)
            share += sensor.noise * self._noise.draw()
            self._shown_kpa = sensor.signal_kpa * min(max(share, 0.0), 1.0)
        return self._shown_kpa
