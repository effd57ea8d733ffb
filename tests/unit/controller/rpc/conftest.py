# ruff: noqa: ARG002 - fakes take what the engines take.
from __future__ import annotations

import asyncio
import uuid
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import nan
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import grpc
import pytest

from controller.control import alarms, leases
from controller.control.seen import Names, Seen
from controller.domain.alarms import AlarmPlan, Priority
from controller.domain.campaign import (
    Campaign,
    CampaignEvent,
    CampaignSpec,
    CampaignState,
    Condition,
    Objective,
    ObjectiveKind,
    Space,
    StrategySpec,
    Trial,
    TrialState,
)
from controller.domain.commands import (
    AcknowledgeAlarm,
    HoldLease,
    ReleaseLease,
    Reply,
    Request,
    Reset,
    SetAlarmService,
    SetTargets,
    ShelveAlarm,
)
from controller.domain.conditions import BoardLost, Deviation, HeaterImplausible, Limits, StopPressed
from controller.domain.devices import FoundDevice, ScannedPort
from controller.domain.errors import ControllerError, Kind, Violation
from controller.domain.models import ModelRecord, Stage
from controller.domain.plan import ChannelPlan, DevicePlan, InterlockPlan, LoopPlan, ReactorPlan, RigPlan
from controller.domain.readings import (
    EmissionFeatures,
    Features,
    LinkHealth,
    ReactorState,
    Snapshot,
    Spectrum,
)
from controller.domain.run import Run, RunEvent, RunState
from controller.domain.status import ControlStatus, LoopStatus
from controller.domain.surrogates import Estimate, Prediction
from controller.rpc.server import Services, serve
from controller.storage.journal import Journal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from controller.domain.alarms import AlarmStatus
    from controller.domain.commands import Command
    from controller.domain.leases import LeaseStatus
    from controller.domain.ports import Clock
    from controller.rpc.services import ModelInfo

BOOT = 7
PLAN = RigPlan(
    name="bench",
    rate_hz=50.0,
    orphan_hold_s=10.0,
    reactor=ReactorPlan(100.0, 20.0),
    links=(),
    devices=(DevicePlan("board", "arduino", "board"),),
    channels=(
        ChannelPlan("reactor.temperature", "board", "temperature.0", "degC", 5.0, 90.0),
        ChannelPlan("reactor.pressure", "board", "pressure.0", "bar", 0.0, 5.0),
        ChannelPlan("reactor.heater", "board", "heater.0", "%", 0.0, 100.0, safe_value=0.0),
        ChannelPlan("pump.silver", "board", "pump.0", "uL/min", 0.0, 500.0, safe_value=0.0),
    ),
    loops=(LoopPlan("heat", "reactor.temperature", "reactor.heater", 1.0, 10.0, 0.0, 1.0),),
    interlocks=(
        InterlockPlan("hot", Limits("reactor.temperature", high=85.0), 0.5),
        InterlockPlan("burst", Limits("reactor.pressure", high=4.0), 0.1),
        InterlockPlan("heater", HeaterImplausible("heat", 2.0, 1.0, 20.0, 120.0)),
        InterlockPlan("lag", Deviation("heat", 10.0), latching=False, forces=("pump.silver",)),
        InterlockPlan("gone", BoardLost("board")),
        InterlockPlan("button", StopPressed()),
    ),
    alarms=(
        AlarmPlan("warm", Limits("reactor.temperature", high=60.0), Priority.HIGH, response="open the vent"),
        AlarmPlan("thin", Limits("reactor.pressure", low=0.5), Priority.LOW, latching=True),
    ),
)
SNAPSHOT = Snapshot(
    BOOT, 100, 2.0, ReactorState.READY, 0, -1, 3, (25.0, 1.0, 0.0, 50.0), (1, 1, 2, 1), (nan, nan, 0.0, 50.0)
)
SPECTRUM = Spectrum(
    "s1", "sample", BOOT, 1.5, 0.1, 4, (500.0, 501.0), (9.0, 8.0), (0.1, 0.2), Features(501.0, nan, 0.2)
)
EMISSION = Spectrum(
    "e1", "emission", BOOT, 1.8, 0.1, 4, (500.0, 501.0), (90.0, 80.0), emission=(7.0, 9e3),
    features=EmissionFeatures(530.0, 2.34, nan, 9e3),
)  # fmt: skip
RUN = Run("r1", "silver", RunState.EXECUTE, 3, BOOT, 1.0, step=2, spectrum_id="s1")
CAMPAIGN = Campaign(
    "c1",
    CampaignSpec(
        "silver",
        3,
        Space((Condition("flow", "uL/min", 1.0, 9.0),)),
        (Objective("peak_wavelength", ObjectiveKind.TARGET, "nm", 520.0, 2.0),),
        StrategySpec("bayesian", "latin-hypercube", 5),
        20,
    ),
    CampaignState.CREATED,
    boot_id=BOOT,
)


