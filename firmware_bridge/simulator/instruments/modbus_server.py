"""The serial side of a simulated Modbus instrument: frames in, frames out, and a table of what it has.

From "MODBUS over Serial Line" V1.02 (2.5, RTU and ASCII) and "MODBUS Application Protocol" V1.1b3
(6, functions; 7, exceptions). The driver's side is pymodbus'; this one is written without it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.instruments.interfaces import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from firmware_bridge.simulator.instruments.interfaces import Surroundings, TwinSettings

_LOG_LENGTH: Final = 1000
_LONGEST: Final = 513
"""Characters of the longest frame, an ASCII one."""
_GAP_S: Final = 0.03
"""An RTU frame that pauses for longer is thrown away. 1.5 characters in truth, but here time has steps."""
_BAD_FUNCTION, _BAD_ADDRESS, _BAD_VALUE = 1, 2, 3
_WRITE_WORDS: Final = 16
_FIXED_LENGTH: Final = 8
"""Bytes of every RTU request here but the one that writes words."""


class RefusedError(Exception):
    """Answered by an exception response with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


def out_of_range() -> RefusedError:
    return RefusedError(_BAD_VALUE)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value in the table. `read` gives `width` words; `write`, if it can be written, takes as many."""

    read: Callable[[], Sequence[int]]
    write: Callable[[Sequence[int]], None] | None = None
    width: int = 1


@dataclass(frozen=True, slots=True)
class Bit:
    read: Callable[[], bool]
    write: Callable[[bool], None] | None = None


@dataclass(slots=True)
class Faults:
    """What may be wrong with it; each may be set at any time."""

    silent: bool = False
    refuse: int | None = None
    """Answer everything by this exception code."""
    garble: bool = False
    """Turn over a bit of each answer."""


@dataclass(frozen=True, slots=True)
class Tables:
    """What the instrument has: registers of functions 3 and 4, bits of functions 1 and 2."""

    holding: Mapping[int, Parameter]
    inputs: Mapping[int, Parameter] = field(default_factory=dict)
    coils: Mapping[int, Bit] = field(default_factory=dict)
    discrete: Mapping[int, Bit] = field(default_factory=dict)
    most_registers: int = 125


class ModbusServer:
    """Takes bytes off the line and answers for one unit."""

    def __init__(self, unit: int, *, ascii_frames: bool, tables: Tables) -> None:
        self.faults = Faults()
        self._unit = unit
        self._ascii = ascii_frames
        self._tables = tables
        self._received = b""
        self._silent_s = 0.0

    def advance(self, dt_s: float) -> None:
        self._silent_s += dt_s

    def restart(self) -> None:
        self._received = b""

    def feed(self, chunk: bytes) -> bytes:
        if not chunk:
            return b""
        if not self._ascii and self._silent_s > _GAP_S:
            self._received = b""
        self._silent_s = 0.0
        self._received += chunk
        answers = b""
        while (body := self._next()) is not None:
            answers += self._answer(body)
        self._received = self._received[-_LONGEST:]
        return answers

    def _next(self) -> bytes | None:
        """Cut off the next whole frame: unit and PDU, its checksum checked; None: there is none yet."""
        return self._next_ascii() if self._ascii else self._next_rtu()

    def _next_rtu(self) -> bytes | None:
        data = self._received
        if len(data) < 2:
            return None
        length = _FIXED_LENGTH
        if data[1] == _WRITE_WORDS:
            if len(data) < 7:
                return None
            length = 9 + data[6]
        if len(data) < length:
            return None
        frame, rest = data[:length], data[length:]
        if crc16(frame[:-2]) != frame[-2:]:
            self._received = b""  # until the line has been silent
            return None
        self._received = rest
        return frame[:-2]

    def _next_ascii(self) -> bytes | None:
        while True:
            start = self._received.rfind(b":", 0, self._received.find(b"\r\n") + 1 or None)
            if start < 0:
                self._received = b""
                return None
            end = self._received.find(b"\r\n", start)
            if end < 0:
                self._received = self._received[start:]
                return None
            text, self._received = self._received[start + 1 : end], self._received[end + 2 :]
            try:
                body = bytes.fromhex(text.decode("ascii"))
            except ValueError:
                continue
            if len(body) >= 4 and sum(body) & 0xFF == 0:  # the LRC makes the sum zero
                return body[:-1]

    def _answer(self, body: bytes) -> bytes:
        unit, pdu = body[0], body[1:]
        if unit not in (self._unit, 0):
            return b""
        try:
            answer = self._obey(pdu[0], pdu[1:])
        except RefusedError as refusal:
            answer = bytes((pdu[0] | 0x80, refusal.code))
        if unit == 0 or self.faults.silent:  # a broadcast is obeyed without an answer
            return b""
        reply = bytes((self._unit,)) + answer
        frame = _ascii_frame(reply) if self._ascii else reply + crc16(reply)
        return bytes((frame[0], frame[1], frame[2] ^ 0x04)) + frame[3:] if self.faults.garble else frame

    def _obey(self, function: int, data: bytes) -> bytes:
        if self.faults.refuse is not None:
            raise RefusedError(self.faults.refuse)
        if len(data) < 4:
            raise RefusedError(_BAD_VALUE)
        address, value = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")
        tables = self._tables
        match function:
            case 3:
                return self._read_words(function, tables.holding, address, value)
            case 4:
                return self._read_words(function, tables.inputs, address, value)
            case 1:
                return _read_bits(function, tables.coils, address, value)
            case 2:
                return _read_bits(function, tables.discrete, address, value)
            case 5:
                _write_bit(tables.coils, address, value)
                return bytes((function,)) + data
            case 6:
                _write_words(tables.holding, address, (value,))
                return bytes((function,)) + data
            case 16:
                _write_words(tables.holding, address, _words(data, value))
                return bytes((function,)) + data[:4]
            case _:
                raise RefusedError(_BAD_FUNCTION)

    def _read_words(self, function: int, table: Mapping[int, Parameter], address: int, count: int) -> bytes:
        if not 1 <= count <= self._tables.most_registers:
            raise RefusedError(_BAD_VALUE)
        words: list[int] = []
        while len(words) < count:
            parameter = table.get(address + len(words))
            if parameter is None:
                raise RefusedError(_BAD_ADDRESS)
            words += parameter.read()
        data = b"".join(word.to_bytes(2, "big") for word in words[:count])
        return bytes((function, len(data))) + data


class ModbusTwin:
    """What the twins of Modbus instruments have in common: unit, line, log."""

    def __init__(self, settings: TwinSettings, *, ascii_frames: bool, tables: Tables) -> None:
        unit = int(settings.address or 1)
        self._server = ModbusServer(unit, ascii_frames=ascii_frames, tables=tables)
        self._name = f"unit {unit}"
        self._log: deque[str] = deque(maxlen=_LOG_LENGTH)
        self._time_s = 0.0

    @property
    def faults(self) -> Faults:
        return self._server.faults

    @property
    def log(self) -> list[str]:
        return list(self._log)

    @property
    def action(self) -> Action:
        return Action()

    def feed(self, chunk: bytes) -> bytes:
        return self._server.feed(chunk)

    def advance(self, dt_s: float) -> None:
        self._time_s += dt_s
        self._server.advance(dt_s)

    def sense(self, surroundings: Surroundings) -> None:
        """See nothing, unless a twin has a sensor."""

    def power_cycle(self) -> None:
        self._server.restart()
        self._note("power on")

    def _note(self, text: str) -> None:
        self._log.append(f"t={self._time_s:.3f} s {self._name} {text}")


def crc16(data: bytes) -> bytes:
    """CRC of RTU frames (Serial Line, 6.2.2): 0xA001 reflected, from 0xFFFF; its low byte goes first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc.to_bytes(2, "little")


