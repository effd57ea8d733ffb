"""Stepper syringe pumps: steps in, microlitres out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from firmware_bridge.simulator.plant.noise import generator

NOMINAL_STEPS_PER_UL: Final = 200.0
"""What the host believes."""


@dataclass(frozen=True, slots=True)
class PumpCharacter:
    """How one pump differs from its nominal self; all chosen."""

    steps_per_ul: float
    steps_per_turn: float = 3200.0
    pulsation: float = 0.004
    """Amplitude of the flow over one turn of the lead screw, relative."""
    phase_rad: float = 0.0
    compliance_s: float = 0.4
    """First-order lag of syringe and tubing."""


def draw_character(seed: int, axis: int) -> PumpCharacter:
    """Draw a pump whose calibration is off by up to 1 %."""
    stream = generator(seed, f"pump {axis}")
    error = float(stream.uniform(-0.01, 0.01))
    return PumpCharacter(
        steps_per_ul=NOMINAL_STEPS_PER_UL * (1.0 + error), phase_rad=float(stream.uniform(0.0, 2.0 * math.pi))
    )


class Pump:
    """One axis. `deliver` is exact for a constant step rate, whatever the length of the step."""

    __slots__ = ("_character", "_dt_s", "_flow_ul_s", "_keep", "_phase_rad", "_turn_steps", "dosed_ul")

    def __init__(self, character: PumpCharacter) -> None:
        self._character = character
        self._turn_steps = 2.0 * math.pi * character.steps_per_ul
        self._flow_ul_s = 0.0
        self._phase_rad = character.phase_rad
        # What is left of a flow after a step; steps are of one length for hours.
        self._dt_s, self._keep = 0.0, 1.0
        self.dosed_ul = 0.0

    def deliver(self, dt_s: float, steps_s: float) -> float:
        """Volume in microlitres that leaves the pump during `dt_s`."""
        if steps_s == 0.0 and self._flow_ul_s == 0.0:
            return 0.0
        compliance_s = self._character.compliance_s
        if dt_s != self._dt_s:
            self._dt_s, self._keep = dt_s, math.exp(-dt_s / compliance_s)
        keep = self._keep
        displaced_ul = self._displace(dt_s, steps_s)
        pushed_ul_s = displaced_ul / dt_s
        beyond_ul_s = self._flow_ul_s - pushed_ul_s
        delivered_ul = displaced_ul + beyond_ul_s * compliance_s * (1.0 - keep)
        flow_ul_s = pushed_ul_s + beyond_ul_s * keep
        if flow_ul_s < _STANDSTILL_UL_S and steps_s == 0.0:
            delivered_ul += flow_ul_s * compliance_s
            flow_ul_s = 0.0
        self._flow_ul_s = flow_ul_s
        self.dosed_ul += delivered_ul
        return delivered_ul

    def _displace(self, dt_s: float, steps_s: float) -> float:
        """Volume swept by the plunger; the pulsation integrates to a difference of cosines."""
        character = self._character
        turn_rad = _TURN_RAD * steps_s * dt_s / character.steps_per_turn
        before_rad = self._phase_rad
        after_rad = before_rad + turn_rad
        self._phase_rad = math.fmod(after_rad, _TURN_RAD)
        wave_rad = character.pulsation * (math.cos(before_rad) - math.cos(after_rad))
        return (turn_rad + wave_rad) * character.steps_per_turn / self._turn_steps


_TURN_RAD: Final = 2.0 * math.pi
_STANDSTILL_UL_S: Final = 1e-6
