"""One call to a device: deadline, retry, and errors in the words of the device."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, TypeVar, cast

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from ostwald.errors import OstwaldError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Answer = TypeVar("Answer")

DEADLINE_S = 15.0
# An exposure, or vetting a bundle on a small computer.
LONG_DEADLINE_S = 120.0
_ATTEMPTS = 3
_FIRST_PAUSE_S = 0.1


def new_request_id() -> str:
    """Return the id of a new mutation; its repetitions send the same."""
    return uuid.uuid4().hex


class DeviceError(OstwaldError):
    """The device answered with an error. `reason` is stable; `violations` name the fields at fault."""

    def __init__(
        self, message: str, *, reason: str = "", remedy: str | None = None, violations: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.reason = reason
        self.violations = violations
        self.details: dict[str, str] = {}


class DeviceUnreachableError(OstwaldError):
    """Nobody answers at the address."""


class RefusedError(DeviceError):
    """Right, but not in the device's present state."""


class InvalidError(DeviceError):
    """The request itself is wrong."""


class NotFoundError(DeviceError):
    """The thing named does not exist there."""


_CLASSES: dict[grpc.StatusCode, type[DeviceError]] = {
    grpc.StatusCode.FAILED_PRECONDITION: RefusedError,
    grpc.StatusCode.ABORTED: RefusedError,
    grpc.StatusCode.ALREADY_EXISTS: RefusedError,
    grpc.StatusCode.PERMISSION_DENIED: RefusedError,
    grpc.StatusCode.INVALID_ARGUMENT: InvalidError,
    grpc.StatusCode.OUT_OF_RANGE: InvalidError,
    grpc.StatusCode.NOT_FOUND: NotFoundError,
}


async def call(ask: Callable[[], Awaitable[Answer]], address: str) -> Answer:
    """Make a call that may be repeated, up to three times while the device is out of reach."""
    pause_s = _FIRST_PAUSE_S
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return await ask()
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE or attempt == _ATTEMPTS:
                raise translate(error, address) from error
        await asyncio.sleep(pause_s)
        pause_s *= 3
    raise AssertionError("unreachable")


def translate(error: grpc.aio.AioRpcError, address: str) -> OstwaldError:
    """Turn a status into an error of ours, with what google.rpc details it carries."""
    # An AioRpcError has the three methods of a call that this reads.
    status = rpc_status.from_call(cast("grpc.Call", error))
    if error.code() is grpc.StatusCode.UNAVAILABLE and status is None:
        return DeviceUnreachableError(
            f"no Ostwald daemon answers at {address}",
            remedy="start one with 'ostwaldd run --rig FILE' or name another with --device HOST:PORT",
        )
    reason, remedy, details = "", None, dict[str, str]()
    violations: tuple[str, ...] = ()
    for packed in list(status.details) if status is not None else []:
        info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if packed.Unpack(info):
            reason, details = info.reason, dict(info.metadata)
            remedy = details.get("remedy")
        elif packed.Unpack(request):
            violations = tuple(f"{each.field}: {each.description}" for each in request.field_violations)
    message = error.details() or error.code().name
    unsaid = [each for each in violations if each not in message]
    text = "; ".join([message.removesuffix(f"; {remedy}"), *unsaid])
    kind: type[DeviceError] = _CLASSES.get(error.code(), DeviceError)
    made = kind(text, reason=reason, remedy=remedy, violations=violations)
    made.details = details
    return made
