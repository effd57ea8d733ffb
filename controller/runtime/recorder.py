"""The flight recorder: everything a tick saw and decided, in a ring of shared memory.

Control appends and never waits; whoever keeps recordings reads behind it. A reader that falls a whole ring
behind has lost records, is told so, and asks for a checkpoint to begin anew from. The count of bytes written
is stored as a whole word, and after the bytes: a writer that is killed in between has written nothing.
"""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from controller.domain import plain
from controller.domain.commands import Request
from controller.domain.readings import Inputs, ReactorState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_MAGIC: Final = 0x4F535433  # "OST3"
_RING: Final = struct.Struct("=IIIIQQ")  # magic, channels, boards, reserved, boot id, bytes written
_WRITTEN: Final = 3  # the word of it that counts the bytes written
_HEAD: Final = struct.Struct("<IIB3x")  # length of the body, CRC-32 of kind and body, kind
_CHECKPOINT: Final = struct.Struct("<Q")  # tick; then the state as JSON
TICK: Final = 1
CHECKPOINT: Final = 2
RING_BYTES: Final = 4 * 1024 * 1024
"""At 50 channels four seconds of 1 kHz ticks, or a minute and a half of 50 Hz: it stays locked in memory.

More than all mail of one tick, thrice, which is how much longer JSON can get when it is written again.
"""


def tick_layout(channels: int, boards: int) -> struct.Struct:
    """Tick, dt, flags, state, length of the extra JSON; values, outputs, qualities, boards lost."""
    return struct.Struct(f"<QdBB2xI{2 * channels}d{channels}B{boards}B")


@dataclass(frozen=True, slots=True)
class TickRecord:
    """One tick: what `step` was given, and what came of it."""

    tick: int
    dt_s: float
    inputs: Inputs
    requests: tuple[Request, ...]
    state: ReactorState
    outputs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What most ticks do not have."""

    cause: str = ""
    requests: tuple[Request, ...] = ()


class Recorder:
    """The writing end; owns the file and replaces an older one."""

    def __init__(self, path: Path, channels: int, boards: int, boot_id: int) -> None:
        fresh = path.with_suffix(".new")
        with fresh.open("wb+") as file:
            # Blocks are reserved now: a full disk must not stop a tick with SIGBUS.
            os.posix_fallocate(file.fileno(), 0, _RING.size + RING_BYTES)
            self._memory = mmap.mmap(file.fileno(), _RING.size + RING_BYTES)
        _RING.pack_into(self._memory, 0, _MAGIC, channels, boards, 0, boot_id, 0)
        self._words = memoryview(self._memory).cast("Q")
        self._layout = tick_layout(channels, boards)
        self._written = 0
        fresh.replace(path)

    def tick(
        self,
        tick: int,
        dt_s: float,
        inputs: Inputs,
        requests: Sequence[Request],
        state: ReactorState,
        outputs: Sequence[float],
    ) -> None:
        """Append one tick."""
        self._append(TICK, _tick_body(self._layout, tick, dt_s, inputs, requests, state, outputs))

    def checkpoint(self, tick: int, state: object) -> None:
        """Append control's whole state as it is after `tick`; costs about a millisecond."""
        self._append(CHECKPOINT, encode_checkpoint(tick, state))

    def close(self) -> None:
        self._words.release()
        self._memory.close()

    def _append(self, kind: int, body: bytes) -> None:
        record = _HEAD.pack(len(body), zlib.crc32(body, kind), kind) + body
        at = self._written % RING_BYTES
        first = min(len(record), RING_BYTES - at)
        memory = self._memory
        memory[_RING.size + at : _RING.size + at + first] = record[:first]
        if first < len(record):
            memory[_RING.size : _RING.size + len(record) - first] = record[first:]
        self._written += len(record)
        self._words[_WRITTEN] = self._written


def _tick_body(
    layout: struct.Struct,
    tick: int,
    dt_s: float,
    inputs: Inputs,
    requests: Sequence[Request],
    state: ReactorState,
    outputs: Sequence[float],
) -> bytes:
    flags = inputs.boards_ready | inputs.stop_pressed << 1 | inputs.service_alive << 2
    extra = b""
    if requests or inputs.stop_cause:
        extra = plain.to_json(_Asked(inputs.stop_cause, tuple(requests))).encode()
    body = layout.pack(
        tick,
        dt_s,
        flags,
        state,
        len(extra),
        *inputs.values,
        *outputs,
        *inputs.qualities,
        *inputs.boards_lost,
    )
    return body + extra


