"""Campaigns: propose, journal, run, learn, until the objectives are met or the budget is spent.

All that a campaign knows is in the journal: the engine can be killed between any two lines and goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from controller.campaign import outcomes
from controller.campaign.mandate import Mandate, obtain
from controller.campaign.outcomes import Ending
from controller.campaign.planning import Planning
from controller.campaign.refusals import unknown, wrong_state
from controller.campaign.specs import parse_campaign
from controller.domain.campaign import Campaign, CampaignEvent, CampaignState, TrialState, Until
from controller.domain.errors import ControllerError
from controller.domain.readings import ReactorState
from controller.domain.run import RunState
from controller.storage.campaigns import CampaignRow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from concurrent.futures import Executor

    from controller.campaign.runner import RunEngine
    from controller.domain.campaign import CampaignSpec, Trial
    from controller.domain.ports import Reactor, Surrogates
    from controller.domain.recipe import Recipe
    from controller.domain.run import Run
    from controller.storage.journal import Journal

_NO_FILES: Final[Mapping[str, str]] = MappingProxyType({})
_ENDED = frozenset({CampaignState.COMPLETE, CampaignState.ABORTED, CampaignState.HELD})


class CampaignEngine:
    """Works on one campaign at a time; `planner` does the strategies' mathematics."""

    def __init__(
        self,
        reactor: Reactor,
        runs: RunEngine,
        journal: Journal,
        surrogates: Surrogates,
        planner: Executor | None,
    ) -> None:
        self._reactor = reactor
        self._runs = runs
        self._journal = journal
        self._surrogates = surrogates
        self._planner = planner
        self._task: asyncio.Task[None] | None = None
        self._running = ""
        self._mandate = Mandate()
        # Why a person wants it held: in effect while its row says HELD, else before its next trial.
        self._hold = ""
        self._ending = asyncio.Lock()
        self._changed = asyncio.Event()

    @property
    def active(self) -> str:
        """The id of the campaign that is running, between its trials too; empty: none is."""
        return self._running

    def create(
        self,
        campaign_toml: str,
        recipe_toml: str,
        overrides: Mapping[str, str],
        files: Mapping[str, str] = _NO_FILES,
    ) -> Campaign:
        """Check and store a campaign, with the text of the `files` that it names.

        Raises DocumentError with every fault.
        """
        parse_campaign(campaign_toml, self._runs.parse(recipe_toml), overrides, files)
        row = CampaignRow(
            campaign_id=uuid.uuid4().hex[:12],
            campaign_toml=campaign_toml,
            recipe_toml=recipe_toml,
            overrides=dict(overrides),
            files=dict(files),
            state=CampaignState.CREATED,
        )
        self._journal.campaigns.add(row)
        return self._campaign(row)

    async def start(self, campaign_id: str, *, actor: str = "", lease: str = "") -> Campaign:
        """Start a created or held campaign, which acts under the lease of this token.

        One that is held within a trial goes on with that. Raises ControllerError: CAMPAIGN_ENDED,
        CAMPAIGN_RUNNING, REACTOR_BUSY, REACTOR_NOT_READY, LEASE_HELD, LEASE_UNKNOWN, MODEL_UNKNOWN,
        MODEL_NOT_ACTIVE.
        """
        if self._running == campaign_id and self._row(campaign_id).state is CampaignState.HELD:
            return await self.resume(campaign_id, actor=actor, lease=lease)
        spec, _ = self._documents(self._startable(campaign_id))
        if spec.surrogate:
            self._surrogates.active(spec.surrogate)
        mandate = await obtain(self._reactor, actor, lease)
        # Looked up again: while control was asked, another may have started it.
        row = self._startable(campaign_id)
        return self._begin(replace(row, boot_id=self._reactor.snapshot().boot_id), mandate)

    def get(self, campaign_id: str) -> Campaign:
        """Return a campaign as it stands; ControllerError CAMPAIGN_UNKNOWN."""
        return self._campaign(self._row(campaign_id))

    def list(self, limit: int, offset: int) -> list[Campaign]:
        """Return campaigns, newest first."""
        return [self._campaign(row) for row in self._journal.campaigns.newest(limit, offset)]

    def trials(self, campaign_id: str, limit: int, offset: int) -> Sequence[Trial]:
        """Return trials in order."""
        self._row(campaign_id)
        return self._journal.campaigns.trials(campaign_id, limit, offset)

    async def watch(
        self, campaign_id: str, after: int
    ) -> AsyncIterator[tuple[CampaignEvent, Campaign, Trial | None]]:
        """Yield events after a sequence until the campaign has ended or is held."""
        while True:
            changed, campaign = self._changed, self.get(campaign_id)
            trials = {trial.number: trial for trial in self._journal.campaigns.trials(campaign_id)}
            events = self._journal.campaigns.events(campaign_id, after)
            for event in events:
                after = event.sequence
                yield event, campaign, trials.get(event.trial)
            if not events:
                if campaign.state in _ENDED:
                    return
                await changed.wait()

    async def hold(self, campaign_id: str, reason: str, *, after_trial: bool = False) -> Campaign:
        """Hold a running campaign, also beyond a restart; one that is held stays so.

        Within its trial, whose run is held at once, so that the reactor stays its own; between trials or
        `after_trial` before the next, which leaves the reactor free. Returns once it is held, or has ended
        before; with `after_trial` at once. ControllerError CAMPAIGN_NOT_RUNNING.
        """
        async with self._ending:
            row = self._row(campaign_id)
            if row.state is CampaignState.HELD:
                return self._campaign(row)
            if self._running != campaign_id:
                raise wrong_state(row, "CAMPAIGN_NOT_RUNNING", "only one that runs can be held")
            self._hold, task = reason, self._task
            run = None if after_trial else self._runs.active
            if run is None:
                self._journal.campaigns.update(replace(row, reason=reason))
                self._tell(row, 0, f"before the next trial: {reason}")
            else:
                # Journaled first: whatever dies now, nobody goes on with it but a person.
                self._close(row, CampaignState.HELD, reason)
                if await self._hold_run(run.run_id, reason):
                    return self.get(campaign_id)
        if not after_trial and task is not None:
            await asyncio.wait({task})
        return self.get(campaign_id)

    async def resume(self, campaign_id: str, *, actor: str = "", lease: str = "") -> Campaign:
        """Let a held campaign go on, with the trial that is held if one is, or take back a hold to come.

        Raises ControllerError: CAMPAIGN_NOT_HELD, and as `start` and `RunEngine.resume` do.
        """
        row = self._row(campaign_id)
        if self._running != campaign_id and row.state is CampaignState.HELD:
            return await self.start(campaign_id, actor=actor, lease=lease)
        async with self._ending:
            row, run = self._row(campaign_id), self._runs.active
            if self._running != campaign_id or not (self._hold or (run and run.state is RunState.HELD)):
                raise wrong_state(row, "CAMPAIGN_NOT_HELD", "only one that is held can be resumed")
            if run is not None and run.state is RunState.HELD:
                await self._runs.resume(run.run_id, actor=actor, lease=lease)
            else:
                self._go_on(row)
                self._tell(row, 0, f"not to be held any more: {actor}")
        return self.get(campaign_id)

    async def abort(self, campaign_id: str, reason: str) -> Campaign:
        """End a campaign and its run, held or not; one that has ended stays as it is."""
        async with self._ending:
            acted = self._running == campaign_id
            if acted:
                await self._let_go()
            row = self._row(campaign_id)
            if row.state not in _ENDED - {CampaignState.HELD}:
                if acted:
                    await self._make_safe(row)
                self._close(row, CampaignState.ABORTED, reason)
        return self.get(campaign_id)

    async def resume_all(self) -> None:
        """Go on with what a dead service left: unless control restarted too, which a person must judge.

        Tokens of leases are never journaled: under a lease that still stands, its next trial is held.
        """
        for row in self._journal.campaigns.cut_off():
            for trial in self._journal.campaigns.trials(row.campaign_id):
                if trial.state is TrialState.RUNNING:
                    cut = replace(trial, state=TrialState.INTERRUPTED, detail="the service restarted")
                    self._journal.campaigns.put_trial(row.campaign_id, cut)
        for row in self._journal.campaigns.running():
            if row.reason:  # a person's hold that waited for the trial's end
                self._close(row, CampaignState.HELD, row.reason)
            elif row.boot_id != self._reactor.snapshot().boot_id:
                why = "held: the control process restarted; see that all is well, then start it again"
                self._close(row, CampaignState.HELD, why)
            elif not self._running:
                self._begin(row, Mandate())

    async def stop(self) -> None:
        """Let go of the campaign without ending it: the next service goes on with it."""
        async with self._ending:
            await self._let_go()

    async def _let_go(self) -> None:
        if self._task is not None:
            # A task that is cancelled before its first step never gets to its last.
            await asyncio.sleep(0)
            self._task.cancel()
            await asyncio.wait({self._task})

    def _startable(self, campaign_id: str) -> CampaignRow:
        row = self._row(campaign_id)
        if row.state in _ENDED - {CampaignState.HELD}:
            raise wrong_state(row, "CAMPAIGN_ENDED", "create a new one")
        if row.state is CampaignState.RUNNING:
            raise wrong_state(row, "CAMPAIGN_RUNNING", "it is started already")
        return row

    def _begin(self, row: CampaignRow, mandate: Mandate) -> Campaign:
        self._runs.reserve(row.campaign_id)
        row = replace(row, state=CampaignState.RUNNING, reason="")
        self._journal.campaigns.update(row)
        self._running, self._mandate = row.campaign_id, mandate
        self._tell(row, 0, f"started by {mandate.actor}" if mandate.actor else "started")
        self._task = asyncio.create_task(self._work(row))
        return self._campaign(row)

    async def _work(self, row: CampaignRow) -> None:
        try:
            try:
                ending = await self._trials(row)
            except ControllerError as error:
                ending = Ending(CampaignState.HELD, f"held: {error}")
            await self._make_safe(row)
            self._close(row, ending.state, ending.reason, reached=ending.reached)
        finally:
            self._running = self._hold = ""
            self._runs.free()

    async def _trials(self, row: CampaignRow) -> Ending:
        """Run trials until something ends them, or a person holds them between two."""
        spec, recipe = self._documents(row)
        surrogate = self._surrogates.active(spec.surrogate) if spec.surrogate else None
        planning = Planning(spec, surrogate, self._planner)
        started_s = self._reactor.clock.now_s()
        while True:
            trials = self._journal.campaigns.trials(row.campaign_id)
            done, now_s = outcomes.ended(trials), self._reactor.clock.now_s()
            if ending := outcomes.judge(spec, done, now_s - started_s):
                return await planning.explain(ending, done)
            if not self._hold:
                trial = await planning.next(trials, now_s)
            if self._hold:
                return Ending(CampaignState.HELD, self._hold)
            trial = await self._run(row, recipe, trial, spec)
            if trial.state is TrialState.FAILED and not self._is_well(row):
                return Ending(CampaignState.HELD, f"held: trial {trial.number}: {trial.detail}")

    async def _run(self, row: CampaignRow, recipe: Recipe, trial: Trial, spec: CampaignSpec) -> Trial:
        """Journal a trial, act, and journal what came of it."""
        self._journal.campaigns.put_trial(row.campaign_id, trial)
        self._tell(row, trial.number, f"trial {trial.number} started")
        run, self._mandate = await self._runs.execute(
            recipe,
            trial.asked,
            replace(self._mandate, actor=f"campaign {row.campaign_id}"),
            campaign_id=row.campaign_id,
            trial=trial.number,
            heard=partial(self._hear, row, trial.number),
        )
        sample = self._journal.spectra.get(run.spectrum_id) if run.spectrum_id else None
        trial = outcomes.conclude(trial, run, spec, self._reactor.clock.now_s(), sample)
        self._journal.campaigns.put_trial(row.campaign_id, trial)
        self._tell(row, trial.number, f"trial {trial.number} {trial.state.name.lower()}")
        if spec.until is Until.SPENT and self._is_first(row, spec, trial):
            so = f"trial {trial.number} meets every target; the campaign goes on until its budget is spent"
            self._tell(row, trial.number, so)
        return trial

    def _is_first(self, row: CampaignRow, spec: CampaignSpec, trial: Trial) -> bool:
        """Tell whether this is the first trial that meets every target."""
        found = outcomes.met(spec, self._journal.campaigns.trials(row.campaign_id))
        return [each.number for each in found] == [trial.number]

    def _hear(self, row: CampaignRow, trial: int, run: Run) -> None:
        """Tell those who follow the campaign that its trial waits for a person, and that it goes on."""
        if run.state is RunState.HELD:
            self._tell(row, trial, f"trial {trial} is held (run {run.run_id}): {run.detail}")
        elif run.state is RunState.UNHOLDING:
            if self._row(row.campaign_id).state is CampaignState.HELD:
                self._go_on(row)
            self._tell(row, trial, f"trial {trial} goes on: {run.detail}")

    async def _hold_run(self, run_id: str, reason: str) -> bool:
        """Hold a trial's run; False when it ended before that took effect."""
        try:
            run = await self._runs.hold(run_id, reason)
        except ControllerError as error:
            if error.reason != "RUN_NOT_EXECUTING":
                raise
            return False
        return run.state is RunState.HELD

    def _go_on(self, row: CampaignRow) -> None:
        """Journal that a person's hold is over."""
        self._hold = ""
        self._journal.campaigns.update(replace(row, state=CampaignState.RUNNING, reason=""))

    def _is_well(self, row: CampaignRow) -> bool:
        """Whether the reactor can carry another trial by itself."""
        try:
            now = self._reactor.snapshot()
        except ControllerError:
            return False
        return now.state is ReactorState.READY and now.boot_id == row.boot_id

    async def _make_safe(self, row: CampaignRow) -> None:
        """After a campaign nothing needs to flow. If control is gone, its own safe values hold."""
        with contextlib.suppress(ControllerError):
            await self._reactor.make_safe(actor=f"campaign {row.campaign_id}")

    def _close(self, row: CampaignRow, state: CampaignState, reason: str, *, reached: bool = False) -> None:
        """Journal how a campaign ended, or why it is held."""
        self._journal.campaigns.update(replace(row, state=state, reason=reason, reached=reached))
        self._tell(row, 0, reason)

    def _tell(self, row: CampaignRow, trial: int, message: str) -> None:
        sequence = len(self._journal.campaigns.events(row.campaign_id)) + 1
        self._journal.campaigns.add_event(CampaignEvent(row.campaign_id, sequence, trial, message))
        self._changed.set()
        self._changed = asyncio.Event()

    def _row(self, campaign_id: str) -> CampaignRow:
        row = self._journal.campaigns.get(campaign_id)
        if row is None:
            raise unknown(campaign_id)
        return row

    def _documents(self, row: CampaignRow) -> tuple[CampaignSpec, Recipe]:
        recipe = self._runs.parse(row.recipe_toml)
        return parse_campaign(row.campaign_toml, recipe, row.overrides, row.files), recipe

    def _campaign(self, row: CampaignRow) -> Campaign:
        spec, recipe = self._documents(row)
        trials = self._journal.campaigns.trials(row.campaign_id)
        running = row.state is CampaignState.RUNNING
        return Campaign(
            campaign_id=row.campaign_id,
            spec=spec,
            state=row.state,
            reason=row.reason or (outcomes.standing(spec, trials) if running else ""),
            reached=row.reached,
            trials_complete=sum(trial.state is TrialState.COMPLETE for trial in trials),
            best_trial=outcomes.best_number(spec, trials),
            boot_id=row.boot_id,
            units=outcomes.units(spec, recipe.yields),
        )
