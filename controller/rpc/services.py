"""What the RPCs stand on: the engines by their faces, so that each service can be tried with small fakes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from ostwald.manifest import Manifest

    from controller.domain.campaign import Campaign, CampaignEvent, Trial
    from controller.domain.devices import ScannedPort
    from controller.domain.errors import Violation
    from controller.domain.models import ModelRecord, Stage
    from controller.domain.ports import Reactor
    from controller.domain.run import Run, RunEvent
    from controller.domain.surrogates import Prediction
    from controller.storage.journal import Journal


class Runs(Protocol):
    """`campaign.runner.RunEngine`; unknown ids raise ControllerError RUN_UNKNOWN.

    `actor` is who asks, `lease` the token of the lease under which the run acts from then on.
    """

    @property
    def active(self) -> Run | None: ...
    async def start(
        self, recipe_toml: str, parameters: Mapping[str, str], *, actor: str, lease: str
    ) -> Run: ...
    def validate(self, recipe_toml: str, parameters: Mapping[str, str]) -> tuple[Violation, ...]: ...
    def get(self, run_id: str) -> Run: ...
    def list(self, limit: int, offset: int) -> Sequence[Run]: ...
    def watch(self, run_id: str, after: int) -> AsyncIterator[tuple[RunEvent, Run]]: ...
    async def hold(self, run_id: str, reason: str) -> Run: ...
    async def resume(self, run_id: str, *, actor: str, lease: str) -> Run: ...
    async def abort(self, run_id: str, reason: str) -> Run: ...


class Campaigns(Protocol):
    """`campaign.engine.CampaignEngine`; unknown ids raise ControllerError CAMPAIGN_UNKNOWN."""

    @property
    def active(self) -> str:
        """The id of the campaign that is running, between its trials too; empty: none is."""
        ...

    def create(
        self,
        campaign_toml: str,
        recipe_toml: str,
        overrides: Mapping[str, str],
        files: Mapping[str, str] = ...,
    ) -> Campaign: ...
    async def start(self, campaign_id: str, *, actor: str, lease: str) -> Campaign: ...
    def get(self, campaign_id: str) -> Campaign: ...
    def list(self, limit: int, offset: int) -> Sequence[Campaign]: ...
    def watch(
        self, campaign_id: str, after: int
    ) -> AsyncIterator[tuple[CampaignEvent, Campaign, Trial | None]]: ...
    async def hold(self, campaign_id: str, reason: str, *, after_trial: bool) -> Campaign: ...
    async def resume(self, campaign_id: str, *, actor: str, lease: str) -> Campaign: ...
    async def abort(self, campaign_id: str, reason: str) -> Campaign: ...
    def trials(self, campaign_id: str, limit: int, offset: int) -> Sequence[Trial]: ...


class ModelInfo(Protocol):
    """One version on the device: where it stands, and what it promises.

    `damage` says why its stored bundle can't be read; it then has no manifest.
    """

    @property
    def record(self) -> ModelRecord: ...
    @property
    def manifest(self) -> Manifest | None: ...
    @property
    def damage(self) -> str: ...


class Models(Protocol):
    """`inference.registry.ModelRegistry`; unknown names raise ControllerError MODEL_UNKNOWN."""

    @property
    def folder(self) -> Path: ...
    async def receive(self, archive: Path) -> ModelInfo: ...
    def list(self, name: str = "") -> Sequence[ModelInfo]: ...
    def get(self, name: str, digest: str = "") -> ModelInfo: ...
    def promote(self, name: str, digest: str = "", stage: Stage = ...) -> ModelInfo: ...
    def predict(
        self, name: str, digest: str, rows: Sequence[Mapping[str, float | str]]
    ) -> tuple[str, Sequence[Prediction]]: ...


class Discovery(Protocol):
    """`equipment.discovery.Discovery`: asks on the machine's serial ports who is there."""

    async def scan(self, wanted: Sequence[str]) -> Sequence[ScannedPort]:
        """Ask on these ports, or on all; ControllerError PORT_UNKNOWN, SCAN_RUNNING."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that `server.serve` offers to clients. `clock_name`: realtime, scaled or lockstep."""

    reactor: Reactor
    runs: Runs
    campaigns: Campaigns
    models: Models
    journal: Journal
    discovery: Discovery
    version: str
    clock_name: str

    def held_by(self) -> str:
        """Name what has the reactor to itself: "campaign c-3", "run r-12", or "" when it is free.

        A run that is a campaign's trial counts as the campaign, which holds the reactor between trials too.
        """
        if self.campaigns.active:
            return f"campaign {self.campaigns.active}"
        run = self.runs.active
        return "" if run is None else f"run {run.run_id}"
