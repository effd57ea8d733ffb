"""Which snapshots a telemetry reader gets, and how many it missed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from controller.domain.readings import Snapshot

# Times are sums of ticks; a sample must not be late by a tick because of their last bits.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Sample:
    """One message that is due. `first` of its boot; `lost` samples were due since the last one."""

    first: bool
    lost: int


class Cadence:
    """Decides for one reader. `interval_s` is on the reactor's clock; 0 means every tick."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._boot_id: int | None = None
        self._start_s = 0.0
        self._tick = 0
        self._slot = 0

    def take(self, now: Snapshot) -> Sample | None:
        """Return the sample to send for the newest snapshot, if one is due."""
        if now.boot_id != self._boot_id:
            self._boot_id, self._start_s, self._tick, self._slot = now.boot_id, now.time_s, now.tick, 0
            return Sample(first=True, lost=0)
        if now.tick <= self._tick:
            return None
        if self._interval_s == 0.0:
            lost = now.tick - self._tick - 1
        else:
            slot = floor((now.time_s - self._start_s) / self._interval_s + _ROUNDING)
            if slot <= self._slot:
                return None
            lost = slot - self._slot - 1
            self._slot = slot
        self._tick = now.tick
        return Sample(first=False, lost=lost)
