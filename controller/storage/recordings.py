"""Recordings: what the flight recorder held, kept on disk in segments, the newest of them."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from controller.domain.errors import ControllerError, Kind
from controller.runtime.recorder import CHECKPOINT, RingReader, decode_checkpoint
from controller.storage.segments import SUFFIX, SegmentWriter

if TYPE_CHECKING:
    from pathlib import Path

SEGMENT_TICKS: Final = 200_000
KEEP_BYTES: Final = 256 * 1024 * 1024
# A segment takes no more than this share of what is kept, so that pruning leaves a history.
_SHARE: Final = 8


class RecordingKeeper:
    """Moves records from the ring of control into segments of `folder`; call `drain` several times a second.

    The newest segments are kept, up to `keep_bytes`. `lost` counts how often control was faster.
    """

    def __init__(self, ring: Path, folder: Path, plan_json: str, *, keep_bytes: int = KEEP_BYTES) -> None:
        self._ring_path = ring
        self._folder = folder
        self._plan = plan_json
        self._keep_bytes = keep_bytes
        self._ring: RingReader | None = None
        self._segment: SegmentWriter | None = None
        # Ticks come that no checkpoint leads to.
        self._wanting = False
        self._closed = False
        # A drain in another thread may still be at work when its task has been cancelled.
        self._lock = threading.Lock()
        self.lost = 0
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def drain(self) -> bool:
        """Take what there is, following control when it restarts; True: ask control for a checkpoint.

        Without one nothing more can be kept: ticks were lost, or the segment is full. OSError when the folder
        can't be written, or RECORDER_UNREADABLE: what was read is lost, and the next call begins anew.
        """
        with self._lock:
            return not self._closed and self._drain()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._leave()

    def _drain(self) -> bool:
        if self._ring is None:
            self._ring = _open(self._ring_path)
        if self._ring is None:
            return False
        # Asked before reading: what a control process that is gone wrote last is then read.
        replaced = self._is_replaced(self._ring)
        records, lost = self._ring.read()
        try:
            for kind, body in records:
                self._keep(self._ring.boot_id, kind, body)
            if self._segment is not None:
                self._segment.flush()
        except OSError:
            self._drop_segment()
            self._wanting = True
            raise
        if lost:
            self.lost += 1
            self._drop_segment()
            self._wanting = True
        if replaced:
            self._leave()
            return False
        return self._wanting or (self._segment is not None and self._is_full(self._segment))

    def _keep(self, boot_id: int, kind: int, body: bytes) -> None:
        if kind == CHECKPOINT:
            self._drop_segment()
            tick, _ = decode_checkpoint(body)
            path = self._folder / f"{boot_id:016x}-{tick:012d}{SUFFIX}"
            self._prune(path)
            self._segment = SegmentWriter(path, self._plan)
            self._wanting = False
        if self._segment is None:
            self._wanting = True
        else:
            self._segment.add(kind, body)

    def _is_full(self, segment: SegmentWriter) -> bool:
        return segment.ticks >= SEGMENT_TICKS or segment.size_bytes >= self._keep_bytes // _SHARE

    def _is_replaced(self, ring: RingReader) -> bool:
        """Whether another control process has begun a ring of its own."""
        try:
            return self._ring_path.stat().st_ino != ring.inode
        except FileNotFoundError:
            return False

    def _leave(self) -> None:
        if self._ring is not None:
            self._ring.close()
            self._ring = None
        self._drop_segment()
        self._wanting = False

    def _drop_segment(self) -> None:
        if self._segment is not None:
            segment, self._segment = self._segment, None
            # On a full disk; what was flushed can be read without the end of the stream.
            with suppress(OSError):
                segment.close()

    def _prune(self, following: Path) -> None:
        """Make room: remove the oldest segments beyond `keep_bytes`."""
        found = []
        for path in self._folder.glob(f"*{SUFFIX}"):
            # Somebody may have removed it just now.
            with suppress(FileNotFoundError):
                status = path.stat()
                found.append((status.st_mtime_ns, path.name, status.st_size, path))
        total = 0
        for _, _, size_bytes, path in sorted(found, reverse=True):
            total += size_bytes
            if total > self._keep_bytes and path != following:
                path.unlink(missing_ok=True)


def _open(path: Path) -> RingReader | None:
    try:
        return RingReader(path)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ControllerError(
            str(error),
            reason="RECORDER_UNREADABLE",
            kind=Kind.UNAVAILABLE,
            remedy="restart ostwaldd: control and service must be of one release",
        ) from error
