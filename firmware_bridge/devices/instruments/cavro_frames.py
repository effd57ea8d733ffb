"""The two serial protocols of Cavro's syringe pumps: DT, for terminals, and OEM, with sequence and checksum.

After "XP 3000 Modular Digital Pump, Operator's Manual", Cavro, 725730C, pages 3-1 to 3-8. Pure: text to bytes
and back. OEM's checksum is an exclusive or of bytes: two flips of the same bit in one frame cancel out in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Final, Protocol

LONGEST_DATA: Final = 64
"""Characters of an answer's data block; the longest one here is a firmware's name."""
_STX, _ETX, _SYNC = 0x02, 0x03, b"\xff"
_MOST_SYNC: Final = 4
"""Line synchronisation characters (3-7) taken before an answer; RS-485 sends one."""
_HOST: Final = ord("0")
_FIRST: Final = 0x31
"""Address of the pump whose switch stands at 0 (table 3-1)."""
_SEQUENCES: Final = 7


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer block. `error`: 0 to 15 (table 3-8). `is_ready` counts in answers to Q alone (3-43)."""

    error: int
    is_ready: bool
    data: str


class Frames(Protocol):
    """One protocol with one pump's address in it."""

    def pack(self, command: str) -> bytes:
        """Make the command block of a command or program string."""
        ...

    def ends(self, received: bytes) -> int:
        """Find the end of an answer block: 0 for one under way, ValueError for what is none."""
        ...

    def unpack(self, block: bytes) -> Answer:
        """Read an answer block that `ends` has found whole; ValueError for what is none."""
        ...


class DtFrames:
    """Data terminal protocol (3-8): "/", address, data, CR; answered "/0", status, data, ETX, CR, LF."""

    _END: Final = b"\x03\r\n"

    def __init__(self, address: int) -> None:
        self._head = b"/" + bytes((_FIRST - 1 + address,))

    def pack(self, command: str) -> bytes:
        return self._head + command.encode("ascii") + b"\r"

    def ends(self, received: bytes) -> int:
        block, skipped = _after_sync(received)
        if not b"/0".startswith(block[:2]):
            raise ValueError(f"begins with {block[:2]!r}, not with '/0'")
        end = block.find(self._END)
        if end < 0:
            _check_length(block, len(self._END))
            return 0
        whole = skipped + end + len(self._END)
        self.unpack(received[:whole])
        return whole

    def unpack(self, block: bytes) -> Answer:
        return _answer(_after_sync(block)[0][2 : -len(self._END)])


class OemFrames:
    """OEM protocol (3-4 to 3-7): STX, address, sequence, data, ETX, checksum; answered with "0" and status.

    Commands are numbered 1 to 7 in turn, and never sent as repetitions: the driver finds out what the pump
    has taken before it asks for anything again.
    """

    def __init__(self, address: int) -> None:
        self._address = _FIRST - 1 + address
        self._sequence = 0

    def pack(self, command: str) -> bytes:
        self._sequence = self._sequence % _SEQUENCES + 1
        # XLP 6000 manual, 3-6: 0011, the repeat flag, then three bits of number.
        block = bytes((_STX, self._address, 0x30 | self._sequence)) + command.encode("ascii") + bytes((_ETX,))
        return block + bytes((checksum(block),))

    def ends(self, received: bytes) -> int:
        block, skipped = _after_sync(received)
        if not bytes((_STX, _HOST)).startswith(block[:2]):
            raise ValueError(f"begins with {block[:2]!r}, not with STX and the master's address")
        end = block.find(_ETX, 3)
        if end < 0 or len(block) < end + 2:
            _check_length(block, 2)
            return 0
        whole = skipped + end + 2
        self.unpack(received[:whole])
        return whole

    def unpack(self, block: bytes) -> Answer:
        plain, _ = _after_sync(block)
        if checksum(plain[:-1]) != plain[-1]:
            raise ValueError("wrong checksum")
        return _answer(plain[2:-2])


def checksum(block: bytes) -> int:
    """Exclusive or of all bytes from STX to ETX (3-7)."""
    return reduce(xor, block, 0)


def _after_sync(received: bytes) -> tuple[bytes, int]:
    """Take the line synchronisation characters off; return what follows, and how many there were."""
    block = received.lstrip(_SYNC)
    skipped = len(received) - len(block)
    if skipped > _MOST_SYNC:
        raise ValueError(f"{skipped} synchronisation characters")
    return block, skipped


def _check_length(block: bytes, end_length: int) -> None:
    if len(block) > 3 + LONGEST_DATA + end_length:
        raise ValueError(f"more than {LONGEST_DATA} characters without an end")


def _answer(text: bytes) -> Answer:
    """Read status and data. Bit 6 of the status is always set, bits 7 and 4 never (table 3-8)."""
    if not text or text[0] & 0xD0 != 0x40:
        raise ValueError(f"{text[:1]!r} is no status")
    if len(text) > 1 + LONGEST_DATA or not all(0x20 <= each < 0x7F for each in text[1:]):
        raise ValueError(f"{text[1:]!r} is no data block")
    return Answer(text[0] & 0x0F, bool(text[0] & 0x20), text[1:].decode("ascii"))