def trial(number: int) -> Trial:
    return Trial(number, TrialState.COMPLETE, "bayesian", {"flow": 2.0}, 1.0, run_id="r1", spectrum_id="s1")


class FakeClock:
    """Fails whoever sleeps on it: an RPC that only watches must not hold up simulated time."""

    def now_s(self) -> float:
        return SNAPSHOT.time_s

    async def sleep(self, duration_s: float) -> None:
        raise AssertionError(f"slept {duration_s} s on the reactor's clock")

    def participate(self) -> AbstractAsyncContextManager[None]:
        return nullcontext()


@dataclass
class FakeReactor:
    """Judges alarms and the lease as control does; what else is asked, it notes in `asked` and `calls`."""

    now: Snapshot = SNAPSHOT
    gone: bool = False
    calls: list[object] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    plan: RigPlan = PLAN
    clock: Clock = field(default_factory=FakeClock)
    loops: tuple[LoopStatus, ...] = ()
    reagents_ul: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()
    heard: bool = True
    refusal: ControllerError | None = None

    def __post_init__(self) -> None:
        self.gate.set()
        self.model = alarms.compile_alarms(self.plan, Names.of(self.plan))
        self.alarm_state = alarms.initial(self.model)
        self.lease_state = leases.FREE
        self.health: tuple[LinkHealth, ...] = (LinkHealth("board", "ready", 5, 4, 1, 2),)

    def snapshot(self) -> Snapshot:
        if self.gone:
            raise ControllerError("control is gone", reason="CONTROL_GONE", kind=Kind.UNAVAILABLE)
        return self.now

    def links(self) -> tuple[LinkHealth, ...]:
        return self.health

    def state_reason(self) -> str:
        return ""

    def status(self) -> ControlStatus:
        return ControlStatus(
            self.now.boot_id,
            links=self.links(),
            alarms=self.alarms(),
            loops=self.loops,
            lease=self.lease(),
            reagents_ul=self.reagents_ul,
            warnings=self.warnings,
        )

    def alarms(self) -> tuple[AlarmStatus, ...]:
        return alarms.statuses(self.alarm_state, self.model) if self.heard else ()

    def lease(self) -> LeaseStatus:
        return leases.status(self.lease_state)

    def pass_time(self, dt_s: float, **reads: float) -> None:
        """Let a tick pass in which the channels named (dots as underscores) read anew."""
        values = [
            reads.get(each.name.replace(".", "_"), value)
            for each, value in zip(self.plan.channels, self.now.values, strict=True)
        ]
        self.now = replace(
            self.now, time_s=self.now.time_s + dt_s, tick=self.now.tick + 1, values=tuple(values)
        )
        self.alarm_state, _ = alarms.step(self.alarm_state, self.model, self._seen(), dt_s)
        self.lease_state, _ = leases.step(self.lease_state, dt_s)

    async def request(self, command: Command, *, actor: str, lease: str = "") -> None:
        self._permit(command, lease)
        if self.refusal is not None:
            raise self.refusal
        match command:
            case AcknowledgeAlarm() | ShelveAlarm() | SetAlarmService():
                self.alarm_state, reply, _ = alarms.take(
                    self.alarm_state, self.model, command, actor, self._seen()
                )
                _raise(reply)
            case HoldLease() | ReleaseLease():
                longest_s = self.plan.lease.longest_s
                self.lease_state, reply, _ = leases.take(self.lease_state, command, actor, longest_s)
                _raise(reply)
        self.asked.append(Request(command, actor, lease))

    async def set(self, targets: Mapping[str, float], *, actor: str, lease: str = "") -> None:
        self.entered.set()
        await self.gate.wait()
        self._permit(SetTargets(targets), lease)
        self.asked.append(Request(SetTargets(dict(targets)), actor, lease))
        self.calls.append(dict(targets))

    async def make_safe(self, *, actor: str) -> None:
        self.calls.append("safe")

    async def emergency_stop(self, reason: str, *, actor: str) -> None:
        self.calls.append(("stop", reason, actor))

    async def reset(self, *, actor: str, lease: str = "") -> None:
        self._permit(Reset(), lease)
        if self.now.state is ReactorState.TRIPPED:
            raise ControllerError("too hot", reason="CAUSE_STANDS", kind=Kind.REFUSED, remedy="let it cool")
        self.asked.append(Request(Reset(), actor, lease))

    async def acquire(
        self,
        kind: str,
        *,
        integration_s: float | None = None,
        scans: int | None = None,
        actor: str,
        lease: str = "",
    ) -> Spectrum:
        self.calls.append((kind, integration_s, scans))
        return replace(SPECTRUM, spectrum_id=uuid.uuid4().hex, kind=kind)

    def _permit(self, command: Command, lease: str) -> None:
        refusal = leases.permits(self.lease_state, command, lease)
        if refusal is not None:
            _raise(refusal)

    def _seen(self) -> Seen:
        return Seen(
            time_s=self.now.time_s,
            values=self.now.values,
            qualities=self.now.qualities,
            outputs=self.now.setpoints,
            setpoints=(nan,) * len(self.plan.loops),
            boards_lost=(False,),
            stop_pressed=False,
            service_alive=True,
            lease_lost=self.lease_state.lost,
            trips=self.now.trips,
        )


