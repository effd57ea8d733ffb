"""The twin of a JULABO circulator in remote control, written from the manuals of SL-26, CF40 and MAGIO MX.

What the manuals leave open: for how long a status tells of a refused command (here: until it was told once).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.instruments.bath import Bath
from firmware_bridge.simulator.instruments.interfaces import Action

if TYPE_CHECKING:
    from firmware_bridge.simulator.instruments.interfaces import Surroundings, TwinSettings

_LOG_LENGTH: Final = 1000
_LONGEST: Final = 64
"""Characters of a command that are kept; the longest of the manuals has 22 with its address."""
_FRESH_C: Final = 25.0
_LOW_C, _HIGH_C = -95.0, 300.0
_STATES: Final = {
    (False, False): "00 MANUAL STOP",
    (False, True): "01 MANUAL START",
    (True, False): "02 REMOTE STOP",
    (True, True): "03 REMOTE START",
}
_UNKNOWN: Final = "-08 INVALID COMMAND"
_NOT_NOW: Final = "-09 COMMAND NOT ALLOWED IN CURRENT OPERATING MODE"
_TOO_SMALL, _TOO_LARGE = "-10 VALUE TOO SMALL", "-11 VALUE TOO LARGE"


class JulaboTwin:
    """One circulator, set to remote control by its keys. `raise_alarm` is what may happen to it."""

    def __init__(self, settings: TwinSettings) -> None:
        self._prefix = f"A{int(settings.address):03}_" if settings.address else ""
        self.bath = Bath()
        self.remote = True
        self.external = True
        """Whether a Pt100 is plugged in."""
        self._running = False
        self._setpoint_c = _FRESH_C
        self._alarm = self._refusal = ""
        self._received = b""
        self._time_s = 0.0
        self._log: deque[str] = deque(maxlen=_LOG_LENGTH)

    def feed(self, chunk: bytes) -> bytes:
        sent = b""
        self._received += chunk
        while b"\r" in self._received:
            line, self._received = self._received.split(b"\r", 1)
            text = line.decode("latin-1").strip().upper()
            if text.startswith(self._prefix) and (answer := self._hear(text.removeprefix(self._prefix))):
                sent += f"{self._prefix}{answer}\r\n".encode()
        self._received = self._received[-_LONGEST:]
        return sent

    def advance(self, dt_s: float) -> None:
        self._time_s += dt_s
        self.bath.advance(dt_s, self._setpoint_c, running=self._running)

    def sense(self, surroundings: Surroundings) -> None:
        self.bath.sense(surroundings.temperature_c)

    @property
    def action(self) -> Action:
        return Action(heat=self.bath.power)

    @property
    def log(self) -> list[str]:
        return list(self._log)

    def power_cycle(self) -> None:
        """Start anew in remote control: stopped, all values to be sent again (CF40, 10.2)."""
        self._running, self._setpoint_c = False, _FRESH_C
        self._alarm = self._refusal = ""
        self._received = b""
        self._note("power on")

    def raise_alarm(self, text: str) -> None:
        """Switch off with an alarm, "-01 LOW LEVEL ALARM"; empty: a person has dealt with it."""
        self._alarm = text
        if text:
            self._running = False
            self._note(f"alarm {text}")

    def press_keys(self, *, remote: bool, running: bool) -> None:
        self.remote, self._running = remote, running

    def _hear(self, text: str) -> str:
        """Obey or answer one command; what is not answered gives nothing."""
        word, _, parameter = text.partition(" ")
        answers = {
            "VERSION": "JULABO TWIN VERSION 1.0",
            "IN_PV_00": f"{self.bath.temperature_c:.2f}",
            "IN_PV_01": f"{100.0 * self.bath.power:.0f}",
            "IN_PV_02": f"{self.bath.temperature_c:.2f}" if self.external else "---.--",
            "IN_PV_03": f"{self.bath.temperature_c:.2f}",
            "IN_SP_00": f"{self._setpoint_c:.2f}",
            "IN_MODE_05": str(int(self._running)),
        }
        if word == "STATUS":
            told, self._refusal = self._alarm or self._refusal, ""
            return told or _STATES[self.remote, self._running]
        if word in answers and not parameter:
            return answers[word]
        self._refusal = self._obey(word, parameter.strip())
        return ""

    def _obey(self, word: str, parameter: str) -> str:
        """Carry out an out command; return how it is refused, or nothing."""
        if word not in ("OUT_SP_00", "OUT_MODE_05"):
            return _UNKNOWN
        if not self.remote:
            return _NOT_NOW
        try:
            value = float(parameter)
        except ValueError:
            return _UNKNOWN
        if word == "OUT_SP_00":
            if not _LOW_C <= value <= _HIGH_C:
                return _TOO_SMALL if value < _LOW_C else _TOO_LARGE
            self._setpoint_c = value
        else:
            if value not in (0.0, 1.0):
                return _TOO_SMALL if value < 0.0 else _TOO_LARGE
            if self._alarm:
                return _NOT_NOW
            self._running = value == 1.0
        self._note(f"{word} {parameter}")
        return ""

    def _note(self, text: str) -> None:
        self._log.append(f"t={self._time_s:.3f} s {text}")
