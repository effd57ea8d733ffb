"""ReactorService: the reactor as it is now, and what a person may ask of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from ostwald.v1 import reactor_pb2 as pb

from controller.domain.errors import ControllerError, Violation
from controller.rpc import convert
from controller.rpc.actors import LONGEST_REASON, actor_of, clean, lease_of
from controller.rpc.alarms import AlarmRpc
from controller.rpc.devices import DeviceRpc
from controller.rpc.events import EventRpc
from controller.rpc.holding import refuse_while_held
from controller.rpc.leases import LeaseRpc
from controller.rpc.loops import LoopRpc
from controller.rpc.reagents import ReagentRpc
from controller.rpc.setpoints import indices, targets_of
from controller.rpc.telemetry import Cadence

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ostwald.v1.reactor_pb2_grpc import _ServicerContext as Context

    from controller.rpc.idempotency import Once
    from controller.rpc.services import Services

# On the wall clock: a reader who slept on the reactor's would hold up simulated time.
_POLL_S: Final = 0.02
_SPECTRUM_KINDS: Final = {
    pb.SpectrumKind.SPECTRUM_KIND_SAMPLE: "sample",
    pb.SpectrumKind.SPECTRUM_KIND_DARK: "dark",
    pb.SpectrumKind.SPECTRUM_KIND_REFERENCE: "reference",
    pb.SpectrumKind.SPECTRUM_KIND_EMISSION: "emission",
}


class ReactorRpc(AlarmRpc, DeviceRpc, EventRpc, LeaseRpc, LoopRpc, ReagentRpc):
    def __init__(self, services: Services, once: Once) -> None:
        self._services = services
        self._reactor = services.reactor
        self._once = once

    async def GetReactor(self, request: pb.GetReactorRequest, context: Context) -> pb.GetReactorResponse:
        plan, now, active = self._reactor.plan, self._reactor.snapshot(), self._services.runs.active
        return pb.GetReactorResponse(
            name=plan.name,
            state=pb.ReactorState.ValueType(now.state),
            reason=self._reactor.state_reason(),
            now=convert.moment(now.boot_id, now.time_s),
            channels=[convert.channel(plan, each) for each in plan.channels],
            interlocks=convert.interlocks(plan, now),
            rate_hz=plan.rate_hz,
            ticks=now.tick,
            overruns=now.overruns,
            clock=self._services.clock_name,
            twin=plan.twin.synthesis if plan.twin else "",
            active_run_id=active.run_id if active else "",
            version=self._services.version,
            links=[convert.link(each) for each in self._reactor.links()],
            warnings=self._reactor.status().warnings,
        )

    async def ReadChannels(
        self, request: pb.ReadChannelsRequest, context: Context
    ) -> pb.ReadChannelsResponse:
        plan, now = self._reactor.plan, self._reactor.snapshot()
        wanted = indices(plan, request.channels)
        return pb.ReadChannelsResponse(
            time=convert.moment(now.boot_id, now.time_s),
            readings=[convert.reading(plan.channels[index], now, index) for index in wanted],
        )

    async def WriteSetpoints(
        self, request: pb.WriteSetpointsRequest, context: Context
    ) -> pb.WriteSetpointsResponse:
        actor, lease = actor_of(context), lease_of(context)

        async def act() -> pb.WriteSetpointsResponse:
            plan = self._reactor.plan
            targets = targets_of(plan, request.setpoints)
            refuse_while_held(self._services)
            await self._reactor.set(targets, actor=actor, lease=lease)
            now = self._reactor.snapshot()
            units = {each.name: each.unit for each in plan.channels}
            taken = [
                pb.Setpoint(channel=name, value=value, unit=units[name]) for name, value in targets.items()
            ]
            return pb.WriteSetpointsResponse(time=convert.moment(now.boot_id, now.time_s), setpoints=taken)

        return await self._once.answer(request, pb.WriteSetpointsResponse(), act, repeatable=True)

    async def StreamTelemetry(
        self, request: pb.StreamTelemetryRequest, context: Context
    ) -> AsyncIterator[pb.StreamTelemetryResponse]:
        plan = self._reactor.plan
        wanted = indices(plan, request.channels)
        names = [plan.channels[index].name for index in wanted]
        cadence = Cadence(_interval_s(request))
        while True:
            now = self._reactor.snapshot()
            if (sample := cadence.take(now)) is not None:
                yield convert.telemetry(now, wanted, names if sample.first else (), sample.lost)
            await asyncio.sleep(_POLL_S)

    async def AcquireSpectrum(
        self, request: pb.AcquireSpectrumRequest, context: Context
    ) -> pb.AcquireSpectrumResponse:
        actor, lease = actor_of(context), lease_of(context)

        async def act() -> pb.AcquireSpectrumResponse:
            kind = _SPECTRUM_KINDS.get(request.kind)
            if kind is None:
                raise ControllerError(
                    "no spectrum was taken",
                    reason="SPECTRUM_KIND_MISSING",
                    violations=(Violation("kind", "must be SAMPLE, DARK, REFERENCE or EMISSION"),),
                )
            if kind in ("dark", "reference"):
                # Absorbances of the run would change their meaning half-way.
                refuse_while_held(self._services)
            spectrum = await self._reactor.acquire(
                kind,
                integration_s=request.integration_s if request.HasField("integration_s") else None,
                scans=request.scans if request.HasField("scans") else None,
                actor=actor,
                lease=lease,
            )
            self._services.journal.spectra.add(spectrum)
            return pb.AcquireSpectrumResponse(spectrum=convert.spectrum(spectrum))

        return await self._once.answer(request, pb.AcquireSpectrumResponse(), act)

    async def EmergencyStop(
        self, request: pb.EmergencyStopRequest, context: Context
    ) -> pb.EmergencyStopResponse:
        reason = clean(request.reason, LONGEST_REASON) or "asked by a client"
        await self._reactor.emergency_stop(reason, actor=actor_of(context))
        now = self._reactor.snapshot()
        return pb.EmergencyStopResponse(time=convert.moment(now.boot_id, now.time_s))

    async def Reset(self, request: pb.ResetRequest, context: Context) -> pb.ResetResponse:
        actor, lease = actor_of(context), lease_of(context)

        async def act() -> pb.ResetResponse:
            await self._reactor.reset(actor=actor, lease=lease)
            now = self._reactor.snapshot()
            return pb.ResetResponse(
                time=convert.moment(now.boot_id, now.time_s), state=pb.ReactorState.ValueType(now.state)
            )

        return await self._once.answer(request, pb.ResetResponse(), act)


def _interval_s(request: pb.StreamTelemetryRequest) -> float:
    interval_s = request.interval.seconds + request.interval.nanos * 1e-9
    if interval_s < 0.0:
        raise ControllerError(
            "there is no such stream",
            reason="INTERVAL_INVALID",
            violations=(Violation("interval", "must not be negative"),),
        )
    return interval_s
