"""The gRPC server: four services, health and reflection on one loopback port."""

from __future__ import annotations

import errno
import ipaddress
import socket
from dataclasses import dataclass
from typing import Final

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from ostwald.v1 import (
    campaign_pb2,
    campaign_pb2_grpc,
    model_pb2,
    model_pb2_grpc,
    reactor_pb2,
    reactor_pb2_grpc,
    run_pb2,
    run_pb2_grpc,
)

from controller.domain.errors import ControllerError, Kind
from controller.rpc.campaigns import CampaignRpc
from controller.rpc.idempotency import Once
from controller.rpc.models import ModelRpc
from controller.rpc.reactor import ReactorRpc
from controller.rpc.runs import RunRpc
from controller.rpc.services import Services
from controller.rpc.status import StatusInterceptor

__all__ = ["RunningServer", "Services", "serve"]

_SERVICES: Final = tuple(
    service.full_name
    for file in (reactor_pb2, run_pb2, campaign_pb2, model_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
)
_STOP_GRACE_S: Final = 1.0
_OPTIONS: Final = (
    # A second daemon on the same port must fail, not share its clients.
    ("grpc.so_reuseport", 0),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    # Two documents of a megabyte, or 4096 rows of conditions; a page of spectra going out.
    ("grpc.max_receive_message_length", 4 << 20),
    ("grpc.max_send_message_length", 16 << 20),
)


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that takes calls at `address` until `stop`."""

    address: str
    _server: grpc.aio.Server
    _health: health.aio.HealthServicer
    _once: Once

    async def stop(self) -> None:
        """Tell clients, let short calls end, cancel the rest. Runs are not the server's to stop."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(_STOP_GRACE_S)
        await self._once.stop()


async def serve(services: Services, address: str) -> RunningServer:
    """Serve at "HOST:PORT", HOST being loopback; ControllerError ADDRESS_INVALID or PORT_TAKEN."""
    host, port = _split(address)
    server = grpc.aio.server(interceptors=(StatusInterceptor(),), options=_OPTIONS)
    once = Once(services.journal.requests)
    reactor_pb2_grpc.add_ReactorServiceServicer_to_server(ReactorRpc(services, once), server)
    run_pb2_grpc.add_RunServiceServicer_to_server(RunRpc(services, once), server)
    campaign_pb2_grpc.add_CampaignServiceServicer_to_server(CampaignRpc(services, once), server)
    model_pb2_grpc.add_ModelServiceServicer_to_server(ModelRpc(services, once), server)
    checks = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    reflection.enable_server_reflection((*_SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    try:
        bound = server.add_insecure_port(f"{_bracketed(host)}:{port}")
    except RuntimeError as error:
        raise _unbindable(host, port) from error
    await server.start()
    for name in ("", *_SERVICES):
        await checks.set(name, health_pb2.HealthCheckResponse.SERVING)
    return RunningServer(f"{_bracketed(host)}:{bound}", server, checks, once)


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    host = "127.0.0.1" if host == "localhost" else host.removeprefix("[").removesuffix("]")
    if not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise _invalid(address, "has no port from 0 to 65535")
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise _invalid(address, "names no IP address") from None
    if not loopback:
        raise _invalid(address, "can be reached from other machines, and this service knows no users")
    return host, int(port)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _invalid(address: str, why: str) -> ControllerError:
    return ControllerError(
        f"can't listen on {address!r}: it {why}",
        reason="ADDRESS_INVALID",
        remedy="choose a loopback address, such as --listen 127.0.0.1:50051",
    )


def _unbindable(host: str, port: int) -> ControllerError:
    """Ask the system why a port can't be had: gRPC keeps that to itself."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    address = f"{_bracketed(host)}:{port}"
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return _invalid(address, f"is refused by the system ({error.strerror})")
    return ControllerError(
        f"another process listens on {address}",
        reason="PORT_TAKEN",
        kind=Kind.UNAVAILABLE,
        remedy="stop it, or choose another with --listen",
    )
