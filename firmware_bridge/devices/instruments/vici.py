"""VICI (Valco) electric valve actuators: multiposition selectors and two-position valves.

After "Universal Electric Actuator: Models EUH, EUD and EUT", VICI, "Optional Serial Interface", and for older
ones "Microelectric Selectors, EMH and EMT" and "Two Position Microelectric". A move is not acknowledged:
where the valve stands is read back. The protocol has no checksum.
"""

from __future__ import annotations

import re
from math import nan
from typing import TYPE_CHECKING, ClassVar, Final

from firmware_bridge.devices.instruments.base import (
    Ask,
    Identity,
    InstrumentSettings,
    Purpose,
    Script,
    SignalFacts,
)
from firmware_bridge.devices.interfaces import DeviceError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT_S: Final = 0.25
_SETTLE_S: Final = 0.05
"""Silence before a question that follows a command: whatever a command is answered with has come by then."""
_LONGEST: Final = 160
"""Bytes of lines that are no answer before the line counts as babbling; an error takes 30."""
_MOST_POSITIONS: Final = 40
_GO_AGAIN: Final = 4
_GIVE_UP: Final = 16
"""Reads at which a valve that has not moved is sent on its way again, and at which it counts as stuck."""
_LETTERS: Final = "AB"

# "CP03" of universal actuators, "Position is  = 3" of microelectric ones and of LG1. Microelectric ones say
# "Position is near to = 3" between two.
_POSITION: Final = re.compile(r"(?:CP ?=? ?|Position is (near to )? ?= ?)\"?(\d{1,2}|[AB])\"?", re.IGNORECASE)
_POSITIONS: Final = re.compile(r"NP ?=? ?(\d{1,2})", re.IGNORECASE)
_BAD: Final = re.compile(r".*bad command", re.IGNORECASE)


class Vici:
    """One actuator. `position` counts from 1; of a two-position valve A is 1 and B is 2.

    It reads as NaN between two positions.
    """

    PURPOSE: ClassVar[Purpose] = Purpose.VALVE
    OPTIONS: ClassVar[Mapping[str, str]] = {
        "positions": 'how many a selector has: "10"; "two" for a valve with positions A and B',
    }
    refresh_s = 0.0

    def __init__(self, settings: InstrumentSettings) -> None:
        self._id = _read_id(settings.address)
        self._positions = _read_positions(settings.options)
        self._signals = {
            "position": SignalFacts("1", 1.0, float(self._positions or 2), actuator=True),
        }
        self._used = settings.used
        self._safe = settings.safe.get("position")
        self._target: int | None = None
        self._at: int | None = None
        self._waited = 0

    @property
    def signals(self) -> Mapping[str, SignalFacts]:
        return self._signals

    def identify(self) -> Script[Identity]:
        """CP: only an actuator answers it, with a number or a letter. It tells neither model nor number."""
        yield from self._read_position()
        kind = "multiposition" if self._positions else "two-position"
        return Identity(model=f"VICI {kind} actuator")

    def configure(self) -> Script[None]:
        self._target = None
        # Universal actuators answer no moves from here on. Microelectric ones never do, and refuse this.
        yield self._command("IFM0")
        if self._positions:
            line = yield from self._ask("NP", _POSITIONS)
            if int(line[1]) != self._positions:
                raise DeviceError(
                    f"NP: it is set to {int(line[1])} positions, the rig names {self._positions}"
                )
        if self._safe is not None:
            yield from self._go(self._safe)

    def read(self) -> Script[Mapping[str, float]]:
        position = yield from self._read_position()
        if self._target is not None and position != self._target:
            yield from self._urge(position)
        elif position is not None:
            self._waited = 0
        return {name: nan if position is None else float(position) for name in self._used}

    def write(self, wanted: Mapping[str, float]) -> Script[None]:
        if "position" in wanted:
            yield from self._go(wanted["position"])

    def stop(self) -> Script[None]:
        """Turn to the safe position; a valve has nothing to stop but its turning."""
        if self._safe is not None:
            yield from self._go(self._safe)

    def _go(self, wanted: float) -> Script[None]:
        most = self._positions or 2
        if wanted not in range(1, most + 1):
            raise DeviceError(f"position {wanted:g}: a whole number from 1 to {most}")
        self._target = int(wanted)
        self._waited = 0
        yield self._command(f"GO{self._name(self._target)}")

    def _urge(self, position: int | None) -> Script[None]:
        """Follow a valve on its way: what was lost on the line is sent again, what is stuck is told."""
        self._waited = self._waited + 1 if position == self._at else 1
        self._at = position
        if self._waited >= _GIVE_UP:
            where = "between two positions" if position is None else f"at {self._name(position)}"
            raise DeviceError(f"it stays {where} on its way to {self._name(self._target or 1)}: is it stuck?")
        if self._waited % _GO_AGAIN == 0:
            yield self._command(f"GO{self._name(self._target or 1)}")

    def _read_position(self) -> Script[int | None]:
        """CP; None between two positions."""
        line = yield from self._ask("CP", _POSITION)
        text = line[2].upper()
        if text.isdecimal() is not bool(self._positions):
            kind = "a two-position valve" if self._positions else "a selector with numbered positions"
            raise DeviceError(f"CP: {line[0]!r} is what {kind} answers: check the option positions")
        position = int(text) if self._positions else _LETTERS.index(text) + 1
        if not 1 <= position <= (self._positions or 2):
            raise DeviceError(f"CP: position {position} of {self._positions}")
        return None if line[1] else position

    def _name(self, position: int) -> str:
        return str(position) if self._positions else _LETTERS[position - 1]

    def _command(self, text: str) -> Ask:
        return Ask(f"{self._id}{text}\r".encode(), None)

    def _ask(self, command: str, form: re.Pattern[str]) -> Script[re.Match[str]]:
        """Ask, and take the line that has the form of an answer; DeviceError for a refusal."""

        def ends(received: bytes) -> int:
            found = self._find(received, form)
            if found is None and len(received) > _LONGEST:
                raise ValueError(f"{len(received)} bytes without an answer to {command}")
            return 0 if found is None else found[0]

        data = f"{self._id}{command}\r".encode()
        answer = yield Ask(data, ends, timeout_s=_TIMEOUT_S, quiet_s=_SETTLE_S)
        found = self._find(answer, form)
        if found is None or found[1] is None:
            raise DeviceError(f"{command}: it says {answer[-40:]!r}: check the model and its mode")
        return found[1]

    def _find(self, received: bytes, form: re.Pattern[str]) -> tuple[int, re.Match[str] | None] | None:
        """Find the line that answers: its end, and its match; no match for a refusal."""
        start = 0
        while (end := received.find(b"\r", start)) >= 0:
            text = received[start:end].decode("latin-1").strip()
            match = form.fullmatch(text) or form.fullmatch(text.removeprefix(self._id).strip())
            if match is not None or _BAD.fullmatch(text):
                return end + 1, match
            start = end + 1
        return None


def _read_id(address: str) -> str:
    if address and not re.fullmatch(r"[0-9A-Z]", address):
        raise DeviceError(f"address {address!r}: the ID that the actuator was given, 0 to 9 or A to Z")
    return address


def _read_positions(options: Mapping[str, str]) -> int:
    """Return how many positions a selector has; 0 for a two-position valve."""
    text = options.get("positions", "")
    if text == "two":
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) <= 2 and 2 <= int(text) <= _MOST_POSITIONS):
        raise DeviceError(
            f'positions {text!r}: write how many a selector has, 2 to {_MOST_POSITIONS}, or "two" for A and B'
        )
    return int(text)
