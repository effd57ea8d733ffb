"""The lease of a device: the exclusive, expiring right to actuate.

with device.lease.held():
    device.set({"reactor.temperature": "60 degC"})
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final

from ostwald import from_proto as read
from ostwald.calls import DEADLINE_S, DeviceError, call, new_request_id
from ostwald.errors import LeaseLostError, OstwaldError
from ostwald.to_proto import duration
from ostwald.v1 import leases_pb2, reactor_pb2_grpc
from ostwald.values import HeldLease

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    import grpc

    from ostwald import values as v
    from ostwald.background import Background
    from ostwald.identity import Identity
    from ostwald.v1.common_pb2 import ReactorTime

# The first renewal comes early: it tells how fast the reactor's clock runs.
_FIRST_WAIT_S: Final = 0.5
_SHORTEST_WAIT_S: Final = 0.05
_RETRY_S: Final = 1.0


class AsyncLease:
    """The lease, as this client sees it. `pause` and `wall_s` are the client's own time."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        address: str,
        identity: Identity,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        wall_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stub = reactor_pb2_grpc.ReactorServiceStub(channel)
        self._address = address
        self._identity = identity
        self._pause = pause
        self._wall_s = wall_s
        self._keeper: asyncio.Task[None] | None = None

    async def get(self) -> v.Lease:
        """Tell who holds it."""
        request = leases_pb2.GetLeaseRequest()
        return read.lease(await call(lambda: self._stub.GetLease(request, timeout=DEADLINE_S), self._address))

    async def acquire(self, duration_s: float | None = None) -> v.HeldLease:
        """Take the lease for `duration_s` of reactor time, None: as long as the rig allows.

        From then on every call carries its token. RefusedError LEASE_HELD while another holds it.
        """
        return _held(await self._acquire(duration_s))

    async def renew(self, duration_s: float | None = None) -> float:
        """Let the lease run for `duration_s` from now on; return for how long. RefusedError LEASE_UNKNOWN."""
        return read.seconds((await self._renew(duration_s)).lease.left)

    async def release(self) -> None:
        """Give the lease back; RefusedError LEASE_UNKNOWN for one that is gone."""
        request = leases_pb2.ReleaseLeaseRequest(request_id=new_request_id(), token=self._token())
        try:
            await call(lambda: self._stub.ReleaseLease(request, timeout=DEADLINE_S), self._address)
        except DeviceError as error:
            if _is_gone(error):
                self._forget()
            raise
        self._forget()

    @asynccontextmanager
    async def held(self, duration_s: float | None = None) -> AsyncIterator[v.HeldLease]:
        """Hold the lease for the body: renewed at a third of its time, released at its end.

        When it is lost meanwhile, the next call, or the end of the body, raises LeaseLostError. Emergency
        stop, hold and abort always go through.
        """
        lease = await self.begin(duration_s)
        try:
            yield lease
        except BaseException:
            await self.end(failed=True)
            raise
        await self.end(failed=False)

    async def begin(self, duration_s: float | None = None) -> v.HeldLease:
        """Acquire the lease and keep it renewed until `end`."""
        answer = await self._acquire(duration_s)
        lease = _held(answer)
        self._keeper = asyncio.create_task(self._keep(lease.left_s, answer.time))
        return lease

    async def end(self, *, failed: bool) -> None:
        """Stop renewing, and release; LeaseLostError for a lease that was lost, unless `failed`."""
        await self._stop_keeping(failed=failed)
        lost = self._identity.lost
        try:
            await self.release()
        except OstwaldError as error:
            # What failed says more than this does; a lease that is not released runs out.
            if failed:
                return
            if lost or _is_gone(error):
                raise LeaseLostError(f"the lease was lost: {lost or error.message}") from error
            raise
        finally:
            self._forget()

    async def _stop_keeping(self, *, failed: bool) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        keeper.cancel()
        await asyncio.wait([keeper])
        if not failed and not keeper.cancelled():
            keeper.result()

    def _forget(self) -> None:
        self._identity.lease = self._identity.lost = ""

    async def _acquire(self, duration_s: float | None) -> leases_pb2.AcquireLeaseResponse:
        if self._identity.lease:
            raise OstwaldError(
                "this client holds a lease already", remedy="renew it, or release it before the next"
            )
        request = leases_pb2.AcquireLeaseRequest(
            request_id=new_request_id(), duration=None if duration_s is None else duration(duration_s)
        )
        answer = await call(lambda: self._stub.AcquireLease(request, timeout=DEADLINE_S), self._address)
        self._identity.lease = answer.token
        return answer

    async def _renew(
        self, duration_s: float | None, within_s: float = DEADLINE_S
    ) -> leases_pb2.RenewLeaseResponse:
        request = leases_pb2.RenewLeaseRequest(
            request_id=new_request_id(),
            token=self._token(),
            duration=None if duration_s is None else duration(duration_s),
        )
        return await call(lambda: self._stub.RenewLease(request, timeout=within_s), self._address)

    async def _keep(self, duration_s: float, acquired: ReactorTime) -> None:
        """Renew until cancelled or lost; what is lost is told by the next call."""
        pace = Pace(duration_s, acquired.seconds, self._wall_s())
        while True:
            await self._pause(pace.wait_s)
            try:
                answer = await self._renew(duration_s, within_s=min(DEADLINE_S, pace.wait_s + _RETRY_S))
            except OstwaldError as error:
                if _is_gone(error) or pace.is_over(self._wall_s()):
                    self._identity.lost = error.message
                    return
                pace.wait_s = min(pace.wait_s, _RETRY_S)
            else:
                pace.renewed(answer.time.seconds, self._wall_s())

    def _token(self) -> str:
        if not self._identity.lease:
            raise OstwaldError(
                "this client holds no lease", remedy="acquire one, or say its token with --lease"
            )
        return self._identity.lease


