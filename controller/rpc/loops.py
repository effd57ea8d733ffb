"""What ReactorService says of loops, and what it takes: modes, tunings, auto-tune.

Limits of outputs, gains and targets are control's to judge; here are names, units and what a request lacks.
"""

from __future__ import annotations

from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Final

from ostwald.v1 import loops_pb2 as pb
from ostwald.v1 import reactor_pb2_grpc

from controller.config.units import convert as convert_unit
from controller.control.loop_model import compile_loops
from controller.domain.commands import EndAutotune, LoopMode, Retune, SetLoopMode, StartAutotune
from controller.domain.errors import ControllerError, Kind, Violation
from controller.rpc import convert
from controller.rpc.actors import actor_of, lease_of
from controller.rpc.holding import refuse_while_held
from controller.rpc.names import check_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ostwald.v1.reactor_pb2_grpc import _ServicerContext as Context

    from controller.control.loop_model import LoopModel, LoopsModel
    from controller.domain.plan import LoopPlan
    from controller.domain.ports import Reactor
    from controller.domain.status import LoopStatus, TuningProposal
    from controller.rpc.idempotency import Once
    from controller.rpc.services import Services

_MODES: Final[Mapping[LoopMode, pb.LoopMode.ValueType]] = {
    LoopMode.OFF: pb.LOOP_MODE_OFF,
    LoopMode.MANUAL: pb.LOOP_MODE_MANUAL,
    LoopMode.AUTO: pb.LOOP_MODE_AUTO,
}
_ASKED: Final = {number: mode for mode, number in _MODES.items()}
_PHASES: Final[Mapping[str, pb.AutotunePhase.ValueType]] = {
    "": pb.AUTOTUNE_PHASE_UNSPECIFIED,
    "running": pb.AUTOTUNE_PHASE_RUNNING,
    "proposed": pb.AUTOTUNE_PHASE_PROPOSED,
    "failed": pb.AUTOTUNE_PHASE_FAILED,
}


class LoopRpc(reactor_pb2_grpc.ReactorServiceServicer):
    """The part of ReactorService that `ReactorRpc` inherits for loops.

    While a run or a campaign holds the reactor everything that reaches a loop is refused. What stays allowed
    is to end an experiment or dismiss its proposal, which leaves the loop as it was.
    """

    _services: Services
    _reactor: Reactor
    _once: Once

    async def ListLoops(self, request: pb.ListLoopsRequest, context: Context) -> pb.ListLoopsResponse:
        known = {status.name: status for status in self._reactor.status().loops}
        if known.keys() != self._loops.by_name.keys():
            raise ControllerError(
                "control has not told of its loops yet",
                reason="LOOPS_UNKNOWN",
                kind=Kind.UNAVAILABLE,
                remedy="ask again in a second",
            )
        pairs = zip(self._reactor.plan.loops, self._loops.loops, strict=True)
        return pb.ListLoopsResponse(
            time=convert.moment_of(self._reactor.snapshot()),
            loops=[_message(plan, model, known[plan.name]) for plan, model in pairs],
        )

    async def SetLoopMode(self, request: pb.SetLoopModeRequest, context: Context) -> pb.SetLoopModeResponse:
        actor, lease = actor_of(context), lease_of(context)

        async def act() -> pb.SetLoopModeResponse:
            check_name("loop", request.loop, self._loops.by_name)
            mode = _ASKED.get(request.mode)
            if mode is None:
                raise _invalid("mode", "must be OFF, MANUAL or AUTO")
            output = request.output if request.HasField("output") else None
            refuse_while_held(self._services)
            await self._reactor.request(SetLoopMode(request.loop, mode, output), actor=actor, lease=lease)
            return pb.SetLoopModeResponse(time=convert.moment_of(self._reactor.snapshot()))

        return await self._once.answer(request, pb.SetLoopModeResponse(), act, repeatable=True)

    async def RetuneLoop(self, request: pb.RetuneLoopRequest, context: Context) -> pb.RetuneLoopResponse:
        actor, lease = actor_of(context), lease_of(context)

        async def act() -> pb.RetuneLoopResponse:
            check_name("loop", request.loop, self._loops.by_name)
            if not request.HasField("tuning"):
                raise _invalid("tuning", "must be given")
            tuning = request.tuning
            refuse_while_held(self._services)
            command = Retune(request.loop, tuning.gain, tuning.integral_s, tuning.derivative_s)
            await self._reactor.request(command, actor=actor, lease=lease)
            return pb.RetuneLoopResponse(time=convert.moment_of(self._reactor.snapshot()))

        return await self._once.answer(request, pb.RetuneLoopResponse(), act, repeatable=True)

    async def StartAutotune(
        self, request: pb.StartAutotuneRequest, context: Context
    ) -> pb.StartAutotuneResponse:
        actor, lease = actor_of(context), lease_of(context)

        async def act() -> pb.StartAutotuneResponse:
            check_name("loop", request.loop, self._loops.by_name)
            target = _target(self._loops.loops[self._loops.by_name[request.loop]], request)
            refuse_while_held(self._services)
            command = StartAutotune(request.loop, target, request.amplitude)
            await self._reactor.request(command, actor=actor, lease=lease)
            return pb.StartAutotuneResponse(time=convert.moment_of(self._reactor.snapshot()))

        return await self._once.answer(request, pb.StartAutotuneResponse(), act)

    async def EndAutotune(self, request: pb.EndAutotuneRequest, context: Context) -> pb.EndAutotuneResponse:
        actor, lease = actor_of(context), lease_of(context)

        async def act() -> pb.EndAutotuneResponse:
            check_name("loop", request.loop, self._loops.by_name)
            if request.accept:
                refuse_while_held(self._services)
            await self._reactor.request(EndAutotune(request.loop, request.accept), actor=actor, lease=lease)
            return pb.EndAutotuneResponse(time=convert.moment_of(self._reactor.snapshot()))

        return await self._once.answer(request, pb.EndAutotuneResponse(), act)

    @cached_property
    def _loops(self) -> LoopsModel:
        return compile_loops(self._reactor.plan)


def _target(loop: LoopModel, request: pb.StartAutotuneRequest) -> float:
    """Return the target in the sensor's unit; ControllerError LOOP_REQUEST_INVALID."""
    unit = loop.sensor.unit
    try:
        value = convert_unit(request.target, request.target_unit or unit, unit)
    except ControllerError as error:
        raise _invalid("target_unit", str(error)) from error
    # pint leaves the last bits of a limit that was written in another unit outside of it.
    return float(f"{value:.12g}")


def _message(plan: LoopPlan, model: LoopModel, status: LoopStatus) -> pb.Loop:
    found = status.proposal
    return pb.Loop(
        name=plan.name,
        sensor=plan.sensor,
        actuator=plan.actuator,
        mode=_MODES[status.mode],
        target=_known(status.target),
        setpoint=_known(status.setpoint),
        output=_known(status.output),
        output_unit=model.output_unit,
        tuning=_tuning(status),
        scheduled=bool(plan.schedule),
        autotune=_PHASES[status.tuning],
        problem=status.problem,
        proposal=_tuning(found) if found else None,
        proposal_summary=found.summary if found else "",
    )


def _tuning(each: LoopStatus | TuningProposal) -> pb.Tuning:
    return pb.Tuning(gain=each.gain, integral_s=each.integral_s, derivative_s=each.derivative_s)


def _known(value: float) -> float | None:
    return value if isfinite(value) else None


def _invalid(place: str, description: str) -> ControllerError:
    return ControllerError(
        "the loop was left as it is",
        reason="LOOP_REQUEST_INVALID",
        violations=(Violation(place, description),),
    )
