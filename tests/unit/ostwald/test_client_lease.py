from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ostwald.calls import new_request_id
from ostwald.client import AsyncOstwald, LeaseLostError, Ostwald, RefusedError
from ostwald.errors import OstwaldError
from ostwald.identity import Identity
from ostwald.lease import AsyncLease, Pace
from ostwald.v1 import reactor_pb2
from ostwald.v1.reactor_pb2_grpc import ReactorServiceStub

from tests.unit.controller.rpc.conftest import Bench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.unit.ostwald.conftest import Served


class Device:
    """A client whose renewals wait for the test, on a clock that the test moves."""

    def __init__(self, address: str) -> None:
        self.identity = Identity("ann@bench")
        self.channel = grpc.aio.insecure_channel(address, interceptors=self.identity.interceptors())
        self._stub = ReactorServiceStub(self.channel)
        self.now_s = 0.0
        self.waits: asyncio.Queue[float] = asyncio.Queue()
        self._go = asyncio.Event()
        self.lease = AsyncLease(
            self.channel, address, self.identity, pause=self._pause, wall_s=lambda: self.now_s
        )

    async def _pause(self, duration_s: float) -> None:
        self.waits.put_nowait(duration_s)
        self._go.clear()
        await self._go.wait()
        self.now_s += duration_s

    def end_wait(self) -> None:
        self._go.set()

    async def noticed(self) -> None:
        """Return once the client knows that its lease is lost."""
        while not self.identity.lost:
            await asyncio.sleep(0)

    async def write(self) -> None:
        request = reactor_pb2.WriteSetpointsRequest(
            request_id=new_request_id(), setpoints=[reactor_pb2.Setpoint(channel="pump.silver", value=1.0)]
        )
        await self._stub.WriteSetpoints(request)

    async def stop(self) -> None:
        await self._stub.EmergencyStop(reactor_pb2.EmergencyStopRequest(reason="smoke"))

    async def renewal(self) -> float:
        """Let the wait end that the client is in; return how long the next one is."""
        self._go.set()
        return await self.waits.get()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def device(bench: Bench) -> AsyncIterator[Device]:
    made = Device(bench.server.address)
    yield made
    await made.channel.close()


def test_a_lease_is_acquired_shown_renewed_and_released(served: Served) -> None:
    with Ostwald(served.address, actor="ann@bench") as device:
        held = device.lease.acquire(60.0)
        assert (held.holder, held.left_s) == ("ann@bench (127.0.0.1)", 60.0)
        assert held.token not in repr(held)
        shown = device.lease.get()
        assert (shown.holder, shown.left_s, shown.lost, shown.longest_s) == (held.holder, 60.0, False, 300.0)
        assert device.lease.renew() == 300.0
        device.set({"pump.silver": 1.0})
        device.lease.release()
        assert device.lease.get().holder == ""
    assert served.bench.reactor.asked[2].lease == held.token


def test_others_are_told_who_holds_it(served: Served) -> None:
    served.bench.hold_lease(holder="bob@desk")
    with Ostwald(served.address) as device:
        with pytest.raises(RefusedError, match="bob@desk holds the lease for another 60 s") as caught:
            device.lease.acquire()
        with pytest.raises(RefusedError, match="bob@desk"):
            device.set({"pump.silver": 1.0})
    assert caught.value.reason == "LEASE_HELD"


def test_a_client_without_a_lease_has_nothing_to_renew_or_release(served: Served) -> None:
    with Ostwald(served.address) as device:
        for act in (device.lease.renew, device.lease.release):
            with pytest.raises(OstwaldError, match="this client holds no lease"):
                act()


def test_a_client_holds_one_lease_at_a_time(served: Served) -> None:
    twice = pytest.raises(OstwaldError, match="holds a lease already")
    with Ostwald(served.address) as device, device.lease.held(), twice:
        device.lease.acquire()


def test_the_body_acts_under_the_lease_and_its_end_gives_it_back(served: Served) -> None:
    with Ostwald(served.address) as device:
        with device.lease.held(30.0) as lease:
            device.set({"pump.silver": 1.0})
        device.set({"pump.silver": 2.0})
    assert [each.lease for each in served.bench.reactor.asked][1::2] == [lease.token, ""]
    assert served.bench.reactor.lease().holder == ""


