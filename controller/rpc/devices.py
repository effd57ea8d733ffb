"""What ReactorService says of the rig's devices, and of what hangs on the machine's serial ports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ostwald.v1 import devices_pb2 as pb
from ostwald.v1 import reactor_pb2_grpc

from controller.domain.errors import ControllerError, Violation
from controller.domain.readings import LinkHealth
from controller.rpc import convert

if TYPE_CHECKING:
    from ostwald.v1.reactor_pb2_grpc import _ServicerContext as Context

    from controller.domain.devices import ScannedPort
    from controller.domain.plan import DevicePlan, RigPlan
    from controller.domain.ports import Reactor
    from controller.rpc.services import Services

_MOST_NAMED: Final = 32


class DeviceRpc(reactor_pb2_grpc.ReactorServiceServicer):
    """The part of ReactorService that `ReactorRpc` inherits for devices."""

    _reactor: Reactor
    _services: Services

    async def ListDevices(self, request: pb.ListDevicesRequest, context: Context) -> pb.ListDevicesResponse:
        plan = self._reactor.plan
        health = {each.name: each for each in self._reactor.links()}
        devices = [_device(plan, each, health.pop(each.name, None)) for each in plan.devices]
        return pb.ListDevicesResponse(
            time=convert.moment_of(self._reactor.snapshot()),
            devices=devices,
            lines=[convert.link(each) for each in health.values()],
        )

    async def ScanDevices(self, request: pb.ScanDevicesRequest, context: Context) -> pb.ScanDevicesResponse:
        if len(request.ports) > _MOST_NAMED:
            raise ControllerError(
                "nothing was scanned",
                reason="TOO_MANY_PORTS",
                violations=(Violation("ports", f"names {len(request.ports)}: at most {_MOST_NAMED}"),),
            )
        found = await self._services.discovery.scan(request.ports)
        return pb.ScanDevicesResponse(ports=[_port(each) for each in found])


def _device(plan: RigPlan, device: DevicePlan, health: LinkHealth | None) -> pb.Device:
    """Describe a device; one that nobody has told of yet is being connected."""
    known = LinkHealth(device.name, "connecting") if health is None else health
    return pb.Device(
        name=device.name,
        driver=device.driver,
        link=device.link,
        url=next((link.url for link in plan.links if link.name == device.link), ""),
        address=device.address,
        identity=known.identity,
        statistics=convert.link(known),
    )


def _port(each: ScannedPort) -> pb.ScannedPort:
    return pb.ScannedPort(
        port=each.port,
        url=each.url,
        description=each.description,
        usb_serial_number=each.usb_serial_number,
        problem=each.problem,
        devices=[
            pb.FoundDevice(
                driver=found.driver,
                address=found.address,
                baud=found.baud,
                framing=found.framing,
                model=found.model,
                serial_number=found.serial_number,
                firmware=found.firmware,
            )
            for found in each.devices
        ],
    )
