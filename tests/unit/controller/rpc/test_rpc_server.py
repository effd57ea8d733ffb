from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionStub
from ostwald.v1 import reactor_pb2, run_pb2
from ostwald.v1.reactor_pb2_grpc import ReactorServiceStub
from ostwald.v1.run_pb2_grpc import RunServiceStub

from controller.domain.errors import ControllerError, DocumentError, Violation
from controller.rpc.server import serve
from controller.rpc.status import to_status
from tests.unit.controller.rpc.rpc_errors import refused

if TYPE_CHECKING:
    from tests.unit.controller.rpc.conftest import Bench


def start(request_id: str, recipe: str = "") -> run_pb2.StartRunRequest:
    return run_pb2.StartRunRequest(request_id=request_id, recipe_toml=recipe)


async def test_a_repeated_request_acts_once_even_over_a_restart(bench: Bench) -> None:
    first = await RunServiceStub(bench.channel).StartRun(start("a"))
    await bench.restart()
    stub = RunServiceStub(bench.channel)
    assert await stub.StartRun(start("a")) == first
    assert bench.runs.started == 1
    await stub.StartRun(start("b"))
    assert bench.runs.started == 2


async def test_a_duplicate_under_way_waits_for_the_first(bench: Bench) -> None:
    stub = ReactorServiceStub(bench.channel)
    request = reactor_pb2.WriteSetpointsRequest(
        request_id="a", setpoints=[reactor_pb2.Setpoint(channel="pump.silver", value=1.0)]
    )
    bench.reactor.gate.clear()
    both = [asyncio.ensure_future(stub.WriteSetpoints(request)) for _ in range(2)]
    # Answered after both have arrived: the channel keeps their order.
    await stub.GetReactor(reactor_pb2.GetReactorRequest())
    bench.reactor.gate.set()
    one, other = await asyncio.gather(*both)
    assert one == other
    assert bench.reactor.calls == [{"pump.silver": 1.0}]


async def test_an_action_ends_though_its_client_left(bench: Bench) -> None:
    stub = ReactorServiceStub(bench.channel)
    request = reactor_pb2.WriteSetpointsRequest(
        request_id="a", setpoints=[reactor_pb2.Setpoint(channel="pump.silver", value=1.0)]
    )
    bench.reactor.gate.clear()
    leaving = stub.WriteSetpoints(request)
    await bench.reactor.entered.wait()
    leaving.cancel()
    await stub.GetReactor(reactor_pb2.GetReactorRequest())
    bench.reactor.gate.set()
    await stub.WriteSetpoints(request)
    assert bench.reactor.calls == [{"pump.silver": 1.0}]


@pytest.mark.parametrize(("request_id", "reason"), [("", "MISSING"), ("x" * 129, "TOO_LONG")])
async def test_a_mutation_needs_a_usable_id(bench: Bench, request_id: str, reason: str) -> None:
    async with refused() as refusal:
        await RunServiceStub(bench.channel).StartRun(start(request_id))
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert (refusal.reason, refusal.fields) == (f"REQUEST_ID_{reason}", ["request_id"])


async def test_an_id_stands_for_one_request_only(bench: Bench) -> None:
    stub = RunServiceStub(bench.channel)
    await stub.StartRun(start("a"))
    async with refused() as refusal:
        await stub.StartRun(start("a", "another recipe"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")


async def test_a_defect_is_internal_logged_and_tells_nothing(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    async with refused() as refusal:
        await RunServiceStub(bench.channel).StartRun(start("a", "defect"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert "a defect" not in refusal.message
    assert "a defect" in "".join(capsys.readouterr())


async def test_health_is_serving_for_each_service(bench: Bench) -> None:
    stub: Any = HealthStub(bench.channel)
    for name in ("", "ostwald.v1.ReactorService", "ostwald.v1.ModelService"):
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=name))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_reflection_lists_the_contract(bench: Bench) -> None:
    asked = [reflection_pb2.ServerReflectionRequest(list_services="")]
    make_stub: Any = ServerReflectionStub
    stub = make_stub(bench.channel)
    answers: Any = stub.ServerReflectionInfo(iter(asked))
    names = {each.name async for answer in answers for each in answer.list_services_response.service}
    kinds = ("Reactor", "Run", "Campaign", "Model")
    assert {f"ostwald.v1.{kind}Service" for kind in kinds} < names


async def test_a_taken_port_is_said_in_one_line(bench: Bench) -> None:
    with pytest.raises(ControllerError) as caught:
        await serve(bench.services, bench.server.address)
    assert caught.value.reason == "PORT_TAKEN"
    assert str(caught.value) == (
        f"another process listens on {bench.server.address}; stop it, or choose another with --listen"
    )


@pytest.mark.parametrize(
    "address", ["0.0.0.0:0", "192.0.2.1:50051", "[::]:0", "127.0.0.1", "127.0.0.1:70000", "device:50051"]
)
async def test_only_loopback_is_served(bench: Bench, address: str) -> None:
    with pytest.raises(ControllerError) as caught:
        await serve(bench.services, address)
    assert caught.value.reason == "ADDRESS_INVALID"


def test_the_faults_of_a_long_document_fit_into_trailers() -> None:
    faults = tuple(Violation("steps[7]" * 90, "is wrong " * 90, line) for line in range(900))
    status = to_status(DocumentError("recipe", faults))
    # Sent in base64, and the message once more.
    assert status.ByteSize() * 4 / 3 + len(status.message) < 8000