def _raise(reply: Reply) -> None:
    if reply.refused:
        raise ControllerError(reply.detail, reason=reply.refused, kind=Kind.REFUSED)


class FakeRuns:
    def __init__(self) -> None:
        self.active: Run | None = None
        self.started = self.holds = self.resumes = 0

    async def start(
        self, recipe_toml: str, parameters: Mapping[str, str], *, actor: str = "", lease: str = ""
    ) -> Run:
        if recipe_toml == "defect":
            raise RuntimeError("a defect")
        self.started += 1
        return replace(RUN, run_id=f"r{self.started}", actor=actor, leased=bool(lease))

    def validate(self, recipe_toml: str, parameters: Mapping[str, str]) -> tuple[Violation, ...]:
        return (Violation("steps[0]", "is not known", 4),) if recipe_toml == "bad" else ()

    def get(self, run_id: str) -> Run:
        if run_id != "r1":
            raise ControllerError(f"there is no run {run_id}", reason="RUN_UNKNOWN", kind=Kind.NOT_FOUND)
        return RUN

    def list(self, limit: int, offset: int) -> Sequence[Run]:
        return [replace(RUN, run_id=f"r{n}") for n in range(7)][offset : offset + limit]

    async def watch(self, run_id: str, after: int) -> AsyncIterator[tuple[RunEvent, Run]]:
        run = self.get(run_id)
        for sequence in range(after + 1, 4):
            yield RunEvent(run_id, sequence, float(sequence), RunState.EXECUTE, sequence, "step"), run

    async def hold(self, run_id: str, reason: str) -> Run:
        self.holds += 1
        return replace(self.get(run_id), state=RunState.HELD, detail=reason)

    async def resume(self, run_id: str, *, actor: str, lease: str) -> Run:
        self.resumes += 1
        return replace(self.get(run_id), actor=actor, leased=bool(lease))

    async def abort(self, run_id: str, reason: str) -> Run:
        return replace(self.get(run_id), state=RunState.ABORTED, detail=reason, ended_s=4.0)


class FakeCampaigns:
    def __init__(self) -> None:
        self.active = ""
        self.holds = self.resumes = 0

    def create(
        self,
        campaign_toml: str,
        recipe_toml: str,
        overrides: Mapping[str, str],
        files: Mapping[str, str] = MappingProxyType({}),
    ) -> Campaign:
        self.files = dict(files)
        return CAMPAIGN

    async def start(self, campaign_id: str, *, actor: str = "", lease: str = "") -> Campaign:
        return replace(self.get(campaign_id), state=CampaignState.RUNNING)

    def get(self, campaign_id: str) -> Campaign:
        if campaign_id != "c1":
            raise ControllerError("there is no such campaign", reason="CAMPAIGN_UNKNOWN", kind=Kind.NOT_FOUND)
        return CAMPAIGN

    def list(self, limit: int, offset: int) -> Sequence[Campaign]:
        return [CAMPAIGN][offset : offset + limit]

    async def watch(
        self, campaign_id: str, after: int
    ) -> AsyncIterator[tuple[CampaignEvent, Campaign, Trial | None]]:
        campaign = self.get(campaign_id)
        yield CampaignEvent(campaign_id, after + 1, 0, "started"), campaign, None
        yield CampaignEvent(campaign_id, after + 2, 1, "trial 1"), campaign, trial(1)

    async def hold(self, campaign_id: str, reason: str, *, after_trial: bool) -> Campaign:
        self.holds += 1
        state = CampaignState.RUNNING if after_trial else CampaignState.HELD
        return replace(self.get(campaign_id), state=state, reason=reason)

    async def resume(self, campaign_id: str, *, actor: str, lease: str) -> Campaign:
        self.resumes += 1
        who = f"resumed by {actor}" + (f" under {lease}" if lease else "")
        return replace(self.get(campaign_id), state=CampaignState.RUNNING, reason=who)

    async def abort(self, campaign_id: str, reason: str) -> Campaign:
        return replace(self.get(campaign_id), state=CampaignState.ABORTED, reason=reason)

    def trials(self, campaign_id: str, limit: int, offset: int) -> Sequence[Trial]:
        return [trial(number) for number in range(1, 31)][offset : offset + limit]


