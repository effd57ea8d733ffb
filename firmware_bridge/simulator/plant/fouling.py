"""What reacting liquid leaves on the walls: it narrows them by the hour, and a flush takes off a part."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FoulingParameters:
    """All chosen."""

    per_hour: float = 0.01
    """What an hour adds to the resistance, over that of clean tubing, where streams meet half and half."""
    hardens_s: float = 14_400.0
    """Time constant in which a fresh deposit becomes one that no flush takes off."""
    flush_volumes: float = 3.0
    """Volumes of one stream alone, in those of reactor and outlet, that leave e^-1 of the fresh deposit."""
    flushing: float = 0.95
    """Share of one stream from which on the liquid deposits nothing and takes off."""


class Fouling:
    """A fresh and a hard deposit. Exact for a constant flow, whatever the length of the step."""

    __slots__ = ("_flush_ul", "_fresh", "_hard", "_parameters")

    def __init__(self, parameters: FoulingParameters, volume_ul: float) -> None:
        self._parameters = parameters
        self._flush_ul = parameters.flush_volumes * volume_ul
        self._fresh = 0.0
        self._hard = 0.0

    @property
    def resistance(self) -> float:
        """To flow, over that of clean tubing."""
        return 1.0 + self._fresh + self._hard

    def advance(self, dt_s: float, streams_ul: list[float], total_ul: float) -> None:
        """Let these volumes flow; the largest stream's share says whether they react or flush."""
        if total_ul <= 0.0:
            return
        parameters = self._parameters
        largest = max(streams_ul) / total_ul
        hardening_per_s, flushing_per_s, arriving_per_s = 1.0 / parameters.hardens_s, 0.0, 0.0
        if largest < parameters.flushing:
            # In full where the largest stream has half the flow or less.
            arriving_per_s = parameters.per_hour / 3600.0 * min(2.0 * (1.0 - largest), 1.0)
        else:
            flushing_per_s = total_ul / (self._flush_ul * dt_s)
        leaving_per_s = hardening_per_s + flushing_per_s
        settled = arriving_per_s / leaving_per_s
        fresh = settled + (self._fresh - settled) * math.exp(-dt_s * leaving_per_s)
        left = self._fresh + arriving_per_s * dt_s - fresh
        self._hard += left * hardening_per_s / leaving_per_s
        self._fresh = fresh