def _ascii_frame(body: bytes) -> bytes:
    lrc = -sum(body) & 0xFF
    return b":" + (body + bytes((lrc,))).hex().upper().encode("ascii") + b"\r\n"


def _read_bits(function: int, table: Mapping[int, Bit], address: int, count: int) -> bytes:
    if not 1 <= count <= 2000:
        raise RefusedError(_BAD_VALUE)
    bits = 0
    for place in range(count):
        bit = table.get(address + place)
        if bit is None:
            raise RefusedError(_BAD_ADDRESS)
        bits |= bit.read() << place
    data = bits.to_bytes((count + 7) // 8, "little")
    return bytes((function, len(data))) + data


def _write_bit(table: Mapping[int, Bit], address: int, value: int) -> None:
    bit = table.get(address)
    if bit is None or bit.write is None:
        raise RefusedError(_BAD_ADDRESS)
    if value not in (0x0000, 0xFF00):
        raise RefusedError(_BAD_VALUE)
    bit.write(value == 0xFF00)


def _words(data: bytes, count: int) -> Sequence[int]:
    if len(data) < 5 or data[4] != 2 * count or len(data) != 5 + data[4]:
        raise RefusedError(_BAD_VALUE)
    return [int.from_bytes(data[place : place + 2], "big") for place in range(5, len(data), 2)]


def _write_words(table: Mapping[int, Parameter], address: int, words: Sequence[int]) -> None:
    """Write whole parameters alone: half a float would be another number."""
    place = 0
    writes: list[tuple[Callable[[Sequence[int]], None], Sequence[int]]] = []
    while place < len(words):
        parameter = table.get(address + place)
        if parameter is None or parameter.write is None or place + parameter.width > len(words):
            raise RefusedError(_BAD_ADDRESS)
        writes.append((parameter.write, words[place : place + parameter.width]))
        place += parameter.width
    for write, part in writes:
        write(part)
