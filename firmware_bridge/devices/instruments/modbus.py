"""Modbus as instruments speak it on a serial line, RTU and ASCII: requests, and answers that are checked.

After "MODBUS Application Protocol Specification" V1.1b3 and "MODBUS over Serial Line" V1.02 (Modbus
Organization). The PDUs, the CRC and the LRC are pymodbus'; where an answer ends is found here, since its
framers hunt for any frame in what they get, and an answer must be the one that was asked for (ADR 0011).
"""

from __future__ import annotations

from binascii import a2b_hex
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from pymodbus.framer import FramerAscii, FramerRTU
from pymodbus.pdu import DecodePDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadCoilsResponse,
    ReadDiscreteInputsRequest,
    ReadDiscreteInputsResponse,
    WriteSingleCoilRequest,
)
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadHoldingRegistersResponse,
    ReadInputRegistersRequest,
    ReadInputRegistersResponse,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from firmware_bridge.devices.instruments.base import Ask, Script
from firmware_bridge.devices.instruments.options import read_address, read_choice
from firmware_bridge.devices.interfaces import DeviceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodbus.framer import FramerBase
    from pymodbus.pdu import ModbusPDU

    from firmware_bridge.devices.instruments.base import InstrumentSettings

_ANSWERS_WITHIN_S: Final = 0.2
"""Beside the time on the wire; controllers take 2 to 100 ms."""
_BITS_A_CHARACTER: Final = 11
_SHORTEST_GAP_S: Final = 1.75e-3
"""Serial Line 2.5.1.1: instead of 3.5 characters above 19200 baud."""
_BAUD_RATES: Final = ("9600", "1200", "2400", "4800", "19200", "38400", "57600", "115200")
_BUSY: Final = 6
_BUSY_PAUSE_S: Final = 0.05
_BUSY_REPEATS: Final = 3

# Application Protocol, 7.
_EXCEPTIONS: Final = {
    1: "it does not know this function",
    2: "it has no such address",
    3: "it refuses this value",
    4: "it failed to do so",
    5: "it needs longer than this protocol waits",
    _BUSY: "it is busy",
    8: "its memory has a parity error",
    10: "the gateway has no path to it",
    11: "the gateway hears nothing from it",
}

FRAME_OPTION: Final = "how it is set: rtu or ascii"
BAUD_OPTION: Final = "the line's baud rate: the pause before a message and the time-out follow from it"


class Table(StrEnum):
    """Where a value stands. What the functions to read them are is the protocol's own."""

    HOLDING = "holding"
    INPUT = "input"
    COIL = "coil"
    DISCRETE = "discrete"


_READ_BITS: Final[dict[Table, tuple[type[ModbusPDU], type[ModbusPDU]]]] = {
    Table.COIL: (ReadCoilsRequest, ReadCoilsResponse),
    Table.DISCRETE: (ReadDiscreteInputsRequest, ReadDiscreteInputsResponse),
}
_READ_REGISTERS: Final[dict[Table, tuple[type[ModbusPDU], type[ModbusPDU]]]] = {
    Table.HOLDING: (ReadHoldingRegistersRequest, ReadHoldingRegistersResponse),
    Table.INPUT: (ReadInputRegistersRequest, ReadInputRegistersResponse),
}


