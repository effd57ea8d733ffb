"""Is the heater plausible: does its sensor follow while it heats, and not rise while it does not.

The first half has the semantics of Klipper's `verify_heater` (Config_Reference.md, "[verify_heater]"), for a
setpoint that is ramped: a ramp counts as one new target, however long it lasts.

A sensor that flickers hides nothing: what is remembered outlasts a blindness shorter than the time of a gain.
The loop then ramps from the measurement again; until it is back, it is judged by the setpoint that it had.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from math import isfinite, isnan, nan
from typing import TYPE_CHECKING, Final

from controller.control.judges import MEND, NO_GOOD_READING, Channel, show_at_setpoint

if TYPE_CHECKING:
    from controller.control.seen import Seen
    from controller.domain.conditions import HeaterImplausible


class Phase(StrEnum):
    NEAR = "near"
    """At the setpoint, less the hysteresis, or above."""
    APPROACHING = "approaching"
    """Below a setpoint that rose; as long as the sensor gains, any error is forgiven."""
    SHORT = "short"
    """Below without gaining: the error sums up."""


@dataclass(frozen=True, slots=True)
class HeaterMemory:
    """`setpoint` is the last one heated for, `rising` whether it rose then.

    Approaching, the sensor must reach `goal` within `left_s`; until a first gain, `starting`, the goal
    follows a sensor that still falls. `error_s` is the sum of the error beyond the hysteresis, times seconds.
    Too hot with the heater off, `floor` is the reading `floor_s` ago, or the lowest since; else NaN.
    Blind for `blind_s`, and on the way back from it, `resume` is the setpoint that was, and `ramped` the one
    that rises toward it; else NaN.
    """

    phase: Phase = Phase.NEAR
    setpoint: float = nan
    rising: bool = False
    starting: bool = False
    goal: float = nan
    left_s: float = 0.0
    error_s: float = 0.0
    floor: float = nan
    floor_s: float = 0.0
    blind_s: float = 0.0
    resume: float = nan
    ramped: float = nan


_FRESH: Final = HeaterMemory()


@dataclass(frozen=True, slots=True)
class HeaterJudge:
    """`heater` is the actuator at the end of the loop's cascade; it heats at an output above `off_at`.

    Judged only while the loop regulates; a runaway that stands goes on standing while the sensor rises.
    """

    rule: HeaterImplausible
    loop: int
    sensor: Channel
    heater: Channel
    off_at: float
    cannot: str = NO_GOOD_READING

    def initial(self) -> HeaterMemory:
        return _FRESH

    def judge(
        self, memory: object, seen: Seen, dt_s: float, *, standing: bool
    ) -> tuple[HeaterMemory, bool | None]:
        assert isinstance(memory, HeaterMemory)
        setpoint = seen.setpoints[self.loop]
        heats = seen.outputs[self.heater.index] > self.off_at
        sees = seen.good(self.sensor.index)
        if not sees:
            memory = self._blind(memory, dt_s)
        if isnan(setpoint) and (heats or not standing or isnan(memory.floor)):
            return _let_go(memory, sees=sees), False
        if not sees:
            return memory, None
        value = seen.values[self.sensor.index]
        if not heats:
            return self._idle(memory, value, setpoint, dt_s, standing=standing)
        memory = self._heated(memory, value, setpoint, dt_s)
        return memory, memory.phase is Phase.SHORT and memory.error_s >= self.rule.max_error_s

    def describe(self) -> str:
        text = f"{self.heater.name} heats and {self.sensor.name} does not follow"
        if not isfinite(self.rule.runaway):
            return text
        return f"{text}, or rises {self.sensor.amount(self.rule.runaway)} past its setpoint without heat"

    def explain(self, memory: object, seen: Seen) -> str:
        assert isinstance(memory, HeaterMemory)
        heat = f"{self.heater.name} at {self.heater.amount(seen.outputs[self.heater.index])}"
        return f"{show_at_setpoint(self.sensor, self.loop, seen)}, {heat}"

    def remedy(self, seen: Seen) -> str:
        if not seen.good(self.sensor.index):
            return MEND
        return "cut the heater's supply if it still heats; check heater, relay and where the sensor sits"

    def _blind(self, m: HeaterMemory, dt_s: float) -> HeaterMemory:
        """Keep what is remembered, and what was asked, for as long as a heater may take to gain."""
        if isnan(m.setpoint):
            return m
        blind_s = m.blind_s + dt_s
        if blind_s > self.rule.gain_time_s:
            return HeaterMemory(floor=m.floor, floor_s=m.floor_s)
        return replace(m, blind_s=blind_s, resume=m.setpoint, ramped=nan)

    def _heated(self, m: HeaterMemory, value: float, setpoint: float, dt_s: float) -> HeaterMemory:
        """Judge one tick of heating; on the way back from a blindness, by what was asked before it."""
        if isnan(m.resume):
            return self._follow(m, value, setpoint, dt_s)
        # Back, or asked for less since.
        over = setpoint >= m.resume or setpoint <= m.ramped
        # In the dark it may have cooled: from near, it approaches anew.
        known = nan if m.phase is Phase.NEAR and isnan(m.ramped) else m.setpoint
        before = replace(m, setpoint=known, blind_s=0.0, resume=nan, ramped=nan)
        if over:
            return self._follow(before, value, setpoint, dt_s)
        after = self._follow(before, value, m.resume, dt_s)
        return replace(after, rising=m.rising or after.rising, resume=m.resume, ramped=setpoint)

    def _follow(self, m: HeaterMemory, value: float, setpoint: float, dt_s: float) -> HeaterMemory:
        """Judge one tick of heating."""
        rule = self.rule
        rising = not setpoint <= m.setpoint
        short = setpoint - rule.hysteresis - value
        if short <= 0.0:
            error_s = 0.0 if value <= setpoint + rule.hysteresis else m.error_s
            return _near(m, setpoint, error_s, rising=rising)
        error_s = m.error_s + short * dt_s
        if m.phase is Phase.APPROACHING:
            return self._approach(m, value, setpoint, error_s, dt_s, rising=rising)
        # A rise that has gone on since an approach failed is no new target.
        asked = rising and (m.phase is Phase.NEAR or not m.rising)
        if asked and error_s < rule.max_error_s:
            goal = value + rule.heating_gain
            return HeaterMemory(Phase.APPROACHING, setpoint, rising, True, goal, rule.gain_time_s, error_s)
        return HeaterMemory(Phase.SHORT, setpoint, rising, error_s=error_s)

    def _approach(
        self, m: HeaterMemory, value: float, setpoint: float, error_s: float, dt_s: float, *, rising: bool
    ) -> HeaterMemory:
        goal = value + self.rule.heating_gain
        if value >= m.goal:
            return HeaterMemory(Phase.APPROACHING, setpoint, rising, False, goal, self.rule.gain_time_s)
        left_s = m.left_s - dt_s
        if left_s <= 0.0:
            return HeaterMemory(Phase.SHORT, setpoint, rising, error_s=error_s)
        goal = min(m.goal, goal) if m.starting else m.goal
        return HeaterMemory(Phase.APPROACHING, setpoint, rising, m.starting, goal, left_s, error_s)

    def _idle(
        self, m: HeaterMemory, value: float, setpoint: float, dt_s: float, *, standing: bool
    ) -> tuple[HeaterMemory, bool]:
        """Judge one tick without heat; what `_follow` remembers waits for the heater."""
        if value <= setpoint + self.rule.runaway:
            return (m if isnan(m.floor) else _watching(m, nan, 0.0)), False
        if isnan(m.floor):
            return _watching(m, value, 0.0), False
        if value >= m.floor + self.rule.heating_gain:
            return _watching(m, value, 0.0), True
        floor_s = m.floor_s + dt_s
        if floor_s >= self.rule.gain_time_s:
            return _watching(m, value, 0.0), False
        return _watching(m, min(m.floor, value), floor_s), standing


def _let_go(m: HeaterMemory, *, sees: bool) -> HeaterMemory:
    """Forget what a loop did that does not regulate, unless it was blind: it begins again in this tick."""
    if not sees:
        return m
    return _FRESH if m.blind_s == 0.0 else replace(m, blind_s=0.0)


def _near(m: HeaterMemory, setpoint: float, error_s: float, *, rising: bool) -> HeaterMemory:
    if (m.phase, m.setpoint, m.rising, m.error_s) == (Phase.NEAR, setpoint, rising, error_s) and isnan(
        m.floor
    ):
        return m
    return HeaterMemory(Phase.NEAR, setpoint, rising, error_s=error_s)


def _watching(m: HeaterMemory, floor: float, floor_s: float) -> HeaterMemory:
    return replace(m, floor=floor, floor_s=floor_s)
