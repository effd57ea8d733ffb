"""The flight recorder: everything a tick saw and decided, in a ring of shared memory.

Control appends and never waits; whoever keeps recordings reads behind it. A reader that falls a whole ring
behind has lost records, is told so, and asks for a checkpoint to begin anew from.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from controller.domain import plain
from controller.domain.commands import Request
from controller.domain.readings import Inputs, ReactorState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_MAGIC: Final = 0x4F535433  # "OST3"
_RING: Final = struct.Struct("<IIIIQQ")  # magic, channels, boards, reserved, boot id, bytes written
_POSITION: Final = struct.Struct("<Q")
_POSITION_AT: Final = 24
_HEAD: Final = struct.Struct("<IIB3x")  # length of the body, its CRC-32, kind
TICK: Final = 1
CHECKPOINT: Final = 2
RING_BYTES: Final = 4 * 1024 * 1024
"""At 50 channels four seconds of 1 kHz ticks, or a minute and a half of 50 Hz: it stays locked in memory."""


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


class Recorder:
    """The writing end; owns the file and replaces an older one."""

    def __init__(self, path: Path, channels: int, boards: int, boot_id: int) -> None:
        fresh = path.with_suffix(".new")
        with fresh.open("wb+") as file:
            # Blocks are reserved now: a full disk must not stop a tick with SIGBUS.
            os.posix_fallocate(file.fileno(), 0, _RING.size + RING_BYTES)
            self._memory = mmap.mmap(file.fileno(), _RING.size + RING_BYTES)
        _RING.pack_into(self._memory, 0, _MAGIC, channels, boards, 0, boot_id, 0)
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
        flags = inputs.boards_ready | inputs.stop_pressed << 1 | inputs.service_alive << 2
        extra = _extra(inputs, requests) if requests or inputs.stop_cause else b""
        body = self._layout.pack(
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
        self._append(TICK, body + extra)

    def checkpoint(self, tick: int, state: object) -> None:
        """Append control's whole state as it is after `tick`; costs about a millisecond."""
        self._append(CHECKPOINT, _POSITION.pack(tick) + plain.to_json(state).encode())

    def close(self) -> None:
        self._memory.close()

    def _append(self, kind: int, body: bytes) -> None:
        record = _HEAD.pack(len(body), zlib.crc32(body), kind) + body
        at = self._written % RING_BYTES
        first = min(len(record), RING_BYTES - at)
        memory = self._memory
        memory[_RING.size + at : _RING.size + at + first] = record[:first]
        if first < len(record):
            memory[_RING.size : _RING.size + len(record) - first] = record[first:]
        self._written += len(record)
        _POSITION.pack_into(memory, _POSITION_AT, self._written)


def decode_tick(body: bytes, channels: int, boards: int) -> TickRecord:
    """Read what `Recorder.tick` wrote; struct.error or PlainError when it is none."""
    layout = tick_layout(channels, boards)
    tick, dt_s, flags, state, length, *rest = layout.unpack_from(body)
    extra: dict[str, Any] = {"cause": "", "requests": []}
    if length:
        extra = json.loads(body[layout.size : layout.size + length])
    inputs = Inputs(
        values=tuple(rest[:channels]),
        qualities=tuple(rest[2 * channels : 3 * channels]),
        boards_ready=bool(flags & 1),
        stop_cause=extra["cause"],
        stop_pressed=bool(flags & 2),
        service_alive=bool(flags & 4),
        boards_lost=tuple(bool(each) for each in rest[3 * channels :]),
    )
    requests = tuple(plain.from_plain(Request, raw) for raw in extra["requests"])
    outputs = tuple(rest[channels : 2 * channels])
    return TickRecord(tick, dt_s, inputs, requests, ReactorState(state), outputs)


def _extra(inputs: Inputs, requests: Sequence[Request]) -> bytes:
    asked = [plain.to_plain(request) for request in requests]
    return json.dumps({"cause": inputs.stop_cause, "requests": asked}).encode()


class RingReader:
    """The reading end of one recorder's ring; survives its writer."""

    def __init__(self, path: Path) -> None:
        """OSError when there is no ring; ValueError when it is none of ours."""
        with path.open("rb") as file:
            self.inode = os.fstat(file.fileno()).st_ino
            self._memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        magic, self.channels, self.boards, _, self.boot_id, _ = _RING.unpack_from(self._memory, 0)
        if magic != _MAGIC:
            self._memory.close()
            raise ValueError(f"{path} is no flight recorder")
        self._position = 0

    def read(self) -> tuple[list[tuple[int, bytes]], bool]:
        """Return the whole records since the last call as (kind, body), and whether some were lost."""
        (written,) = _POSITION.unpack_from(self._memory, _POSITION_AT)
        if written - self._position > RING_BYTES:
            self._position = written
            return [], True
        records: list[tuple[int, bytes]] = []
        while self._position < written:
            length, checksum, kind = _HEAD.unpack(self._bytes(self._position, _HEAD.size))
            body = self._bytes(self._position + _HEAD.size, length) if length <= RING_BYTES else b""
            if zlib.crc32(body) != checksum:
                # Overtaken while reading.
                self._position = written
                return records, True
            records.append((kind, body))
            self._position += _HEAD.size + length
        return records, False

    def close(self) -> None:
        self._memory.close()

    def _bytes(self, position: int, length: int) -> bytes:
        at = position % RING_BYTES
        first = min(length, RING_BYTES - at)
        head = self._memory[_RING.size + at : _RING.size + at + first]
        return head + self._memory[_RING.size : _RING.size + length - first]
