"""A heated zone with the PID that a temperature controller runs on it."""

from __future__ import annotations

import math
from typing import Final

_AMBIENT_C: Final = 25.0
_RISE_C: Final = 75.0
"""At full power, above ambient, once it has settled."""
_TIME_CONSTANT_S: Final = 95.0
_BAND_C: Final = 8.0
_INTEGRAL_S: Final = 40.0
_DERIVATIVE_S: Final = 1.0
_FILTER_S: Final = 0.3


class HeatedZone:
    """Temperature, and power from 0 to 1. It has a body of its own until the plant shows it a temperature."""

    def __init__(self) -> None:
        self.temperature_c = _AMBIENT_C
        """As the sensor has it, before the input filter."""
        self.filtered_c = _AMBIENT_C
        self.power = 0.0
        self.broken = False
        """The sensor's wire: a broken one takes the power off."""
        self._integral = 0.0
        self._fitted = False

    def sense(self, temperature_c: float) -> None:
        if not math.isnan(temperature_c):
            self._fitted = True
            self.temperature_c = temperature_c

    def advance(self, dt_s: float, setpoint_c: float, *, enabled: bool = True) -> None:
        if not self._fitted:
            settled_c = _AMBIENT_C + _RISE_C * self.power
            self.temperature_c = settled_c + (self.temperature_c - settled_c) * math.exp(
                -dt_s / _TIME_CONSTANT_S
            )
        before_c = self.filtered_c
        self.filtered_c += (self.temperature_c - before_c) * (1.0 - math.exp(-dt_s / _FILTER_S))
        if self.broken or not enabled:
            self.power = self._integral = 0.0
            return
        if dt_s <= 0.0:
            return
        error = (setpoint_c - self.filtered_c) / _BAND_C
        rate = (self.filtered_c - before_c) / dt_s / _BAND_C
        demand = error + self._integral - _DERIVATIVE_S * rate
        self.power = min(max(demand, 0.0), 1.0)
        # No integral action outside the band, as these controllers do it, nor further past a limit.
        if abs(error) < 1.0 and error * (demand - self.power) <= 0.0:
            self._integral += error * dt_s / _INTEGRAL_S
        elif abs(error) >= 1.0:
            self._integral = 0.0
