"""The twin of a New Era NE-1000 syringe pump, from its user manual (publication #1200-01, 08/01/14)."""

from __future__ import annotations

import math
import re
from binascii import crc_hqx
from collections import deque
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.instruments.interfaces import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from firmware_bridge.simulator.instruments.interfaces import Surroundings, TwinSettings

_LOG_LENGTH: Final = 1000
_LONGEST: Final = 128
"""Characters of a command that are kept; the manual's longest has 30."""
_BYTE_GAP_S: Final = 0.5
"""10.2.3: a packet that pauses for longer is thrown away."""
_FASTEST_MM_S, _SLOWEST_MM_S = 51.005 / 60.0, 0.04205 / 3600.0
_UL_S: Final[Mapping[str, float]] = {
    "UM": 1.0 / 60.0,
    "MM": 1000.0 / 60.0,
    "UH": 1.0 / 3600.0,
    "MH": 1000.0 / 3600.0,
}
_COMMAND: Final = re.compile(r"(\d{0,2})(.*)", re.DOTALL)
_FLOAT: Final = re.compile(r"\d{0,4}\.?\d{0,3}")
_NOT_FOUND, _NOT_NOW, _OUT_OF_RANGE, _DAMAGED = "?", "?NA", "?OOR", "?COM"


class NewEraTwin:
    """One pump. `stall` and `power_cycle` are what may happen to it."""

    def __init__(self, settings: TwinSettings) -> None:
        self._address = int(settings.address or 0)
        self._log: deque[str] = deque(maxlen=_LOG_LENGTH)
        self._time_s = self._heard_s = self._byte_s = 0.0
        self._timeout_s: int | None = None
        self._watching = False
        self._received = b""
        self._sent = b""
        self._diameter_mm = 26.59
        self._rate, self._unit = 1.0, "MM"
        self._sign = 1
        self._volume = 0.0
        self._power_fail = False
        self._infused_ul = self._withdrawn_ul = 0.0
        self._prompt = "S"
        self._alarm = "R"
        self._commands: Mapping[str, Callable[[str], str]] = {
            "RAT": self._set_rate,
            "RUN": self._run,
            "STP": self._stop,
            "DIR": self._turn,
            "DIA": self._set_diameter,
            "VOL": self._set_volume,
            "DIS": self._show_volumes,
            "SAF": self._set_safe,
            "VER": lambda _data: "NE1000V3.928",
            "PHN": lambda data: "" if data in ("1", "01") else _OUT_OF_RANGE if data else "01",
            "FUN": lambda data: "" if data == "RAT" else _NOT_FOUND if data else "RAT",
            "PF": self._set_power_fail,
        }

    def feed(self, chunk: bytes) -> bytes:
        if chunk and self._safe and self._time_s - self._byte_s > _BYTE_GAP_S:
            self._received = b""
        if chunk:
            self._byte_s = self._time_s
        self._received += chunk
        while (text := self._next_text()) is not None:
            if self._is_mine(text):
                self._sent += self._wrap(self._answer(text))
        self._received = self._received[-_LONGEST:]
        sent, self._sent = self._sent, b""
        return sent

    def advance(self, dt_s: float) -> None:
        self._time_s += dt_s
        flow_ul_s = self.action.flow_ul_s
        self._infused_ul += max(flow_ul_s, 0.0) * dt_s
        self._withdrawn_ul += max(-flow_ul_s, 0.0) * dt_s
        if self._watching and self._timeout_s and self._time_s - self._heard_s > self._timeout_s:
            self._watching = False
            self._raise_alarm("T")

    def sense(self, surroundings: Surroundings) -> None:
        """See nothing: this pump has no sensor that the plant could show anything to."""

    @property
    def action(self) -> Action:
        if self._prompt not in ("I", "W"):
            return Action()
        flow_ul_s = self._rate * _UL_S[self._unit]
        return Action(flow_ul_s=flow_ul_s if self._prompt == "I" else -flow_ul_s)

    @property
    def log(self) -> list[str]:
        return list(self._log)

    def power_cycle(self) -> None:
        """Start anew with what is kept: the mode, the program; a running one only with PF on."""
        was_pumping = self._prompt in ("I", "W")
        self._received = self._sent = b""
        self._watching = False
        self._prompt = self._pumping if self._power_fail and was_pumping else "S"
        self._note("power on")
        self._alarm = "R"
        if self._safe:
            self._sent = self._wrap(self._status())

    def stall(self) -> None:
        """Block the motor."""
        self._raise_alarm("S")

    @property
    def _safe(self) -> bool:
        return self._timeout_s is not None

    @property
    def _pumping(self) -> str:
        return "I" if self._sign > 0 else "W"

    def _raise_alarm(self, alarm: str) -> None:
        self._prompt, self._alarm = "S", alarm
        self._note(f"alarm {alarm}, stopped")
        if self._safe:  # tells it unasked, which does not clear it (10.3)
            self._sent += self._wrap(self._status())

    def _next_text(self) -> str | None:
        """Cut the next command out of what has come; None: nothing whole is there."""
        return self._next_packet() if self._safe else self._next_line()

    def _next_line(self) -> str | None:
        line, end, rest = self._received.partition(b"\r")
        if not end:
            return None
        self._received = rest
        # 10.2.2: spaces and control characters do not count, nor does case.
        return "".join(chr(each) for each in line if 0x20 < each < 0x7F).upper()

    def _next_packet(self) -> str | None:
        start = self._received.find(b"\x02")
        self._received = self._received[start:] if start >= 0 else b""
        if len(self._received) < 2 or len(self._received) < 1 + self._received[1]:
            return None
        length = 1 + self._received[1]
        packet, self._received = self._received[:length], self._received[length:]
        text, crc, end = packet[2:-3], packet[-3:-1], packet[-1:]
        if length < 6 or end != b"\x03" or crc_hqx(text, 0).to_bytes(2, "big") != crc:
            return f"{self._address:02}{_DAMAGED}" if text.startswith(b"%02d" % self._address) else ""
        self._heard_s, self._watching = self._time_s, True
        return text.decode("latin-1").upper().replace(" ", "")

    def _is_mine(self, text: str) -> bool:
        digits = _COMMAND.match(text)
        assert digits is not None
        return int(digits[1] or 0) == self._address and not (self._safe and not text)

    def _answer(self, text: str) -> str:
        if text.endswith(_DAMAGED):
            return self._status() + _DAMAGED
        if self._alarm:  # told instead of an answer, and gone with it (10.3)
            status, self._alarm = self._status(), ""
            return status
        found = _COMMAND.fullmatch(text)
        assert found is not None
        # The status as it is afterwards, so first obey.
        data = self._obey(found[2])
        return self._status() + data

    def _status(self) -> str:
        return f"{self._address:02}A?{self._alarm}" if self._alarm else f"{self._address:02}{self._prompt}"

    def _wrap(self, text: str) -> bytes:
        data = text.encode("ascii")
        if not self._safe:
            return b"\x02" + data + b"\x03"
        return bytes((2, len(data) + 4)) + data + crc_hqx(data, 0).to_bytes(2, "big") + b"\x03"

    def _obey(self, text: str) -> str:
        """Carry out one command of 10.4; return what follows the status in its answer."""
        if not text:  # a question for the status
            return ""
        for word, obey in self._commands.items():
            if text.startswith(word):
                return obey(text.removeprefix(word))
        return _NOT_FOUND

    def _run(self, _data: str) -> str:
        if self._prompt in ("I", "W"):
            return _NOT_NOW
        self._prompt = self._pumping
        self._note(f"runs {self._sign * self._rate:g} {self._unit}")
        return ""

    def _stop(self, _data: str) -> str:
        if self._prompt == "S":
            return _NOT_NOW
        self._prompt = "P" if self._prompt in ("I", "W") else "S"
        self._note("stops")
        return ""

    def _turn(self, word: str) -> str:
        if not word:
            return "INF" if self._sign > 0 else "WDR"
        sign = {"INF": 1, "WDR": -1, "REV": -self._sign}.get(word)
        if sign is None:
            return _NOT_FOUND
        self._sign = sign
        if self._prompt in ("I", "W"):
            self._prompt = self._pumping
            self._note(f"turns to {self._sign * self._rate:g} {self._unit}")
        return ""

    def _set_rate(self, data: str) -> str:
        if not data:
            return f"{_show(self._rate)}{self._unit}"
        unit = data[-2:] if data[-2:] in _UL_S else ""
        number = data.removesuffix(unit)
        if not _FLOAT.fullmatch(number) or not any(each.isdigit() for each in number):
            return _NOT_FOUND
        pumping = self._prompt in ("I", "W")
        if unit and unit != self._unit and pumping:
            return _NOT_NOW
        area_mm2 = math.pi / 4.0 * self._diameter_mm**2
        flow_ul_s = float(number) * _UL_S[unit or self._unit]
        if not _SLOWEST_MM_S * area_mm2 <= flow_ul_s <= _FASTEST_MM_S * area_mm2 * 1.0005:
            return _OUT_OF_RANGE
        self._rate, self._unit = float(number), unit or self._unit
        if pumping:
            self._note(f"runs {self._sign * self._rate:g} {self._unit}")
        return ""

    def _set_diameter(self, data: str) -> str:
        if not data:
            return _show(self._diameter_mm)
        if self._prompt != "S":
            return _NOT_NOW
        if not _FLOAT.fullmatch(data) or not 0.1 <= float(data) <= 50.0:
            return _OUT_OF_RANGE
        self._diameter_mm = float(data)
        return ""

    def _set_volume(self, data: str) -> str:
        if not data:
            return f"{_show(self._volume)}ML"
        if not _FLOAT.fullmatch(data):
            return _NOT_FOUND
        self._volume = float(data)
        return ""

    def _show_volumes(self, data: str) -> str:
        if data:
            return _NOT_FOUND
        return f"I{_show(self._infused_ul / 1000.0)}W{_show(self._withdrawn_ul / 1000.0)}ML"

    def _set_power_fail(self, data: str) -> str:
        if data in ("0", "1"):
            self._power_fail = data == "1"
            return ""
        return _NOT_FOUND if data else str(int(self._power_fail))

    def _set_safe(self, data: str) -> str:
        if not data:
            return str(self._timeout_s or 0)
        if not data.isdecimal() or int(data) > 255:
            return _OUT_OF_RANGE
        self._timeout_s = int(data) or None
        self._heard_s, self._watching = self._time_s, True
        return ""

    def _note(self, text: str) -> None:
        self._log.append(f"t={self._time_s:.3f} s pump {self._address:02} {text}")


def _show(value: float) -> str:
    """Write a number as its display does: four digits and a point."""
    for decimals in (3, 2, 1):
        text = f"{value:.{decimals}f}"
        if len(text) <= 5:
            return text
    return f"{value:.0f}."