def test_what_fails_in_the_body_is_told_and_the_lease_given_back(served: Served) -> None:
    with Ostwald(served.address) as device:
        with pytest.raises(ZeroDivisionError), device.lease.held():
            _ = 1 / 0
        assert device.lease.get().holder == ""


def test_a_lease_lost_unnoticed_is_told_at_the_end(served: Served) -> None:
    with Ostwald(served.address) as device:
        with pytest.raises(LeaseLostError, match="ran out or was released"), device.lease.held(30.0):
            served.bench.reactor.pass_time(31.0)
        device.set({"pump.silver": 2.0})


def test_the_failure_of_a_body_hides_behind_no_lost_lease(served: Served) -> None:
    def act(device: Ostwald) -> None:
        with device.lease.held(30.0):
            served.bench.reactor.pass_time(31.0)
            _ = 1 / 0

    with Ostwald(served.address) as device, pytest.raises(ZeroDivisionError):
        act(device)


async def test_the_asynchronous_client_holds_it_alike(bench: Bench) -> None:
    async with AsyncOstwald(bench.server.address) as device:
        async with device.lease.held() as lease:
            assert bench.reactor.lease().holder == lease.holder
            await device.set({"pump.silver": 1.0})
        assert bench.reactor.lease().holder == ""


async def test_it_is_renewed_at_a_third_of_its_time(bench: Bench, device: Device) -> None:
    async with device.lease.held(60.0):
        assert await device.waits.get() == 0.5
        bench.reactor.pass_time(0.5)
        for _ in range(3):
            assert await device.renewal() == pytest.approx(20.0)
            assert bench.reactor.lease().left_s == 60.0
            bench.reactor.pass_time(20.0)


async def test_a_reactor_whose_clock_runs_faster_is_renewed_sooner(bench: Bench, device: Device) -> None:
    async with device.lease.held(60.0):
        await device.waits.get()
        bench.reactor.pass_time(5.0)
        assert await device.renewal() == pytest.approx(2.0)


async def test_once_it_is_lost_nothing_goes_through_but_what_makes_safe(bench: Bench, device: Device) -> None:
    async def act() -> None:
        async with device.lease.held(60.0):
            await device.waits.get()
            bench.reactor.pass_time(61.0)
            device.end_wait()
            await device.noticed()
            with pytest.raises(LeaseLostError, match="see 'ostwald events'"):
                await device.write()
            await device.stop()

    with pytest.raises(LeaseLostError, match="ran out"):
        await act()
    assert bench.reactor.calls == [("stop", "smoke", "ann@bench (127.0.0.1)")]
    await device.write()


async def test_a_device_out_of_reach_for_longer_than_the_lease_has_lost_it(
    bench: Bench, device: Device
) -> None:
    async def act() -> None:
        async with device.lease.held(60.0):
            await device.waits.get()
            await bench.stop()
            assert await device.renewal() == 0.5
            device.now_s += 60.0
            device.end_wait()
            await device.noticed()

    with pytest.raises(LeaseLostError, match="no Ostwald daemon answers"):
        await act()
    await bench.start()


def test_the_first_renewal_comes_early_and_a_short_lease_sooner_still() -> None:
    assert Pace(60.0, 0.0, 0.0).wait_s == 0.5
    assert Pace(0.9, 0.0, 0.0).wait_s == pytest.approx(0.3)


@given(
    duration_s=st.floats(1.0, 86_400.0),
    rate=st.floats(0.0, 1000.0),
    begun_s=st.floats(0.0, 1e6),
)
def test_a_renewed_lease_never_runs_out_while_the_clock_keeps_its_rate(
    duration_s: float, rate: float, begun_s: float
) -> None:
    pace = Pace(duration_s, begun_s, 0.0)
    pace.renewed(begun_s + 0.5 * rate, 0.5)
    assert pace.wait_s * rate <= max(duration_s / 3.0, 0.05 * rate) * (1.0 + 1e-6)
    assert not pace.is_over(0.5 + duration_s / max(rate, 1.0) * 0.99)
    assert pace.is_over(0.5 + duration_s / max(rate, 1.0) * 1.01)
