"""The lease in ReactorService: told, acquired, renewed, released."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from google.protobuf.duration_pb2 import Duration
from ostwald.v1 import leases_pb2 as pb
from ostwald.v1 import reactor_pb2_grpc

from controller.domain.commands import HoldLease, ReleaseLease
from controller.rpc import convert
from controller.rpc.actors import actor_of

if TYPE_CHECKING:
    from ostwald.v1.common_pb2 import ReactorTime
    from ostwald.v1.reactor_pb2_grpc import _ServicerContext as Context

    from controller.domain.ports import Reactor
    from controller.rpc.idempotency import Once


class LeaseRpc(reactor_pb2_grpc.ReactorServiceServicer):
    """The part of ReactorService that `ReactorRpc` inherits for the lease.

    Control decides who gets it, for how long, and whether it stands: LEASE_HELD, LEASE_UNKNOWN, OUT_OF_RANGE.
    """

    _reactor: Reactor
    _once: Once

    async def GetLease(self, request: pb.GetLeaseRequest, context: Context) -> pb.GetLeaseResponse:
        lease = self._reactor.lease()
        return pb.GetLeaseResponse(
            time=self._now(),
            lease=pb.Lease(holder=lease.holder, left=_duration(lease.left_s), lost=lease.lost),
            longest=_duration(self._reactor.plan.lease.longest_s),
        )

    async def AcquireLease(
        self, request: pb.AcquireLeaseRequest, context: Context
    ) -> pb.AcquireLeaseResponse:
        actor = actor_of(context)

        async def act() -> pb.AcquireLeaseResponse:
            token, duration_s = secrets.token_urlsafe(), self._duration_s(request)
            await self._reactor.request(HoldLease(actor, token, duration_s), actor=actor)
            lease = pb.Lease(holder=actor, left=_duration(duration_s))
            return pb.AcquireLeaseResponse(time=self._now(), lease=lease, token=token)

        return await self._once.answer(request, pb.AcquireLeaseResponse(), act)

    async def RenewLease(self, request: pb.RenewLeaseRequest, context: Context) -> pb.RenewLeaseResponse:
        actor = actor_of(context)

        async def act() -> pb.RenewLeaseResponse:
            duration_s = self._duration_s(request)
            # Without a holder it only renews: one that ran out is not taken anew.
            await self._reactor.request(HoldLease("", request.token, duration_s), actor=actor)
            lease = pb.Lease(holder=self._reactor.lease().holder or actor, left=_duration(duration_s))
            return pb.RenewLeaseResponse(time=self._now(), lease=lease)

        return await self._once.answer(request, pb.RenewLeaseResponse(), act, repeatable=True)

    async def ReleaseLease(
        self, request: pb.ReleaseLeaseRequest, context: Context
    ) -> pb.ReleaseLeaseResponse:
        actor = actor_of(context)

        async def act() -> pb.ReleaseLeaseResponse:
            await self._reactor.request(ReleaseLease(request.token), actor=actor)
            return pb.ReleaseLeaseResponse(time=self._now())

        return await self._once.answer(request, pb.ReleaseLeaseResponse(), act)

    def _duration_s(self, request: pb.AcquireLeaseRequest | pb.RenewLeaseRequest) -> float:
        """Return for how long a lease is asked; control judges whether that can be had."""
        if not request.HasField("duration"):
            return self._reactor.plan.lease.longest_s
        return request.duration.seconds + request.duration.nanos * 1e-9

    def _now(self) -> ReactorTime:
        now = self._reactor.snapshot()
        return convert.moment(now.boot_id, now.time_s)


def _duration(duration_s: float) -> Duration:
    made = Duration()
    made.FromMilliseconds(round(duration_s * 1000.0))
    return made
