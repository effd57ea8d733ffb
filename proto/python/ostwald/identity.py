"""What every call of a client carries: who asks, and the token of the lease that it holds."""

from __future__ import annotations

import getpass
import os
import socket
from typing import TYPE_CHECKING, Any, Final

import grpc

from ostwald.errors import LeaseLostError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ACTOR_KEY: Final = "ostwald-actor"
LEASE_KEY: Final = "ostwald-lease"
# What makes the reactor safer, and what mends a lost lease, is never held back.
_ALWAYS: Final = frozenset(
    {
        "EmergencyStop",
        "AbortRun",
        "HoldRun",
        "AbortCampaign",
        "GetLease",
        "AcquireLease",
        "RenewLease",
        "ReleaseLease",
    }
)


class Identity:
    """Who a client is. `actor` is "user@host"; `lease` a token, or empty.

    Once `lost` says why the lease is gone, calls raise LeaseLostError until the lease is let go: what was
    begun in the belief of being alone must not go on.
    """

    def __init__(self, actor: str = "", lease: str = "") -> None:
        self.actor = _printable(actor or user_at_host())
        self.lease = _printable(lease)
        self.lost = ""

    def interceptors(self) -> Sequence[grpc.aio.ClientInterceptor]:
        """Return what puts the identity into every call of a channel."""
        return (_UnaryUnary(self), _UnaryStream(self), _StreamUnary(self))

    def sign(self, details: grpc.aio.ClientCallDetails) -> grpc.aio.ClientCallDetails:
        """Add the metadata to a call; LeaseLostError for one that relies on a lease that is lost."""
        method: str | bytes = details.method
        name = (method.decode() if isinstance(method, bytes) else method).rpartition("/")[2]
        if self.lost and name not in _ALWAYS:
            raise LeaseLostError(
                f"the lease was lost: {self.lost}",
                remedy="see 'ostwald events' for what happened since, then acquire it again",
            )
        metadata = grpc.aio.Metadata(*(details.metadata or ()))
        metadata.add(ACTOR_KEY, self.actor)
        if self.lease:
            metadata.add(LEASE_KEY, self.lease)
        return grpc.aio.ClientCallDetails(
            details.method, details.timeout, metadata, details.credentials, details.wait_for_ready
        )


class _UnaryUnary(grpc.aio.UnaryUnaryClientInterceptor):
    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    async def intercept_unary_unary(
        self, continuation: Callable[..., Any], client_call_details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        return await continuation(self._identity.sign(client_call_details), request)


class _UnaryStream(grpc.aio.UnaryStreamClientInterceptor):
    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    async def intercept_unary_stream(
        self, continuation: Callable[..., Any], client_call_details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        return await continuation(self._identity.sign(client_call_details), request)


class _StreamUnary(grpc.aio.StreamUnaryClientInterceptor):
    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    async def intercept_stream_unary(
        self,
        continuation: Callable[..., Any],
        client_call_details: grpc.aio.ClientCallDetails,
        request_iterator: Any,
    ) -> Any:
        return await continuation(self._identity.sign(client_call_details), request_iterator)


def user_at_host() -> str:
    """Return "user@host" of this process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # an account that has no name; KeyError before Python 3.13
        user = f"uid{os.getuid()}"
    return f"{user}@{socket.gethostname()}"


def _printable(text: str) -> str:
    """Return what gRPC takes as the value of a header: ASCII that prints."""
    return "".join(each if " " <= each <= "~" else "?" for each in text).strip()