class Pace:
    """When to renew a lease that runs on the reactor's clock, which may be faster than ours. Pure.

    `wait_s` is how long to wait on our own clock: a third of the lease's time.
    """

    def __init__(self, duration_s: float, reactor_s: float, wall_s: float) -> None:
        self._duration_s = duration_s
        self._reactor_s = reactor_s
        self._wall_s = wall_s
        self._rate = 1.0
        self.wait_s = min(duration_s / 3.0, _FIRST_WAIT_S)

    def renewed(self, reactor_s: float, wall_s: float) -> None:
        """Take note of a renewal, and of how far the reactor's clock went since the last."""
        if wall_s > self._wall_s:
            # A clock that stood still may run again at any time.
            self._rate = max(1.0, (reactor_s - self._reactor_s) / (wall_s - self._wall_s))
        self._reactor_s, self._wall_s = reactor_s, wall_s
        self.wait_s = max(self._duration_s / 3.0 / self._rate, _SHORTEST_WAIT_S)

    def is_over(self, wall_s: float) -> bool:
        """Whether the lease must have run out, as far as our own clock tells."""
        return (wall_s - self._wall_s) * self._rate >= self._duration_s


class Lease:
    """`AsyncLease` for programs that wait; it is renewed in the background."""

    def __init__(self, loop: Background, lease: AsyncLease) -> None:
        self._loop = loop
        self._lease = lease

    def get(self) -> v.Lease:
        return self._loop.run(self._lease.get())

    def acquire(self, duration_s: float | None = None) -> v.HeldLease:
        return self._loop.run(self._lease.acquire(duration_s))

    def renew(self, duration_s: float | None = None) -> float:
        return self._loop.run(self._lease.renew(duration_s))

    def release(self) -> None:
        self._loop.run(self._lease.release())

    @contextmanager
    def held(self, duration_s: float | None = None) -> Iterator[v.HeldLease]:
        lease = self._loop.run(self._lease.begin(duration_s))
        try:
            yield lease
        except BaseException:
            self._loop.run(self._lease.end(failed=True))
            raise
        self._loop.run(self._lease.end(failed=False))


def _held(answer: leases_pb2.AcquireLeaseResponse) -> HeldLease:
    return HeldLease(answer.lease.holder, read.seconds(answer.lease.left), answer.token)


def _is_gone(error: OstwaldError) -> bool:
    return isinstance(error, DeviceError) and error.reason == "LEASE_UNKNOWN"
