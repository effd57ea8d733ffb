"""Snapshots, mailbox and clock between processes."""

from __future__ import annotations

import asyncio
from math import nan

import pytest

from controller.domain import plain
from controller.domain.commands import EmergencyStop, Request, SetTargets
from controller.domain.errors import ControllerError
from controller.domain.readings import ReactorState, Snapshot
from controller.runtime import snapshots
from controller.runtime.clock import LockstepClock
from controller.runtime.mailbox import MailboxServer, request_from
from controller.runtime.mailbox_client import MailboxClient
from controller.runtime.snapshots import SnapshotReader, SnapshotWriter


def snapshot(tick: int) -> Snapshot:
    return Snapshot(7, tick, tick / 10, ReactorState.READY, 5, 2, 3, (1.5, 2.5), (1, 3), (4.0, 5.0))


def test_a_reader_sees_the_newest_snapshot_as_it_was_written(tmp_path):
    writer = SnapshotWriter(tmp_path / "ring", 2, 7)
    reader = SnapshotReader(tmp_path / "ring")
    for tick in range(1, 30):
        writer.publish(snapshot(tick))
        assert reader.newest() == snapshot(tick)
        assert reader.time_s() == snapshot(tick).time_s
    reader.close()
    writer.close()


def test_a_reader_follows_a_restarted_writer(tmp_path):
    SnapshotWriter(tmp_path / "ring", 2, 7).publish(snapshot(1))
    reader = SnapshotReader(tmp_path / "ring")
    assert reader.newest().boot_id == 7
    SnapshotWriter(tmp_path / "ring", 2, 8)
    assert reader.newest().boot_id == 8
    assert reader.newest().state is ReactorState.STARTING


def test_without_a_writer_control_is_said_to_be_gone(tmp_path):
    with pytest.raises(ControllerError) as raised:
        SnapshotReader(tmp_path / "ring").newest()
    assert raised.value.reason == "CONTROL_GONE"


def test_a_damaged_slot_is_never_read_as_a_snapshot(tmp_path):
    path = tmp_path / "ring"
    SnapshotWriter(path, 2, 7).publish(snapshot(1))
    data = bytearray(path.read_bytes())
    # Every slot: the newest one is then among them.
    for at in range(snapshots._RING.size + 20, len(data), 8):
        data[at] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(ControllerError):
        SnapshotReader(path).newest()
    with pytest.raises(ControllerError):
        SnapshotReader(path).time_s()


def test_messages_become_requests_and_nonsense_becomes_none():
    asked = Request(SetTargets({"pump": 1.0}), "chemist", "lease")
    assert request_from({"op": "request", "request": plain.to_plain(asked)}) == asked
    stop = Request(EmergencyStop("fire"))
    assert request_from({"op": "request", "request": plain.to_plain(stop)}) == stop
    for nonsense in ({}, {"op": "request"}, {"op": "request", "request": 3}, {"op": "advance", "seconds": 1}):
        assert request_from(nonsense) is None


@pytest.mark.parametrize("value", ["much", None, [1.0]])
def test_a_target_that_is_no_number_is_refused_not_raised(value):
    message = plain.to_plain(Request(SetTargets({"pump": 1.0})))
    message["command"]["targets"]["pump"] = value
    assert request_from({"op": "request", "request": message}) is None


async def answer_all(server: MailboxServer, stop: asyncio.Event) -> None:
    while not stop.is_set():
        for client, message in server.receive():
            server.broadcast({"reason": "told"})
            server.send(client, {"id": message["id"], "refused": "", "echo": message["op"]})
        await asyncio.sleep(0)


async def test_a_request_gets_its_own_answer_and_status_arrives_beside_it(tmp_path):
    server, stop = MailboxServer(tmp_path / "box"), asyncio.Event()
    told: list[dict[str, object]] = []
    client = MailboxClient(tmp_path / "box", told.append)
    serving = asyncio.create_task(answer_all(server, stop))
    answers = await asyncio.gather(*(client.request({"op": f"{n}"}) for n in range(5)))
    assert [answer["echo"] for answer in answers] == list("01234")
    assert {"reason": "told"} in told
    assert server.connected
    await client.close()
    stop.set()
    await serving
    server.receive()
    assert not server.connected
    server.close()


async def test_a_request_to_nobody_says_that_control_is_gone(tmp_path):
    with pytest.raises(ControllerError, match="control process"):
        await MailboxClient(tmp_path / "box", print).request({"op": "safe"})


async def test_a_request_ends_when_control_dies_in_it(tmp_path):
    server = MailboxServer(tmp_path / "box")
    client = MailboxClient(tmp_path / "box", print)
    asking = asyncio.create_task(client.request({"op": "safe"}))
    while not server.receive():
        await asyncio.sleep(0)
    server.close()
    with pytest.raises(ControllerError, match="control process"):
        await asking
    await client.close()


class Time:
    def __init__(self) -> None:
        self.now_s = 0.0

    async def advance(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.now_s += seconds


async def test_in_lockstep_time_stands_while_a_participant_works():
    time = Time()
    clock = LockstepClock(lambda: time.now_s, time.advance)
    woken: list[tuple[str, float]] = []

    async def act(name: str, step_s: float) -> None:
        async with clock.participate():
            for _ in range(3):
                await clock.sleep(step_s)
                woken.append((name, clock.now_s()))
                for _ in range(50):
                    await asyncio.sleep(0)
                assert clock.now_s() == woken[-1][1]

    await asyncio.gather(act("slow", 5.0), act("quick", 2.0))
    assert woken == [
        ("quick", 2.0), ("quick", 4.0), ("slow", 5.0), ("quick", 6.0), ("slow", 10.0), ("slow", 15.0)
    ]  # fmt: skip


async def test_a_cancelled_sleeper_frees_the_clock():
    time = Time()
    clock = LockstepClock(lambda: time.now_s, time.advance)

    async def act() -> None:
        async with clock.participate():
            await clock.sleep(1e9)

    held = asyncio.create_task(act())
    async with clock.participate():
        await asyncio.sleep(0)
        held.cancel()
        with pytest.raises(asyncio.CancelledError):
            await held
        await clock.sleep(1.0)
    assert clock.now_s() == 1.0


async def test_sleepers_learn_that_control_died():
    async def die(_seconds: float) -> None:
        raise ControllerError("gone", reason="CONTROL_GONE")

    clock = LockstepClock(lambda: 0.0, die)
    async with clock.participate():
        with pytest.raises(ControllerError):
            await clock.sleep(1.0)


def test_nan_setpoints_survive_the_ring(tmp_path):
    writer = SnapshotWriter(tmp_path / "ring", 1, 7)
    writer.publish(Snapshot(7, 1, 0.1, ReactorState.READY, 0, -1, 0, (nan,), (3,), (nan,)))
    assert str(SnapshotReader(tmp_path / "ring").newest().setpoints) == "(nan,)"
