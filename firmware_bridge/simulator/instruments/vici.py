"""The twin of a VICI universal actuator, written from its manual (models EUH, EUD, EUT, serial interface).

LG1 makes it speak as a microelectric one, which is how those are simulated. What exactly it says to a command
that it does not know, and to a move with IFM1, the manual leaves open.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.instruments.interfaces import Action

if TYPE_CHECKING:
    from firmware_bridge.simulator.instruments.interfaces import Surroundings, TwinSettings

_LOG_LENGTH: Final = 1000
_LONGEST: Final = 64
"""Characters of a command that are kept; the longest of the manual has 8."""
_START_S: Final = 0.1
_STEP_S: Final = 0.08
"""From one position to the next."""
_COMMAND: Final = re.compile(r"([A-Z]+?)(\d{0,5}|[AB]|[FRA])")


class ViciTwin:
    """One actuator with its valve. `jam` and `power_cycle` are what may happen to it."""

    def __init__(self, settings: TwinSettings) -> None:
        self._id = settings.address
        text = settings.options.get("positions", "10")
        self._letters = text == "two"
        self._positions = 2 if self._letters else int(text)
        self._log: deque[str] = deque(maxlen=_LOG_LENGTH)
        self._time_s = 0.0
        self._position = 1
        self._route: deque[int] = deque()
        self._left_s = 0.0
        self._longer = False
        self._mode = 1
        self._sense = "A"
        self._moves = 0
        self._received = self._sent = b""
        self.jammed = False

    def feed(self, chunk: bytes) -> bytes:
        self._received += chunk
        while b"\r" in self._received:
            line, self._received = self._received.split(b"\r", 1)
            self._hear(line.decode("latin-1").strip().upper())
        self._received = self._received[-_LONGEST:]
        sent, self._sent = self._sent, b""
        return sent

    def advance(self, dt_s: float) -> None:
        self._time_s += dt_s
        if not self._route or self.jammed:
            return
        self._left_s -= dt_s
        while self._route and self._left_s <= 1e-9:
            self._position = self._route.popleft()
            self._moves += 1
            self._left_s += _STEP_S
            if not self._route:
                self._note(f"stands at {self._name}")
                if self._mode:
                    self._say(self._where())

    def sense(self, surroundings: Surroundings) -> None:
        """See nothing."""

    @property
    def action(self) -> Action:
        return Action(position=self._position)

    @property
    def log(self) -> list[str]:
        return list(self._log)

    def power_cycle(self) -> None:
        """Stay where it stands; its settings are kept."""
        self._route.clear()
        self._received = self._sent = b""
        self._note("power on")

    def jam(self, jammed: bool = True) -> None:
        self.jammed = jammed

    @property
    def _name(self) -> str:
        return "AB"[self._position - 1] if self._letters else f"{self._position:02}"

    def _hear(self, text: str) -> None:
        if self._id:
            if text[:1] not in (self._id, "*"):
                return
            text = text[1:]
        found = _COMMAND.fullmatch(text)
        if found is None:
            if text:
                self._say(f"{text} = Bad command")
            return
        self._obey(found[1], found[2])

    def _obey(self, word: str, value: str) -> None:
        reports = {
            "CP": self._where(),
            "NP": f"NP = {self._positions}" if self._longer else f"NP{self._positions:02}",
            "AM": f"AM{1 if self._letters else 3}",
            "CNT": f"CNT{self._moves:05}",
            "VR": "UA_MAIN_EU_1.0",
        }
        if not value and word in reports:
            self._say(reports[word])
        elif word in ("GO", "CW", "CC") or word == ("TO" if self._letters else "HM"):
            self._turn(word, "1" if word == "HM" else value)
        elif not self._set(word, value):
            self._say(f"{word}{value} = Bad command")

    def _set(self, word: str, value: str) -> bool:
        match word:
            case "IFM" if value in ("0", "1", "2") and not self._longer:
                self._mode = int(value)
            case "LG" if value in ("0", "1"):
                self._longer = value == "1"
                self._mode = 0 if self._longer else self._mode
            case "SM" if value in ("F", "R", "A"):
                self._sense = value
            case "ID" if value.isdecimal() and len(value) == 1:
                self._id = value
            case _:
                return False
        return True

    def _turn(self, word: str, value: str) -> None:
        target = self._read_target(word, value)
        if target is None:
            self._say(f"{word}{value} = Bad command")
            return
        self._note(f"{word}{value}: turns to {target}")
        ahead = (target - self._position) % self._positions
        forward = self._sense == "F" or (self._sense == "A" and ahead <= self._positions - ahead)
        if word != "GO":
            forward = word == "CW"
        if not self._route:
            self._left_s = _START_S
        step = 1 if forward else -1
        count = ahead if forward else (-ahead) % self._positions
        self._route = deque(
            (self._position - 1 + step * n) % self._positions + 1 for n in range(1, count + 1)
        )

    def _read_target(self, word: str, value: str) -> int | None:
        if self._letters:
            fixed = {"CW": "A", "CC": "B"}.get(word, value)
            if word in ("CW", "CC") and value:
                return None
            return 3 - self._position if not fixed else "AB".find(fixed) + 1 or None
        if not value:
            return self._position % self._positions + 1
        return int(value) if value.isdecimal() and 1 <= int(value) <= self._positions else None

    def _where(self) -> str:
        name = self._name
        if not self._longer:
            return f"CP{name}"
        return f"Position is near to = {name}" if self._route else f"Position is  = {name.lstrip('0')}"

    def _say(self, text: str) -> None:
        self._sent += text.encode() + b"\r"

    def _note(self, text: str) -> None:
        self._log.append(f"t={self._time_s:.3f} s {text}")
