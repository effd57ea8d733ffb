"""One run under way: its steps, and how a hold cuts into them.

A hold takes effect at once, within a step: what the step waited for or exposed is given up. Pumps and lamps
go to their safe values, loops keep their setpoints, or as the recipe's [hold] says. A resumed run has its
targets back and does the step again, from its beginning. Where the flow stood still, a step that relies on a
washed reactor (an exposure, a dwell by time) comes after the wash that went before it.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from controller.campaign import holding
from controller.campaign.steps import StepContext, changes_flows, perform, washes
from controller.domain.errors import ControllerError
from controller.domain.modes import State, Trigger
from controller.domain.recipe import Hold, Set
from controller.domain.run import ENDED

if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.campaign.mandate import Mandate
    from controller.campaign.recorder import Recorder
    from controller.domain.ports import Reactor
    from controller.domain.readings import Snapshot
    from controller.domain.recipe import Action, Recipe, Step
    from controller.domain.run import Run
    from controller.storage.journal import Journal

_EVERYTHING: Final = Hold(keeps_flows=False, keeps_temperatures=False)


class Execution:
    """Carries out one run; `run` is how it stands, `mandate` under whose authority it acts.

    `trial` counts from 1 in a campaign. `heard` is told of every transition.
    """

    def __init__(
        self,
        reactor: Reactor,
        journal: Journal,
        recorder: Recorder,
        run: Run,
        recipe: Recipe,
        mandate: Mandate,
        *,
        trial: int = 1,
        heard: Callable[[Run], None] | None = None,
    ) -> None:
        self.run = replace(run, leased=bool(mandate.lease))
        self.mandate = mandate
        self._reactor = reactor
        self._journal = journal
        self._recorder = recorder
        self._recipe = recipe
        self._trial = trial
        self._heard = heard
        self._context = StepContext(reactor, journal, dict(run.parameters), run.run_id, run.boot_id)
        self._context.lease = mandate.lease
        self._hold_asked = asyncio.Event()
        self._released = asyncio.Event()
        self._why = ""
        self._restore: dict[str, float] = {}
        self._rewash: Action | None = None

    def ask_hold(self, reason: str) -> None:
        """Let the run hold itself; the reason of the first who asks is kept."""
        if not self._hold_asked.is_set():
            self._why = reason
            self._hold_asked.set()

    def release(self, mandate: Mandate, message: str) -> None:
        """Let a held run go on, under this mandate."""
        self.mandate, self._context.lease = mandate, mandate.lease
        self.run = replace(self.run, leased=bool(mandate.lease))
        self._why = message
        self._hold_asked.clear()
        self._to(Trigger.UNHOLD, message)
        self._released.set()

    def check(self) -> None:
        """Raise ControllerError when the reactor can no longer carry the run."""
        self._context.check()

    async def work(self) -> Run:
        """Go through the recipe to the end; an aborted run is returned, not raised."""
        reason = "a defect of the controller: see its log"
        try:
            self._to(Trigger.START, "starting")
            self._to(Trigger.DONE, "started")
            await self._steps()
        except ControllerError as error:
            reason = str(error)
        except asyncio.CancelledError as error:
            reason = str(error.args[0]) if error.args else "cancelled"
        finally:
            self._context.flush()
            if self.run.state not in ENDED:
                # Said before anything is awaited: nobody cancels a run that lets go already.
                self._to(Trigger.ABORT, reason)
                self.run = await self._recorder.end_safe(self.run, reason)
        return self.run

    async def _steps(self) -> None:
        """Take part in the reactor's time while acting; a held run lets it pass."""
        number, clock = 0, self._reactor.clock
        while True:
            async with clock.participate():
                if self.run.state is State.UNHOLDING:
                    await self._unhold()
                number = await self._until_held(number)
                if number == len(self._recipe.steps):
                    self._complete()
                    return
                await self._hold()
            await self._released.wait()
            self._released.clear()

    async def _until_held(self, first: int) -> int:
        """Do the steps from `first` on; return the one that a hold cut off, or how many there are."""
        for number, step in enumerate(self._recipe.steps[first:], start=first):
            self.run = replace(self.run, step=number + 1)
            if self._due(step) and not await self._do(step.action):
                return number
        return len(self._recipe.steps)

    def _due(self, step: Step) -> bool:
        """Whether a step that runs only every n-th trial is due, or its spectra are missing."""
        if (self._trial - 1) % step.every == 0:
            return True
        return any(self._journal.spectra.newest(kind) is None for kind in ("dark", "reference"))

    async def _do(self, action: Action) -> bool:
        """Do an action, after the wash that it needs anew; False when a hold cut it off."""
        if washes(action) or changes_flows(action, self._context):
            self._rewash = None
        if self._rewash is not None and not isinstance(action, Set):
            if not await self._attempt(self._rewash, "again: "):
                return False
            self._rewash = None
        return await self._attempt(action)

    async def _attempt(self, action: Action, prefix: str = "") -> bool:
        """Do an action; False when a hold cut it off, which another's lease asks for too."""
        if self._hold_asked.is_set():
            return False
        self.run = self._recorder.note(self.run, prefix + self._context.describe(action))
        acting = asyncio.create_task(perform(action, self._context))
        asked = asyncio.create_task(self._hold_asked.wait())
        try:
            await asyncio.wait({acting, asked}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            asked.cancel()
            acting.cancel()
            await asyncio.wait({acting, asked})
        if acting.cancelled():
            return False
        error = acting.exception()
        if isinstance(error, ControllerError) and error.reason == "LEASE_HELD":
            self.ask_hold(self.mandate.loss(self._reactor) or error.message)
        if isinstance(error, ControllerError) and self._hold_asked.is_set():
            return False
        acting.result()
        return True

    async def _hold(self) -> None:
        self._to(Trigger.HOLD, self._why)
        before, plan = self._context.check(), self._reactor.plan
        stopped = await self._stop(before)
        # What an earlier hold stopped and nobody brought back since is kept as it was then.
        self._restore = self._restore or holding.to_restore(plan, before, stopped, self._context.asked)
        if not holding.moving(plan).isdisjoint(stopped):
            self._rewash = self._context.washed
        self._to(Trigger.DONE, self._why)

    async def _stop(self, before: Snapshot) -> dict[str, float]:
        """Put what a hold stops into its safe values, or everything under another's lease; return which."""
        context, plan = self._context, self._reactor.plan
        stopped = holding.to_safe(plan, before, self._recipe.hold)
        try:
            await self._reactor.set(stopped, actor=context.actor, lease=context.lease)
        except ControllerError as error:
            if error.reason != "LEASE_HELD":
                raise
            # To go safe altogether needs no lease.
            await self._reactor.make_safe(actor=context.actor)
            stopped = holding.to_safe(plan, before, _EVERYTHING)
        return stopped

    async def _unhold(self) -> None:
        """Bring back what the hold stopped; where control refuses, the run is held again."""
        self._context.check()
        try:
            await self._context.set(self._restore)
        except ControllerError as error:
            if error.reason not in ("LEASE_HELD", "FORCED_SAFE"):
                raise
            self.ask_hold(self.mandate.loss(self._reactor) or error.message)
        else:
            self._restore = {}
        self._to(Trigger.DONE, self._why)

    def _complete(self) -> None:
        context = self._context
        self.run = replace(
            self.run,
            achieved=context.achieved,
            properties=context.properties,
            spectrum_id=context.spectrum_id,
        )
        self._to(Trigger.DONE, "completing")
        self._to(Trigger.DONE, "complete")

    def _to(self, trigger: Trigger, message: str) -> None:
        self.run = self._recorder.advance(self.run, trigger, message)
        if self._heard is not None:
            self._heard(self.run)
