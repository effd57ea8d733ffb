"""The twin of a Chemyx Fusion, or of one channel of a Fusion 4000 or 6000, in basic mode.

Written from Chemyx' knowledge base ("Serial (RS232) Commands"). Its pusher's speed and travel follow from the
limits that a pump told with a syringe of 30 mm: 125.9622 0.0002 106.0288 0.0141.
"""

from __future__ import annotations

import math
import re
from collections import deque
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.instruments.interfaces import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from firmware_bridge.simulator.instruments.interfaces import Surroundings, TwinSettings

_LOG_LENGTH: Final = 1000
_LONGEST: Final = 128
"""Characters of a command that are kept."""
_AREA_MM2: Final = math.pi / 4.0 * 30.0**2
_FASTEST_MM_MIN, _SLOWEST_MM_MIN = 125962.2 / _AREA_MM2, 0.2 / _AREA_MM2
_LONGEST_MM, _SHORTEST_MM = 106028.8 / _AREA_MM2, 14.1 / _AREA_MM2
# Of each unit number: its volume in uL and its time in minutes.
_UNITS: Final = ((1000.0, 1.0), (1000.0, 60.0), (1.0, 1.0), (1.0, 60.0))
_NUMBER: Final = re.compile(r"-?\d*\.?\d+")
_STOPPED, _RUNNING, _PAUSED, _STALLED = 0, 1, 2, 4
_INVALID: Final = "Invalid Command!"


class ChemyxTwin:
    """One channel. `stall` blocks it."""

    def __init__(self, settings: TwinSettings) -> None:
        self._channel = settings.address
        self._log: deque[str] = deque(maxlen=_LOG_LENGTH)
        self._time_s = 0.0
        self._received = ""
        self._units = 0
        self._diameter_mm, self._delay_min = 28.6, 0.0
        self._rate, self._volume = 1.0, 1.0
        self._status = _STOPPED
        self._moved_ul = self._ran_min = 0.0
        self._commands: Mapping[str, Callable[[], str]] = {
            "start": self._start,
            "stop": self._stop,
            "pause": self._pause,
            "status": lambda: str(self._status),
            "pump status": lambda: str(self._status),
            "dispensed volume": lambda: f"dispensed volume = {self._moved_ul / _UNITS[self._units][0]:.4f}",
            "elapsed time": lambda: f"elapsed time = {self._ran_min:.5f}",
            "read limit parameter": lambda: " ".join(f"{each:.4f}" for each in self._limits()),
        }

    def feed(self, chunk: bytes) -> bytes:
        self._received += chunk.decode("latin-1")
        *lines, rest = self._received.split("\r")
        self._received = rest[-_LONGEST:]
        return b"".join(self._answer(line.strip("\n")[-_LONGEST:]) for line in lines)

    def advance(self, dt_s: float) -> None:
        self._time_s += dt_s
        if self._status != _RUNNING:
            return
        self._ran_min += dt_s / 60.0
        self._moved_ul += abs(self.action.flow_ul_s) * dt_s
        target_ul = abs(self._volume) * _UNITS[self._units][0]
        if self._moved_ul >= target_ul:
            self._moved_ul, self._status = target_ul, _STOPPED
            self._note("has moved its volume, stops")

    def sense(self, surroundings: Surroundings) -> None:
        """See nothing: this pump has no sensor that the plant could show anything to."""

    @property
    def action(self) -> Action:
        if self._status != _RUNNING:
            return Action()
        volume_ul, time_min = _UNITS[self._units]
        return Action(flow_ul_s=math.copysign(self._rate * volume_ul / time_min / 60.0, self._volume))

    @property
    def log(self) -> list[str]:
        return list(self._log)

    def power_cycle(self) -> None:
        """Start anew: stopped, nothing moved; what was set is kept."""
        self._received = ""
        self._status = _STOPPED
        self._moved_ul = self._ran_min = 0.0
        self._note("power on")

    def stall(self) -> None:
        """Block the motor."""
        self._status = _STALLED
        self._note("stalled")

    def _answer(self, line: str) -> bytes:
        text = line.strip()
        words = text.split(" ")
        if text == f"view parameter {self._channel}".strip():
            return self._wrap(line, self._view())
        if self._channel:
            # A shared port: whoever is not meant keeps silent.
            if words[0] != self._channel:
                return b""
            words = words[1:]
        return self._wrap(line, self._obey(words))

    def _wrap(self, echo: str, lines: list[str]) -> bytes:
        return ("\r\n".join([echo, *lines]) + "\r\n>").encode("latin-1")

    def _obey(self, words: list[str]) -> list[str]:
        if len(words) == 3 and words[0] == "set" and _NUMBER.fullmatch(words[2]):
            return self._set(words[1], float(words[2]))
        # A mode (0: basic, 1: multi-step) may follow.
        command = self._commands.get(" ".join(words[:-1] if words[-1] in ("0", "1") else words))
        return [_INVALID if command is None else command()]

    def _stop(self) -> str:
        self._status = _STOPPED
        self._note("stops")
        return "Pump stop!"

    def _pause(self) -> str:
        self._status = _PAUSED if self._status == _RUNNING else self._status
        return "Pump pause!"

    def _start(self) -> str:
        if self._status not in (_PAUSED, _RUNNING):
            self._moved_ul = self._ran_min = 0.0
        self._status = _RUNNING
        self._note(f"runs {self._rate:g} (units {self._units}), volume {self._volume:g}")
        return "Pump start running..."

    def _set(self, name: str, value: float) -> list[str]:
        """Set one value and tell what it is now: the old one, if the new one is out of range."""
        most_rate, least_rate, most_volume, least_volume = self._limits()
        match name:
            case "units":
                self._units = int(value) if value in (0, 1, 2, 3) else self._units
                return [f"units = {self._units}"]
            case "diameter":
                self._diameter_mm = value if 0.103 <= value <= 40.0 else self._diameter_mm
                return [f"diameter = {self._diameter_mm:.3f}"]
            case "rate":
                self._rate = value if least_rate <= value <= most_rate else self._rate
                return [f"rate = {self._rate:.6f}"]
            case "volume":
                self._volume = value if least_volume <= abs(value) <= most_volume else self._volume
                return [f"volume = {self._volume:.6f}"]
            case "delay":
                self._delay_min = value if value >= 0.0 else self._delay_min
                return [f"delay = {self._delay_min:.6f}"]
        return [_INVALID]

    def _limits(self) -> tuple[float, float, float, float]:
        """Return highest and lowest rate, largest and smallest volume, in the units of now."""
        area_mm2 = math.pi / 4.0 * self._diameter_mm**2
        volume_ul, time_min = _UNITS[self._units]
        per_mm = area_mm2 / volume_ul
        per_mm_min = per_mm * time_min
        return (
            _FASTEST_MM_MIN * per_mm_min,
            _SLOWEST_MM_MIN * per_mm_min,
            _LONGEST_MM * per_mm,
            _SHORTEST_MM * per_mm,
        )

    def _view(self) -> list[str]:
        shown = [
            f"unit = {self._units} ",
            f"dia = {self._diameter_mm:.3f} ",
            f"rate = {self._rate:.6f} ",
            "time = 0 ",
            f"volume = {self._volume:.6f} ",
            f"delay = {self._delay_min:g}",
        ]
        return [f"Pump {self._channel}: ", *shown] if self._channel else shown

    def _note(self, text: str) -> None:
        self._log.append(f"t={self._time_s:.3f} s pump {self._channel or 'alone'} {text}")
