"""Reagents of a device: what is left, and refills."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ostwald import from_proto as read
from ostwald.calls import DEADLINE_S, call, new_request_id
from ostwald.v1 import reactor_pb2_grpc, reagents_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    import grpc

    from ostwald import values as v
    from ostwald.background import Background


class AsyncReagents:
    """Reagents by name. A refill needs no lease, and is taken while a run goes on."""

    def __init__(self, channel: grpc.aio.Channel, address: str) -> None:
        self._stub = reactor_pb2_grpc.ReactorServiceStub(channel)
        self._address = address

    async def list(self) -> Sequence[v.Reagent]:
        """Return all reagents, in the order of the rig file."""
        request = reagents_pb2.ListReagentsRequest()
        answer = await call(lambda: self._stub.ListReagents(request, timeout=DEADLINE_S), self._address)
        return [read.reagent(each) for each in answer.reagents]

    async def refill(self, name: str, volume_ul: float | None = None) -> v.Reagent:
        """Say how much of a reagent is there now; None: as much as the rig file says of a full one."""
        request = reagents_pb2.RefillReagentRequest(
            request_id=new_request_id(), name=name, volume_ul=volume_ul
        )
        answer = await call(lambda: self._stub.RefillReagent(request, timeout=DEADLINE_S), self._address)
        return read.reagent(answer.reagent)


class Reagents:
    """`AsyncReagents` for programs that wait."""

    def __init__(self, background: Background, reagents: AsyncReagents) -> None:
        self._background = background
        self._reagents = reagents

    def list(self) -> Sequence[v.Reagent]:
        return self._background.run(self._reagents.list())

    def refill(self, name: str, volume_ul: float | None = None) -> v.Reagent:
        return self._background.run(self._reagents.refill(name, volume_ul))
