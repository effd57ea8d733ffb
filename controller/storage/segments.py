"""A segment: one recording on disk that replays on its own.

It begins with the release, the rig and a checkpoint; then come the ticks. Each record has a checksum of its
own, and all are compressed together.
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from controller.domain.errors import ControllerError, Kind
from controller.domain.plain import PlainError
from controller.runtime.recorder import CHECKPOINT, RING_BYTES, TICK, decode_checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

MAGIC: Final = b"OSTWREC1"
SUFFIX: Final = ".rec"
_RELEASE: Final = 0
_PLAN: Final = 3
_KINDS: Final = (_RELEASE, TICK, CHECKPOINT, _PLAN)
_HEAD: Final = struct.Struct("<IIB")  # length of the body, CRC-32 of kind and body, kind
_LARGEST_BODY: Final = RING_BYTES
_CHUNK: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Segment:
    """The head of a segment and where its ticks come from, in their order."""

    release: str
    plan_json: str
    tick: int
    state_json: str
    ticks: Iterator[bytes]


class SegmentWriter:
    """Writes a segment; OSError when the disk does not take it."""

    def __init__(self, path: Path, plan_json: str) -> None:
        # Only its user may read who asked for what.
        self._file: BinaryIO = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        self._file.write(MAGIC)
        self._pack = zlib.compressobj(1)
        self.ticks = 0
        self.add(_RELEASE, version("ostwald").encode())
        self.add(_PLAN, plan_json.encode())

    @property
    def size_bytes(self) -> int:
        return self._file.tell()

    def add(self, kind: int, body: bytes) -> None:
        self.ticks += kind == TICK
        head = _HEAD.pack(len(body), zlib.crc32(body, kind), kind)
        self._file.write(self._pack.compress(head + body))

    def flush(self) -> None:
        """Make what was added readable, whatever happens next."""
        self._file.write(self._pack.flush(zlib.Z_SYNC_FLUSH))
        self._file.flush()

    def close(self) -> None:
        with self._file:
            self._file.write(self._pack.flush())


def open_segment(path: Path) -> Segment:
    """Read a segment's head; its ticks follow lazily. What was cut off ends with its last whole record.

    ControllerError RECORDING_UNREADABLE, which the ticks may raise too.
    """
    records = _records(path)
    head = [next(records, (TICK, b"")) for _ in range(3)]
    if [kind for kind, _ in head] != [_RELEASE, _PLAN, CHECKPOINT]:
        raise _unreadable(path, "it ends before its first checkpoint, or begins otherwise")
    (_, release), (_, plan), (_, checkpoint) = head
    try:
        tick, state_json = decode_checkpoint(checkpoint)
        ticks = (body for kind, body in records if kind == TICK)
        return Segment(release.decode(), plan.decode(), tick, state_json, ticks)
    except (PlainError, UnicodeDecodeError) as error:
        raise _unreadable(path, str(error)) from error


def _records(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (kind, body)."""
    pending = bytearray()
    for chunk in _chunks(path):
        pending += chunk
        at = 0
        while len(pending) - at >= _HEAD.size:
            length, checksum, kind = _HEAD.unpack_from(pending, at)
            if length > _LARGEST_BODY or kind not in _KINDS:
                raise _unreadable(path, "it is damaged, or of a later release")
            end = at + _HEAD.size + length
            if end > len(pending):
                break
            body = bytes(pending[at + _HEAD.size : end])
            if zlib.crc32(body, kind) != checksum:
                raise _unreadable(path, "it is damaged: a record's checksum is wrong")
            yield kind, body
            at = end
        del pending[:at]


def _chunks(path: Path) -> Iterator[bytes]:
    """Yield what was compressed, in pieces of bounded size."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise _unreadable(path, str(error.strerror)) from error
    with file:
        try:
            if file.read(len(MAGIC)) != MAGIC:
                raise _unreadable(path, "it is no recording of ostwaldd")
            unpack = zlib.decompressobj()
            while packed := file.read(_CHUNK):
                yield from _inflate(unpack, packed)
                if unpack.unused_data:
                    raise _unreadable(path, "something follows after its end")
        except zlib.error as error:
            raise _unreadable(path, f"it is damaged ({error})") from error
        except OSError as error:
            raise _unreadable(path, str(error.strerror)) from error


def _inflate(unpack: zlib._Decompress, packed: bytes) -> Iterator[bytes]:
    while True:
        chunk = unpack.decompress(packed, _CHUNK)
        yield chunk
        packed = unpack.unconsumed_tail
        if not packed and len(chunk) < _CHUNK:
            return


def _unreadable(path: Path, why: str) -> ControllerError:
    return ControllerError(
        f"{path} can't be replayed: {why}",
        reason="RECORDING_UNREADABLE",
        kind=Kind.INVALID,
        remedy=f"name a {SUFFIX} file of the daemon's recordings folder",
    )
