"""Moves a run through its states: each move is journaled, with its time, before anybody hears of it.

Nothing is awaited on the way, so that no cancellation leaves a move half done.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from controller.domain.errors import ControllerError
from controller.domain.modes import State, Trigger, advance
from controller.domain.run import ENDED, RunEvent

if TYPE_CHECKING:
    from controller.domain.ports import Reactor
    from controller.domain.run import Run
    from controller.storage.runs import RunStore


class Recorder:
    """Writes runs and their events.

    `changed` is set with the next one; take it before reading the journal, and nothing is missed.
    """

    def __init__(self, reactor: Reactor, runs: RunStore) -> None:
        self._reactor = reactor
        self._runs = runs
        self.changed = asyncio.Event()

    def advance(self, run: Run, trigger: Trigger, message: str) -> Run:
        """Take the transition that the table names; another would be a defect."""
        state = advance(run.state, trigger)
        if state is None:
            raise AssertionError(f"{run.state.name} knows no {trigger.value}")
        ended_s = self._time_s(run) if state in ENDED else None
        return self.note(replace(run, state=state, ended_s=ended_s), message)

    def note(self, run: Run, message: str) -> Run:
        """Say what a run does, without a transition."""
        run = replace(run, detail=message)
        last = self._runs.last_event(run.run_id)
        sequence = 1 if last is None else last.sequence + 1
        event = RunEvent(run.run_id, sequence, self._time_s(run), run.state, run.step, message)
        self._runs.update(run)
        self._runs.add_event(event)
        self.tell()
        return run

    def tell(self) -> None:
        """Wake those who watch."""
        self.changed.set()
        self.changed = asyncio.Event()

    async def end_safe(self, run: Run, reason: str) -> Run:
        """Abort a run and make safe what it drove."""
        if run.state is not State.ABORTING:
            run = self.advance(run, Trigger.ABORT, reason)
        try:
            await self._reactor.make_safe(actor=f"run {run.run_id}")
        except ControllerError as error:
            # Control is gone or tripped: its own and the board's safe values hold.
            reason = f"{reason} ({error.message})"
        return self.advance(run, Trigger.DONE, reason)

    def _time_s(self, run: Run) -> float:
        """Return the time on the boot that the run belongs to: the last that is known once it is gone."""
        try:
            now = self._reactor.snapshot()
        except ControllerError:
            now = None
        if now is not None and now.boot_id == run.boot_id:
            return now.time_s
        last = self._runs.last_event(run.run_id)
        return run.started_s if last is None else last.time_s
