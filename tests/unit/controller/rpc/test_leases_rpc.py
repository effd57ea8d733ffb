from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import grpc
import pytest
from ostwald.v1 import leases_pb2 as pb
from ostwald.v1 import reactor_pb2
from ostwald.v1.reactor_pb2_grpc import ReactorServiceStub

from controller.domain.plan import LeasePlan
from tests.unit.controller.rpc.conftest import PLAN
from tests.unit.controller.rpc.rpc_errors import refused

if TYPE_CHECKING:
    from tests.unit.controller.rpc.conftest import Bench

ANN = (("ostwald-actor", "ann@bench"),)
BOB = (("ostwald-actor", "bob@desk"),)


def acquiring(request_id: str = "a", duration_s: float | None = None) -> pb.AcquireLeaseRequest:
    request = pb.AcquireLeaseRequest(request_id=request_id)
    if duration_s is not None:
        request.duration.FromMilliseconds(round(duration_s * 1000))
    return request


def renewing(token: str, duration_s: float | None = None) -> pb.RenewLeaseRequest:
    request = pb.RenewLeaseRequest(request_id="r", token=token)
    if duration_s is not None:
        request.duration.FromMilliseconds(round(duration_s * 1000))
    return request


def writing(request_id: str = "w") -> reactor_pb2.WriteSetpointsRequest:
    return reactor_pb2.WriteSetpointsRequest(
        request_id=request_id, setpoints=[reactor_pb2.Setpoint(channel="pump.silver", value=1.0)]
    )


async def test_nobody_holds_the_lease_at_first(bench: Bench) -> None:
    answer = await ReactorServiceStub(bench.channel).GetLease(pb.GetLeaseRequest())
    assert (answer.lease.holder, answer.lease.left.seconds, answer.lease.lost) == ("", 0, False)
    assert answer.longest.seconds == 300
    assert answer.time.boot_id == 7


async def test_whoever_acquires_holds_it_for_as_long_as_the_rig_allows_at_most(bench: Bench) -> None:
    bench.reactor.plan = replace(PLAN, lease=LeasePlan(longest_s=90.0))
    stub = ReactorServiceStub(bench.channel)
    answer = await stub.AcquireLease(acquiring(), metadata=ANN)
    assert (answer.lease.holder, answer.lease.left.seconds) == ("ann@bench (127.0.0.1)", 90)
    assert len(answer.token) >= 32
    told = (await stub.GetLease(pb.GetLeaseRequest())).lease
    assert (told.holder, told.left.seconds) == ("ann@bench (127.0.0.1)", 90)


async def test_only_the_token_lets_actuate_while_the_lease_is_held(bench: Bench) -> None:
    stub = ReactorServiceStub(bench.channel)
    token = (await stub.AcquireLease(acquiring(), metadata=ANN)).token
    async with refused() as without:
        await stub.WriteSetpoints(writing())
    async with refused() as guessed:
        await stub.Reset(reactor_pb2.ResetRequest(request_id="x"), metadata=(("ostwald-lease", "guess"),))
    assert without.reason == guessed.reason == "LEASE_HELD"
    await stub.WriteSetpoints(writing(), metadata=(("ostwald-lease", token),))
    assert bench.reactor.calls == [{"pump.silver": 1.0}]
    await stub.EmergencyStop(reactor_pb2.EmergencyStopRequest(reason="smoke"))


async def test_another_client_is_told_who_holds_it_and_for_how_long(bench: Bench) -> None:
    stub = ReactorServiceStub(bench.channel)
    await stub.AcquireLease(acquiring(duration_s=60.0), metadata=ANN)
    bench.reactor.pass_time(18.0)
    async with refused() as refusal:
        await stub.AcquireLease(acquiring("b"), metadata=BOB)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "LEASE_HELD")
    assert "ann@bench (127.0.0.1)" in refusal.message
    assert "42 s" in refusal.message


async def test_a_repeated_acquisition_is_told_its_token_again_even_over_a_restart(bench: Bench) -> None:
    first = await ReactorServiceStub(bench.channel).AcquireLease(acquiring(), metadata=ANN)
    await bench.restart()
    again = await ReactorServiceStub(bench.channel).AcquireLease(acquiring(), metadata=ANN)
    assert again.token == first.token
    assert len(bench.reactor.asked) == 1


async def test_no_two_leases_have_one_token(bench: Bench) -> None:
    stub = ReactorServiceStub(bench.channel)
    first = (await stub.AcquireLease(acquiring())).token
    await stub.ReleaseLease(pb.ReleaseLeaseRequest(request_id="r", token=first))
    assert (await stub.AcquireLease(acquiring("b"))).token != first


async def test_its_holder_renews_it_and_releases_it(bench: Bench) -> None:
    stub = ReactorServiceStub(bench.channel)
    token = (await stub.AcquireLease(acquiring(duration_s=60.0), metadata=ANN)).token
    bench.reactor.pass_time(50.0)
    renewed = (await stub.RenewLease(renewing(token, 30.0), metadata=ANN)).lease
    assert (renewed.holder, renewed.left.seconds) == ("ann@bench (127.0.0.1)", 30)
    assert bench.reactor.lease().left_s == 30.0
    await stub.ReleaseLease(pb.ReleaseLeaseRequest(request_id="x", token=token))
    told = (await stub.GetLease(pb.GetLeaseRequest())).lease
    assert (told.holder, told.left.seconds, told.lost) == ("", 0, False)


async def test_a_lease_that_ran_out_is_lost_and_neither_renewed_nor_released(bench: Bench) -> None:
    stub = ReactorServiceStub(bench.channel)
    token = (await stub.AcquireLease(acquiring(duration_s=60.0))).token
    bench.reactor.pass_time(61.0)
    assert (await stub.GetLease(pb.GetLeaseRequest())).lease.lost
    async with refused() as renewal:
        await stub.RenewLease(renewing(token))
    async with refused() as release:
        await stub.ReleaseLease(pb.ReleaseLeaseRequest(request_id="x", token=token))
    assert renewal.reason == release.reason == "LEASE_UNKNOWN"


@pytest.mark.parametrize("duration_s", [-1.0, 0.0, 0.5, 300.5])
async def test_a_lease_has_a_bounded_life(bench: Bench, duration_s: float) -> None:
    stub = ReactorServiceStub(bench.channel)
    async with refused() as refusal:
        await stub.AcquireLease(acquiring(duration_s=duration_s))
    assert refusal.reason == "OUT_OF_RANGE"
    assert "1 to 300 s" in refusal.message
