"""What the flight recorder leaves: segments on disk, the ring in shared memory, control's state in both."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import zlib
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from controller.control.model import compile_plan
from controller.control.state import ControlState
from controller.domain import plain
from controller.domain.errors import ControllerError
from controller.domain.plan import RigPlan
from controller.runtime.recorder import (
    CHECKPOINT,
    Recorder,
    RingReader,
    decode_checkpoint,
    decode_tick,
)
from controller.storage.segments import MAGIC, open_segment
from tests.fuzz.target import Target, from_file, refusing

if TYPE_CHECKING:
    from tests.fuzz.material import Chance
    from tests.fuzz.target import Decoder

_BENCH: Final = Path(__file__).parents[1] / "golden" / "recordings" / "bench.rec"
_TICKS: Final = 40
"""Of the golden recording: enough for every kind of record, few enough that one piece stays short."""
_HEAD_BYTES: Final = 9


@cache
def _plan() -> RigPlan:
    return RigPlan.from_json(open_segment(_BENCH).plan_json)


@cache
def _boards() -> int:
    return len(compile_plan(_plan()).names.boards)


@cache
def _records() -> tuple[bytes, bytes]:
    """The golden recording's head and first ticks without their compression; and with it."""
    packed = _BENCH.read_bytes()[len(MAGIC) :]
    raw = zlib.decompressobj().decompress(packed)
    segment = open_segment(_BENCH)
    ticks = sum(_HEAD_BYTES + len(body) for body in islice(segment.ticks, _TICKS))
    head = _HEAD_BYTES * 3 + len(segment.release) + len(segment.plan_json) + 8 + len(segment.state_json)
    return raw[: head + ticks], MAGIC + zlib.compress(raw[: head + ticks], 1)


@cache
def _ticks() -> tuple[bytes, ...]:
    return tuple(islice(open_segment(_BENCH).ticks, _TICKS))


def _read_segment(path: Path) -> None:
    segment = open_segment(path)
    for _ in segment.ticks:
        pass


def _tick_bodies(chance: Chance) -> Decoder:
    def take(piece: bytes) -> None:
        _decode(CHECKPOINT if chance.happens(0.1) else 0, piece)

    return refusing(chance.piece, take, plain.PlainError)


def _decode(kind: int, body: bytes) -> None:
    if kind == CHECKPOINT:
        decode_checkpoint(body)
    else:
        decode_tick(body, len(_plan().channels), _boards())


def _write_ring(path: Path) -> int:
    """Write the golden ticks as control does; return how many bytes of the file hold something."""
    recorder = Recorder(path, len(_plan().channels), _boards(), boot_id=7)
    for body in _ticks():
        tick = decode_tick(body, len(_plan().channels), _boards())
        recorder.tick(tick.tick, tick.dt_s, tick.inputs, tick.requests, tick.state, tick.outputs)
    recorder.checkpoint(_TICKS, plain.from_json(ControlState, open_segment(_BENCH).state_json))
    recorder.close()
    return len(path.read_bytes().rstrip(b"\0"))


@cache
def _ring() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ring"
        size = _write_ring(path)
        return path.read_bytes()[:size]


def _ring_reader(chance: Chance) -> Decoder:
    """The ring as a writer that has gone mad leaves it: its head, its counts and its records damaged."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    path = Path(folder) / "ring"
    _write_ring(path)

    def take(piece: bytes) -> None:
        with path.open("r+b") as file:
            file.write(piece)
        reader = RingReader(path)
        try:
            records, _ = reader.read()
        finally:
            reader.close()
        for kind, body in records:
            _decode(kind, body)

    return refusing(chance.piece, take, ValueError)


TARGETS: Final = (
    Target(
        "json state",
        lambda: (open_segment(_BENCH).state_json.encode(),),
        lambda chance: refusing(
            chance.piece, lambda piece: plain.from_json(ControlState, piece), plain.PlainError
        ),
    ),
    Target("segment file", lambda: (_records()[1],), from_file("a.rec", _read_segment, ControllerError)),
    Target(
        "segment records",
        lambda: (_records()[0],),
        from_file("a.rec", _read_segment, ControllerError, pack=lambda raw: MAGIC + zlib.compress(raw, 1)),
    ),
    Target("segment ticks", _ticks, _tick_bodies),
    Target("ring", lambda: (_ring(),), _ring_reader),
)
