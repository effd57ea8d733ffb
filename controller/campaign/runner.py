"""Runs: one at a time, step by step, journaled, on the reactor's clock alone."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

from controller.campaign.execution import Execution
from controller.campaign.mandate import obtain
from controller.campaign.recipes import bind, parse_recipe
from controller.campaign.recorder import Recorder
from controller.domain.errors import ControllerError, DocumentError, Kind
from controller.domain.run import ENDED, Run, RunState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from controller.campaign.mandate import Mandate
    from controller.domain.errors import Violation
    from controller.domain.ports import Reactor
    from controller.domain.recipe import Recipe
    from controller.domain.run import RunEvent
    from controller.storage.journal import Journal

_BEFORE_HELD = frozenset(
    {RunState.IDLE, RunState.STARTING, RunState.EXECUTE, RunState.UNHOLDING, RunState.HOLDING}
)


class RunEngine:
    """Executes recipes. `active` is the run that has the reactor to itself, one that is held included."""

    def __init__(self, reactor: Reactor, journal: Journal, poll_s: float = 0.1) -> None:
        """Take the reactor over; `poll_s` of the wall clock lie between two looks of `guard`."""
        self._reactor = reactor
        self._journal = journal
        self._recorder = Recorder(reactor, journal.runs)
        self._execution: Execution | None = None
        self._task: asyncio.Task[Run] | None = None
        self._aborting = False
        self._reserved_for = ""
        self._poll_s = poll_s

    @property
    def active(self) -> Run | None:
        return None if self._execution is None else self._execution.run

    def parse(self, recipe_toml: str) -> Recipe:
        """Read a recipe for this rig; DocumentError with every fault."""
        return parse_recipe(recipe_toml, self._reactor.plan)

    def validate(self, recipe_toml: str, parameters: Mapping[str, str]) -> tuple[Violation, ...]:
        """Return what is wrong with a recipe and its parameters; empty when it would run."""
        try:
            bind(self.parse(recipe_toml), parameters)
        except DocumentError as error:
            return error.violations
        return ()

    async def start(
        self, recipe_toml: str, parameters: Mapping[str, str], *, actor: str = "", lease: str = ""
    ) -> Run:
        """Start a run that a person asked for, and return once it executes.

        `lease` is the token that it acts under. Raises DocumentError, or ControllerError: LEASE_HELD,
        LEASE_UNKNOWN, REACTOR_NOT_READY, REACTOR_BUSY.
        """
        recipe = self.parse(recipe_toml)
        values = bind(recipe, parameters)
        mandate = await obtain(self._reactor, actor, lease)
        run = self._begin(recipe, values, mandate).run
        return await self._passes(run.run_id, RunState.EXECUTE)

    async def execute(
        self,
        recipe: Recipe,
        parameters: Mapping[str, float],
        mandate: Mandate,
        *,
        campaign_id: str,
        trial: int,
        heard: Callable[[Run], None],
    ) -> tuple[Run, Mandate]:
        """Run one trial of a campaign to its end, holds included; an aborted run is returned, not raised.

        Returns also the mandate that it ended under, which whoever resumed it may have replaced. `heard` is
        told of every transition.
        """
        values = bind(recipe, parameters)
        execution = self._begin(recipe, values, mandate, campaign_id=campaign_id, trial=trial, heard=heard)
        assert self._task is not None
        try:
            return await asyncio.shield(self._task), execution.mandate
        except asyncio.CancelledError:
            await self.abort(execution.run.run_id, "its campaign was stopped")
            raise

    def reserve(self, campaign_id: str) -> None:
        """Keep the reactor for a campaign, between its trials too; ControllerError REACTOR_BUSY."""
        self._refuse_busy()
        self._reserved_for = campaign_id

    def free(self) -> None:
        """End the reservation."""
        self._reserved_for = ""

    def get(self, run_id: str) -> Run:
        """Return a run as it stands; ControllerError RUN_UNKNOWN."""
        run = self._journal.runs.get(run_id)
        if run is None:
            raise ControllerError(
                f"there is no run {run_id}",
                reason="RUN_UNKNOWN",
                kind=Kind.NOT_FOUND,
                remedy="see 'ostwald run list'",
            )
        return run

    def list(self, limit: int, offset: int) -> list[Run]:
        """Return runs, newest first."""
        return self._journal.runs.newest(limit, offset)

    async def watch(self, run_id: str, after: int) -> AsyncIterator[tuple[RunEvent, Run]]:
        """Yield a run's events after a sequence until it has ended."""
        while True:
            changed, run = self._recorder.changed, self.get(run_id)
            events = self._journal.runs.events(run_id, after)
            for event in events:
                after = event.sequence
                yield event, run
            if not events:
                if run.state in ENDED:
                    return
                await changed.wait()

    async def hold(self, run_id: str, reason: str) -> Run:
        """Hold a run and return once it is; one that is held stays so.

        Raises ControllerError RUN_NOT_EXECUTING for one that has ended or is about to. A run that ends before
        the hold takes effect is returned so, as is one that is aborted, since the reactor does not obey.
        """
        run, execution = self.get(run_id), self._executing(run_id)
        if run.state is RunState.HELD:
            return run
        if execution is None or run.state not in _BEFORE_HELD:
            raise _wrong_state(run, "RUN_NOT_EXECUTING", "only one that executes can be held")
        execution.ask_hold(reason)
        return await self._passes(run_id, RunState.HELD)

    async def resume(self, run_id: str, *, actor: str = "", lease: str = "") -> Run:
        """Let a held run go on, under the lease of who asks, and return once it does.

        Raises ControllerError: RUN_NOT_HELD, LEASE_HELD, LEASE_UNKNOWN, REACTOR_NOT_READY.
        """
        self._held(run_id)
        mandate = await obtain(self._reactor, actor, lease)
        # Looked up again: while control was asked, another may have resumed or aborted it.
        self._held(run_id).release(mandate, f"resumed by {actor}" if actor else "resumed")
        return await self._passes(run_id, RunState.EXECUTE)

    async def abort(self, run_id: str, reason: str) -> Run:
        """Stop a run and wait until its outputs are safe; a run that has ended stays as it is."""
        run, execution = self.get(run_id), self._executing(run_id)
        if execution is None or self._task is None:
            return run
        task = self._task
        # A task that is cancelled before its first step never gets to its last.
        await asyncio.sleep(0)
        if not self._aborting and execution.run.state is not RunState.ABORTING:
            # Once only: a second cancellation would cut short how a step lets go.
            self._aborting = True
            task.cancel(reason)
        await asyncio.wait({task})
        return self.get(run_id)

    async def guard(self) -> None:
        """Hold a run whose lease is lost or whose reactor is away, and abort a held one that has lost it.

        Never returns. On the wall clock: one who slept on the reactor's would hold up simulated time.
        """
        while True:
            await asyncio.sleep(self._poll_s)
            if self._execution is not None:
                await self._watch(self._execution)

    async def recover(self) -> None:
        """Close the runs that a dead process left open; what they drove goes safe."""
        for run in self._journal.runs.unfinished():
            await self._recorder.end_safe(run, "the service restarted")

    async def stop(self) -> None:
        """Abort the run under way: what it drove goes safe while there is a service to see to it."""
        if (run := self.active) is not None:
            await self.abort(run.run_id, "the service stopped")

    async def _watch(self, execution: Execution) -> None:
        """Abort a held run that the reactor will never carry again; one that executes sees to that itself."""
        try:
            execution.watch()
        except ControllerError as error:
            if execution.run.state is RunState.HELD:
                await self.abort(execution.run.run_id, str(error))

    def _begin(
        self,
        recipe: Recipe,
        parameters: Mapping[str, float],
        mandate: Mandate,
        *,
        campaign_id: str = "",
        trial: int = 1,
        heard: Callable[[Run], None] | None = None,
    ) -> Execution:
        self._refuse_busy(campaign_id)
        now = self._reactor.snapshot()
        run = Run(
            run_id=uuid.uuid4().hex[:12],
            recipe=recipe.name,
            state=RunState.IDLE,
            steps=len(recipe.steps),
            boot_id=now.boot_id,
            started_s=now.time_s,
            parameters=dict(parameters),
            campaign_id=campaign_id,
            actor=mandate.actor,
        )
        execution = Execution(
            self._reactor, self._journal, self._recorder, run, recipe, mandate, trial=trial, heard=heard
        )
        if loss := mandate.loss(self._reactor):
            execution.ask_hold(loss)
        self._journal.runs.add(execution.run, recipe.document)
        self._execution, self._aborting = execution, False
        self._task = asyncio.create_task(self._work(execution))
        return execution

    async def _work(self, execution: Execution) -> Run:
        try:
            return await execution.work()
        finally:
            self._execution = None
            self._recorder.tell()

    def _refuse_busy(self, campaign_id: str = "") -> None:
        """Raise ControllerError REACTOR_BUSY while a run, or another campaign, has the reactor."""
        holder = ""
        if self._reserved_for not in ("", campaign_id):
            holder = f"campaign {self._reserved_for}"
        elif self._execution is not None:
            holder = f"run {self._execution.run.run_id}"
        if holder:
            raise ControllerError(
                f"{holder} holds the reactor",
                reason="REACTOR_BUSY",
                kind=Kind.REFUSED,
                remedy=f"wait for it, or 'ostwald {holder.split()[0]} abort' it",
            )

    def _held(self, run_id: str) -> Execution:
        run, execution = self.get(run_id), self._executing(run_id)
        if execution is None or run.state is not RunState.HELD:
            raise _wrong_state(run, "RUN_NOT_HELD", "only one that is held can be resumed")
        return execution

    def _executing(self, run_id: str) -> Execution | None:
        execution = self._execution
        return execution if execution is not None and execution.run.run_id == run_id else None

    async def _passes(self, run_id: str, state: RunState) -> Run:
        """Wait until a run passes through a state, however briefly, or ends; return how it then stands."""
        last = self._journal.runs.last_event(run_id)
        after = 0 if last is None else last.sequence
        while True:
            changed, events = self._recorder.changed, self._journal.runs.events(run_id, after)
            if any(event.state is state or event.state in ENDED for event in events):
                return self.get(run_id)
            await changed.wait()


def _wrong_state(run: Run, reason: str, why: str) -> ControllerError:
    return ControllerError(
        f"run {run.run_id} is {run.state.name.lower()}: {why}",
        reason=reason,
        kind=Kind.REFUSED,
        remedy="see 'ostwald run list'",
    )
