"""Gas that leaves the warm liquid, or that a dry pump delivers, and passes the flow cell as a bubble."""

from __future__ import annotations

import math
from dataclasses import dataclass

from firmware_bridge.simulator.plant.noise import generator

_COLD_C = 25.0
"""Degrees Celsius at which the liquid was left to stand: what it dissolved then leaves it when warmer."""


@dataclass(frozen=True, slots=True)
class BubbleParameters:
    """All chosen: a rig with a degasser that works."""

    per_hour: float = 0.1
    """Of flowing liquid at 25 degC."""
    warmth: float = 5.0
    """Natural logarithm of how many times more there are at the rig's safe temperature."""
    volume_ul: float = 2.0
    """Median; the logarithm's standard deviation is 0.5."""
    least_scattered: float = 0.2
    most_scattered: float = 0.7
    """Shares of the light that a bubble in the cell takes away."""
    ripple_kpa: float = 3.0
    """At the inlet, while it passes."""
    air_ul: float = 5.0
    """Air of a dry pump that makes one bubble."""
    dissolves_s: float = 120.0
    """Time constant of a bubble that stands still."""


class Bubbles:
    """Bubbles that come at random, one at a time. How long the steps are changes nothing but the moment."""

    def __init__(self, parameters: BubbleParameters, safe_c: float, seed: int) -> None:
        self._parameters = parameters
        self._per_c = parameters.warmth / max(safe_c - _COLD_C, 1.0)
        self._random = generator(seed, "bubbles")
        self._expected = 0.0
        self._due = float(self._random.exponential())
        self._left_ul = 0.0
        self._scattered = 0.0

    def advance(self, dt_s: float, flowing_ul: float, air_ul: float, celsius: float) -> None:
        """Let `flowing_ul` pass the cell, `air_ul` of it from dry pumps."""
        parameters = self._parameters
        if self._left_ul > 0.0:
            self._left_ul -= flowing_ul + self._left_ul * -math.expm1(-dt_s / parameters.dissolves_s)
        if flowing_ul <= 0.0:
            return
        warmth = math.exp(min(self._per_c * (celsius - _COLD_C), parameters.warmth))
        self._expected += parameters.per_hour / 3600.0 * dt_s * warmth + air_ul / parameters.air_ul
        if self._expected >= self._due:
            self._enter()

    @property
    def scattered(self) -> float:
        """Share of the light that does not come through the cell now."""
        return self._scattered if self._left_ul > _NOTHING_UL else 0.0

    @property
    def ripple_kpa(self) -> float:
        """What the bubble adds to the pressure at the inlet now."""
        return self._parameters.ripple_kpa if self._left_ul > _NOTHING_UL else 0.0

    def _enter(self) -> None:
        parameters = self._parameters
        self._due = self._expected + float(self._random.exponential())
        self._left_ul = parameters.volume_ul * math.exp(0.5 * float(self._random.standard_normal()))
        self._scattered = float(self._random.uniform(parameters.least_scattered, parameters.most_scattered))


_NOTHING_UL = 0.01
