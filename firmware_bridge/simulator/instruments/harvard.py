"""The twin of a Pump 11 Elite, of Harvard Apparatus' and KD Scientific's common family of syringe pumps.

Written from the manuals that the docs page names. What a real pump says of itself in `metrics` (lead screw,
steps and their times) gives its pusher speeds.
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
_MICROSTEP_MM: Final = 25.4 / 24.0 / (400.0 * 2.4 * 16.0)
_FASTEST_MM_S, _SLOWEST_MM_S = _MICROSTEP_MM / 26e-6, _MICROSTEP_MM / 27.0
_BARREL: Final = 1.05
"""How much longer a barrel is than its scale; beyond it the pusher's block has nothing to pull on."""
_UL: Final[Mapping[str, float]] = {"m": 1e3, "u": 1.0, "n": 1e-3, "p": 1e-6}
_S: Final[Mapping[str, float]] = {"h": 3600.0, "m": 60.0, "s": 1.0}
_RATE: Final = re.compile(r"(\d*\.?\d+) ([munp])l?/(h|m|s)(?:r|in|ec)?")
_VOLUME: Final = re.compile(r"(\d*\.?\d+) ([mu])l?")
_LINE: Final = re.compile(r"(\d{1,2})?:?@?([a-z]*) ?(.*)")


