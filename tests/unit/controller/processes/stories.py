"""Control on a heated zone with two pumps, ticked by hand and recorded as the control process records it."""

from __future__ import annotations

import struct
from contextlib import ExitStack
from dataclasses import replace
from math import nan
from typing import TYPE_CHECKING, Self

from controller.control.model import compile_plan
from controller.control.state import initial_state
from controller.control.step import step
from controller.domain import conditions as c
from controller.domain.alarms import AlarmPlan, Priority
from controller.domain.commands import Command, Reply, Request
from controller.domain.plan import ChannelPlan, FlowGroupPlan, FlowMember, InterlockPlan, ReagentPlan
from controller.domain.readings import Inputs, ReactorState
from controller.runtime.recorder import CHECKPOINT, TICK, Recorder, decode_tick
from controller.storage.recordings import RecordingKeeper
from controller.storage.segments import SegmentWriter, open_segment
from tests.unit.controller.control.judging import BAD, CHANNELS, GOOD, Zone, rig

if TYPE_CHECKING:
    from collections.abc import Callable, Container
    from pathlib import Path

    from controller.control.state import ControlState
    from controller.domain.events import Event

DT_S = 0.1
COMPUTED = (
    ChannelPlan("total", "", "", "uL/min", 0.0, 1000.0),
    ChannelPlan("silver.share", "", "", "1", 0.0, 1.0),
    ChannelPlan("seed.share", "", "", "1", 0.0, 1.0),
    ChannelPlan("silver.left", "", "", "uL", 0.0, 1e6),
)
PLAN = replace(
    rig(
        InterlockPlan("hot", c.Limits("wall", high=100.0, deadband=2.0), delay_s=0.5),
        InterlockPlan("fast", c.RateOfChange("zone", 3.0, 4.0)),
        InterlockPlan("stuck", c.Stuck("zone", 0.001, 20.0), latching=False, forces=("heater",)),
        InterlockPlan(
            "heating", c.HeaterImplausible("wall", 5.0, 2.0, 20.0, 100.0, 10.0), forces=("heater",)
        ),
        InterlockPlan(
            "clog", c.PressureResidual("pressure", ("silver", "seed"), 0.5, 100.0, 40.0, 20.0), 1.0
        ),
        InterlockPlan("empty", c.Limits("silver.left", low=5.0), latching=False, forces=("silver",)),
        InterlockPlan("leak", c.DigitalInput("leak")),
        InterlockPlan("lost", c.BoardLost("board"), delay_s=1.0),
        InterlockPlan("alone", c.LeaseLost(), latching=False, forces=("seed",)),
    ),
    channels=(*CHANNELS, *COMPUTED),
    flows=(
        FlowGroupPlan(
            "feed", "total", (FlowMember("silver", "silver.share"), FlowMember("seed", "seed.share")), 200.0
        ),
    ),
    alarms=(
        AlarmPlan("warm", c.Limits("zone", high=40.0, deadband=1.0), Priority.HIGH, on_delay_s=0.3),
        AlarmPlan("off", c.Deviation("zone", 5.0), Priority.LOW, off_delay_s=1.0, latching=True),
    ),
    reagents=(
        ReagentPlan("silver", "silver", "silver nitrate", 500.0, level="silver.left", flow_ul_s=1.0 / 60.0),
    ),
)
MODEL = compile_plan(PLAN)
INDEX = MODEL.names.channels


