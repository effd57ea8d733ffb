"""The twin of a Huber circulator with Pilot ONE, written from "Data Communication PB", V1.2.0."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.instruments.bath import Bath
from firmware_bridge.simulator.instruments.interfaces import Action

if TYPE_CHECKING:
    from firmware_bridge.simulator.instruments.interfaces import Surroundings, TwinSettings

_LOG_LENGTH: Final = 1000
_COMMAND: Final = 10
_SERIAL: Final = 0x0004F2A7
_ABSENT: Final = -15100
_PANEL: Final = 2000
"""Hundredths of a degree: the setpoint that was last set by hand."""
_LOWEST_C, _HIGHEST_C = -45.0, 200.0
_FULL_POWER_W: Final = 2000.0
_IDLE_MBAR, _PUMPING_MBAR = 0, 450


class HuberTwin:
    """One circulator as delivered, in standby. `fail` and `warn` are what may happen to it."""

    def __init__(self, settings: TwinSettings) -> None:
        del settings  # PB commands have no address, and there is nothing else to set
        self.bath = Bath()
        self.probe = True
        """Whether a process sensor is plugged in."""
        self.error = self.warning = 0
        self._setpoint = _PANEL
        self._running = False
        self._received = b""
        self._time_s = 0.0
        self._log: deque[str] = deque(maxlen=_LOG_LENGTH)

    def feed(self, chunk: bytes) -> bytes:
        sent = b""
        self._received += chunk
        while b"\n" in self._received:
            line, self._received = self._received.split(b"\n", 1)
            sent += self._hear(line + b"\n")
        # 5.2: too many characters break the rules like too few; so more of a line than this is never right.
        self._received = self._received[-_COMMAND:]
        return sent

    def advance(self, dt_s: float) -> None:
        self._time_s += dt_s
        self.bath.advance(dt_s, self._setpoint / 100.0, running=self._running)

    def sense(self, surroundings: Surroundings) -> None:
        self.bath.sense(surroundings.temperature_c)

    @property
    def action(self) -> Action:
        return Action(heat=self.bath.power)

    @property
    def log(self) -> list[str]:
        return list(self._log)

    def power_cycle(self) -> None:
        """Come up in standby, at the setpoint of the panel: what came by PB commands is not stored."""
        self._running, self._setpoint = False, _PANEL
        self._received = b""
        self._note("power on")

    def fail(self, number: int) -> None:
        """Raise an error, which ends tempering; 0: a person has dealt with it."""
        self.error = number
        if number:
            self._running = False
            self._note(f"error {number}")

    def warn(self, number: int) -> None:
        self.warning = number

    def _hear(self, line: bytes) -> bytes:
        """Answer a command; nothing to what breaks the rules (5.2)."""
        if len(line) != _COMMAND or line[:2] != b"{M" or line[8:] != b"\r\n":
            return b""
        try:
            variable, word = int(line[2:4], 16), line[4:8]
            written = None if word == b"****" else int(word, 16)
        except ValueError:
            return b""
        if written is not None:
            self._write(variable, written - 0x10000 if written & 0x8000 else written)
        return f"{{S{variable:02X}{self._value(variable) & 0xFFFF:04X}\r\n".encode()

    def _value(self, variable: int) -> int:
        inside = round(self.bath.temperature_c * 100.0)
        values = {
            0x00: self._setpoint,
            0x01: inside,
            0x02: inside,
            0x03: _PUMPING_MBAR if self._running else _IDLE_MBAR,
            0x04: round(self.bath.power * _FULL_POWER_W),
            0x05: self.error,
            0x06: self.warning,
            0x0A: self._running | self._running << 1 | bool(self.error) << 8 | bool(self.warning) << 9,
            0x14: int(self._running),
            0x16: int(self._running),
            0x1B: _SERIAL >> 16,
            0x1C: _SERIAL & 0xFFFF,
            0x30: round(_LOWEST_C * 100.0),
            0x31: round(_HIGHEST_C * 100.0),
            0x3A: inside if self.probe else _ABSENT,
        }
        return values.get(variable, 0x7FFF)

    def _write(self, variable: int, value: int) -> None:
        """Take what is within the limits; anything else leaves it as it is, which the answer shows."""
        if variable == 0x00 and _LOWEST_C * 100.0 <= value <= _HIGHEST_C * 100.0:
            self._setpoint = value
            self._note(f"setpoint {value / 100.0:g} degC")
        elif variable == 0x14 and value in (0, 1) and not (value and self.error):
            self._running = bool(value)
            self._note("tempers" if value else "standby")

    def _note(self, text: str) -> None:
        self._log.append(f"t={self._time_s:.3f} s {text}")
