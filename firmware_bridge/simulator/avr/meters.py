"""What a board's output pins do over a stretch of time, from the counts of their edges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from firmware_bridge.simulator.avr.native import PinCount

_OVERDUE_PERIODS: Final = 1.5
"""A square wave that is so late has changed its rate: until its next rise it counts as off."""


class StepMeter:
    """Steps a second of one motor: what has been counted, over the time that it took."""

    def __init__(self) -> None:
        self._position = 0

    def read(self, count: PinCount, dt_s: float) -> float:
        """Mean rate since the last reading, `dt_s` ago; backwards is negative."""
        moved = count.position - self._position
        self._position = count.position
        return moved / dt_s


class DutyMeter:
    """Share of the time for which a pin was high."""

    def __init__(self) -> None:
        self._high_cycles = 0

    def read(self, count: PinCount, cycles: int) -> float:
        """Mean since the last reading, `cycles` ago: exactly the energy that the pin let through."""
        high = count.high_cycles - self._high_cycles
        self._high_cycles = count.high_cycles
        return min(high / cycles, 1.0)


class FrequencyMeter:
    """Frequency of a square wave, as a counter with whole periods measures it."""

    def __init__(self, clock_hz: int) -> None:
        self._clock_hz = clock_hz
        self._rises = 0
        self._last_rise = 0
        self._hz = 0.0

    def read(self, count: PinCount, now_cycle: int) -> float:
        """Mean over the periods that ended since the last reading; a period under way changes nothing."""
        periods = count.rises - self._rises
        if periods:
            if self._hz:
                self._hz = periods * self._clock_hz / (count.last_rise - self._last_rise)
            elif count.period:  # just switched on: when its first rise of these was, nobody noted
                self._hz = self._clock_hz / count.period
            self._rises, self._last_rise = count.rises, count.last_rise
        elif self._hz and (now_cycle - self._last_rise) * self._hz > _OVERDUE_PERIODS * self._clock_hz:
            self._hz = 0.0
        return self._hz
