"""SHDLC, Sensirion's frames on a serial line: address, command, state, length, data, checksum between flags.

After "SFC6xxx and SFM6xxx RS485 SHDLC Interface", Sensirion, chapter 2. The checksum is the inverted low byte
of the sum of what lies between the flags. (The CRC-8 of Sensirion's sensors guards words on their I2C bus; it
never leaves the cable.) Pure: numbers to bytes and back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BROADCAST: Final = 255
LONGEST: Final = 2 + 2 * (4 + 255 + 1)
"""Bytes of a frame between and with its flags, if every one of them had to be stuffed."""
_FLAG, _ESCAPE = 0x7E, 0x7D
# 2.8: the flag, the escape itself, and XON and XOFF for lines that act on them.
_STUFFED: Final = {0x7E: 0x5E, 0x7D: 0x5D, 0x11: 0x31, 0x13: 0x33}
_UNSTUFFED: Final = {code: byte for byte, code in _STUFFED.items()}


@dataclass(frozen=True, slots=True)
class Reply:
    """One frame from a device. `error`: 0, or why it refused; `is_faulty`: an error of its own stands."""

    address: int
    command: int
    error: int
    is_faulty: bool
    data: bytes


def pack(address: int, command: int, data: bytes = b"") -> bytes:
    """Make a request (MOSI frame): address 0 to 254, at most 255 bytes of data."""
    body = bytes((address, command, len(data))) + data
    stuffed = bytearray()
    for byte in body + bytes((_checksum(body),)):
        stuffed += bytes((_ESCAPE, _STUFFED[byte])) if byte in _STUFFED else bytes((byte,))
    return bytes((_FLAG,)) + bytes(stuffed) + bytes((_FLAG,))


def find_end(received: bytes) -> int:
    """Find the end of a frame: 0 for one under way, ValueError for what is none."""
    if received[:1] not in (b"", bytes((_FLAG,))):
        raise ValueError(f"begins with {received[:1].hex()}, not with the flag 7e")
    end = received.find(_FLAG, 1) + 1
    if not end and len(received) >= LONGEST:
        raise ValueError(f"{len(received)} bytes without a closing flag")
    return end


def unpack(frame: bytes) -> Reply:
    """Read a whole reply (MISO frame); ValueError for a damaged one."""
    body = _unstuff(frame[1:-1])
    if len(body) < 5 or len(body) != 5 + body[3]:
        raise ValueError(f"{frame.hex()} has another length than it says")
    if _checksum(body[:-1]) != body[-1]:
        raise ValueError("wrong checksum")
    return Reply(body[0], body[1], body[2] & 0x7F, bool(body[2] & 0x80), body[4:-1])


def _unstuff(stuffed: bytes) -> bytes:
    body = bytearray()
    escaped = False
    for byte in stuffed:
        if escaped:
            if byte not in _UNSTUFFED:
                raise ValueError(f"7d {byte:02x} is no stuffed byte")
            body.append(_UNSTUFFED[byte])
            escaped = False
        elif byte == _ESCAPE:
            escaped = True
        else:
            body.append(byte)
    if escaped:
        raise ValueError("ends within a stuffed byte")
    return bytes(body)


def _checksum(body: bytes) -> int:
    return ~sum(body) & 0xFF
