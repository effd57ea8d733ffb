"""Replays recordings through `step`: equal inputs must give equal outputs, bit for bit.

Pure but for reading the file: no hardware, no clock. How a bug of the field becomes a test.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from controller.control.model import compile_plan
from controller.control.state import ControlState
from controller.control.step import step
from controller.domain import plain
from controller.domain.errors import ControllerError, Kind
from controller.domain.events import LoggedEvent
from controller.domain.plan import RigPlan
from controller.runtime.recorder import TickRecord, decode_tick
from controller.storage.segments import SUFFIX, open_segment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from controller.control.model import ControlModel
    from controller.control.state import Outcome
    from controller.storage.segments import Segment


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
    """What came of one segment, recorded by `release`.

    `ticks` and `seconds` were replayed, `events` are how many `step` raised again. It ends at a deviation, or
    where ticks are missing: `gap_after` is the last one before, None where none are.
    """

    path: str
    release: str
    rig: str
    ticks: int
    seconds: float
    events: int
    deviation: Deviation | None = None
    gap_after: int | None = None

    @property
    def equal(self) -> bool:
        return self.deviation is None and self.gap_after is None

    def describe(self) -> str:
        """Say it in one line."""
        done = f"{self.path}: {self.rig}, {self.ticks} ticks, {self.seconds:.1f} s"
        if self.deviation is not None:
            found = self.deviation
            text = (
                f"{done}: differs at tick {found.tick}, {found.time_s:.3f} s: {found.what}"
                f" recorded {found.recorded} replayed {found.replayed}"
            )
        elif self.gap_after is not None:
            text = f"{done}: equal so far, but ticks are missing after tick {self.gap_after}"
        else:
            return f"{done}: equal, bit for bit"
        ours = version("ostwald")
        return text if self.release == ours else f"{text}; recorded by {self.release}, replayed by {ours}"


def find_recordings(path: Path) -> list[Path]:
    """Return the file itself, or a folder's recordings by boot and tick; RECORDING_UNREADABLE without one."""
    if not path.is_dir():
        return [path]
    found = sorted(path.glob(f"*{SUFFIX}"))
    if not found:
        raise ControllerError(
            f"{path} holds no recording",
            reason="RECORDING_UNREADABLE",
            kind=Kind.NOT_FOUND,
            remedy="name the folder recordings in the daemon's state folder, or a file of it",
        )
    return found


def replay(path: Path, on_event: Callable[[LoggedEvent], None] | None = None) -> Replay:
    """Replay one segment up to its end, a deviation or a gap; ControllerError RECORDING_UNREADABLE."""
    segment = open_segment(path)
    try:
        plan = RigPlan.from_json(segment.plan_json)
        state = plain.from_json(ControlState, segment.state_json)
        return _replay(str(path), segment, plan, state, on_event)
    except plain.PlainError as error:
        raise ControllerError(
            f"{path} does not fit this release: {error}",
            reason="RECORDING_UNREADABLE",
            kind=Kind.INVALID,
            remedy=f"replay it with the release that recorded it, {segment.release}",
        ) from error


def _replay(
    path: str,
    segment: Segment,
    plan: RigPlan,
    state: ControlState,
    on_event: Callable[[LoggedEvent], None] | None,
) -> Replay:
    model = compile_plan(plan)
    deviation, gap_after = None, None
    ticks = events = 0
    began_s, last = state.time_s, segment.tick
    for body in segment.ticks:
        record = decode_tick(body, len(plan.channels), len(model.names.boards))
        if record.tick != last + 1:
            gap_after = last
            break
        last = record.tick
        outcome = _step(path, model, state, record)
        state = outcome.state
        ticks += 1
        for event in outcome.events:
            events += 1
            if on_event is not None:
                on_event(LoggedEvent(0, events, state.time_s, event))
        deviation = _compare(model, record, state)
        if deviation is not None:
            break
    seconds = state.time_s - began_s
    return Replay(path, segment.release, plan.name, ticks, seconds, events, deviation, gap_after)


def _step(path: str, model: ControlModel, state: ControlState, record: TickRecord) -> Outcome:
    try:
        return step(model, state, record.inputs, record.requests, record.dt_s)
    except Exception as error:
        # What ended control in the field ends its replay too: with the place.
        error.add_note(f"raised again at tick {record.tick} of {path}")
        raise


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