class Story:
    """What happens to control, tick by tick; recorded from its begin.

    `bad` sensors have no reading, `leaking`, `lost`, `pressed`, `alone` (without a service) and `clogged` are
    what they say, until they are changed.
    """

    def __init__(self, folder: Path, *, noise_c: float = 0.02) -> None:
        self.folder = folder
        self.state = initial_state(MODEL)
        self.zone = Zone(noise_c=noise_c, lag_s=30.0, sensor_lag_s=0.5)
        self.count = 0
        self.told: list[tuple[float, Event]] = []
        self.states: list[ControlState] = []
        self.bad: set[str] = set()
        self.leaking = self.lost = self.pressed = self.alone = self.clogged = False
        with ExitStack() as owned:
            self._recorder = Recorder(folder / "recorder", len(PLAN.channels), 1, boot_id=1)
            owned.callback(self._recorder.close)
            self._keeper = RecordingKeeper(folder / "recorder", folder / "recordings", PLAN.to_json())
            owned.callback(self._keeper.close)
            self._owned = owned.pop_all()
        self.checkpoint()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._owned.close()

    def checkpoint(self) -> None:
        self._recorder.checkpoint(self.count, self.state)

    def tick(self, *asked: Command, lease: str = "") -> tuple[Reply, ...]:
        self.count += 1
        inputs = self._inputs()
        requests = [Request(command, "chemist@bench", lease) for command in asked]
        outcome = step(MODEL, self.state, inputs, requests, DT_S)
        self.state = outcome.state
        self.told += [(self.state.time_s, event) for event in outcome.events]
        self.states.append(self.state)
        self._recorder.tick(self.count, DT_S, inputs, requests, self.state.state, self.state.outputs)
        return outcome.replies

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / DT_S)):
            self.tick()

    def recordings(self) -> list[Path]:
        """Return the segments so far, in their order."""
        self._keeper.drain()
        return sorted((self.folder / "recordings").iterdir())

    def _inputs(self) -> Inputs:
        outputs = self.state.outputs
        ready = self.state.state is ReactorState.READY
        heat = max(0.0, 0.01 * outputs[INDEX["heater"]] - 0.1) if ready else 0.0
        wall_c = self.zone.advance(heat, DT_S)
        flow = outputs[INDEX["silver"]] + outputs[INDEX["seed"]]
        readings = {
            "wall": wall_c,
            "zone": 0.9 * wall_c + 2.5,
            "pressure": 100.0 + (2.0 if self.clogged else 0.5) * flow,
            "leak": float(self.leaking),
            "silver": outputs[INDEX["silver"]],
            "seed": outputs[INDEX["seed"]],
            "heater": outputs[INDEX["heater"]],
        }
        blind = set(readings) | {each.name for each in COMPUTED} if self.lost else self.bad
        names = [channel.name for channel in PLAN.channels]
        return Inputs(
            values=tuple(nan if name in blind else readings.get(name, nan) for name in names),
            qualities=tuple(BAD if name in blind or name not in readings else GOOD for name in names),
            boards_ready=not self.lost and not self.pressed,
            stop_cause="the stop button is pressed" if self.pressed else "",
            stop_pressed=self.pressed,
            service_alive=not self.alone,
            boards_lost=(self.lost,),
        )


def rewritten(path: Path, change: Callable[[int, bytes], list[bytes]]) -> Path:
    """Return a copy of a recording in which `change` stands for each tick; its checksums are right."""
    segment = open_segment(path)
    other = path.with_name("changed.rec")
    writer = SegmentWriter(other, segment.plan_json)
    writer.add(CHECKPOINT, struct.pack("<Q", segment.tick) + segment.state_json.encode())
    for body in segment.ticks:
        tick = decode_tick(body, len(PLAN.channels), 1).tick
        for each in change(tick, body):
            writer.add(TICK, each)
    writer.close()
    return other


def with_another_bit(channel: str, ticks: Container[int]) -> Callable[[int, bytes], list[bytes]]:
    """Return a change for `rewritten`: the last bit of a channel's output differs in these ticks."""
    at = struct.calcsize("<QdBB2xI") + 8 * (len(PLAN.channels) + INDEX[channel])

    def flip(tick: int, body: bytes) -> list[bytes]:
        changed = bytearray(body)
        changed[at] ^= tick in ticks
        return [bytes(changed)]

    return flip


def written(path: Path, plan_json: str, state_json: str, *ticks: bytes) -> Path:
    writer = SegmentWriter(path, plan_json)
    writer.add(CHECKPOINT, struct.pack("<Q", 0) + state_json.encode())
    for body in ticks:
        writer.add(TICK, body)
    writer.close()
    return path
