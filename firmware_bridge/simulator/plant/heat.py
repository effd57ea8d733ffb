"""Lumped heat balances of mixer, reactor, flow cell and board, and what their sensors show.

A zone stands on a chilled base plate, so that it cools as briskly as it heats. The liquid leaves a zone
at the wall's temperature: in tubes this narrow the number of transfer units, Nu pi k L / (m c) with
Nu = 3.66, is above 15 at any flow.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

from firmware_bridge.simulator.plant.noise import NormalStream

WATER_J_UL_K: Final = 4.18e-3
_LONGEST_STEP_S: Final = 0.25
_SHORTEST_ENTRY_S: Final = 1e-3


@dataclass(frozen=True, slots=True)
class ThermalParameters:
    """All chosen, so that a zone goes from 25 to 45 degC in about a minute at full power."""

    ambient_c: float = 22.0
    base_c: float = 10.0
    heater_w: float = 46.0
    zone_j_k: float = 58.0
    zone_to_base_w_k: float = 0.52
    zone_to_ambient_w_k: float = 0.06
    zone_to_zone_w_k: float = 0.03
    heater_delay_s: float = 0.8
    cell_j_k: float = 12.0
    cell_to_ambient_w_k: float = 0.25
    board_j_k: float = 60.0
    board_to_ambient_w_k: float = 0.15
    board_idle_w: float = 1.2
    driver_loss: float = 0.04
    """Share of the heater power that the board dissipates."""
    sensor_lag_s: float = 1.2
    sensor_noise_c: float = 0.02
    liquid_j_ul_k: float = WATER_J_UL_K


class DelayLine:
    """A value as it was a fixed time ago, as its mean over each step; steps may differ in length."""

    def __init__(self, delay_s: float, initial: float) -> None:
        self._entries: deque[tuple[float, float]] = deque([(delay_s, initial)])

    def shift(self, dt_s: float, value: float) -> float:
        last_s, last_value = self._entries[-1]
        if last_value == value or last_s + dt_s < _SHORTEST_ENTRY_S:
            # Merging bounds the line at two entries a millisecond, and keeps its integral.
            total_s = last_s + dt_s
            self._entries[-1] = (total_s, (last_value * last_s + value * dt_s) / total_s)
        else:
            self._entries.append((dt_s, value))
        wanted_s = dt_s
        integral = 0.0
        while True:
            first_s, first_value = self._entries[0]
            if first_s > wanted_s or len(self._entries) == 1:
                self._entries[0] = (first_s - wanted_s, first_value)
                return (integral + wanted_s * first_value) / dt_s
            integral += first_s * first_value
            wanted_s -= first_s
            self._entries.popleft()


class Thermal:
    """Temperatures in degC: mixer, reactor, flow cell, board."""

    def __init__(self, parameters: ThermalParameters, seed: int) -> None:
        self._parameters = parameters
        ambient_c = parameters.ambient_c
        self.mixer_c = self.reactor_c = self.cell_c = ambient_c
        self.board_c = ambient_c + parameters.board_idle_w / parameters.board_to_ambient_w_k
        self._delays = (DelayLine(parameters.heater_delay_s, 0.0), DelayLine(parameters.heater_delay_s, 0.0))
        p = parameters
        # What does not change with flow and heat, worked out once.
        self._loss_w_k = p.zone_to_base_w_k + p.zone_to_ambient_w_k + p.zone_to_zone_w_k
        self._fixed_w = p.zone_to_base_w_k * p.base_c + p.zone_to_ambient_w_k * p.ambient_c
        # Steps are of one length for hours: how a sensor follows in one, and into how many it is divided.
        self._dt_s, self._follow, self._steps = 0.0, 0.0, 1
        self._shown_c = [self.mixer_c, self.reactor_c, self.cell_c, self.board_c]
        self._noise = NormalStream(seed, "temperature sensors")

    def advance(
        self, dt_s: float, heater_duty: tuple[float, ...], mixer_ul_s: float, joining_ul_s: float
    ) -> None:
        """Move all bodies; flows are those through the mixer and joining after it."""
        mixer_duty = self._delays[0].shift(dt_s, heater_duty[0])
        reactor_duty = self._delays[1].shift(dt_s, heater_duty[1])
        if dt_s != self._dt_s:
            self._dt_s, self._follow = dt_s, 1.0 - math.exp(-dt_s / self._parameters.sensor_lag_s)
            self._steps = max(1, math.ceil(dt_s / _LONGEST_STEP_S))
        for _ in range(self._steps):
            self._step(dt_s / self._steps, mixer_duty, reactor_duty, mixer_ul_s, joining_ul_s)
        follow, shown_c = self._follow, self._shown_c
        for index, true_c in enumerate((self.mixer_c, self.reactor_c, self.cell_c, self.board_c)):
            shown_c[index] += (true_c - shown_c[index]) * follow

    def read(self) -> tuple[float, float, float, float]:
        """Show what the sensors show now, with noise."""
        noise_c, draw, shown_c = self._parameters.sensor_noise_c, self._noise.draw, self._shown_c
        return (
            shown_c[0] + noise_c * draw(),
            shown_c[1] + noise_c * draw(),
            shown_c[2] + noise_c * draw(),
            shown_c[3] + noise_c * draw(),
        )

    def _step(
        self, dt_s: float, mixer_duty: float, reactor_duty: float, mixer_ul_s: float, joining_ul_s: float
    ) -> None:
        """Relax each body exactly toward its equilibrium with the others held: stable for any dt."""
        p = self._parameters
        mixer_w_k = p.liquid_j_ul_k * mixer_ul_s
        joining_w_k = p.liquid_j_ul_k * joining_ul_s
        liquid_w_k = mixer_w_k + joining_w_k
        loss_w_k, fixed_w = self._loss_w_k, self._fixed_w
        mixer_c, reactor_c = self.mixer_c, self.reactor_c

        gain_w = fixed_w + p.heater_w * mixer_duty + p.zone_to_zone_w_k * reactor_c + mixer_w_k * p.ambient_c
        self.mixer_c = _relax(mixer_c, gain_w, loss_w_k + mixer_w_k, p.zone_j_k, dt_s)
        inflow_w = mixer_w_k * mixer_c + joining_w_k * p.ambient_c
        gain_w = fixed_w + p.heater_w * reactor_duty + p.zone_to_zone_w_k * mixer_c + inflow_w
        self.reactor_c = _relax(reactor_c, gain_w, loss_w_k + liquid_w_k, p.zone_j_k, dt_s)
        gain_w = p.cell_to_ambient_w_k * p.ambient_c + liquid_w_k * reactor_c
        self.cell_c = _relax(self.cell_c, gain_w, p.cell_to_ambient_w_k + liquid_w_k, p.cell_j_k, dt_s)
        heat_w = p.board_idle_w + p.driver_loss * p.heater_w * (mixer_duty + reactor_duty)
        gain_w = p.board_to_ambient_w_k * p.ambient_c + heat_w
        self.board_c = _relax(self.board_c, gain_w, p.board_to_ambient_w_k, p.board_j_k, dt_s)


def _relax(value_c: float, gain_w: float, loss_w_k: float, capacity_j_k: float, dt_s: float) -> float:
    """Solution of C dT/dt = gain - loss T after `dt_s`; gain counts from 0 degC."""
    settled_c = gain_w / loss_w_k
    return settled_c + (value_c - settled_c) * math.exp(-dt_s * loss_w_k / capacity_j_k)
