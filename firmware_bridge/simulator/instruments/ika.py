"""The twin of an IKA RCT digital, written from its operating instructions: list of commands, watchdog.

What the instructions leave open: what is answered to a command that it does not know (here: nothing), and
whether anything but the watchdog's own command keeps that quiet (here: nothing else does).
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.instruments.interfaces import Action
from firmware_bridge.simulator.instruments.zone import HeatedZone

if TYPE_CHECKING:
    from firmware_bridge.simulator.instruments.interfaces import Surroundings, TwinSettings

_LOG_LENGTH: Final = 1000
_LONGEST: Final = 80
"""Characters of a command, as the instructions bound them."""
_HOTTEST_C, _FASTEST_RPM = 310.0, 1500.0
_SAFETY_C: Final = 360.0
_RPM_A_S: Final = 400.0
_TORQUE_PERCENT: Final = 12.0
_SET: Final = re.compile(r"OUT_SP_([14])(?: +|_)(-?\d{1,4}(?:\.\d{1,3})?)")
_SAFE: Final = re.compile(r"OUT_SP_([14])2@(-?\d{1,4}(?:\.\d{1,3})?)")
_WATCHDOG: Final = re.compile(r"OUT_WD([12])@(\d{1,4}(?:\.\d{1,3})?)")
_SWITCH: Final = re.compile(r"(START|STOP)_([14])")


class IkaTwin:
    """One plate as delivered: cold, its motor at rest, 360 degC as safety temperature."""

    def __init__(self, settings: TwinSettings) -> None:
        del settings  # nothing can be set by keys that its commands don't set
        self.zone = HeatedZone()
        self.speed_rpm = 0.0
        self.display = ""
        """What it shows when its watchdog has bitten: "Er02" or "WD"."""
        self.heating = self.stirring = False
        self._setpoints = {1: 0.0, 4: 0.0}
        self._safe = {1: 0.0, 4: 0.0}
        self._mode = 0
        self._watchdog_s = self._left_s = 0.0
        self._received = b""
        self._time_s = 0.0
        self._log: deque[str] = deque(maxlen=_LOG_LENGTH)

    def feed(self, chunk: bytes) -> bytes:
        sent = b""
        self._received += chunk
        while b"\n" in self._received:
            line, self._received = self._received.split(b"\n", 1)
            answer = self._hear(line.decode("latin-1").strip())
            if answer:
                sent += f"{answer}\r\n".encode()
        self._received = self._received[-_LONGEST:]
        return sent

    def advance(self, dt_s: float) -> None:
        self._time_s += dt_s
        if self._mode:
            self._left_s -= dt_s
            if self._left_s <= 0.0:
                self._bite()
        self.zone.advance(dt_s, self._setpoints[1], enabled=self.heating)
        target_rpm = self._setpoints[4] if self.stirring else 0.0
        step_rpm = _RPM_A_S * dt_s
        self.speed_rpm += min(max(target_rpm - self.speed_rpm, -step_rpm), step_rpm)

    def sense(self, surroundings: Surroundings) -> None:
        self.zone.sense(surroundings.temperature_c)

    @property
    def action(self) -> Action:
        return Action(heat=self.zone.power)

    @property
    def log(self) -> list[str]:
        return list(self._log)

    def power_cycle(self) -> None:
        """Start anew in mode A: heater and motor off, setpoints kept, no watchdog."""
        self.heating = self.stirring = False
        self.display, self._mode = "", 0
        self._received = b""
        self._note("power on")

    def turn_knob(self, setpoint_c: float) -> None:
        self._setpoints[1] = setpoint_c

    def _bite(self) -> None:
        """End what the host has left behind: WD1 off, WD2 to the safety values."""
        if self._mode == 1:
            self.heating = self.stirring = False
            self.display = "Er02"
        else:
            self._setpoints = dict(self._safe)
            self.display = "WD"
        self._note(f"watchdog {self._mode}: {self.display}")
        self._mode = 0

    def _hear(self, text: str) -> str:
        readings = {
            "IN_NAME": "RCT digital",
            "IN_PV_1": f"{self.zone.temperature_c:.1f} 1",
            "IN_PV_2": f"{self.zone.temperature_c:.1f} 2",
            "IN_PV_4": f"{self.speed_rpm:.1f} 4",
            "IN_PV_5": f"{_TORQUE_PERCENT if self.stirring else 0.0:.1f} 5",
            "IN_SP_1": f"{self._setpoints[1]:.1f} 1",
            "IN_SP_3": f"{_SAFETY_C:.1f} 3",
            "IN_SP_4": f"{self._setpoints[4]:.1f} 4",
        }
        if text in readings:
            return readings[text]
        if found := _WATCHDOG.fullmatch(text):
            return self._arm(int(found[1]), float(found[2]))
        if found := _SAFE.fullmatch(text):
            self._safe[int(found[1])] = float(found[2])
            return found[2]
        if found := _SET.fullmatch(text):
            self._set(int(found[1]), float(found[2]))
        elif found := _SWITCH.fullmatch(text):
            self._switch(int(found[2]), on=found[1] == "START")
        elif text == "RESET":
            self._note("keys again")
        return ""

    def _arm(self, mode: int, seconds: float) -> str:
        if seconds == 0.0 and mode == 2:
            self._mode, self.display = 0, ""
        elif 20.0 <= seconds <= 1500.0:
            if self._mode != mode:
                self._note(f"watchdog {mode} armed, {seconds:g} s")
            self._mode, self._watchdog_s, self._left_s = mode, seconds, seconds
        return f"{self._watchdog_s if self._mode else 0.0:.1f}"

    def _set(self, channel: int, value: float) -> None:
        most = _HOTTEST_C if channel == 1 else _FASTEST_RPM
        if 0.0 <= value <= most:
            self._setpoints[channel] = value
            self._note(f"OUT_SP_{channel} {value:g}")

    def _switch(self, channel: int, *, on: bool) -> None:
        if channel == 1:
            self.heating = on
        else:
            self.stirring = on
        self._note(f"{'START' if on else 'STOP'}_{channel}")

    def _note(self, text: str) -> None:
        self._log.append(f"t={self._time_s:.3f} s {text}")
