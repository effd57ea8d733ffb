"""Huber circulators with Pilot ONE, CC-Pilot or Unistat Pilot: PB commands, by RS-232, USB or TCP port 8101.

After "Data Communication PB", Huber, V1.2.0: 5.1 structure, 5.2 rule violations, chapter 6 variables. A
command has ten characters, "{MttvvvvCRLF", and is answered by "{SttvvvvCRLF" with the value that then holds;
"****" only asks. What breaks the rules is not answered. There is no checksum, but a write is answered with
what was understood.
"""

from __future__ import annotations

import re
from math import nan
from typing import TYPE_CHECKING, ClassVar, Final

from firmware_bridge.devices.instruments.base import Ask, Identity, Script, SignalFacts
from firmware_bridge.devices.instruments.circulator import COLDEST_C, HOTTEST_C, Circulator
from firmware_bridge.devices.interfaces import DeviceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.devices.instruments.base import InstrumentSettings

_TIMEOUT_S: Final = 0.5
_LENGTH: Final = 10
_ANSWER: Final = re.compile(rb"\{S([0-9A-Fa-f]{2})([0-9A-Fa-f]{4})\r\n")
_ABSENT_C: Final = -151.0
"""5.1: what is answered for a temperature that is not there."""
_NOT_THERE: Final = 0x7FFF
"""What models answer for a variable that they do not have."""

_SETPOINT, _INTERNAL, _RETURN, _PRESSURE, _POWER = 0x00, 0x01, 0x02, 0x03, 0x04
_ERROR, _WARNING, _CONTROL, _SERIAL_HIGH, _SERIAL_LOW, _PROCESS = 0x05, 0x06, 0x14, 0x1B, 0x1C, 0x3A
_TEMPERATURES: Final = {
    "temperature": _INTERNAL,
    "return_temperature": _RETURN,
    "process_temperature": _PROCESS,
    "setpoint": _SETPOINT,
}


class Huber(Circulator):
    """One circulator, alone on its line."""

    OPTIONS: ClassVar[Mapping[str, str]] = {
        "range": f'what its setpoint may be: "{Circulator.DEFAULT_RANGE}"',
    }
    EXTRA: ClassVar[Mapping[str, SignalFacts]] = {
        "return_temperature": SignalFacts("degC", COLDEST_C, HOTTEST_C),
        "process_temperature": SignalFacts("degC", COLDEST_C, HOTTEST_C),
        "pressure": SignalFacts("mbar", -32768.0, 32766.0),
        "power": SignalFacts("W", -32768.0, 32766.0),
    }

    def __init__(self, settings: InstrumentSettings) -> None:
        super().__init__(settings)
        if settings.address:
            raise DeviceError(f"address {settings.address!r}: PB commands have none, remove it")

    def identify(self) -> Script[Identity]:
        """Ask for its serial number, 32 bits in two variables; only a Huber answers in this form."""
        high = yield from self._read(_SERIAL_HIGH)
        low = yield from self._read(_SERIAL_LOW)
        number = (high & 0xFFFF) << 16 | low & 0xFFFF
        absent = high == low == _NOT_THERE or number == 0
        return Identity(model="Huber", serial_number="" if absent else str(number))

    def _prepare(self) -> Script[None]:
        """Nothing: PB commands work in every mode that the Pilot can be in."""
        yield from ()

    def _measure(self, names: frozenset[str]) -> Script[Mapping[str, float]]:
        found: dict[str, float] = {}
        for name, variable in _TEMPERATURES.items():
            if name in names:
                found[name] = _temperature_c((yield from self._read(variable)))
        for name, variable in (("pressure", _PRESSURE), ("power", _POWER)):
            if name in names:
                number = yield from self._read(variable)
                found[name] = nan if number == _NOT_THERE else float(number)
        if "running" in names:
            found["running"] = float((yield from self._read_running()))
        if names & {"alarm", "running"}:
            found["alarm"] = yield from self._read_alarm()
        return found

    def _send_setpoint(self, value_c: float) -> Script[float]:
        return _temperature_c((yield from self._exchange(_SETPOINT, round(value_c * 100.0))))

    def _send_running(self, *, running: bool) -> Script[bool]:
        """Switch it, and ask what came of it: the answer to the command may precede the switching."""
        yield from self._exchange(_CONTROL, int(running))
        return (yield from self._read_running())

    def _read_running(self) -> Script[bool]:
        number = yield from self._read(_CONTROL)
        if number not in (0, 1):
            raise DeviceError(f"temperature control {number}: neither off (0) nor on (1)")
        return number == 1

    def _read_alarm(self) -> Script[float]:
        """Read the error, or else the warning, without its sign; 0: neither."""
        for variable in (_ERROR, _WARNING):
            number = yield from self._read(variable)
            if number not in (0, _NOT_THERE):
                return float(abs(number))
        return 0.0

    def _read(self, variable: int) -> Script[int]:
        return (yield from self._exchange(variable, None))

    def _exchange(self, variable: int, value: int | None) -> Script[int]:
        """Ask for a variable, or write it; the answer as a signed number."""
        word = "****" if value is None else f"{value & 0xFFFF:04X}"

        def ends(received: bytes) -> int:
            answer = received[:_LENGTH]
            if len(answer) < _LENGTH:
                if not b"{S".startswith(answer[:2]):
                    raise ValueError(f"{answer!r} does not begin as an answer does")
                return 0
            found = _ANSWER.fullmatch(answer)
            if found is None or int(found[1], 16) != variable:
                raise ValueError(f"{answer!r} is no answer for variable {variable:02X}")
            return _LENGTH

        answer = yield Ask(f"{{M{variable:02X}{word}\r\n".encode(), ends, timeout_s=_TIMEOUT_S)
        number = int(answer[4:8], 16)
        return number - 0x10000 if number & 0x8000 else number


def _temperature_c(number: int) -> float:
    """Hundredths of a degree; NaN for a sensor that is not there."""
    value_c = number / 100.0
    return nan if value_c <= _ABSENT_C or number == _NOT_THERE else value_c
