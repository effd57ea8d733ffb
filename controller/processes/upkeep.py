"""The service's care for control: the line to it, what it must be told again, its events and recordings."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Final

import structlog

from controller.domain.commands import (
    EndAutotune,
    Retune,
    SetAlarmService,
    SetReagent,
    ShelveAlarm,
)
from controller.domain.errors import ControllerError

if TYPE_CHECKING:
    from controller.domain.commands import Command
    from controller.domain.status import LoopStatus
    from controller.equipment.reactor import RemoteReactor
    from controller.runtime.mailbox_client import MailboxClient
    from controller.storage.journal import Journal
    from controller.storage.recordings import RecordingKeeper

log = structlog.get_logger()

_RETRY_S: Final = 0.2
_DRAIN_EVERY_S: Final = 0.25
_LEVELS_EVERY_S: Final = 30.0
# A folder that can't be written is tried again so often.
_FAILED_PAUSE_S: Final = 5.0


class Upkeep:
    """Keeps the line to control open; while it stands, control knows that a service lives."""

    def __init__(
        self, reactor: RemoteReactor, mailbox: MailboxClient, journal: Journal, recordings: RecordingKeeper
    ) -> None:
        self._reactor = reactor
        self._mailbox = mailbox
        self._journal = journal
        self._recordings = recordings
        self._restored_boot = 0
        self._restoring = asyncio.Lock()

    async def run(self) -> None:
        """Run until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hold_line())
            tasks.create_task(self._drain())
            tasks.create_task(self._note_levels())

    def remember(self, command: Command, actor: str) -> None:
        """Keep what control accepted and must be told again after a restart."""
        match command:
            case Retune() | SetReagent() | ShelveAlarm() | SetAlarmService():
                self._journal.standing.keep(command, actor)
            case EndAutotune(loop=name, accept=True):
                for loop in self._reactor.status().loops:
                    if loop.name == name:
                        self._journal.standing.keep(_accepted(loop), actor)

    async def restore(self) -> None:
        """Tell a control process that has just booted what stood before; once, whoever asks."""
        async with self._restoring:
            boot_id = self._reactor.snapshot().boot_id
            if boot_id == self._restored_boot:
                return
            # A service that restarts alone finds that control knows better: of levels, above all.
            if not self._journal.standing.is_restored(boot_id):
                await self._ask_again()
                self._journal.standing.note_restored(boot_id)
            self._restored_boot = boot_id

    async def _ask_again(self) -> None:
        for text in self._journal.standing.purge():
            log.warning("not restored", request=text, why="another release wrote it")
        for request in self._journal.standing.due():
            try:
                await self._reactor.request(request.command, actor=request.actor)
            except ControllerError as error:
                if error.reason == "CONTROL_GONE":
                    raise
                # The rig file has changed: what it no longer has needs no restoring.
                log.warning("not restored", request=type(request.command).__name__, why=str(error))

    async def _hold_line(self) -> None:
        while True:
            try:
                await self._mailbox.connect()
                await self.restore()
            except ControllerError:
                log.debug("control does not listen yet")
            await asyncio.sleep(_RETRY_S)

    async def _drain(self) -> None:
        failed = False
        while True:
            pause_s = _DRAIN_EVERY_S
            try:
                wants_checkpoint = await asyncio.to_thread(self._recordings.drain)
            except (OSError, ControllerError) as error:
                if not failed:
                    log.error("nothing is recorded", why=str(error))  # noqa: TRY400 - it says all
                failed, pause_s = True, _FAILED_PAUSE_S
            else:
                failed = False
                if wants_checkpoint:
                    await self._ask_checkpoint()
            await asyncio.sleep(pause_s)

    async def _ask_checkpoint(self) -> None:
        try:
            await self._mailbox.request({"op": "checkpoint"})
        except ControllerError:
            log.debug("control is gone: its next recording begins with a checkpoint anyway")

    async def _note_levels(self) -> None:
        """Journal what is left of the reagents, so that a restart goes on from there."""
        reagents = [each.name for each in self._reactor.plan.reagents if each.level]
        while reagents:
            await asyncio.sleep(_LEVELS_EVERY_S)
            status = self._reactor.status()
            if self._restored_boot != status.boot_id:
                continue
            try:
                for name, level_ul in zip(reagents, status.reagents_ul, strict=True):
                    self._journal.standing.keep(SetReagent(name, level_ul), "ostwaldd")
            except sqlite3.OperationalError as error:
                log.warning("levels are not journaled", why=str(error))


def _accepted(loop: LoopStatus) -> Retune:
    """Return the tuning just accepted: still proposed by the newest status, or in force by it already."""
    tuning = loop if loop.proposal is None else loop.proposal
    return Retune(loop.name, tuning.gain, tuning.integral_s, tuning.derivative_s)
