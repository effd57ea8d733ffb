"""The twin of a Sensirion SCC1 cable and its flow sensor, after its public driver and the data sheets."""

from __future__ import annotations

import struct
from collections import deque
from math import isnan
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.instruments.interfaces import Action, Surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.simulator.instruments.interfaces import TwinSettings

_LOG_LENGTH: Final = 1000
_LONGEST: Final = 522
_ESCAPES: Final[Mapping[int, int]] = {0x5E: 0x7E, 0x5D: 0x7D, 0x31: 0x11, 0x33: 0x13}
_SF04, _SF06 = 0, 3
_OK, _LENGTH, _UNKNOWN, _PARAMETER, _NO_SENSOR, _NOT_STARTED, _NO_SUCH = 0, 1, 2, 4, 0x21, 0x24, 0x26
# Name: chip, product number, counts per unit, unit (liquid flow: 08, per minute: 4, micro or milli).
_KINDS: Final[Mapping[str, tuple[int, int, int, int]]] = {
    "SLF3S-0600F": (_SF06, 0x07030301, 10, 0x0844),
    "SLF3S-1300F": (_SF06, 0x07030201, 500, 0x0845),
    "SLF3C-1300F": (_SF06, 0x07030401, 500, 0x0845),
    "SLF3S-4000B": (_SF06, 0x07030501, 32, 0x0845),
    "SF06": (_SF06, 0x07030301, 10, 0x0844),
}
_SMALL: Final = (_SF04, 0, 20, 0x0844)
_UL_S: Final[Mapping[int, float]] = {0x0844: 1.0 / 60.0, 0x0845: 1000.0 / 60.0}


