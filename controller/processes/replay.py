"""Replays recordings through `step`: equal inputs must give equal outputs, bit for bit.

Pure but for reading the file: no hardware, no clock. How a bug of the field becomes a test.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from controller.control.model import compile_plan
from controller.control.state import ControlState
from controller.control.step import step
from controller.domain import plain
from controller.domain.errors import ControllerError, Kind
from controller.domain.events import LoggedEvent
from controller.domain.plan import RigPlan
from controller.runtime.recorder import (
    CHECKPOINT,
    TICK,
    TickRecord,
    decode_tick,
    encode_checkpoint,
    encode_tick,
)
from controller.storage.segments import SUFFIX, SegmentWriter, open_segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from controller.control.model import ControlModel
    from controller.control.state import Outcome

MOST_CUT_TICKS: Final = 20_000
"""A test, not an archive: it is held in memory and committed."""


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
    run = _Run(path)
    began_s = run.state.time_s
    deviation = None
    ticks = events = 0
    for record, outcome in run.ticks():
        ticks += 1
        for event in outcome.events:
            events += 1
            if on_event is not None:
                on_event(LoggedEvent(0, events, outcome.state.time_s, event))
        deviation = _compare(run.model, record, outcome.state)
        if deviation is not None:
            break
    seconds = run.state.time_s - began_s
    return Replay(
        str(path), run.segment.release, run.plan.name, ticks, seconds, events, deviation, run.gap_after
    )


def cut(path: Path, first: int, last: int, to: Path) -> int:
    """Write the ticks from `first` to `last` as a recording of their own; return how many they are.

    It holds what came in then and what `step` gives now: of a bug that was mended, the test that it stays so.
    ControllerError RECORDING_UNREADABLE, RECORDING_EXISTS, or TICKS_UNKNOWN: the recording does not hold
    these ticks, differs before them, or they are more than MOST_CUT_TICKS.
    """
    if to.exists():
        raise ControllerError(
            f"{to} exists", reason="RECORDING_EXISTS", kind=Kind.EXISTS, remedy="name another file"
        )
    run = _Run(path)
    if not run.last < first <= last < first + MOST_CUT_TICKS:
        limits = f"at most {MOST_CUT_TICKS} of them, from tick {run.last + 1} on"
        raise _ticks_unknown(path, f"choose FIRST:LAST, {limits}")
    part: list[bytes] = []
    checkpoint = encode_checkpoint(run.last, run.state)
    for record, outcome in run.ticks():
        if record.tick >= first:
            state = outcome.state
            part.append(encode_tick(replace(record, state=state.state, outputs=state.outputs)))
        elif found := _compare(run.model, record, outcome.state):
            raise _ticks_unknown(path, f"it differs at tick {found.tick}: choose FIRST up to there")
        elif record.tick == first - 1:
            checkpoint = encode_checkpoint(record.tick, outcome.state)
        if record.tick == last:
            _write(to, run.segment.plan_json, checkpoint, part)
            return len(part)
    raise _ticks_unknown(path, f"its last tick is {run.last}")


class _Run:
    """A segment on its way through `step`: `last` is the newest tick, `state` the one after it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.segment = open_segment(path)
        try:
            self.plan = RigPlan.from_json(self.segment.plan_json)
            self.state = plain.from_json(ControlState, self.segment.state_json)
        except plain.PlainError as error:
            raise self._of_another_release(error) from error
        self.model = compile_plan(self.plan)
        self.last = self.segment.tick
        self.gap_after: int | None = None

    def ticks(self) -> Iterator[tuple[TickRecord, Outcome]]:
        """Step through the ticks; end, and set `gap_after`, where some are missing."""
        channels, boards = len(self.plan.channels), len(self.model.names.boards)
        for body in self.segment.ticks:
            try:
                record = decode_tick(body, channels, boards)
            except plain.PlainError as error:
                raise self._of_another_release(error) from error
            if record.tick != self.last + 1:
                self.gap_after = self.last
                return
            outcome = self._step(record)
            self.last, self.state = record.tick, outcome.state
            yield record, outcome

    def _step(self, record: TickRecord) -> Outcome:
        try:
            return step(self.model, self.state, record.inputs, record.requests, record.dt_s)
        except Exception as error:
            # What ended control in the field ends its replay too: with the place.
            error.add_note(f"raised again at tick {record.tick} of {self.path}")
            raise

    def _of_another_release(self, error: plain.PlainError) -> ControllerError:
        return ControllerError(
            f"{self.path} does not fit this release: {error}",
            reason="RECORDING_UNREADABLE",
            kind=Kind.INVALID,
            remedy=f"replay it with the release that recorded it, {self.segment.release}",
        )


def _write(to: Path, plan_json: str, checkpoint: bytes, ticks: Sequence[bytes]) -> None:
    writer = SegmentWriter(to, plan_json)
    writer.add(CHECKPOINT, checkpoint)
    for body in ticks:
        writer.add(TICK, body)
    writer.close()


def _ticks_unknown(path: Path, remedy: str) -> ControllerError:
    return ControllerError(
        f"{path} does not hold these ticks", reason="TICKS_UNKNOWN", kind=Kind.NOT_FOUND, remedy=remedy
    )


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
