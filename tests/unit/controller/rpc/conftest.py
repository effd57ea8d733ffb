# ruff: noqa: ARG002 - fakes take what the engines take.
from __future__ import annotations

import asyncio
import uuid
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import nan
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import grpc
import pytest

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
from controller.domain.errors import ControllerError, Kind, Violation
from controller.domain.models import ModelRecord, Stage
from controller.domain.conditions import Limits
from controller.domain.plan import ChannelPlan, InterlockPlan, LoopPlan, ReactorPlan, RigPlan
from controller.domain.readings import Features, LinkHealth, ReactorState, Snapshot, Spectrum
from controller.domain.run import Run, RunEvent, RunState
from controller.domain.surrogates import Estimate, Prediction
from controller.rpc.server import Services, serve
from controller.storage.journal import Journal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from controller.domain.ports import Clock
    from controller.rpc.services import ModelInfo

BOOT = 7
PLAN = RigPlan(
    name="bench",
    rate_hz=50.0,
    orphan_hold_s=10.0,
    reactor=ReactorPlan(100.0, 20.0),
    links=(),
    devices=(),
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
    ),
)
SNAPSHOT = Snapshot(
    BOOT, 100, 2.0, ReactorState.READY, 0, -1, 3, (25.0, 1.0, 0.0, 50.0), (1, 1, 2, 1), (nan, nan, 0.0, 50.0)
)
SPECTRUM = Spectrum(
    "s1", "sample", BOOT, 1.5, 0.1, 4, (500.0, 501.0), (9.0, 8.0), (0.1, 0.2), Features(501.0, nan, 0.2)
)
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
    now: Snapshot = SNAPSHOT
    gone: bool = False
    calls: list[object] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    plan: RigPlan = PLAN
    clock: Clock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.gate.set()

    def snapshot(self) -> Snapshot:
        if self.gone:
            raise ControllerError("control is gone", reason="CONTROL_GONE", kind=Kind.UNAVAILABLE)
        return self.now

    def links(self) -> tuple[LinkHealth, ...]:
        return (LinkHealth("board", "ready", 5, 4, 1, 2),)

    def state_reason(self) -> str:
        return ""

    async def set(self, targets: Mapping[str, float]) -> None:
        self.entered.set()
        await self.gate.wait()
        self.calls.append(dict(targets))

    async def make_safe(self) -> None:
        self.calls.append("safe")

    async def emergency_stop(self, reason: str) -> None:
        self.calls.append(("stop", reason))

    async def reset(self) -> None:
        if self.now.state is ReactorState.TRIPPED:
            raise ControllerError("too hot", reason="CAUSE_STANDS", kind=Kind.REFUSED, remedy="let it cool")

    async def acquire(
        self, kind: str, *, integration_s: float | None = None, scans: int | None = None
    ) -> Spectrum:
        self.calls.append((kind, integration_s, scans))
        return replace(SPECTRUM, spectrum_id=uuid.uuid4().hex, kind=kind)


class FakeRuns:
    def __init__(self) -> None:
        self.active: Run | None = None
        self.started = 0

    async def start(self, recipe_toml: str, parameters: Mapping[str, str]) -> Run:
        if recipe_toml == "defect":
            raise RuntimeError("a defect")
        self.started += 1
        return replace(RUN, run_id=f"r{self.started}")

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

    async def abort(self, run_id: str, reason: str) -> Run:
        return replace(self.get(run_id), state=RunState.ABORTED, detail=reason, ended_s=4.0)


class FakeCampaigns:
    def create(self, campaign_toml: str, recipe_toml: str, overrides: Mapping[str, str]) -> Campaign:
        return CAMPAIGN

    async def start(self, campaign_id: str) -> Campaign:
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
        info: Any = SimpleNamespace(record=record, manifest=manifest)
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


class Bench:
    """A server over fakes, which can be restarted on the same journal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reactor = FakeReactor()
        self.runs = FakeRuns()
        self.models = FakeModels(folder)

    async def start(self) -> None:
        self.journal = Journal(self.folder / "journal.db")
        self.services = Services(
            self.reactor, self.runs, FakeCampaigns(), self.models, self.journal, "1.2.3", "lockstep"
        )
        self.server = await serve(self.services, "127.0.0.1:0")
        self.channel = grpc.aio.insecure_channel(self.server.address)

    async def stop(self) -> None:
        await self.channel.close()
        await self.server.stop()
        self.journal.close()

    async def restart(self) -> None:
        await self.stop()
        await self.start()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path)
    await made.start()
    yield made
    await made.stop()