class SensirionFlowTwin:
    """One cable and its sensor. `pull_sensor`, `air` and `power_cycle` are what may happen to them."""

    def __init__(self, settings: TwinSettings) -> None:
        self._address = int(settings.address or 0)
        name = settings.options.get("sensor", "SLF3S-0600F")
        self._chip, self._product, self._scale, self._unit = _KINDS.get(name, _SMALL)
        self._serial_number = settings.serial_number or "FTXEB6XX"
        self._log: deque[str] = deque(maxlen=_LOG_LENGTH)
        self._time_s = 0.0
        self._surroundings = Surroundings()
        self._type = _SF04
        self.has_sensor = True
        self.air = False
        self._error_state = 0
        self._power_up()

    def _power_up(self) -> None:
        self._received = b""
        self._interval_s: float | None = None
        self._next_s = 0.0
        self._is_new = False
        self._heater = False

    def feed(self, chunk: bytes) -> bytes:
        self._received += chunk
        answers = b""
        while (body := self._next_body()) is not None:
            if len(body) < 4 or len(body) != 4 + body[2] or (~sum(body[:-1]) & 0xFF) != body[-1]:
                continue
            if body[0] == self._address:
                answers += self._answer(body[1], body[3:-1])
        self._received = self._received[-_LONGEST:]
        return answers

    def advance(self, dt_s: float) -> None:
        self._time_s += dt_s
        if self._interval_s is not None and self._time_s >= self._next_s:
            self._next_s = self._time_s + self._interval_s
            self._is_new = True

    def sense(self, surroundings: Surroundings) -> None:
        """Look at the liquid: its flow and its temperature."""
        self._surroundings = surroundings

    @property
    def action(self) -> Action:
        return Action()

    @property
    def log(self) -> list[str]:
        return list(self._log)

    def power_cycle(self) -> None:
        """Stop measuring; only the sensor's type is kept."""
        self._power_up()
        self._note("power on")

    def pull_sensor(self, pulled: bool = True) -> None:
        self.has_sensor = not pulled

    def raise_error(self) -> None:
        """Have an error of the cable's own, until its error state is read and cleared."""
        self._error_state = 1

    def _next_body(self) -> bytes | None:
        """Cut the next frame's content out of what has come."""
        start = self._received.find(b"\x7e")
        end = self._received.find(b"\x7e", start + 1) if start >= 0 else -1
        if end < 0:
            return None
        raw = self._received[start + 1 : end]
        # A flag may close one frame and open the next: after nonsense, take it as an opening one.
        body = bytearray()
        codes = iter(raw)
        for byte in codes:
            body.append(_ESCAPES.get(next(codes, 0), 0) if byte == 0x7D else byte)
        is_frame = len(body) >= 4 and len(body) == 4 + body[2]
        self._received = self._received[end + 1 if is_frame else end :]
        return bytes(body)

    def _answer(self, command: int, data: bytes) -> bytes:
        error, answer = self._obey(command, data)
        state = error | (0x80 if self._error_state else 0)
        body = bytes((self._address, command, state, len(answer))) + answer
        body += bytes((~sum(body) & 0xFF,))
        stuffed = body.replace(b"\x7d", b"\x7d\x5d").replace(b"\x7e", b"\x7d\x5e")
        stuffed = stuffed.replace(b"\x11", b"\x7d\x31").replace(b"\x13", b"\x7d\x33")
        return b"\x7e" + stuffed + b"\x7e"

    def _obey(self, command: int, data: bytes) -> tuple[int, bytes]:
        match command:
            case 0xD0:
                names = {b"\x01": "SCC1-USB", b"\x03": self._serial_number}
                found = names.get(data)
                return (_PARAMETER, b"") if found is None else (_OK, found.encode() + b"\0")
            case 0xD2 if len(data) == 1:
                flags = struct.pack(">IB", self._error_state, 0)
                self._error_state = 0 if data == b"\x01" else self._error_state
                return _OK, flags
            case 0x24:
                return self._sensor_type(data)
            case 0x33 | 0x34 | 0x35 | 0x41 | 0x42 | 0x50 | 0x52 | 0x53:
                if not self.has_sensor or self._type != self._chip:
                    return _NO_SENSOR, b""
                return self._sensor(command, data)
        return _UNKNOWN, b""

    def _sensor_type(self, data: bytes) -> tuple[int, bytes]:
        if not data:
            return _OK, bytes((self._type,))
        if len(data) != 1 or data[0] > 4:
            return _PARAMETER, b""
        self._type = data[0]
        self._note(f"sensor type {self._type}")
        return _OK, b""

    def _sensor(self, command: int, data: bytes) -> tuple[int, bytes]:
        is_fine = self._chip == _SF06
        match command:
            case 0x33:
                return self._start(data)
            case 0x34:
                was_running, self._interval_s = self._interval_s is not None, None
                return (_OK if was_running else _NOT_STARTED), b""
            case 0x35:
                return self._last(data)
            case 0x41 | 0x42 if not is_fine and len(data) == 1:
                self._heater = data == b"\x01" if command == 0x42 else self._heater
                return _OK, b""
        told = self._facts(is_fine).get((command, len(data)))
        return (_UNKNOWN, b"") if told is None else (_OK, told)

    def _facts(self, is_fine: bool) -> dict[tuple[int, int], bytes]:
        """Return what the sensor tells of itself, by command and length of its argument."""
        if is_fine:
            return {
                (0x50, 0): b"%08X%010d\0" % (self._product, 2304),
                (0x53, 2): struct.pack(">HHH", self._scale, self._unit, 0),
            }
        return {(0x53, 0): struct.pack(">H", self._scale), (0x52, 0): struct.pack(">H", self._unit)}

    def _start(self, data: bytes) -> tuple[int, bytes]:
        if len(data) != (4 if self._chip == _SF06 else 2):
            return _LENGTH, b""
        if self._chip == _SF06 and struct.unpack(">H", data[2:])[0] not in (0x3608, 0x3615):
            return _NO_SUCH, b""
        self._interval_s = struct.unpack(">H", data[:2])[0] / 1000.0
        self._next_s = self._time_s + self._interval_s
        self._is_new = False
        self._note(f"measures every {self._interval_s:g} s")
        return _OK, b""

    def _last(self, data: bytes) -> tuple[int, bytes]:
        if data != (b"\x03" if self._chip == _SF06 else b""):
            return _LENGTH, b""
        if self._interval_s is None:
            return _NOT_STARTED, b""
        if not self._is_new:
            return _OK, b""
        self._is_new = False
        flow_ul_s = self._surroundings.flow_ul_s
        # Without its heater this sensor sees no flow.
        sees = not isnan(flow_ul_s) and (self._chip == _SF06 or self._heater)
        counts = round(flow_ul_s / _UL_S[self._unit] * self._scale) if sees else 0
        flags = (0x01 if self.air else 0) | (0x02 if abs(counts) > 0x7FFF else 0)
        counts = min(max(counts, -0x7FFF), 0x7FFF)
        if self._chip == _SF04:
            return _OK, struct.pack(">h", counts)
        temperature_c = self._surroundings.temperature_c
        warmth = 20.0 if isnan(temperature_c) else min(max(temperature_c, -100.0), 150.0)
        return _OK, struct.pack(">hhH", counts, round(warmth * 200.0), flags)

    def _note(self, text: str) -> None:
        self._log.append(f"t={self._time_s:.3f} s {text}")
