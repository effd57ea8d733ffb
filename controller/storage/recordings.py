"""Recordings: what the flight recorder held, kept on disk in segments that replay on their own.

A segment begins with the rig, the channels and a checkpoint; then come the ticks. Bodies are as the ring has
them, compressed together.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from controller.domain.errors import ControllerError, Kind
from controller.runtime.recorder import CHECKPOINT, TICK, RingReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

MAGIC: Final = b"OSTWREC1"
_LENGTH: Final = struct.Struct("<IB")
_LARGEST_BODY: Final = 8 * 1024 * 1024
_CHUNK: Final = 64 * 1024
SEGMENT_TICKS: Final = 200_000
KEEP_BYTES: Final = 256 * 1024 * 1024
_PLAN: Final = 0


@dataclass(frozen=True, slots=True)
class Segment:
    """The head of a segment and where its ticks come from, in their order."""

    plan_json: str
    tick: int
    state_json: str
    ticks: Iterator[bytes]


class RecordingKeeper:
    """Moves records from the ring of control into segments of `folder`; call `drain` about once a second."""

    def __init__(
        self,
        ring: Path,
        folder: Path,
        plan_json: str,
        *,
        keep_bytes: int = KEEP_BYTES,
    ) -> None:
        self._ring_path = ring
        self._folder = folder
        self._plan = plan_json
        self._keep_bytes = keep_bytes
        self._ring: RingReader | None = None
        self._segment: _SegmentWriter | None = None
        self.lost = 0
        folder.mkdir(parents=True, exist_ok=True)

    def drain(self) -> bool:
        """Take what there is, following control when it restarts; True: ask control for a checkpoint.

        Without one nothing more can be kept: ticks were lost, or the segment is full.
        """
        if self._ring is None:
            self._ring = _open(self._ring_path)
        if self._ring is None:
            return False
        records, lost = self._ring.read()
        for kind, body in records:
            self._keep(self._ring.boot_id, kind, body)
        if lost:
            self.lost += 1
            self._end_segment()
        if self._segment is not None:
            self._segment.flush()
        full = self._segment is not None and self._segment.ticks >= SEGMENT_TICKS
        self._follow()
        return lost or full

    def close(self) -> None:
        if self._ring is not None:
            self._ring.close()
            self._ring = None
        self._end_segment()

    def _keep(self, boot_id: int, kind: int, body: bytes) -> None:
        if kind == CHECKPOINT:
            self._end_segment()
            (tick,) = struct.unpack_from("<Q", body)
            path = self._folder / f"{boot_id:016x}-{tick:012d}.rec"
            self._segment = _SegmentWriter(path, self._plan)
            self._prune(path)
        if self._segment is not None:
            self._segment.add(kind, body)

    def _follow(self) -> None:
        """Leave the ring of a control process that is gone, once it is read out."""
        assert self._ring is not None
        try:
            same = self._ring_path.stat().st_ino == self._ring.inode
        except FileNotFoundError:
            same = True
        if not same:
            self.close()

    def _end_segment(self) -> None:
        if self._segment is not None:
            self._segment.close()
            self._segment = None

    def _prune(self, newest: Path) -> None:
        paths = sorted(self._folder.glob("*.rec"), key=lambda path: path.stat().st_mtime, reverse=True)
        total = 0
        for path in paths:
            total += path.stat().st_size
            if total > self._keep_bytes and path != newest:
                path.unlink()


class _SegmentWriter:
    def __init__(self, path: Path, plan_json: str) -> None:
        self._file: BinaryIO = path.open("wb")
        self._file.write(MAGIC)
        self._pack = zlib.compressobj(1)
        self.ticks = 0
        self.add(_PLAN, plan_json.encode())

    def add(self, kind: int, body: bytes) -> None:
        self.ticks += kind == TICK
        self._file.write(self._pack.compress(_LENGTH.pack(len(body), kind) + body))

    def flush(self) -> None:
        """Make what was added readable, whatever happens next."""
        self._file.write(self._pack.flush(zlib.Z_SYNC_FLUSH))
        self._file.flush()

    def close(self) -> None:
        self._file.write(self._pack.flush())
        self._file.close()


def open_segment(path: Path) -> Segment:
    """Read a segment's head; its ticks follow lazily. ControllerError RECORDING_UNREADABLE."""
    bodies = _bodies(path)
    try:
        (plan_kind, plan), (kind, checkpoint) = next(bodies), next(bodies)
    except StopIteration:
        raise _unreadable(path, "it ends before its first checkpoint") from None
    if plan_kind != _PLAN or kind != CHECKPOINT:
        raise _unreadable(path, "it does not begin with a rig and a checkpoint")
    (tick,) = struct.unpack_from("<Q", checkpoint)
    ticks = (body for each, body in bodies if each == TICK)
    return Segment(plan.decode(), tick, checkpoint[8:].decode(), ticks)


def _bodies(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (kind, body); a segment that was cut off ends with its last whole record."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise _unreadable(path, str(error.strerror)) from error
    with file:
        if file.read(len(MAGIC)) != MAGIC:
            raise _unreadable(path, "it is no recording of ostwaldd")
        unpack = zlib.decompressobj()
        pending = bytearray()
        while chunk := file.read(_CHUNK):
            try:
                pending += unpack.decompress(chunk)
            except zlib.error as error:
                raise _unreadable(path, f"it is damaged ({error})") from error
            yield from _cut(path, pending)


def _cut(path: Path, pending: bytearray) -> Iterator[tuple[int, bytes]]:
    at = 0
    while len(pending) - at >= _LENGTH.size:
        length, kind = _LENGTH.unpack_from(pending, at)
        if length > _LARGEST_BODY:
            raise _unreadable(path, "a record in it is longer than any can be")
        end = at + _LENGTH.size + length
        if end > len(pending):
            break
        yield kind, bytes(pending[at + _LENGTH.size : end])
        at = end
    del pending[:at]


def _open(path: Path) -> RingReader | None:
    try:
        return RingReader(path)
    except FileNotFoundError:
        return None


def _unreadable(path: Path, why: str) -> ControllerError:
    return ControllerError(
        f"{path} can't be replayed: {why}",
        reason="RECORDING_UNREADABLE",
        kind=Kind.INVALID,
        remedy="name a .rec file of the daemon's recordings folder",
    )
