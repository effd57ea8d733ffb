"""Replays recordings through `step`: equal inputs must give equal outputs, bit for bit.

Pure but for reading the file: no hardware, no clock. How a bug of the field becomes a test.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.control.model import compile_plan
from controller.control.state import ControlState
from controller.control.step import step
from controller.domain import plain
from controller.domain.errors import ControllerError, Kind
from controller.domain.events import LoggedEvent
from controller.domain.plan import RigPlan
from controller.runtime.recorder import TickRecord, decode_tick
from controller.storage.recordings import open_segment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from controller.control.model import ControlModel


@dataclass(frozen=True, slots=True)
class Deviation:
    """Where a replay left the record: a channel's output, or the reactor's state."""

    tick: int
    time_s: float
    what: str
    recorded: str
    replayed: str


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of one segment. `events` are those that `step` raised again; `gaps` are missing ticks."""

    path: str
    rig: str
    ticks: int
    seconds: float
    deviation: Deviation | None
    events: int
    gaps: int

    @property
    def equal(self) -> bool:
        return self.deviation is None


def replay(path: Path, on_event: Callable[[LoggedEvent], None] | None = None) -> Replay:
    """Replay one segment up to its end or its first deviation; ControllerError RECORDING_UNREADABLE."""
    segment = open_segment(path)
    try:
        plan = RigPlan.from_json(segment.plan_json)
        state = plain.from_json(ControlState, segment.state_json)
    except plain.PlainError as error:
        raise _of_another_release(path, error) from error
    model = compile_plan(plan)
    boards = len(model.names.boards)
    ticks = events = gaps = 0
    began_s, expected = state.time_s, segment.tick + 1
    deviation = None
    for body in segment.ticks:
        try:
            record = decode_tick(body, len(plan.channels), boards)
        except (struct.error, ValueError) as error:
            raise _of_another_release(path, error) from error
        if record.tick != expected:
            gaps += 1
            break
        expected += 1
        outcome = step(model, state, record.inputs, record.requests, record.dt_s)
        state = outcome.state
        ticks += 1
        for event in outcome.events:
            events += 1
            if on_event is not None:
                on_event(LoggedEvent(0, events, state.time_s, event))
        deviation = _compare(model, record, state)
        if deviation is not None:
            break
    return Replay(str(path), plan.name, ticks, state.time_s - began_s, deviation, events, gaps)


def _compare(model: ControlModel, record: TickRecord, state: ControlState) -> Deviation | None:
    if state.state is not record.state:
        names = (record.state.name.lower(), state.state.name.lower())
        return Deviation(record.tick, state.time_s, "the reactor's state", *names)
    if _bits(state.outputs) == _bits(record.outputs):
        return None
    pairs = zip(model.channels, record.outputs, state.outputs, strict=True)
    channel, recorded, replayed = next(pair for pair in pairs if _bits((pair[1],)) != _bits((pair[2],)))
    return Deviation(record.tick, state.time_s, channel.name, repr(recorded), repr(replayed))


def _bits(values: Sequence[float]) -> bytes:
    return struct.pack(f"<{len(values)}d", *values)


def _of_another_release(path: Path, error: Exception) -> ControllerError:
    return ControllerError(
        f"{path} does not fit this release: {error}",
        reason="RECORDING_UNREADABLE",
        kind=Kind.INVALID,
        remedy="replay it with the release that recorded it",
    )