class FakeModels:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.received: list[bytes] = []

    def _info(self, stage: Stage = Stage.SHADOW) -> ModelInfo:
        variable = SimpleNamespace(name="flow", unit="uL/min", low=1.0, high=9.0, choices=())
        manifest = SimpleNamespace(
            algorithm="forest",
            inputs=(variable,),
            outputs=(variable,),
            metrics={"r2": 0.9},
            created=datetime(2026, 1, 31, tzinfo=UTC),
        )
        record = ModelRecord("d" * 64, "silver", 4, stage, "key")
        info: Any = SimpleNamespace(record=record, manifest=manifest, damage="")
        return cast("ModelInfo", info)

    async def receive(self, archive: Path) -> ModelInfo:
        self.received.append(archive.read_bytes())  # noqa: ASYNC240 - a few bytes
        return self._info()

    def list(self, name: str = "") -> Sequence[ModelInfo]:
        return [self._info()] if name in ("", "silver") else []

    def get(self, name: str, digest: str = "") -> ModelInfo:
        if name != "silver":
            raise ControllerError("there is no such model", reason="MODEL_UNKNOWN", kind=Kind.NOT_FOUND)
        return self._info()

    def promote(self, name: str, digest: str = "", stage: Stage = Stage.ACTIVE) -> ModelInfo:
        return self._info(stage)

    def predict(
        self, name: str, digest: str, rows: Sequence[Mapping[str, float | str]]
    ) -> tuple[str, Sequence[Prediction]]:
        estimate = Estimate(520.0, 2.0, "nm")
        return "d" * 64, [
            Prediction({"peak_wavelength": estimate}, float(row.get("flow", 0.0))) for row in rows
        ]


class FakeDiscovery:
    """A machine with one port, on which a pump answers."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.found: tuple[ScannedPort, ...] = (
            ScannedPort(
                "/dev/ttyUSB0",
                "/dev/serial/by-id/usb-FTDI-port0",
                "USB Serial",
                "FTA1",
                "",
                (FoundDevice("new-era", "00", 19_200, "8N1", "NE1000", "", "3.928"),),
            ),
            ScannedPort("/dev/ttyACM0", "/dev/ttyACM0", "", "", "left alone: link board uses it"),
        )

    async def scan(self, wanted: Sequence[str]) -> Sequence[ScannedPort]:
        self.asked.append(list(wanted))
        if "/dev/none" in wanted:
            raise ControllerError("there is no such port", reason="PORT_UNKNOWN", kind=Kind.NOT_FOUND)
        return self.found


class Bench:
    """A server over fakes, which can be restarted on the same journal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reactor = FakeReactor()
        self.runs = FakeRuns()
        self.campaigns = FakeCampaigns()
        self.models = FakeModels(folder)
        self.discovery = FakeDiscovery()

    async def start(self) -> None:
        self.journal = Journal(self.folder / "journal.db")
        self.services = Services(
            self.reactor,
            self.runs,
            self.campaigns,
            self.models,
            self.journal,
            self.discovery,
            "1.2.3",
            "lockstep",
        )
        self.server = await serve(self.services, "127.0.0.1:0")
        self.channel = grpc.aio.insecure_channel(self.server.address)

    async def stop(self) -> None:
        await self.channel.close()
        await self.server.stop()
        self.journal.close()

    def hold_lease(self, token: str = "secret", holder: str = "ann@bench", ttl_s: float = 60.0) -> None:
        """Let somebody hold the lease."""
        state = self.reactor.lease_state
        self.reactor.lease_state, _, _ = leases.take(state, HoldLease(holder, token, ttl_s), holder, 300.0)

    async def restart(self) -> None:
        await self.stop()
        await self.start()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path)
    await made.start()
    yield made
    await made.stop()
