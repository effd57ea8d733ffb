"""The outputs of the board's twin: what limits and ramps let through, and what they fall to when it trips."""

from __future__ import annotations

from math import isnan
from operator import le
from typing import TYPE_CHECKING, Final

from firmware_bridge.wire import messages as m

if TYPE_CHECKING:
    from firmware_bridge.simulator.board import BoardModel

_OFF: Final = m.Outputs(
    (0.0,) * m.PUMP_AXES, (0.0,) * m.HEATERS, 0.0, (0.0,) * m.FREQUENCIES, (0.0,) * m.DUTIES
)


class OutputStage:
    """The pins: what is asked of them, and what limits and ramps have let through so far."""

    def __init__(self, model: BoardModel) -> None:
        self._heaters = model.heaters
        self._lamps = model.lamps
        self._duties = model.duties
        self._has_all = model.heaters >= m.HEATERS and model.lamps >= m.LAMPS and model.duties >= m.DUTIES
        self._limit_hz = _OFF.frequency_hz
        self._limit_steps_s = (0.0,) * m.PUMP_AXES
        self._limit_steps_s2 = (0,) * m.PUMP_AXES
        self._safe = _OFF
        self.goal = _OFF
        self.pump_steps_s = _OFF.pump_steps_s

    def configure(self, configure: m.Configure) -> None:
        self._limit_steps_s = configure.limit_steps_s
        self._limit_steps_s2 = configure.limit_steps_s2
        self._limit_hz = configure.limit_hz
        self._safe = m.Outputs(
            configure.safe_pump_steps_s,
            configure.safe_heater_duty,
            configure.safe_lamp_duty,
            configure.safe_frequency_hz,
            configure.safe_duty,
        )
        self.make_safe()

    def command(self, outputs: m.Outputs) -> bool:
        """Take a new goal; True when a part of it was beyond a limit and was held there."""
        pumps_steps_s = tuple(map(min, outputs.pump_steps_s, self._limit_steps_s))
        frequency_hz = tuple(map(min, outputs.frequency_hz, self._limit_hz))
        if self._has_all and pumps_steps_s == outputs.pump_steps_s and frequency_hz == outputs.frequency_hz:
            self.goal = outputs
            return False
        held = m.Outputs(
            pumps_steps_s,
            outputs.heater_duty[: self._heaters] + _OFF.heater_duty[self._heaters :],
            outputs.lamp_duty if self._lamps else 0.0,
            frequency_hz,
            outputs.duty[: self._duties] + _OFF.duty[self._duties :],
        )
        self.goal = held
        return held != outputs

    def make_safe(self) -> None:
        """Fall to the safe values at once; a pump that must rise to its own does so at its ramp."""
        self.goal = self._safe
        self.pump_steps_s = tuple(map(min, self.pump_steps_s, self._safe.pump_steps_s))

    def advance(self, dt_s: float) -> None:
        goal = self.goal.pump_steps_s
        if self.pump_steps_s != goal:
            self.pump_steps_s = tuple(
                max(min(target, rate + slope * dt_s), rate - slope * dt_s)
                for target, rate, slope in zip(goal, self.pump_steps_s, self._limit_steps_s2, strict=True)
            )


def is_possible(configure: m.Configure, model: BoardModel) -> bool:
    """Whether a board like `model` can work under this configuration: ranges, and nothing that it lacks."""
    axes = zip(configure.limit_steps_s, configure.limit_steps_s2, configure.safe_pump_steps_s, strict=True)
    return (
        configure.deadman_ms in m.DEADMAN_MS
        and all(safe <= limit and (slope > 0 or limit == 0.0) for limit, slope, safe in axes)
        and not any(configure.limit_steps_s[model.axes :])
        and all(map(le, configure.safe_frequency_hz, configure.limit_hz))
        and not any(configure.limit_hz[model.frequencies :])
        and not any(configure.safe_duty[model.duties :])
        and not any(configure.safe_heater_duty[model.heaters :])
        and all(isnan(limit_c) for limit_c in configure.limit_c[model.temperatures :])
        and not (configure.safe_lamp_duty and not model.lamps)
    )
