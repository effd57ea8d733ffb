"""Campaigns: propose, journal, run, learn, until the objectives are met or the budget is spent.

All that a campaign knows is in the journal: the engine can be killed between any two lines and goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from dataclasses import replace
from functools import partial
from math import inf, isfinite
from typing import TYPE_CHECKING

from controller.campaign import objectives as goals
from controller.campaign.specs import parse_campaign
from controller.campaign.strategies.registry import propose
from controller.campaign.warm_start import propose_from_surrogate
from controller.domain.campaign import (
    Campaign,
    CampaignEvent,
    CampaignState,
    Observation,
    Proposal,
    Trial,
    TrialState,
)
from controller.domain.errors import ControllerError, Kind
from controller.domain.readings import ReactorState
from controller.domain.run import RunState
from controller.storage.campaigns import CampaignRow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from concurrent.futures import Executor

    from controller.campaign.runner import RunEngine
    from controller.domain.campaign import CampaignSpec
    from controller.domain.ports import Reactor, Surrogate, Surrogates
    from controller.domain.recipe import Recipe
    from controller.domain.surrogates import Prediction
    from controller.storage.journal import Journal

_FAILURES_TO_HOLD = 3
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
        self._changed = asyncio.Condition()

    @property
    def active(self) -> str:
        """The id of the campaign that is running, between its trials too; empty: none is."""
        return self._running

    def create(self, campaign_toml: str, recipe_toml: str, overrides: Mapping[str, str]) -> Campaign:
        """Check and store a campaign; DocumentError with every fault."""
        parse_campaign(campaign_toml, self._runs.parse(recipe_toml), overrides)
        row = CampaignRow(
            campaign_id=uuid.uuid4().hex[:12],
            campaign_toml=campaign_toml,
            recipe_toml=recipe_toml,
            overrides=dict(overrides),
            state=CampaignState.CREATED,
        )
        self._journal.campaigns.add(row)
        return self._campaign(row)

    async def start(self, campaign_id: str) -> Campaign:
        """Start a created or held campaign; ControllerError REACTOR_BUSY or CAMPAIGN_ENDED."""
        row = self._row(campaign_id)
        if row.state not in (CampaignState.CREATED, CampaignState.HELD):
            raise ControllerError(
                f"campaign {campaign_id} is {row.state.name.lower()}",
                reason="CAMPAIGN_ENDED" if row.state in _ENDED else "CAMPAIGN_RUNNING",
                kind=Kind.REFUSED,
                remedy="create a new one",
            )
        if self._running or self._runs.active is not None:
            raise ControllerError(
                f"{self._running or 'a run'} holds the reactor",
                reason="REACTOR_BUSY",
                kind=Kind.REFUSED,
                remedy="wait for it, or abort it",
            )
        now = self._reactor.snapshot()
        if now.state is not ReactorState.READY:
            raise ControllerError(
                f"the reactor is {now.state.name.lower()}: {self._reactor.state_reason()}",
                reason="REACTOR_NOT_READY",
                kind=Kind.REFUSED,
                remedy="see 'ostwald status'; after a trip or stop, 'ostwald reset'",
            )
        spec, _ = self._documents(row)
        if spec.surrogate:
            self._surrogates.active(spec.surrogate)
        return await self._begin(replace(row, boot_id=now.boot_id))

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
            campaign = self.get(campaign_id)
            trials = {trial.number: trial for trial in self._journal.campaigns.trials(campaign_id)}
            for event in self._journal.campaigns.events(campaign_id, after):
                after = event.sequence
                yield event, campaign, trials.get(event.trial)
            async with self._changed:
                # Read again: while the reader took its time, more may have happened.
                if self._journal.campaigns.events(campaign_id, after):
                    continue
                if self._row(campaign_id).state in _ENDED:
                    return
                await self._changed.wait()

    async def abort(self, campaign_id: str, reason: str) -> Campaign:
        """End a campaign and its run; one that has ended stays as it is."""
        row = self._row(campaign_id)
        if self._running == campaign_id and self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if row.state not in (CampaignState.COMPLETE, CampaignState.ABORTED):
            await self._settle(self._row(campaign_id), CampaignState.ABORTED, f"aborted: {reason}")
        return self.get(campaign_id)

    async def resume_all(self) -> None:
        """Go on with what a dead service left: unless control restarted too, which a person must judge."""
        for row in self._journal.campaigns.running():
            for trial in self._journal.campaigns.trials(row.campaign_id):
                if trial.state is TrialState.RUNNING:
                    cut = replace(trial, state=TrialState.INTERRUPTED, detail="the service restarted")
                    self._journal.campaigns.put_trial(row.campaign_id, cut)
            if row.boot_id != self._reactor.snapshot().boot_id:
                why = "held: the control process restarted; see that all is well, then start it again"
                await self._settle(row, CampaignState.HELD, why)
            elif not self._running:
                await self._begin(row)

    async def stop(self) -> None:
        """Let go of the campaign without ending it: the next service goes on with it."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _begin(self, row: CampaignRow) -> Campaign:
        row = replace(row, state=CampaignState.RUNNING, reason="")
        self._journal.campaigns.update(row)
        self._running = row.campaign_id
        await self._tell(row, 0, "started")
        self._task = asyncio.create_task(self._work(row))
        return self._campaign(row)

    async def _work(self, row: CampaignRow) -> None:
        try:
            state, reason, reached = await self._trials(row)
            await self._settle(row, state, reason, reached=reached)
        except ControllerError as error:
            await self._settle(row, CampaignState.HELD, f"held: {error}")
        finally:
            self._running = ""

    async def _trials(self, row: CampaignRow) -> tuple[CampaignState, str, bool]:
        """Run trials until something ends them; return the state, the reason and whether it was reached."""
        spec, recipe = self._documents(row)
        surrogate = self._surrogates.active(spec.surrogate) if spec.surrogate else None
        started_s = self._reactor.clock.now_s()
        while True:
            trials = self._journal.campaigns.trials(row.campaign_id)
            done = [trial for trial in trials if trial.state in (TrialState.COMPLETE, TrialState.FAILED)]
            if done and goals.reached(spec.objectives, done[-1].properties):
                return CampaignState.COMPLETE, _outcome(spec, done, reached=True), True
            if len(done) >= spec.trials_budget:
                return CampaignState.COMPLETE, _outcome(spec, done, reached=False), False
            if self._reactor.clock.now_s() - started_s > spec.time_budget_s:
                return CampaignState.COMPLETE, _outcome(spec, done, reached=False), False
            failed = [trial.state is TrialState.FAILED for trial in done[-_FAILURES_TO_HOLD:]]
            if len(failed) == _FAILURES_TO_HOLD and all(failed):
                why = f"held: {_FAILURES_TO_HOLD} trials in a row failed, the last: {done[-1].detail}"
                return CampaignState.HELD, why, False
            trial = await self._next(spec, trials, surrogate)
            trial = await self._run(row, recipe, trial, spec)
            if trial.state is TrialState.FAILED and not self._is_well(row):
                return CampaignState.HELD, f"held: trial {trial.number}: {trial.detail}", False

    async def _next(self, spec: CampaignSpec, trials: Sequence[Trial], surrogate: Surrogate | None) -> Trial:
        """Decide what to try: again what was cut off, else what surrogate or strategy proposes."""
        number = len(trials) + 1
        if trials and trials[-1].state is TrialState.INTERRUPTED:
            proposal = Proposal(trials[-1].asked, trials[-1].source)
        else:
            proposal = await self._propose(spec, trials, surrogate)
        prediction = surrogate.predict([proposal.conditions])[0] if surrogate is not None else None
        return _announce(number, proposal, prediction, self._reactor.clock.now_s())

    async def _propose(
        self, spec: CampaignSpec, trials: Sequence[Trial], surrogate: Surrogate | None
    ) -> Proposal:
        done = [trial for trial in trials if trial.state in (TrialState.COMPLETE, TrialState.FAILED)]
        if surrogate is not None and len(done) < spec.surrogate_trials:
            proposal = propose_from_surrogate(spec, surrogate, [trial.asked for trial in done])
            if proposal is not None:
                return proposal
        history = [_observe(trial) for trial in done]
        ask = partial(
            propose,
            spec.strategy,
            spec.space,
            spec.objectives,
            history,
            spec.seed,
            budget=spec.trials_budget,
        )
        return await asyncio.get_running_loop().run_in_executor(self._planner, ask)

    async def _run(self, row: CampaignRow, recipe: Recipe, trial: Trial, spec: CampaignSpec) -> Trial:
        """Journal a trial, act, and journal what came of it."""
        self._journal.campaigns.put_trial(row.campaign_id, trial)
        await self._tell(row, trial.number, f"trial {trial.number} started")
        run = await self._runs.execute(recipe, trial.asked, campaign_id=row.campaign_id, trial=trial.number)
        complete = run.state is RunState.COMPLETE
        usable = complete and all(each.property_name in run.properties for each in spec.objectives)
        score = goals.score(spec.objectives, run.properties) if usable and spec.objectives else None
        trial = replace(
            trial,
            state=TrialState.COMPLETE if complete else TrialState.FAILED,
            achieved=run.achieved,
            properties=run.properties,
            score=score if score is not None and isfinite(score) else None,
            run_id=run.run_id,
            spectrum_id=run.spectrum_id,
            detail="" if usable else ("no usable peak" if complete else run.detail),
            ended_s=self._reactor.clock.now_s(),
        )
        self._journal.campaigns.put_trial(row.campaign_id, trial)
        await self._tell(row, trial.number, f"trial {trial.number} {trial.state.name.lower()}")
        return trial

    def _is_well(self, row: CampaignRow) -> bool:
        """Whether the reactor can carry another trial by itself."""
        try:
            now = self._reactor.snapshot()
        except ControllerError:
            return False
        return now.state is ReactorState.READY and now.boot_id == row.boot_id

    async def _settle(
        self, row: CampaignRow, state: CampaignState, reason: str, *, reached: bool = False
    ) -> None:
        with contextlib.suppress(ControllerError):
            # Between campaigns nothing needs to flow. If control is gone, its own safe values hold.
            await self._reactor.make_safe()
        row = replace(row, state=state, reason=reason, reached=reached)
        self._journal.campaigns.update(row)
        await self._tell(row, 0, reason)

    async def _tell(self, row: CampaignRow, trial: int, message: str) -> None:
        sequence = len(self._journal.campaigns.events(row.campaign_id)) + 1
        self._journal.campaigns.add_event(CampaignEvent(row.campaign_id, sequence, trial, message))
        async with self._changed:
            self._changed.notify_all()

    def _row(self, campaign_id: str) -> CampaignRow:
        row = self._journal.campaigns.get(campaign_id)
        if row is None:
            raise ControllerError(
                f"there is no campaign {campaign_id}",
                reason="CAMPAIGN_UNKNOWN",
                kind=Kind.NOT_FOUND,
                remedy="see 'ostwald campaign list'",
            )
        return row

    def _documents(self, row: CampaignRow) -> tuple[CampaignSpec, Recipe]:
        recipe = self._runs.parse(row.recipe_toml)
        return parse_campaign(row.campaign_toml, recipe, row.overrides), recipe

    def _campaign(self, row: CampaignRow) -> Campaign:
        spec, _ = self._documents(row)
        trials = self._journal.campaigns.trials(row.campaign_id)
        scored = [(trial.score, trial.number) for trial in trials if trial.score is not None]
        return Campaign(
            campaign_id=row.campaign_id,
            spec=spec,
            state=row.state,
            reason=row.reason,
            reached=row.reached,
            trials_complete=sum(trial.state is TrialState.COMPLETE for trial in trials),
            best_trial=min(scored)[1] if scored else 0,
            boot_id=row.boot_id,
        )


