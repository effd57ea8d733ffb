"""The serial port of a simulated Cavro pump: DT or OEM, as its jumper is set (manual, 3-1 to 3-8)."""

from __future__ import annotations

from typing import Final

_LONGEST: Final = 300
"""Bytes of a command block that are kept: the buffer of 255 characters and what is around it."""
_MASTER: Final = 0x30


class CavroPort:
    """Cuts command blocks out of what comes, and wraps answers. Blocks that are damaged are not answered."""

    def __init__(self, address: int, *, oem: bool) -> None:
        self._address = _MASTER + address
        self._oem = oem
        self.reset()

    def reset(self) -> None:
        self._received = b""
        self._last_sequence = 0
        self._last_answer = b""

    def take(self, chunk: bytes) -> list[tuple[int, str, bool]]:
        """Return sequence, text and "seen before" of each block for this pump; DT has no sequence: 0."""
        self._received += chunk
        taken: list[tuple[int, str, bool]] = []
        while (block := self._next_oem() if self._oem else self._next_dt()) is not None:
            if block[:1] != bytes((self._address,)):
                continue
            text = block[2 if self._oem else 1 :].decode("latin-1")
            sequence = block[1] if self._oem else 0
            # XLP 6000 manual, 3-6: a repetition of the last block is answered, not done again.
            repeated = bool(sequence & 0x08) and sequence & 0x07 == self._last_sequence
            taken.append((sequence & 0x07, text, repeated))
            self._last_sequence = sequence & 0x07
        self._received = self._received[-_LONGEST:]
        return taken

    def answer(self, error: int, data: str, *, is_ready: bool, sequence: int) -> bytes:
        """Wrap an answer (3-7, 3-8)."""
        self._last_sequence = sequence
        status = 0x40 | (0x20 if is_ready else 0) | error
        body = bytes((_MASTER, status)) + data.encode("ascii")
        if self._oem:
            block = b"\x02" + body + b"\x03"
            self._last_answer = block + bytes((_exclusive_or(block),))
        else:
            self._last_answer = b"/" + body + b"\x03\r\n"
        return self._last_answer

    def repeat(self) -> bytes:
        return self._last_answer

    def _next_dt(self) -> bytes | None:
        start = self._received.rfind(b"/", 0, self._received.find(b"\r") + 1)
        end = self._received.find(b"\r")
        if end < 0:
            return None
        block, self._received = self._received[start + 1 : end], self._received[end + 1 :]
        return block if start >= 0 else b""

    def _next_oem(self) -> bytes | None:
        while True:
            start = self._received.find(b"\x02")
            end = self._received.find(b"\x03", start + 3) if start >= 0 else -1
            if end < 0 or len(self._received) < end + 2:
                return None
            whole = self._received[start : end + 2]
            if _exclusive_or(whole[:-1]) == whole[-1] and whole[2] & 0xF0 == 0x30:
                self._received = self._received[end + 2 :]
                return whole[1:-2]
            # The STX may have been noise: look for the next one behind it.
            self._received = self._received[start + 1 :]


def _exclusive_or(block: bytes) -> int:
    result = 0
    for byte in block:
        result ^= byte
    return result
