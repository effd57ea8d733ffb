"""Snapshots in shared memory: a ring of eight slots, each under a sequence lock and a checksum.

One writer, any number of readers, no waiting on either side. The writer marks a slot odd, fills it, marks it
even and then moves the newest-slot pointer; a reader that sees a change meanwhile, or a wrong checksum, tries
again. Marks and pointer are stored as whole words: `struct.pack_into` blanks its target before it writes, and
a writer that lost its core right then would leave readers without a snapshot.
"""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from functools import lru_cache
from math import nan
from typing import TYPE_CHECKING

from controller.domain.errors import ControllerError, Kind
from controller.domain.readings import Quality, ReactorState, Snapshot

if TYPE_CHECKING:
    from pathlib import Path

SLOTS = 8
_MAGIC = 0x4F535431  # "OST1"
_RING = struct.Struct("=IIIIQQ")  # magic, slots, channels, slot size, newest slot, boot id
_LOCK = struct.Struct("=QQ")  # lock sequence, CRC-32 of the body
_HEAD = struct.Struct("<QdBxxxiQQ")  # tick, time, state, first out, trips, overruns
_WORD = 8
_NEWEST = 2  # the word of the ring's head that holds the newest slot
_ATTEMPTS = 100


class SnapshotWriter:
    """The writing end; owns the file and replaces an older one."""

    def __init__(self, path: Path, channels: int, boot_id: int) -> None:
        self._body = _layout(channels)
        self._slot_size = (_LOCK.size + self._body.size + 7) // 8 * 8
        size = _RING.size + SLOTS * self._slot_size
        fresh = path.with_suffix(".new")
        with fresh.open("wb+") as file:
            file.truncate(size)
            self._memory = mmap.mmap(file.fileno(), size)
        _RING.pack_into(self._memory, 0, _MAGIC, SLOTS, channels, self._slot_size, 0, boot_id)
        self._words = memoryview(self._memory).cast("Q")
        self._buffer = bytearray(self._body.size)
        self._count = 0
        self.publish(_blank(boot_id, channels))
        # Readers never see a ring without a snapshot.
        fresh.replace(path)

    def publish(self, snapshot: Snapshot) -> None:
        """Make `snapshot` the newest."""
        buffer, words = self._buffer, self._words
        self._body.pack_into(
            buffer,
            0,
            snapshot.tick,
            snapshot.time_s,
            snapshot.state,
            snapshot.first_out,
            snapshot.trips,
            snapshot.overruns,
            *snapshot.values,
            *snapshot.setpoints,
            *snapshot.qualities,
        )
        slot = self._count % SLOTS
        at = _RING.size + slot * self._slot_size
        lock = at // _WORD
        words[lock] = 2 * self._count + 1
        self._memory[at + _LOCK.size : at + _LOCK.size + len(buffer)] = buffer
        words[lock + 1] = zlib.crc32(buffer)
        words[lock] = 2 * self._count + 2
        words[_NEWEST] = slot
        self._count += 1

    def close(self) -> None:
        self._words.release()
        self._memory.close()


class SnapshotReader:
    """The reading end; follows the file when control restarts and writes a new one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._memory: mmap.mmap | None = None
        self._inode = 0

    def newest(self) -> Snapshot:
        """Return the newest snapshot; ControllerError CONTROL_GONE when there is none."""
        return _snapshot(*self._read())

    def time_s(self) -> float:
        """Return the newest snapshot's time alone, at a fraction of the cost; ControllerError as `newest`."""
        _, _, body = self._read()
        time_s: float = _HEAD.unpack_from(body)[1]
        return time_s

    def _read(self) -> tuple[int, int, bytes]:
        memory = self._attach()
        for _ in range(_ATTEMPTS):
            found = _find(memory)
            if found is not None:
                return found
        raise _gone("its snapshots are damaged")

    def close(self) -> None:
        if self._memory is not None:
            self._memory.close()
            self._memory = None

    def _attach(self) -> mmap.mmap:
        try:
            inode = self._path.stat().st_ino
        except FileNotFoundError:
            raise _gone("it has written no snapshot") from None
        if self._memory is None or inode != self._inode:
            self.close()
            with self._path.open("rb") as file:
                self._inode = os.fstat(file.fileno()).st_ino
                self._memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return self._memory


def _find(memory: mmap.mmap) -> tuple[int, int, bytes] | None:
    """Return the boot id, the number of channels and the newest body; None when it changes meanwhile."""
    magic, slots, channels, slot_size, newest, boot_id = _RING.unpack_from(memory, 0)
    if magic != _MAGIC or newest >= slots:
        return None
    at = _RING.size + newest * slot_size
    before, checksum = _LOCK.unpack_from(memory, at)
    data = memory[at + _LOCK.size : at + _LOCK.size + _layout(channels).size]
    after, _ = _LOCK.unpack_from(memory, at)
    if before % 2 or before != after or zlib.crc32(data) != checksum:
        return None
    return boot_id, channels, data


@lru_cache(maxsize=4)
def _layout(channels: int) -> struct.Struct:
    """Head, then values, setpoints and qualities."""
    return struct.Struct(f"{_HEAD.format}{2 * channels}d{channels}B")


def _snapshot(boot_id: int, channels: int, body: bytes) -> Snapshot:
    tick, time_s, state, first_out, trips, overruns, *rest = _layout(channels).unpack(body)
    return Snapshot(
        boot_id=boot_id,
        tick=tick,
        time_s=time_s,
        state=ReactorState(state),
        trips=trips,
        first_out=first_out,
        overruns=overruns,
        values=tuple(rest[:channels]),
        setpoints=tuple(rest[channels : 2 * channels]),
        qualities=tuple(rest[2 * channels :]),
    )


def _blank(boot_id: int, channels: int) -> Snapshot:
    unknown = (nan,) * channels
    bad = (int(Quality.BAD),) * channels
    return Snapshot(boot_id, 0, 0.0, ReactorState.STARTING, 0, -1, 0, unknown, bad, unknown)


def _gone(why: str) -> ControllerError:
    return ControllerError(
        f"the control process is not running: {why}",
        reason="CONTROL_GONE",
        kind=Kind.UNAVAILABLE,
        remedy="ostwaldd restarts it; try again in a moment, or see its log",
    )
