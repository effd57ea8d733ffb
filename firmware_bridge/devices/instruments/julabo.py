"""JULABO circulators with the `in`/`out` command set: MC, ME, FP, SL, F, FL, CORIO, MAGIO, PRESTO and alike.

After the operating manuals "SL-26 Heating Circulators", chapter 12 (12.2 communication, 12.3 commands), "CF40
Cryo-Compact Circulators", chapter 10 (10.4 status, 10.5 errors), and "MAGIO MX", chapter 11.1. Out commands
are not answered, so each is followed by the in command that shows what came of it. There is no checksum.
"""

from __future__ import annotations

import re
from math import nan
from typing import TYPE_CHECKING, ClassVar, Final

from firmware_bridge.devices.instruments.base import Ask, Identity, Script, SignalFacts
from firmware_bridge.devices.instruments.circulator import COLDEST_C, HOTTEST_C, Circulator
from firmware_bridge.devices.instruments.options import read_address
from firmware_bridge.devices.interfaces import DeviceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.devices.instruments.base import InstrumentSettings

_TIMEOUT_S: Final = 0.5
"""At 4800 baud a command and its answer take 50 ms; it answers at once."""
_AFTER_ANSWER_S, _AFTER_OUT_S = 0.01, 0.25
"""12.2, important times: before the next command."""
_LONGEST: Final = 80
"""Characters of an answer: the longest status text has 52."""
_NUMBER: Final = re.compile(r"[+-]?\d{1,4}(?:\.\d{1,3})?")
_ABSENT: Final = re.compile(r"[-+.]{2,8}")
"""Shown where no sensor is."""
_STATUS: Final = re.compile(r"(-?\d{2}) +(\S.*)")
_VERSION: Final = re.compile(r".*(?:JULABO|\bV ?\d).*", re.IGNORECASE)
_MANUAL: Final = (0, 1)
_REFUSALS: Final = range(-14, -7)
"""Of the last command; the other negative ones are alarms and warnings of the instrument itself."""
_COMMANDS: Final = {
    "temperature": "IN_PV_00",
    "output_power": "IN_PV_01",
    "process_temperature": "IN_PV_02",
    "safety_temperature": "IN_PV_03",
    "setpoint": "IN_SP_00",
    "running": "IN_MODE_05",
}


class Julabo(Circulator):
    """One circulator, by RS-232 alone or by RS-485 with an address."""

    OPTIONS: ClassVar[Mapping[str, str]] = {
        "range": f'what its setpoint may be: "{Circulator.DEFAULT_RANGE}"',
    }
    EXTRA: ClassVar[Mapping[str, SignalFacts]] = {
        "output_power": SignalFacts("percent", -100.0, 100.0),
        "process_temperature": SignalFacts("degC", COLDEST_C, HOTTEST_C),
        "safety_temperature": SignalFacts("degC", COLDEST_C, HOTTEST_C),
    }

    def __init__(self, settings: InstrumentSettings) -> None:
        super().__init__(settings)
        address = read_address(settings.address, 1, 127, 0)
        # 12.2: the address stands before each command and each answer, "A032_".
        self._prefix = f"A{address:03}_" if address else ""
        self._gap_s = _AFTER_OUT_S

    def identify(self) -> Script[Identity]:
        text = yield from self._ask("VERSION")
        if _VERSION.fullmatch(text) is None:
            raise DeviceError(f"VERSION: {text!r} is no JULABO: check driver and address")
        return Identity(model="JULABO", firmware=text)

    def _prepare(self) -> Script[None]:
        code, _ = yield from self._read_status()
        if self._safe and code in _MANUAL:
            raise DeviceError("it is in manual mode: set it to remote control (r OFF) by its keys")

    def _measure(self, names: frozenset[str]) -> Script[Mapping[str, float]]:
        found: dict[str, float] = {}
        for name, command in _COMMANDS.items():
            if name in names:
                found[name] = yield from self._read_number(command)
        if names & {"alarm", "running"}:
            code, _ = yield from self._read_status()
            found["alarm"] = float(-code) if code < 0 and code not in _REFUSALS else 0.0
        return found

    def _send_setpoint(self, value_c: float) -> Script[float]:
        yield self._tell(f"OUT_SP_00 {value_c:.2f}")
        taken_c = yield from self._read_number("IN_SP_00")
        if abs(taken_c - value_c) > 0.05:
            yield from self._raise_refusal(f"setpoint {value_c:g} degC")
        # Some models keep tenths only.
        return value_c if abs(taken_c - value_c) <= 0.05 else taken_c

    def _send_running(self, *, running: bool) -> Script[bool]:
        yield self._tell(f"OUT_MODE_05 {int(running)}")
        taken = yield from self._read_number("IN_MODE_05")
        if taken != running:
            yield from self._raise_refusal("start" if running else "stop")
        return taken == 1.0

    def _raise_refusal(self, what: str) -> Script[None]:
        """Say why it did not obey, if its status tells."""
        code, text = yield from self._read_status()
        if code < 0:
            raise DeviceError(f"{what}: it says {code:03} {text}")
        if code in _MANUAL:
            raise DeviceError(f"{what}: it is in manual mode: set it to remote control by its keys")

    def _read_status(self) -> Script[tuple[int, str]]:
        text = yield from self._ask("STATUS")
        found = _STATUS.fullmatch(text)
        if found is None:
            raise DeviceError(f"STATUS: {text!r} is no status")
        return int(found[1]), found[2]

    def _read_number(self, command: str) -> Script[float]:
        text = yield from self._ask(command)
        if _NUMBER.fullmatch(text) is not None:
            return float(text)
        if _ABSENT.fullmatch(text) is not None:
            return nan
        raise DeviceError(f"{command}: {text!r} is no number")

    def _tell(self, command: str) -> Ask:
        quiet_s, self._gap_s = self._gap_s, _AFTER_OUT_S
        return Ask(f"{self._prefix}{command}\r".encode(), None, timeout_s=_TIMEOUT_S, quiet_s=quiet_s)

    def _ask(self, command: str) -> Script[str]:
        data = f"{self._prefix}{command}\r".encode()
        answer = yield Ask(data, self._ends, timeout_s=_TIMEOUT_S, quiet_s=self._gap_s)
        self._gap_s = _AFTER_ANSWER_S
        return answer.decode("ascii").strip().removeprefix(self._prefix).strip()

    def _ends(self, received: bytes) -> int:
        """Find the line feed that ends an answer; ValueError for what is no line of text, or another's."""
        end = received.find(b"\n") + 1
        line = received[:end] if end else received
        if len(line) > _LONGEST:
            raise ValueError(f"{len(line)} bytes without a line's end")
        if not all(32 <= byte < 127 or byte in b"\r\n" for byte in line):
            raise ValueError(f"{line[:20]!r} is no text")
        if end and not line.strip().startswith(self._prefix.encode()):
            raise ValueError(f"{line!r} is another's answer")
        return end