def encode_tick(record: TickRecord) -> bytes:
    """Write a tick as the recorder does."""
    layout = tick_layout(len(record.outputs), len(record.inputs.boards_lost))
    r = record
    return _tick_body(layout, r.tick, r.dt_s, r.inputs, r.requests, r.state, r.outputs)


def encode_checkpoint(tick: int, state: object) -> bytes:
    """Write control's whole state as it is after `tick`."""
    return _CHECKPOINT.pack(tick) + plain.to_json(state).encode()


def decode_tick(body: bytes, channels: int, boards: int) -> TickRecord:
    """Read what `Recorder.tick` wrote; PlainError when it is none, or of another rig."""
    layout = tick_layout(channels, boards)
    try:
        tick, dt_s, flags, state, length, *rest = layout.unpack_from(body)
        state = ReactorState(state)
    except (struct.error, ValueError) as error:
        raise plain.PlainError(f"no tick of this rig: {error}") from error
    if len(body) != layout.size + length:
        raise plain.PlainError(f"tick {tick}: {len(body)} bytes where {layout.size + length} belong")
    asked = plain.from_json(_Asked, body[layout.size :]) if length else _Asked()
    inputs = Inputs(
        values=tuple(rest[:channels]),
        qualities=tuple(rest[2 * channels : 3 * channels]),
        boards_ready=bool(flags & 1),
        stop_cause=asked.cause,
        stop_pressed=bool(flags & 2),
        service_alive=bool(flags & 4),
        boards_lost=tuple(bool(each) for each in rest[3 * channels :]),
    )
    outputs = tuple(rest[channels : 2 * channels])
    return TickRecord(tick, dt_s, inputs, asked.requests, state, outputs)


def decode_checkpoint(body: bytes) -> tuple[int, str]:
    """Return the tick of a checkpoint and control's state after it, as JSON; PlainError when it is none."""
    try:
        (tick,) = _CHECKPOINT.unpack_from(body)
        return tick, body[_CHECKPOINT.size :].decode()
    except (struct.error, UnicodeDecodeError) as error:
        raise plain.PlainError(f"no checkpoint: {error}") from error


class RingReader:
    """The reading end of one recorder's ring; survives its writer."""

    def __init__(self, path: Path) -> None:
        """OSError when there is no ring; ValueError when it is none of ours."""
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if found.st_size != _RING.size + RING_BYTES:
                raise ValueError(f"{path} is no flight recorder")
            self.inode = found.st_ino
            self._memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        magic, self.channels, self.boards, _, self.boot_id, _ = _RING.unpack_from(self._memory, 0)
        if magic != _MAGIC:
            self._memory.close()
            raise ValueError(f"{path} is no flight recorder")
        self._words = memoryview(self._memory).cast("Q")
        self._position = 0
        self._doubted = -1

    def read(self) -> tuple[list[tuple[int, bytes]], bool]:
        """Return the whole records since the last call as (kind, body), and whether some were lost."""
        written = self._words[_WRITTEN]
        records: list[tuple[int, bytes]] = []
        while self._position < written:
            record = self._record() if written - self._position <= RING_BYTES else None
            if record is None:
                return records, self._has_lost()
            records.append(record)
            self._position += _HEAD.size + len(record[1])
        return records, False

    def close(self) -> None:
        self._words.release()
        self._memory.close()

    def _has_lost(self) -> bool:
        """Go on at the newest record where the next one can't be read any more; else wait for it.

        Another core may see the count before the bytes: what is damaged is looked at once more.
        """
        written = self._words[_WRITTEN]
        if written - self._position <= RING_BYTES and self._doubted != self._position:
            self._doubted = self._position
            return False
        self._position = written
        return True

    def _record(self) -> tuple[int, bytes] | None:
        length, checksum, kind = _HEAD.unpack(self._bytes(self._position, _HEAD.size))
        if kind not in (TICK, CHECKPOINT) or length > RING_BYTES:
            return None
        body = self._bytes(self._position + _HEAD.size, length)
        return (kind, body) if zlib.crc32(body, kind) == checksum else None

    def _bytes(self, position: int, length: int) -> bytes:
        at = position % RING_BYTES
        first = min(length, RING_BYTES - at)
        head = self._memory[_RING.size + at : _RING.size + at + first]
        return head + self._memory[_RING.size : _RING.size + length - first]
