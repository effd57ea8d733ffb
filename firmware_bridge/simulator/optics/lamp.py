"""A lamp that follows its duty with a lag and wanders in brightness."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class LampParameters:
    """Chosen: the drift of a decent halogen source."""

    lag_s: float = 0.3
    drift_per_root_hour: float = 0.005
    """Standard deviation of the logarithm of the output after one hour."""


class Lamp:
    """`output` is 1 at full duty before any drift. `draw` supplies standard normal numbers."""

    def __init__(self, parameters: LampParameters, draw: Callable[[], float]) -> None:
        self._parameters = parameters
        self._draw = draw
        self._glow = 0.0
        self._log_drift = 0.0

    def advance(self, dt_s: float, duty: float) -> None:
        """Draws one number a step, lit or not, so that the drift does not depend on the duty."""
        parameters = self._parameters
        self._glow += (duty - self._glow) * (1.0 - math.exp(-dt_s / parameters.lag_s))
        self._log_drift += parameters.drift_per_root_hour * math.sqrt(dt_s / _HOUR_S) * self._draw()

    @property
    def output(self) -> float:
        return self._glow * math.exp(self._log_drift)