@dataclass(frozen=True, slots=True)
class Unit:
    """One instrument on a Modbus line. Its scripts raise DeviceError for what the instrument refuses."""

    address: int
    ascii: bool
    baud: int

    @property
    def quiet_s(self) -> float:
        """How long the line must be silent before a message: 3.5 characters of RTU (Serial Line, 2.5.1.1)."""
        if self.ascii:
            return 0.0
        return max(3.5 * _BITS_A_CHARACTER / self.baud, _SHORTEST_GAP_S)

    def timeout_s(self, characters: int) -> float:
        """Say how long an exchange of so many characters may take."""
        return _ANSWERS_WITHIN_S + characters * _BITS_A_CHARACTER / self.baud

    def read_registers(
        self, address: int, count: int = 1, table: Table = Table.HOLDING
    ) -> Script[tuple[int, ...]]:
        """Read up to 125 words, each 0 to 65535."""
        asked, answered = _READ_REGISTERS[table]
        request = asked(address=address, count=count)
        pdu = yield from self._exchange(request, bytes((asked.function_code, 2 * count)), 2 * count)
        response = answered()
        response.decode(pdu[1:])
        return tuple(response.registers)

    def read_bits(self, address: int, count: int = 1, table: Table = Table.COIL) -> Script[tuple[bool, ...]]:
        asked, answered = _READ_BITS[table]
        size = (count + 7) // 8
        request = asked(address=address, count=count)
        pdu = yield from self._exchange(request, bytes((asked.function_code, size)), size)
        response = answered()
        response.decode(pdu[1:])
        return tuple(response.bits[:count])

    def write_register(self, address: int, word: int) -> Script[None]:
        """Write one word by function 6; the answer repeats it."""
        request = WriteSingleRegisterRequest(address=address, registers=[word])
        yield from self._exchange(request, _pdu(request), 0)

    def write_registers(self, address: int, words: Sequence[int]) -> Script[None]:
        """Write words by function 16; the answer repeats address and count."""
        request = WriteMultipleRegistersRequest(address=address, registers=words)
        yield from self._exchange(request, _pdu(request)[:5], 0)

    def write_bit(self, address: int, on: bool) -> Script[None]:
        request = WriteSingleCoilRequest(address=address, bits=[on])
        yield from self._exchange(request, _pdu(request), 0)

    def _exchange(self, request: ModbusPDU, head: bytes, size: int) -> Script[bytes]:
        """Ask, and return the PDU of the answer: it begins with `head`, and `size` bytes follow."""
        pdu = _pdu(request)
        frame = (_ASCII if self.ascii else _RTU).encode(pdu, self.address, 0)
        expected = _Expected(self.address, pdu[0], head, size)
        # Head and data of the answer, unit and checksum; ASCII doubles that and adds a colon, CR and LF.
        size_out = 2 * (2 + len(head) + size) + 3 if self.ascii else 3 + len(head) + size
        timeout_s, quiet_s = self.timeout_s(len(frame) + size_out), self.quiet_s
        for _ in range(_BUSY_REPEATS):
            answer = yield Ask(
                frame,
                expected.ends_ascii if self.ascii else expected.ends_rtu,
                timeout_s=timeout_s,
                quiet_s=quiet_s,
            )
            found = a2b_hex(answer[1:-2])[1:-1] if self.ascii else answer[1:-2]
            if found[0] == pdu[0]:
                return found
            if found[1] != _BUSY:
                break
            # It asks to be left alone for a while: so is its line.
            quiet_s = _BUSY_PAUSE_S
        why = _EXCEPTIONS.get(found[1], "it says no")
        address = int.from_bytes(pdu[1:3], "big")
        raise DeviceError(
            f"function {pdu[0]} at address {address} ({address:#06x}): {why} (exception {found[1]})"
        )


@dataclass(frozen=True, slots=True)
class _Expected:
    """What the answer is: another unit's, a late or a damaged one is never taken for it.

    `head` is how its PDU begins, `size` the bytes that follow.
    """

    unit: int
    function: int
    head: bytes
    size: int

    def ends_rtu(self, received: bytes) -> int:
        """Find the end of an RTU frame. ValueError: this can't become the answer."""
        length = self._pdu_length(received)
        if not length or len(received) < 1 + length + 2:
            return 0
        frame = received[: 1 + length + 2]
        if not FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big")):
            raise ValueError("wrong CRC")
        return len(frame)

    def ends_ascii(self, received: bytes) -> int:
        """Find the end of an ASCII frame. ValueError: this can't become the answer."""
        if received[:1] != b":":
            raise ValueError(f"begins with {received[:1]!r}, not with a colon")
        end = received.find(b"\r\n")
        if end < 0:
            longest = 1 + 2 * (1 + len(self.head) + self.size + 1) + 2
            if len(received) > longest:
                raise ValueError(f"no end after {longest} characters")
            return 0
        body = a2b_hex(received[1:end])
        if len(body) < 4 or not FramerAscii.check_LRC(body[:-1], body[-1]):
            raise ValueError("wrong LRC")
        if len(body) != 1 + self._pdu_length(body) + 1:
            raise ValueError(f"an answer of {len(body)} bytes")
        return end + 2

    def _pdu_length(self, body: bytes) -> int:
        """Say how long the PDU is that begins after the unit's address; 0: not told yet."""
        if body[0] != self.unit:
            raise ValueError(f"unit {body[0]} answers, {self.unit} was asked")
        if len(body) < 2:
            return 0
        if body[1] == self.function | 0x80:
            return 2
        if body[1] != self.function:
            raise ValueError(f"function {body[1]} is answered, {self.function} was asked")
        if not self.head.startswith(body[1 : 1 + len(self.head)]):
            raise ValueError("the answer is to another request")
        return len(self.head) + self.size


def read_unit(settings: InstrumentSettings, *, frames: tuple[str, ...]) -> Unit:
    """Take what the rig file says of a unit; the first of the frames that it can be set to is the default."""
    options = settings.options
    frame = read_choice(options, "frame", frames)
    baud = int(read_choice(options, "baud", _BAUD_RATES))
    return Unit(read_address(settings.address, 1, 247, 1), frame == "ascii", baud)


def _pdu(request: ModbusPDU) -> bytes:
    return bytes((request.function_code,)) + request.encode()


_RTU: Final[FramerBase] = FramerRTU(DecodePDU(is_server=False))
_ASCII: Final[FramerBase] = FramerAscii(DecodePDU(is_server=False))
