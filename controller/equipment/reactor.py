"""The reactor as the service holds it: snapshots in, commands out, and the spectrometer, which only sees."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from controller.domain import plain
from controller.domain.commands import (
    Command,
    EmergencyStop,
    HoldLease,
    MakeSafe,
    ReleaseLease,
    Request,
    Reset,
    SetTargets,
)
from controller.domain.errors import ControllerError, Kind
from controller.domain.status import ControlStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from controller.domain.alarms import AlarmStatus
    from controller.domain.events import LoggedEvent
    from controller.domain.leases import LeaseStatus
    from controller.domain.plan import RigPlan
    from controller.domain.ports import Clock
    from controller.domain.readings import LinkHealth, Snapshot, Spectrum
    from controller.equipment.spectrometry import Spectrometry
    from controller.runtime.mailbox import Message
    from controller.runtime.mailbox_client import MailboxClient
    from controller.runtime.snapshots import SnapshotReader

_KINDS = {
    "CHANNEL_UNKNOWN": Kind.NOT_FOUND,
    "LOOP_UNKNOWN": Kind.NOT_FOUND,
    "ALARM_UNKNOWN": Kind.NOT_FOUND,
    "REAGENT_UNKNOWN": Kind.NOT_FOUND,
    "OUT_OF_RANGE": Kind.INVALID,
    "NOT_WRITABLE": Kind.INVALID,
    "FRACTIONS_SUM": Kind.INVALID,
}
_REMEDIES = {
    "CHANNEL_UNKNOWN": "see 'ostwald read' for the channels",
    "NOT_WRITABLE": "write to an actuator, or give the sensor a loop in the rig file",
    "LEASE_HELD": "wait for it, or ask its holder to release it",
    "FORCED_SAFE": "remove the cause; a latched interlock needs 'ostwald reset' then",
    "REACTOR_NOT_READY": "see 'ostwald status'; after a trip or stop, 'ostwald reset'",
}


class RemoteReactor:
    """Implements `domain.ports.Reactor` over the mailbox and the snapshot ring of the control process.

    `on_done` is told of every command that control took, and who asked for it.
    """

    def __init__(
        self,
        plan: RigPlan,
        clock: Clock,
        snapshots: SnapshotReader,
        mailbox: MailboxClient,
        status: StatusBoard,
    ) -> None:
        self._plan = plan
        self._clock = clock
        self._snapshots = snapshots
        self._mailbox = mailbox
        self._status = status
        self.spectrometry: Spectrometry | None = None
        self.on_done: Callable[[Command, str], None] = _forget

    @property
    def plan(self) -> RigPlan:
        return self._plan

    @property
    def clock(self) -> Clock:
        return self._clock

    def snapshot(self) -> Snapshot:
        return self._snapshots.newest()

    def links(self) -> tuple[LinkHealth, ...]:
        links = self._status.newest.links
        return links if self.spectrometry is None else (*links, self.spectrometry.health)

    def state_reason(self) -> str:
        return self._status.newest.reason

    def status(self) -> ControlStatus:
        return self._status.newest

    def alarms(self) -> tuple[AlarmStatus, ...]:
        return self._status.newest.alarms or ()

    def lease(self) -> LeaseStatus:
        return self._status.newest.lease

    async def set(self, targets: Mapping[str, float], *, actor: str, lease: str = "") -> None:
        await self.request(SetTargets(dict(targets)), actor=actor, lease=lease)

    async def make_safe(self, *, actor: str) -> None:
        await self.request(MakeSafe(), actor=actor)

    async def emergency_stop(self, reason: str, *, actor: str) -> None:
        await self.request(EmergencyStop(reason), actor=actor)

    async def reset(self, *, actor: str, lease: str = "") -> None:
        await self.request(Reset(), actor=actor, lease=lease)

    async def request(self, command: Command, *, actor: str, lease: str = "") -> None:
        if isinstance(command, HoldLease | ReleaseLease):
            command = replace(command, token=_digest(command.token))
        asked = plain.to_plain(Request(command, actor, _digest(lease) if lease else ""))
        answer = await self._mailbox.request({"op": "request", "request": asked})
        if refused := str(answer.get("refused", "")):
            raise ControllerError(
                str(answer.get("detail", "")),
                reason=refused,
                kind=_KINDS.get(refused, Kind.REFUSED),
                remedy=_REMEDIES.get(refused, ""),
            )
        self.on_done(command, actor)

    async def acquire(
        self,
        kind: str,
        *,
        integration_s: float | None = None,
        scans: int | None = None,
        actor: str,
        lease: str = "",
    ) -> Spectrum:
        if self.spectrometry is None:
            raise ControllerError(
                "this rig has no spectrometer",
                reason="NO_SPECTROMETER",
                kind=Kind.REFUSED,
                remedy="declare one in [spectrometer] of the rig file",
            )
        return await self.spectrometry.acquire(
            kind, integration_s=integration_s, scans=scans, actor=actor, lease=lease
        )


def _forget(_command: Command, _actor: str) -> None:
    """Nobody keeps what was done."""


def _digest(token: str) -> str:
    """Control and its recordings know a lease by this alone."""
    return hashlib.sha256(token.encode()).hexdigest()


class StatusBoard:
    """The newest status that control sent; hands on its events."""

    def __init__(self, on_events: Callable[[Sequence[LoggedEvent]], None]) -> None:
        self.newest = ControlStatus(boot_id=0)
        self._on_events = on_events

    def take(self, message: Message) -> None:
        """Take one status message of the mailbox."""
        status = plain.from_plain(ControlStatus, message.get("status"))
        if status.alarms is None and status.boot_id == self.newest.boot_id:
            status = replace(status, alarms=self.newest.alarms)
        self.newest = status
        if self.newest.events:
            self._on_events(self.newest.events)
