"""Devices over the contract: what the rig has, and what hangs on its machine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import grpc
import pytest
from ostwald.v1 import devices_pb2 as pb
from ostwald.v1 import reactor_pb2, reactor_pb2_grpc

from controller.domain.plan import DevicePlan, LinkPlan
from controller.domain.readings import LinkHealth
from tests.unit.controller.rpc.rpc_errors import refused

if TYPE_CHECKING:
    from tests.unit.controller.rpc.conftest import Bench

HEALTH = (
    LinkHealth("board", "ready", 5, 4, 1, 2, identity="Ostwald board, firmware 1.0"),
    LinkHealth("eye", "lost", problem="/dev/eye: no such port"),
    LinkHealth("link pumps", "ready", 9, 9),
)


@pytest.fixture
def stub(bench: Bench) -> reactor_pb2_grpc.ReactorServiceAsyncStub:
    plan = bench.reactor.plan
    bench.reactor.plan = replace(
        plan,
        links=(LinkPlan("usb", "/dev/ttyACM0"), LinkPlan("glass", "socket://10.0.0.7:4000")),
        devices=(
            DevicePlan("board", "ostwald-board", "usb"),
            DevicePlan("eye", "text-spectrometer", "glass"),
            DevicePlan("seed", "new-era", "pumps", address="03"),
        ),
    )
    bench.reactor.health = HEALTH
    return reactor_pb2_grpc.ReactorServiceStub(bench.channel)


async def test_each_device_is_told_with_its_link_what_it_is_and_what_stands_in_its_way(stub) -> None:
    answer = await stub.ListDevices(pb.ListDevicesRequest())
    board, eye, seed = answer.devices
    assert (board.driver, board.link, board.url) == ("ostwald-board", "usb", "/dev/ttyACM0")
    assert (board.identity, board.statistics.state) == ("Ostwald board, firmware 1.0", "ready")
    assert (board.statistics.frames_sent, board.statistics.frames_damaged) == (5, 1)
    assert (eye.statistics.state, eye.statistics.problem) == ("lost", "/dev/eye: no such port")
    assert (seed.address, seed.url, seed.statistics.state) == ("03", "", "connecting")
    assert [each.name for each in answer.lines] == ["link pumps"]


async def test_the_reactor_tells_the_problem_of_every_link_too(stub) -> None:
    answer = await stub.GetReactor(reactor_pb2.GetReactorRequest())
    assert [each.problem for each in answer.links] == ["", "/dev/eye: no such port", ""]


async def test_a_scan_tells_each_port_and_who_is_on_it(stub, bench: Bench) -> None:
    answer = await stub.ScanDevices(pb.ScanDevicesRequest(ports=["/dev/ttyUSB0"]))
    usb, used = answer.ports
    assert bench.discovery.asked == [["/dev/ttyUSB0"]]
    assert (usb.url, usb.usb_serial_number) == ("/dev/serial/by-id/usb-FTDI-port0", "FTA1")
    (found,) = usb.devices
    assert (found.driver, found.address, found.baud, found.model) == ("new-era", "00", 19_200, "NE1000")
    assert used.problem == "left alone: link board uses it"


async def test_a_scan_of_too_many_ports_or_of_none_that_there_is_is_refused(stub, bench: Bench) -> None:
    async with refused() as refusal:
        await stub.ScanDevices(pb.ScanDevicesRequest(ports=["/dev/a"] * 33))
    assert refusal.reason == "TOO_MANY_PORTS"
    assert bench.discovery.asked == []
    async with refused() as refusal:
        await stub.ScanDevices(pb.ScanDevicesRequest(ports=["/dev/none"]))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "PORT_UNKNOWN")
