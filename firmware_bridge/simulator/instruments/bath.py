"""The bath of a circulator with the controller that tempers it: it heats and it cools."""

from __future__ import annotations

import math
from typing import Final

_AMBIENT_C: Final = 25.0
_REACH_C: Final = 90.0
"""How far full power takes it from ambient, once it has settled, up or down."""
_TIME_CONSTANT_S: Final = 240.0
_BAND_C: Final = 6.0
_INTEGRAL_S: Final = 90.0


class Bath:
    """Temperature, and power from -1 (cools) to 1. Its own body until the plant shows it a temperature."""

    def __init__(self) -> None:
        self.temperature_c = _AMBIENT_C
        self.power = 0.0
        self._integral = 0.0
        self._fitted = False

    def sense(self, temperature_c: float) -> None:
        if not math.isnan(temperature_c):
            self._fitted = True
            self.temperature_c = temperature_c

    def advance(self, dt_s: float, setpoint_c: float, *, running: bool) -> None:
        if not self._fitted:
            settled_c = _AMBIENT_C + _REACH_C * self.power
            self.temperature_c = settled_c + (self.temperature_c - settled_c) * math.exp(
                -dt_s / _TIME_CONSTANT_S
            )
        if not running:
            self.power = self._integral = 0.0
            return
        error = (setpoint_c - self.temperature_c) / _BAND_C
        self.power = min(max(error + self._integral, -1.0), 1.0)
        if abs(error) < 1.0:
            self._integral = min(max(self._integral + error * dt_s / _INTEGRAL_S, -1.0), 1.0)
