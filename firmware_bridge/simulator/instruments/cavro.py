"""The twin of a Cavro XP 3000 syringe pump, written from its operator's manual (725730C, chapter 3).

Loops (g, G), halts (H) and outputs (J) are not modelled: it calls them invalid commands. Nor are ramps: the
plunger moves at its top speed.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.instruments.cavro_port import CavroPort
from firmware_bridge.simulator.instruments.interfaces import Action

if TYPE_CHECKING:
    from firmware_bridge.simulator.instruments.interfaces import Surroundings, TwinSettings

_LOG_LENGTH: Final = 1000
_BUFFER: Final = 255
_STROKE: Final = 6000.0
"""Half-steps; all positions and speeds here are in these."""
_HOMING_SPEED: Final = 500.0
_VALVE_S: Final = 0.25
_COMMAND: Final = re.compile(r"([A-Za-z])(\d{0,5}(?:,\d{1,2}){0,2})")
_REPORT: Final = re.compile(r"\?(?:[1-6]|10|1[234]|22|29)?|[QF&#]")
_NO_ERROR, _FAILED, _INVALID, _OPERAND, _NOT_HOMED, _PLUNGER, _VALVE, _BYPASS, _OVERFLOW = (
    0,
    1,
    2,
    3,
    7,
    9,
    10,
    11,
    15,
)
_TOLD_AT_ONCE: Final = (_INVALID, _NOT_HOMED, _OVERFLOW)
_LIMITS: Final = {"V": (5, 6000), "v": (50, 1000), "c": (50, 2700), "L": (1, 20), "K": (0, 31), "S": (0, 40)}
_SPEEDS: Final = (6000, 5600, 5000, 4400, 3800, 3200, 2600, 2200, 2000, 1800, 1600, 1400, 1200, 1000, 800)
_SPEEDS_BELOW: Final = (
    600,
    400,
    200,
    190,
    180,
    170,
    160,
    150,
    140,
    130,
    120,
    110,
    100,
    90,
    80,
    70,
    60,
    50,
    40,
)
_SLOWEST_SPEEDS: Final = (30, 20, 18, 16, 14, 12, 10)


class CavroTwin:
    """One pump. `block_plunger`, `block_valve` and `power_cycle` are what may happen to it."""

    def __init__(self, settings: TwinSettings) -> None:
        options = settings.options
        self._port = CavroPort(int(settings.address or 1), oem=options.get("protocol", "OEM") == "OEM")
        number, unit = options.get("syringe", "1 mL").split()
        self._syringe_ul = float(number) * (1000.0 if unit == "mL" else 1.0)
        self._ports = 0 if options.get("valve", "3-port") == "3-port" else 12
        # The side or the port on which the reactor is.
        self._reactor = options.get("outlet", "2") if self._ports else options.get("output", "right")
        self._log: deque[str] = deque(maxlen=_LOG_LENGTH)
        self._time_s = 0.0
        self.plunger_blocked = self.valve_blocked = False
        self._position = _STROKE / 3.0  # somewhere, as people leave it
        self._power_up()

    def _power_up(self) -> None:
        self._is_homed = False
        self._error = _NO_ERROR
        self._fine = False
        self._settings = {"V": 1400, "v": 900, "c": 900, "L": 14, "K": 12, "S": 11}
        self._valve = "?"
        self._output = "right"
        self._buffer = ""
        self._program: deque[tuple[str, str]] = deque()
        self._target: float | None = None
        self._homing = False
        self._wait_s = 0.0
        self._speed_now = 0.0

    def feed(self, chunk: bytes) -> bytes:
        answers = b""
        for sequence, command, repeated in self._port.take(chunk):
            if repeated:
                answers += self._port.repeat()
                continue
            data = self._obey(command)
            error = self._error if command[:1] in "Q?F&#" or self._error in _TOLD_AT_ONCE else _NO_ERROR
            if command == "Q" and self._error not in (_FAILED, _PLUNGER, _VALVE):
                error, self._error = self._error, _NO_ERROR
                error = error or (_NO_ERROR if self._is_homed or self._homing else _NOT_HOMED)
            answers += self._port.answer(error, data, is_ready=not self._is_busy, sequence=sequence)
        return answers

    def advance(self, dt_s: float) -> None:
        self._time_s += dt_s
        left_s = dt_s
        self._speed_now = 0.0
        for _ in range(_BUFFER):  # no program has more commands
            if not self._is_busy or left_s <= 0.0:
                return
            left_s -= self._run(left_s)

    def sense(self, surroundings: Surroundings) -> None:
        """See nothing: fluid sensors are an option that this pump lacks."""

    @property
    def action(self) -> Action:
        """What leaves by the outlet counts; what is pushed back into the bottle does not."""
        if not self._speed_now or (self._speed_now < 0.0 and self._open_to != self._reactor):
            return Action()
        return Action(flow_ul_s=-self._speed_now / _STROKE * self._syringe_ul)

    @property
    def log(self) -> list[str]:
        return list(self._log)

    def power_cycle(self) -> None:
        """Forget everything but where the plunger happens to stand."""
        self._port.reset()
        self._power_up()
        self._note("power on")

    def block_plunger(self, blocked: bool = True) -> None:
        """Block the plunger: the next move overloads."""
        self.plunger_blocked = blocked

    def block_valve(self, blocked: bool = True) -> None:
        self.valve_blocked = blocked

    @property
    def _open_to(self) -> str:
        """The port, or the side of a 3-port valve, that the syringe is connected to."""
        if self._ports or self._valve not in "IO":
            return self._valve
        return self._output if self._valve == "O" else {"right": "left", "left": "right"}[self._output]

    @property
    def _is_busy(self) -> bool:
        return self._target is not None or self._wait_s > 0.0 or bool(self._program)

    def _obey(self, text: str) -> str:
        """Carry out a command block; return the data of its answer."""
        if _REPORT.fullmatch(text):
            return self._report(text)
        if text in ("T", "TR"):
            self._terminate()
            return ""
        if text[:1] == "V" and self._is_busy:  # speeds may change on the fly (XLP 6000, 3-50)
            self._set("V", text[1:].removesuffix("R"))
            return ""
        if self._is_busy:
            self._error = _OVERFLOW
            return ""
        execute = text.endswith("R")
        body = text.removesuffix("R") or (self._buffer if execute else "")
        found = _COMMAND.findall(body)
        if "".join(letter + number for letter, number in found) != body or len(body) > _BUFFER:
            self._error = _INVALID
            return ""
        if any(letter not in "ZYWIOBAaPpDdVvcSLKkNM" for letter, _ in found):
            self._error = _INVALID
            return ""
        self._buffer = body
        if execute:
            self._start(found)
        return ""

    def _start(self, found: list[tuple[str, str]]) -> None:
        self._buffer = ""
        if self._error not in (_FAILED, _PLUNGER, _VALVE):
            self._error = _NO_ERROR
        self._program = deque(found)
        while self._program and self._target is None and self._wait_s <= 0.0:
            self._next()

    def _run(self, left_s: float) -> float:
        """Go on for at most `left_s`; return how long that took."""
        if self._wait_s > 0.0:
            spent_s = min(self._wait_s, left_s)
            self._wait_s -= spent_s
            return spent_s
        if self._target is None:
            self._next()
            return 0.0
        if self.plunger_blocked:
            self._fail(_FAILED if self._homing else _PLUNGER)
            return 0.0
        speed = _HOMING_SPEED if self._homing else float(self._settings["V"])
        way = self._target - self._position
        spent_s = min(abs(way) / speed, left_s)
        self._speed_now = speed if way > 0.0 else -speed
        self._position += self._speed_now * spent_s
        if abs(self._target - self._position) < 1e-9:
            self._position, self._target = self._target, None
            if self._homing:
                self._homing, self._is_homed, self._position = False, True, 0.0
                if self._error in (_FAILED, _PLUNGER, _VALVE):
                    self._error = _NO_ERROR
                self._note("initialized")
            if spent_s == left_s and self._program:
                self._next()
        return spent_s

    def _next(self) -> None:
        """Begin the next command of the program."""
        letter, number = self._program.popleft()
        if letter in "ZYW":
            self._begin_homing(letter, number)
        elif not self._is_homed and letter in "IOBAaPpDd":
            self._fail(_NOT_HOMED)
        elif letter in "IOB":
            self._turn(letter, number)
        elif letter in "AaPpDd":
            self._move(letter, number)
        elif letter == "M":
            self._wait_s = min(int(number or 5), 30_000) / 1000.0
        elif letter == "N":
            self._fine = number == "1"
        elif letter != "k":
            self._set(letter, number)

    def _begin_homing(self, letter: str, number: str) -> None:
        if self.valve_blocked:
            self._fail(_VALVE)
            return
        parts = number.split(",")
        if letter != "W":
            self._output = "right" if letter == "Z" else "left"
            self._valve = parts[2] if len(parts) == 3 else "O"
        self._homing, self._is_homed = True, False
        self._target, self._wait_s = 0.0, _VALVE_S
        self._note(f"initializes by {letter}{number}")

    def _turn(self, letter: str, number: str) -> None:
        if self.valve_blocked:
            self._fail(_VALVE)
        elif (int(number or 1) if self._ports else 0) > self._ports or (number and not self._ports):
            self._fail(_OPERAND)
        else:
            valve = number or "1" if self._ports else letter
            if valve != self._valve:
                self._valve, self._wait_s = valve, _VALVE_S
                self._note(f"turns the valve to {valve}")

    def _move(self, letter: str, number: str) -> None:
        scale = 0.25 if self._fine else 2.0
        way = int(number or 0) * scale
        target = {"A": way, "P": self._position + way, "D": self._position - way}[letter.upper()]
        if self._valve == "B":
            self._fail(_BYPASS)
        elif not -1e-6 <= target <= _STROKE + 1e-6:
            self._fail(_OPERAND)
        else:
            self._target = target
            self._note(f"moves to {target:g} at {self._settings['V']} half-steps/s")

    def _set(self, letter: str, number: str) -> None:
        low, high = _LIMITS[letter]
        if not number.isdecimal() or not low <= int(number) <= high:
            self._fail(_OPERAND)
            return
        self._settings[letter] = int(number)
        if letter == "S":
            self._settings["V"] = (*_SPEEDS, *_SPEEDS_BELOW, *_SLOWEST_SPEEDS)[int(number)]

    def _fail(self, error: int) -> None:
        """Stop, clear the buffer, keep the error (3-43)."""
        self._program.clear()
        self._target, self._homing, self._wait_s = None, False, 0.0
        self._error = error
        if error in (_FAILED, _PLUNGER, _VALVE):
            self._is_homed = False
        self._note(f"error {error}")

    def _terminate(self) -> None:
        """End plunger moves and programs; a valve that turns turns on (XLP 6000, 3-42)."""
        if self._is_busy:
            self._note(f"terminated at {self._position:g}")
        self._program.clear()
        self._target, self._homing = None, False
        self._wait_s = min(self._wait_s, _VALVE_S)
        self._speed_now = 0.0

    def _report(self, text: str) -> str:
        position = round(self._position * (4.0 if self._fine else 0.5))
        reports = {
            "?": position,
            "?1": self._settings["v"],
            "?2": self._settings["V"],
            "?3": self._settings["c"],
            "?4": position,
            "?6": self._valve.lower(),
            "?12": self._settings["K"],
            "F": int(bool(self._buffer)),
            "?10": int(bool(self._buffer)),
            "&": "P/N 725730 Rev C",
            "#": "8A3F",
        }
        return str(reports.get(text, ""))

    def _note(self, text: str) -> None:
        self._log.append(f"t={self._time_s:.3f} s {text}")
