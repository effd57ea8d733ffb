"""Consistent overhead byte stuffing: any bytes in, the same bytes without a zero out.

After Cheshire and Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM Trans. Networking 7 (1999).
A frame here holds at most 253 bytes, so a run never reaches the special code 0xFF: every code byte
stands for one zero, except the first, which is overhead.
"""

from __future__ import annotations

MAX_DECODED = 253
MAX_ENCODED = MAX_DECODED + 1

_CODES = tuple(bytes((length + 1,)) for length in range(MAX_DECODED + 1))
_NO_RUN = _CODES[0]


def encode(data: bytes) -> bytes:
    """Stuff at most `MAX_DECODED` bytes; longer data is a ValueError, since no frame may hold it."""
    if len(data) > MAX_DECODED:
        raise ValueError(f"{len(data)} bytes do not fit a frame of {MAX_DECODED}")
    return b"".join([_CODES[len(run)] + run if run else _NO_RUN for run in data.split(b"\0")])


def decode(encoded: bytes) -> bytes:
    """Undo `encode`. ValueError when the codes do not lead exactly to the end."""
    end = len(encoded)
    if not 0 < end <= MAX_ENCODED:
        raise ValueError(f"{end} stuffed bytes, not 1 to {MAX_ENCODED}")
    if 0 in encoded:
        raise ValueError(f"a zero at byte {encoded.index(0)} of stuffed data")
    data = bytearray(encoded)
    position = 0
    while position < end:
        code = data[position]
        data[position] = 0
        position += code
    if position != end:
        raise ValueError(f"a run ends {position - end} bytes past the data")
    del data[0]
    return bytes(data)