def _announce(number: int, proposal: Proposal, prediction: Prediction | None, now_s: float) -> Trial:
    return Trial(
        number=number,
        state=TrialState.RUNNING,
        source=proposal.source,
        asked=dict(proposal.conditions),
        started_s=now_s,
        predicted={} if prediction is None else dict(prediction.properties),
        novelty=None if prediction is None else prediction.novelty,
    )


def _observe(trial: Trial) -> Observation:
    usable = trial.state is TrialState.COMPLETE and trial.score is not None
    return Observation(trial.asked, trial.properties if usable else None)


def _outcome(spec: CampaignSpec, trials: Sequence[Trial], *, reached: bool) -> str:
    """Say how it ended: "reached: peak 519.4 nm (target 520 nm) in 11 trials"."""
    targets = [each for each in spec.objectives if each.target]
    count = f"in {len(trials)} trials"
    scored = [(trial.score, -trial.number) for trial in trials if trial.score is not None]
    if not targets:
        return f"budget spent {count}"
    if not scored:
        return f"not reached: no usable spectrum {count}"
    number = trials[-1].number if reached else -min(scored)[1]
    best = next(trial for trial in trials if trial.number == number)
    said = ", ".join(
        f"{_short(each.property_name)} {best.properties.get(each.property_name, inf):.1f} {each.unit}"
        f" (target {each.target:g} {each.unit})"
        for each in targets
    )
    if reached:
        return f"reached: {said} {count}"
    why = goals.explain_not_reached(spec.space, spec.objectives, [_observe(trial) for trial in trials])
    return f"not reached: best {said} {count}; {why}"


def _short(property_name: str) -> str:
    return "peak" if property_name == "peak_wavelength" else property_name
