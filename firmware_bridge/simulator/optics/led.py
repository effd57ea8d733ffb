"""A light-emitting diode: at once, then dimmer by a little as it warms, and wandering less than a lamp."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class LedParameters:
    """Chosen: a power diode on a heat sink, driven by a constant current that a duty chops."""

    droop: float = 0.01
    """What it loses at full duty once warm, of its output when cold."""
    warming_s: float = 20.0
    drift_per_root_hour: float = 0.001
    """Standard deviation of the logarithm of the output after one hour."""


class Led:
    """`output` is 1 at full duty, cold and before any drift. `draw` supplies standard normal numbers."""

    def __init__(self, parameters: LedParameters, draw: Callable[[], float]) -> None:
        self._parameters = parameters
        self._draw = draw
        self._duty = 0.0
        self._warmth = 0.0
        self._log_drift = 0.0

    def advance(self, dt_s: float, duty: float) -> None:
        """Draws one number a step, lit or not, so that the drift does not depend on the duty."""
        parameters = self._parameters
        self._duty = duty
        self._warmth += (duty - self._warmth) * (1.0 - math.exp(-dt_s / parameters.warming_s))
        self._log_drift += parameters.drift_per_root_hour * math.sqrt(dt_s / _HOUR_S) * self._draw()

    @property
    def output(self) -> float:
        return self._duty * (1.0 - self._parameters.droop * self._warmth) * math.exp(self._log_drift)
