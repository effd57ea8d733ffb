"""Runs: one at a time, step by step, journaled, on the reactor's clock alone."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from controller.campaign.recipes import bind, parse_recipe
from controller.campaign.steps import StepContext, perform
from controller.domain.errors import ControllerError, DocumentError, Kind
from controller.domain.readings import ReactorState
from controller.domain.run import ENDED, TRANSITIONS, Run, RunEvent, RunState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from controller.domain.errors import Violation
    from controller.domain.ports import Reactor
    from controller.domain.recipe import Recipe, Step
    from controller.storage.journal import Journal


class RunEngine:
    """Executes recipes. `active` is the run that holds the reactor."""

    def __init__(self, reactor: Reactor, journal: Journal) -> None:
        self._reactor = reactor
        self._journal = journal
        self._task: asyncio.Task[Run] | None = None
        self._changed = asyncio.Condition()
        self._sequence = 0
        self.active: Run | None = None

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

    async def start(self, recipe_toml: str, parameters: Mapping[str, str]) -> Run:
        """Start a run that a person asked for, and return while it works."""
        recipe = self.parse(recipe_toml)
        run = self._open(recipe, bind(recipe, parameters))
        self._task = asyncio.create_task(self._execute(run, recipe, trial=1))
        return run

    async def execute(
        self, recipe: Recipe, parameters: Mapping[str, float], *, campaign_id: str, trial: int
    ) -> Run:
        """Run one trial of a campaign to its end; an aborted run is returned, not raised."""
        run = self._open(recipe, bind(recipe, parameters), campaign_id)
        self._task = asyncio.create_task(self._execute(run, recipe, trial=trial))
        try:
            return await asyncio.shield(self._task)
        except asyncio.CancelledError:
            await self.abort(run.run_id, "its campaign was stopped")
            raise

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
            run = self.get(run_id)
            for event in self._journal.runs.events(run_id, after):
                after = event.sequence
                yield event, run
            async with self._changed:
                # Read again: while the reader took its time, more may have happened.
                if self._journal.runs.events(run_id, after):
                    continue
                if self.get(run_id).state in ENDED:
                    return
                await self._changed.wait()

    async def abort(self, run_id: str, reason: str) -> Run:
        """Stop a run and wait until its outputs are safe; a run that has ended stays as it is."""
        run = self.get(run_id)
        task = self._task
        if self.active is not None and self.active.run_id == run_id and task is not None:
            task.cancel(reason)
            with contextlib.suppress(asyncio.CancelledError):
                await task
            run = self.get(run_id)
        return run

    async def recover(self) -> None:
        """Close the runs that a dead process left open; what they drove goes safe."""
        for run in self._journal.runs.unfinished():
            await self._end_safe(run, "the service restarted")

    def _open(self, recipe: Recipe, parameters: Mapping[str, float], campaign_id: str = "") -> Run:
        if self.active is not None:
            raise ControllerError(
                f"run {self.active.run_id} holds the reactor",
                reason="REACTOR_BUSY",
                kind=Kind.REFUSED,
                remedy="wait for it, or 'ostwald run abort' it",
            )
        now = self._reactor.snapshot()
        run = Run(
            run_id=uuid.uuid4().hex[:12],
            recipe=recipe.name,
            state=RunState.STARTING,
            steps=len(recipe.steps),
            boot_id=now.boot_id,
            started_s=now.time_s,
            parameters=dict(parameters),
            campaign_id=campaign_id,
        )
        self._journal.runs.add(run, recipe.document)
        self.active, self._sequence = run, 0
        return run

    async def _execute(self, run: Run, recipe: Recipe, *, trial: int) -> Run:
        context = StepContext(self._reactor, self._journal, dict(run.parameters), run.run_id)
        try:
            async with self._reactor.clock.participate():
                run = await self._move(run, RunState.EXECUTE, "started")
                for number, step in enumerate(recipe.steps, start=1):
                    run = replace(run, step=number)
                    if self._due(step, trial):
                        run = await self._move(run, RunState.EXECUTE, context.describe(step.action))
                        self._check(run)
                        await perform(step.action, context)
                run = replace(
                    run,
                    achieved=context.achieved,
                    properties=context.properties,
                    spectrum_id=context.spectrum_id,
                )
                run = await self._move(run, RunState.COMPLETING, "completing")
                return await self._move(run, RunState.COMPLETE, "complete")
        except ControllerError as error:
            return await self._end_safe(run, str(error))
        except asyncio.CancelledError as error:
            return await self._end_safe(run, str(error.args[0]) if error.args else "cancelled")
        finally:
            self.active = None
            context.flush()
            async with self._changed:
                self._changed.notify_all()

    def _due(self, step: Step, trial: int) -> bool:
        """Whether a step that runs only every n-th trial is due, or its spectra are missing."""
        if (trial - 1) % step.every == 0:
            return True
        return any(self._journal.spectra.newest(kind) is None for kind in ("dark", "reference"))

    def _check(self, run: Run) -> None:
        """Raise when the reactor can no longer carry the run."""
        now = self._reactor.snapshot()
        if now.boot_id != run.boot_id:
            raise ControllerError("the control process restarted", reason="CONTROL_RESTARTED")
        if now.state is not ReactorState.READY:
            why = self._reactor.state_reason()
            raise ControllerError(
                f"the reactor is {now.state.name.lower()}: {why}", reason="REACTOR_NOT_READY"
            )

    async def _end_safe(self, run: Run, reason: str) -> Run:
        run = await self._move(run, RunState.ABORTING, reason)
        try:
            await self._reactor.make_safe()
        except ControllerError as error:
            # Control is gone or tripped: its own and the board's safe values hold.
            reason = f"{reason} ({error.message})"
        return await self._move(run, RunState.ABORTED, reason)

    async def _move(self, run: Run, state: RunState, message: str) -> Run:
        if state is not run.state and state not in TRANSITIONS[run.state]:
            raise AssertionError(f"{run.state.name} -> {state.name}")
        time_s = self._reactor.clock.now_s() if state is not RunState.ABORTING else run.started_s
        ended_s = time_s if state in ENDED else None
        run = replace(run, state=state, detail=message, ended_s=ended_s)
        self._journal.runs.update(run)
        self._sequence = max(self._sequence, len(self._journal.runs.events(run.run_id))) + 1
        event = RunEvent(run.run_id, self._sequence, time_s, state, run.step, message)
        self._journal.runs.add_event(event)
        if self.active is not None:
            self.active = run
        async with self._changed:
            self._changed.notify_all()
        return run
