"""What holds in every tick of control, whatever happened: judged on its state, and on its recordings."""

from __future__ import annotations

import struct
from math import isfinite
from typing import TYPE_CHECKING

from controller.control import interlocks
from controller.control.reactor_states import MAY_FOLLOW
from controller.control.state import ControlState
from controller.control.step import step
from controller.domain import plain
from controller.domain.alarms import AlarmState
from controller.domain.readings import ReactorState
from controller.runtime.mailbox import MAX_DATAGRAM
from controller.runtime.recorder import CHECKPOINT, decode_tick
from tests.scenario.weather import MODEL, PLAN

if TYPE_CHECKING:
    from tests.scenario.bench import Bench

READY, TRIPPED, STOPPED = ReactorState.READY, ReactorState.TRIPPED, ReactorState.STOPPED
ACTIVE_IN = {
    AlarmState.NORMAL: {False},
    AlarmState.UNACKNOWLEDGED: {True},
    AlarmState.ACKNOWLEDGED: {True},
    AlarmState.RETURNED: {False},
    AlarmState.LATCHED_UNACKNOWLEDGED: {False},
    AlarmState.LATCHED_ACKNOWLEDGED: {False},
    AlarmState.SHELVED: {True, False},
    AlarmState.OUT_OF_SERVICE: {True, False},
}


def judge_transition(before: ControlState, after: ControlState, *, reset_granted: bool) -> None:
    if before.state is not after.state:
        assert after.state in MAY_FOLLOW[before.state], f"{before.state!r} to {after.state!r}"
    latched = before.interlocks.tripped & MODEL.interlocks.latching
    if not reset_granted:
        assert not latched & ~after.interlocks.tripped, "a latched trip is gone without a reset"
        if before.state is STOPPED:
            assert after.state is STOPPED
        if before.state is TRIPPED and after.state is not STOPPED:
            whole = latched & ~MODEL.interlocks.partial
            assert after.state is TRIPPED or not whole


def judge_pace(before: ControlState, after: ControlState, dt_s: float) -> None:
    """No output moves faster than its channel may, but for those that go safe at once."""
    if before.state is not READY or after.state is not READY:
        return
    for index in actuators():
        channel, value = PLAN.channels[index], after.outputs[index]
        moved = abs(value - before.outputs[index])
        at_once = channel.rate_limit_per_s == 0.0 or value == channel.safe_value
        assert at_once or moved <= channel.rate_limit_per_s * dt_s * (1.0 + 1e-9), (
            f"{channel.name}: {moved:g}"
        )


def judge_log(bench: Bench) -> None:
    """Of each boot the service has heard every event up to the last, and no datagram was cut off."""
    for boot in range(1, bench.boots + 1):
        heard = [each.sequence for each in bench.service.events if each.boot_id == boot]
        assert heard == list(range(1, len(heard) + 1))
    assert bench.service.longest_datagram < MAX_DATAGRAM


def actuators() -> list[int]:
    return [index for index, each in enumerate(PLAN.channels) if each.is_actuator]


def judge_outputs(state: ControlState) -> None:
    for index in actuators():
        channel, value = PLAN.channels[index], state.outputs[index]
        assert isfinite(value)
        assert channel.low <= value <= channel.high, f"{channel.name} is {value!r}"
        assert channel.low <= state.targets[index] <= channel.high
    if state.state is not READY:
        assert bits(state.outputs) == bits(MODEL.safe)
        assert bits(state.targets) == bits(MODEL.safe)
    for index in interlocks.forced(MODEL.interlocks, state.interlocks):
        assert state.outputs[index] == MODEL.safe[index]
    assert all(0.0 <= left_ul < 1e10 for left_ul in state.reagents_ul)
    assert state.lease.held is (state.lease.left_s > 0.0)
    assert state.lease.left_s <= PLAN.lease.longest_s


def judge_alarms(state: ControlState) -> None:
    """Each alarm's state fits its condition; a trip's alarm follows it, and nobody keeps that quiet."""
    for alarm, record in zip(MODEL.alarms.alarms, state.alarms.records, strict=True):
        assert record.active in ACTIVE_IN[record.state], f"{alarm.plan.name}: {record}"
        assert (record.state is AlarmState.SHELVED) is (record.shelved_left_s > 0.0)
    first = len(PLAN.alarms)
    for bit, record in enumerate(state.alarms.records[first:]):
        assert record.active is bool(state.interlocks.tripped >> bit & 1)
        assert record.state not in (AlarmState.SHELVED, AlarmState.OUT_OF_SERVICE)
    for loop, found in zip(PLAN.loops, state.loops, strict=True):
        tuning = found.tuning
        assert isfinite(tuning.gain)
        assert tuning.gain * loop.gain > 0.0
        assert found.autotune is None or state.state is READY


def replay(bench: Bench) -> None:
    """The recordings of all boots give the same states again, bit for bit, and every checkpoint whole."""
    state: ControlState | None = None
    for _, kind, body in bench.records:
        if kind == CHECKPOINT:
            kept = plain.from_json(ControlState, body[8:].decode())
            (tick,) = struct.unpack_from("<Q", body)
            assert tick == 0 or plain.to_json(state) == body[8:].decode()
            state = kept
            continue
        assert state is not None
        record = decode_tick(body, len(PLAN.channels), 1)
        state = step(MODEL, state, record.inputs, record.requests, record.dt_s).state
        assert state.state is record.state
        assert bits(state.outputs) == bits(record.outputs), f"tick {record.tick}"


def bits(values: tuple[float, ...]) -> bytes:
    return struct.pack(f"{len(values)}d", *values)
