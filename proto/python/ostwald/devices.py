"""Devices of a rig, how well they answer, and what hangs on the serial ports of its machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ostwald.calls import DEADLINE_S, LONG_DEADLINE_S, call
from ostwald.v1 import devices_pb2, reactor_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Sequence

    import grpc

    from ostwald.background import Background


@dataclass(frozen=True, slots=True)
class LinkStatistics:
    """How well a wire works. `state` is "connecting", "configuring", "ready" or "lost".

    `problem` is one line on what stands in the way, or empty.
    """

    name: str
    state: str
    frames_sent: int
    frames_received: int
    frames_damaged: int
    retries: int
    problem: str


@dataclass(frozen=True, slots=True)
class Device:
    """A device of the rig file; `identity` is what it said of itself, or empty."""

    name: str
    driver: str
    link: str
    url: str
    address: str
    identity: str
    statistics: LinkStatistics


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """A device that answered as its driver expects; empty where its protocol can't tell."""

    driver: str
    address: str
    baud: int
    framing: str
    model: str
    serial_number: str
    firmware: str


@dataclass(frozen=True, slots=True)
class ScannedPort:
    """A serial port. `url` is what to write into a rig file; `problem` says why it was not asked."""

    port: str
    url: str
    description: str
    usb_serial_number: str
    problem: str
    devices: tuple[FoundDevice, ...]


@dataclass(frozen=True, slots=True)
class DeviceList:
    """The devices in the order of the rig file, and the lines that instruments share."""

    devices: tuple[Device, ...]
    lines: tuple[LinkStatistics, ...]


class AsyncDevices:
    """Devices of the rig. A scan takes up to a minute, and changes nothing."""

    def __init__(self, channel: grpc.aio.Channel, address: str) -> None:
        self._stub = reactor_pb2_grpc.ReactorServiceStub(channel)
        self._address = address

    async def list(self) -> DeviceList:
        """Return all devices, and how they are."""
        request = devices_pb2.ListDevicesRequest()
        answer = await call(lambda: self._stub.ListDevices(request, timeout=DEADLINE_S), self._address)
        return DeviceList(
            tuple(_device(each) for each in answer.devices), tuple(_statistics(each) for each in answer.lines)
        )

    async def scan(self, ports: Sequence[str] = ()) -> Sequence[ScannedPort]:
        """Ask on these serial ports of the device's machine, or on all, who is there."""
        request = devices_pb2.ScanDevicesRequest(ports=ports)
        answer = await call(lambda: self._stub.ScanDevices(request, timeout=LONG_DEADLINE_S), self._address)
        return [_port(each) for each in answer.ports]


class Devices:
    """`AsyncDevices` for programs that wait."""

    def __init__(self, background: Background, devices: AsyncDevices) -> None:
        self._background = background
        self._devices = devices

    def list(self) -> DeviceList:
        return self._background.run(self._devices.list())

    def scan(self, ports: Sequence[str] = ()) -> Sequence[ScannedPort]:
        return self._background.run(self._devices.scan(ports))


def _device(message: devices_pb2.Device) -> Device:
    return Device(
        name=message.name,
        driver=message.driver,
        link=message.link,
        url=message.url,
        address=message.address,
        identity=message.identity,
        statistics=_statistics(message.statistics),
    )


def _statistics(message: devices_pb2.LinkStatistics) -> LinkStatistics:
    return LinkStatistics(
        name=message.name,
        state=message.state,
        frames_sent=message.frames_sent,
        frames_received=message.frames_received,
        frames_damaged=message.frames_damaged,
        retries=message.retries,
        problem=message.problem,
    )


def _port(message: devices_pb2.ScannedPort) -> ScannedPort:
    return ScannedPort(
        port=message.port,
        url=message.url,
        description=message.description,
        usb_serial_number=message.usb_serial_number,
        problem=message.problem,
        devices=tuple(
            FoundDevice(
                driver=each.driver,
                address=each.address,
                baud=each.baud,
                framing=each.framing,
                model=each.model,
                serial_number=each.serial_number,
                firmware=each.firmware,
            )
            for each in message.devices
        ),
    )