class HarvardTwin:
    """One pump. `stall` blocks it; `left_ul` is in its syringe, once it was told the syringe's size."""

    def __init__(self, settings: TwinSettings) -> None:
        self._address = int(settings.address or 0)
        self._serial_number = settings.serial_number or "D301254"
        self._log: deque[str] = deque(maxlen=_LOG_LENGTH)
        self._time_s = 0.0
        self._received = ""
        self._poll = "OFF"
        self._nvram = True
        self._diameter_mm, self._syringe_ul = 14.427, 10000.0
        self._force = 100
        # Rates in uL/s, each with the unit it was given in.
        self._rates = {"i": (1000.0 / 60.0, "ml/min"), "w": (1000.0 / 60.0, "ml/min")}
        self._volumes_ul = {"i": 0.0, "w": 0.0}
        self._ran_s = 0.0
        self._prompt = ":"
        self._way = "i"
        filled = _VOLUME.fullmatch(settings.options.get("filled", "").lower())
        self._filled_ul = math.inf if filled is None else float(filled[1]) * _UL[filled[2]]
        self.left_ul: float | None = None
        self._commands: Mapping[str, Callable[[str], list[str]]] = {
            "": lambda _text: [],
            "addr": lambda _text: [f"Pump address is {self._address}"],
            "civo": lambda _text: self._clear("i"),
            "crat": self._current_rate,
            "ctti": lambda _text: [],
            "ctvo": lambda _text: [],
            "cvol": lambda _text: self._clear("i", "w"),
            "cwvo": lambda _text: self._clear("w"),
            "diam": self._set_diameter,
            "echo": lambda _text: ["OFF"] if not _text else [],
            "forc": self._set_force,
            "irat": lambda text: self._set_rate("i", text),
            "irun": lambda _text: self._run("i"),
            "ivol": lambda _text: [_show(self._volumes_ul["i"] * 1e-3, "ml")],
            "metr": lambda _text: ["Pump type          Pump 11", "Direction          Infuse/withdraw"],
            "nvra": self._set_nvram,
            "poll": self._set_poll,
            "run": lambda _text: self._run(self._way),
            "stat": lambda _text: [self._status()],
            "stop": lambda _text: self._stop(),
            "stp": lambda _text: self._stop(),
            "svol": self._set_syringe,
            "tvol": lambda _text: ["Target volume not set"] if not _text else [],
            "ver": lambda _text: ["11 ELITE I/W Single 3.0.4"],
            "wrat": lambda text: self._set_rate("w", text),
            "wrun": lambda _text: self._run("w"),
            "wvol": lambda _text: [_show(self._volumes_ul["w"] * 1e-3, "ml")],
        }

    def feed(self, chunk: bytes) -> bytes:
        self._received += chunk.decode("latin-1")
        *lines, rest = self._received.split("\r")
        self._received = rest[-_LONGEST:]
        return b"".join(self._answer(line.strip("\n")[-_LONGEST:]) for line in lines)

    def advance(self, dt_s: float) -> None:
        self._time_s += dt_s
        flow_ul_s = self.action.flow_ul_s
        if not flow_ul_s:
            return
        self._ran_s += dt_s
        moved_ul = flow_ul_s * dt_s
        if self.left_ul is not None:
            moved_ul = min(max(moved_ul, self.left_ul - _BARREL * self._syringe_ul), self.left_ul)
            self.left_ul -= moved_ul
            if moved_ul != flow_ul_s * dt_s:
                self.stall()
        self._volumes_ul["i" if flow_ul_s > 0.0 else "w"] += abs(moved_ul)

    def sense(self, surroundings: Surroundings) -> None:
        """See nothing: this pump has no sensor that the plant could show anything to."""

    @property
    def action(self) -> Action:
        sign = {">": 1.0, "<": -1.0}.get(self._prompt, 0.0)
        return Action(flow_ul_s=sign * self._rates[self._way][0])

    @property
    def log(self) -> list[str]:
        return list(self._log)

    def power_cycle(self) -> None:
        """Start anew: stopped, counters at zero, polling mode off; syringe and rates are kept."""
        self._received = ""
        self._poll, self._prompt = "OFF", ":"
        self._volumes_ul = {"i": 0.0, "w": 0.0}
        self._ran_s = 0.0
        self._note("power on")

    def stall(self) -> None:
        """Block the motor, as a full or an empty syringe or a clogged line does."""
        self._prompt = "*"
        self._note("stalled")

    def _answer(self, line: str) -> bytes:
        found = _LINE.fullmatch(line.strip().lower())
        address = int(found[1] or 0) if found else 0
        if address != self._address:
            return b""
        lines = self._obey(found[2], found[3].strip()) if found else _command_error()
        # A pump that was addressed, or is not the first, says who it is.
        mine = f"{self._address:02}" if self._address or (found and found[1]) else ""
        text = "".join(f"\n{mine}{':' if mine else ''}{each}\r" for each in lines)
        end = "" if self._poll == "OFF" else "\x11"
        return f"{text}\n{mine}{self._prompt}{end}".encode("latin-1")

    def _obey(self, word: str, text: str) -> list[str]:
        """Carry out one command; it may be cut to its first four letters, but for `version`."""
        if word == "version":
            return [
                "Firmware:      v3.0.4",
                f"Pump address:  {self._address}",
                f"Serial number: {self._serial_number}",
            ]
        command = self._commands.get(word[:4])
        return command(text) if command is not None else _command_error()

    def _set_poll(self, text: str) -> list[str]:
        if not text:
            return [self._poll]
        if text not in ("on", "off", "remote"):
            return _argument_error(text, "Unknown argument")
        self._poll = text.upper()
        return []

    def _set_nvram(self, text: str) -> list[str]:
        if text:
            self._nvram = text == "on"
        return [] if text else ["ON" if self._nvram else "OFF"]

    def _set_diameter(self, text: str) -> list[str]:
        if not text:
            return [f"{self._diameter_mm:.4f} mm"]
        number = _number(text.removesuffix("mm").strip())
        if number is None:
            return _argument_error(text, "Unknown argument")
        if not 0.1 <= number <= 33.0:
            return _argument_error(text, "Out of range")
        if self._prompt in (">", "<"):
            return ["Command error:", "   The command is not allowed while the pump runs"]
        self._diameter_mm = number
        return []

    def _set_syringe(self, text: str) -> list[str]:
        if not text:
            return [_show(self._syringe_ul * 1e-3, "ml")]
        found = _VOLUME.fullmatch(text)
        if found is None:
            return _argument_error(text, "Unknown argument")
        self._syringe_ul = float(found[1]) * _UL[found[2]]
        self.left_ul = min(self._filled_ul if self.left_ul is None else self.left_ul, self._syringe_ul)
        return []

    def _set_force(self, text: str) -> list[str]:
        if not text:
            return [f"{self._force}%"]
        if not text.isdecimal() or not 1 <= int(text) <= 100:
            return _argument_error(text, "Out of range")
        self._force = int(text)
        return []

    def _set_rate(self, way: str, text: str) -> list[str]:
        rate_ul_s, unit = self._rates[way]
        slowest_ul_s, fastest_ul_s = self._limits_ul_s
        if not text:
            return [_show_rate(rate_ul_s, unit)]
        if text == "lim":
            return [f"{_show_rate(slowest_ul_s, 'nl/min')} to {_show_rate(fastest_ul_s, 'ml/min')}"]
        found = _RATE.fullmatch(text)
        if found is None:
            return _argument_error(text, "Unknown argument")
        asked_ul_s = float(found[1]) * _UL[found[2]] / _S[found[3]]
        if not slowest_ul_s <= asked_ul_s <= fastest_ul_s * 1.0005:
            return _argument_error(found[1], "Out of range")
        time = {"h": "hr", "m": "min", "s": "sec"}[found[3]]
        self._rates[way] = (asked_ul_s, f"{found[2]}l/{time}")
        if self._prompt == {"i": ">", "w": "<"}[way]:
            self._note(f"runs {way} {asked_ul_s:g} uL/s")
        return []

    @property
    def _limits_ul_s(self) -> tuple[float, float]:
        area_mm2 = math.pi / 4.0 * self._diameter_mm**2
        return _SLOWEST_MM_S * area_mm2, _FASTEST_MM_S * area_mm2

    def _current_rate(self, text: str) -> list[str]:
        if text:
            return _argument_error(text, "Unknown argument")
        if self._prompt not in (">", "<"):
            return []
        word = "Infusing" if self._prompt == ">" else "Withdrawing"
        return [f"{word} at {_show_rate(*self._rates[self._way])}"]

    def _run(self, way: str) -> list[str]:
        if self._prompt in (">", "<"):
            return ["Command error:", "   The command is not allowed while the pump runs"]
        self._way = way
        self._prompt = ">" if way == "i" else "<"
        self._note(f"runs {way} {self._rates[way][0]:g} uL/s")
        return []

    def _stop(self) -> list[str]:
        self._prompt = ":"
        self._note("stops")
        return []

    def _clear(self, *ways: str) -> list[str]:
        for way in ways:
            self._volumes_ul[way] = 0.0
        return []

    def _status(self) -> str:
        """Tell rate in fL/s, time in ms, volume in fL and flags, all of the current direction."""
        running = self._prompt in (">", "<")
        way = self._way.upper() if running else self._way
        flags = f"{way}.{'S' if self._prompt == '*' else '.'}.I."
        rate_fl_s, volume_fl = self._rates[self._way][0] * 1e9, self._volumes_ul[self._way] * 1e9
        return f"{rate_fl_s:.0f} {self._ran_s * 1000.0:.0f} {volume_fl:.0f} {flags}"

    def _note(self, text: str) -> None:
        self._log.append(f"t={self._time_s:.3f} s pump {self._address:02} {text}")


def _command_error() -> list[str]:
    return ["Command error:", "   Unknown command"]


def _argument_error(text: str, message: str) -> list[str]:
    return [f"Argument error: {text}", f"   {message}"]


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d*\.?\d+", text) else None


def _show(value: float, unit: str) -> str:
    return f"{value:.6f} {unit}"


def _show_rate(rate_ul_s: float, unit: str) -> str:
    return f"{rate_ul_s * _S[unit[3]] / _UL[unit[0]]:.4f} {unit}"
