"""One run under way: its steps, and how a hold cuts into them.

A hold takes effect at once, within a step: what the step waited for or exposed is given up. Pumps and lamps
go to their safe values, loops keep their setpoints, or as the recipe's [hold] says. A resumed run has its
targets back and does the step again, from its beginning. Where the flow stood still, a step that relies on a
washed reactor (an exposure, a dwell by time) comes after the wash that went before it.

While the reactor is away (a device is lost, an interlock tripped) control holds every output safe, loops
too: the run is held, and may be resumed once the reactor is ready again. It then waits until temperatures
are back as well. A stop, or another boot of control, ends it.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from controller.campaign import holding
from controller.campaign.regaining import Aim, regain, to_regain
from controller.campaign.steps import StepContext, changes_flows, perform, washes
from controller.domain.errors import ControllerError
from controller.domain.modes import State, Trigger
from controller.domain.recipe import Acquire, Hold, Set
from controller.domain.run import ENDED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine

    from controller.campaign.mandate import Mandate
    from controller.campaign.recorder import Recorder
    from controller.domain.ports import Reactor
    from controller.domain.readings import Snapshot
    from controller.domain.recipe import Action, Recipe, Step
    from controller.domain.run import Run
    from controller.storage.journal import Journal

_EVERYTHING: Final = Hold(keeps_flows=False, keeps_temperatures=False)
# What a person can mend while the run waits, beside a reactor that is away.
_HOLDING: Final = frozenset({"LEASE_HELD", "READING_BAD", "SPECTROMETER_UNREACHABLE"})


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
        self._stopped: set[str] = set()
        self._restore: dict[str, float] = {}
        self._regain: dict[str, Aim] = {}
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

    def watch(self) -> None:
        """See to a reactor that is away, or a lease that is lost; call it often.

        Raises ControllerError when the reactor will never carry the run again.
        """
        before = self._context.ready
        away = self._context.away()
        if self.run.state is State.HELD:
            if away and before is not None:
                self._keep(before, holding.to_safe(self._reactor.plan, before, _EVERYTHING))
        elif why := away or self.mandate.loss(self._reactor):
            self.ask_hold(why)

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
        """Whether a step of every n-th trial is due, or a dark or reference of the recipe is missing."""
        if (self._trial - 1) % step.every == 0:
            return True
        taken = {each.action.kind for each in self._recipe.steps if isinstance(each.action, Acquire)}
        return any(self._journal.spectra.newest(kind) is None for kind in taken & {"dark", "reference"})

    async def _do(self, action: Action) -> bool:
        """Do an action, after the heat and the wash that it needs anew; False when a hold cut it off."""
        if self._regain:
            deed = f"again: wait for {', '.join(self._regain)}"
            if not await self._attempt(deed, regain(self._regain, self._context)):
                return False
            self._regain = {}
        if washes(action) or changes_flows(action, self._context):
            self._rewash = None
        if self._rewash is not None and not isinstance(action, Set):
            deed = f"again: {self._context.describe(self._rewash)}"
            if not await self._attempt(deed, perform(self._rewash, self._context)):
                return False
            self._rewash = None
        return await self._attempt(self._context.describe(action), perform(action, self._context))

    async def _attempt(self, deed: str, act: Coroutine[None, None, None]) -> bool:
        """Do something; False when a hold cut it off, which what a person can mend asks for too."""
        if self._hold_asked.is_set():
            act.close()
            return False
        self.run = self._recorder.note(self.run, deed)
        acting = asyncio.create_task(act)
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
        if isinstance(error, ControllerError):
            if why := self._mendable(error):
                self.ask_hold(why)
            if self._hold_asked.is_set():
                return False
        acting.result()
        return True

    def _mendable(self, error: ControllerError) -> str:
        """Say why a refusal or failure holds the run rather than ends it; empty: it ends it."""
        if away := self._context.away():
            return away
        if error.reason in _HOLDING:
            return self.mandate.loss(self._reactor) or error.message
        return ""

    async def _hold(self) -> None:
        self._to(Trigger.HOLD, self._why)
        away = self._context.away()
        before = self._context.ready
        # A run that never saw the reactor at work has set nothing.
        if before is not None:
            self._keep(before, await self._stop(before, away))
        self._to(Trigger.DONE, self._why)

    async def _stop(self, before: Snapshot, away: str) -> dict[str, float]:
        """Put what a hold stops into its safe values; return which: everything where we may not choose."""
        context, plan = self._context, self._reactor.plan
        everything = holding.to_safe(plan, before, _EVERYTHING)
        if away:
            return everything
        stopped = holding.to_safe(plan, before, self._recipe.hold)
        try:
            await self._reactor.set(stopped, actor=context.actor, lease=context.lease)
        except ControllerError as error:
            if context.away():
                return everything
            if error.reason != "LEASE_HELD":
                raise
            # To go safe altogether needs no lease.
            await self._reactor.make_safe(actor=context.actor)
            return everything
        return stopped

    def _keep(self, before: Snapshot, stopped: Collection[str]) -> None:
        """Keep what brings back what has stopped; what stopped earlier is kept as it was then."""
        plan, new = self._reactor.plan, set(stopped) - self._stopped
        back = holding.to_restore(plan, before, new, self._context.asked)
        self._stopped |= new
        self._restore = back | self._restore
        self._regain = to_regain(plan, before, back) | self._regain
        if not holding.moving(plan).isdisjoint(new):
            self._rewash = self._context.washed

    async def _unhold(self) -> None:
        """Bring back what the hold stopped; where control refuses, the run is held again."""
        try:
            await self._context.set(self._restore)
        except ControllerError as error:
            away = self._context.away()
            if not away and error.reason not in ("LEASE_HELD", "FORCED_SAFE"):
                raise
            self.ask_hold(away or self.mandate.loss(self._reactor) or error.message)
        else:
            self._restore = {}
            self._stopped.clear()
        self._to(Trigger.DONE, self._why)

    def _complete(self) -> None:
        context = self._context
        self.run = replace(
            self.run,
            achieved=context.achieved,
            properties=context.properties,
            spectrum_id=context.spectrum_id,
            emission_id=context.emission_id,
        )
        self._to(Trigger.DONE, "completing")
        self._to(Trigger.DONE, "complete")

    def _to(self, trigger: Trigger, message: str) -> None:
        self.run = self._recorder.advance(self.run, trigger, message)
        if self._heard is not None:
            self._heard(self.run)
