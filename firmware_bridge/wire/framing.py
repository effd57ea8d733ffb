"""Frames on the wire: COBS(sequence u16, type u8, payload, CRC-16), closed by a zero byte.

Little endian. The CRC is CRC-16/IBM-3740 (polynomial 0x1021, initial value 0xFFFF) over sequence, type and
payload. A reply carries the sequence of the frame it answers. Pure: bytes in, frames out.
"""

from __future__ import annotations

from binascii import crc_hqx
from dataclasses import dataclass
from enum import Enum
from struct import Struct
from typing import NamedTuple

from firmware_bridge.errors import BridgeError
from firmware_bridge.wire import cobs

DELIMITER = b"\0"
SEQUENCES = 1 << 16

_HEADER = Struct("<HB")
_CRC_BYTES = 2
_CRC_START = 0xFFFF
_OVERHEAD = _HEADER.size + _CRC_BYTES
MAX_PAYLOAD = cobs.MAX_DECODED - _OVERHEAD


class Damage(Enum):
    """What made a frame unreadable."""

    OVERLONG = "longer than a frame may be"
    STUFFING = "bad COBS"
    SHORT = "shorter than a header and a CRC"
    CHECKSUM = "bad CRC"


class FrameError(BridgeError):
    """Bytes between two delimiters that are no frame."""

    def __init__(self, damage: Damage, data: bytes) -> None:
        super().__init__(f"damaged frame of {len(data)} bytes: {damage.value}")
        self.damage = damage
        self.data = data


class Frame(NamedTuple):
    """One intact frame; whether its payload means anything is for `messages` to say."""

    sequence: int
    number: int
    payload: bytes


def encode(sequence: int, number: int, payload: bytes) -> bytes:
    """Build one whole frame with its delimiter; ValueError for a payload above `MAX_PAYLOAD` bytes."""
    body = _HEADER.pack(sequence, number) + payload
    crc = crc_hqx(body, _CRC_START)
    return cobs.encode(body + crc.to_bytes(_CRC_BYTES, "little")) + DELIMITER


def decode(encoded: bytes) -> Frame:
    """Read one frame from the bytes between two delimiters; FrameError when they are none."""
    if len(encoded) > cobs.MAX_ENCODED:
        raise FrameError(Damage.OVERLONG, encoded)
    try:
        raw = cobs.decode(encoded)
    except ValueError as error:
        raise FrameError(Damage.STUFFING, encoded) from error
    if len(raw) < _OVERHEAD:
        raise FrameError(Damage.SHORT, encoded)
    body = raw[:-_CRC_BYTES]
    if crc_hqx(body, _CRC_START) != int.from_bytes(raw[-_CRC_BYTES:], "little"):
        raise FrameError(Damage.CHECKSUM, encoded)
    sequence, number = _HEADER.unpack_from(body)
    return Frame(sequence, number, body[_HEADER.size :])


@dataclass(slots=True)
class DamageCount:
    """How many pieces of a stream were dropped, by cause."""

    overlong: int = 0
    stuffing: int = 0
    checksum: int = 0

    @property
    def total(self) -> int:
        return self.overlong + self.stuffing + self.checksum

    def add(self, damage: Damage) -> None:
        if damage is Damage.OVERLONG:
            self.overlong += 1
        elif damage is Damage.CHECKSUM:
            self.checksum += 1
        else:  # too short to hold a CRC: what lost its bytes is told apart by neither side
            self.stuffing += 1


class FrameStream:
    """Cuts a byte stream into frames; damaged ones are counted and dropped."""

    def __init__(self) -> None:
        self._pending = b""
        self.damage = DamageCount()

    def reset(self) -> None:
        """Forget a frame that has begun: the rest of it will not come on a new line."""
        self._pending = b""

    def feed(self, chunk: bytes) -> list[Frame]:
        """Return the frames that `chunk` completes, in their order on the wire."""
        if not chunk:
            return []
        *closed, tail = (self._pending + chunk).split(DELIMITER)
        # One byte past the limit is enough to reject it later, and bounds a noisy line's memory.
        self._pending = tail[: cobs.MAX_ENCODED + 1]
        frames = []
        for encoded in closed:
            if not encoded:  # a delimiter alone: the peer cleared the line
                continue
            try:
                frames.append(decode(encoded))
            except FrameError as error:
                self.damage.add(error.damage)
        return frames
