"""What ReactorService says of reagents, and what it takes: how much is there after a refill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ostwald.v1 import reactor_pb2_grpc
from ostwald.v1 import reagents_pb2 as pb

from controller.domain.commands import SetReagent
from controller.domain.errors import ControllerError, Kind, Violation
from controller.rpc import convert
from controller.rpc.actors import actor_of, lease_of
from controller.rpc.names import check_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ostwald.v1.reactor_pb2_grpc import _ServicerContext as Context

    from controller.domain.plan import ReagentPlan
    from controller.domain.ports import Reactor
    from controller.rpc.idempotency import Once


class ReagentRpc(reactor_pb2_grpc.ReactorServiceServicer):
    """The part of ReactorService that `ReactorRpc` inherits for reagents.

    A refill is taken while a run or a campaign holds the reactor: that is when bottles run low.
    """

    _reactor: Reactor
    _once: Once

    async def ListReagents(
        self, request: pb.ListReagentsRequest, context: Context
    ) -> pb.ListReagentsResponse:
        left_ul = self._left_ul()
        return pb.ListReagentsResponse(
            time=convert.moment_of(self._reactor.snapshot()),
            reagents=[_message(each, left_ul.get(each.name)) for each in self._reactor.plan.reagents],
        )

    async def RefillReagent(
        self, request: pb.RefillReagentRequest, context: Context
    ) -> pb.RefillReagentResponse:
        actor, lease = actor_of(context), lease_of(context)

        async def act() -> pb.RefillReagentResponse:
            reagent = self._find(request.name)
            volume_ul = request.volume_ul if request.HasField("volume_ul") else reagent.volume_ul
            self._check_volume(reagent, volume_ul)
            await self._reactor.request(SetReagent(reagent.name, volume_ul), actor=actor, lease=lease)
            return pb.RefillReagentResponse(
                time=convert.moment_of(self._reactor.snapshot()), reagent=_message(reagent, volume_ul)
            )

        return await self._once.answer(request, pb.RefillReagentResponse(), act)

    def _left_ul(self) -> Mapping[str, float]:
        kept = [each.name for each in self._reactor.plan.reagents if each.level]
        levels_ul = self._reactor.status().reagents_ul
        if len(levels_ul) != len(kept):
            raise ControllerError(
                "control has not told of its reagents yet",
                reason="REAGENTS_UNKNOWN",
                kind=Kind.UNAVAILABLE,
                remedy="ask again in a second",
            )
        return dict(zip(kept, levels_ul, strict=True))

    def _find(self, name: str) -> ReagentPlan:
        """Return a reagent whose volume is kept; ControllerError REAGENT_UNKNOWN or REAGENT_NOT_KEPT."""
        plans = {each.name: each for each in self._reactor.plan.reagents}
        check_name("reagent", name, plans)
        reagent = plans[name]
        if not reagent.level:
            raise ControllerError(
                f"no volume is kept of {name}",
                reason="REAGENT_NOT_KEPT",
                kind=Kind.REFUSED,
                remedy=f"give a volume in [reagents.{name}] of the rig file",
            )
        return reagent

    def _check_volume(self, reagent: ReagentPlan, volume_ul: float) -> None:
        """Hold a volume to the range of the channel that shows it."""
        level = self._reactor.plan.channel(reagent.level)
        assert level is not None
        if not level.low <= volume_ul <= level.high:
            raise ControllerError(
                f"{reagent.name} was left as it is",
                reason="OUT_OF_RANGE",
                violations=(
                    Violation("volume_ul", f"{volume_ul:g} is outside {level.low:g} to {level.high:g} uL"),
                ),
            )


def _message(reagent: ReagentPlan, left_ul: float | None) -> pb.Reagent:
    return pb.Reagent(
        name=reagent.name,
        pump=reagent.pump,
        stock=reagent.stock,
        left_ul=left_ul,
        full_ul=reagent.volume_ul if reagent.level else None,
    )
