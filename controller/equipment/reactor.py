"""The reactor as the service holds it: snapshots in, commands out, and the spectrometer, which only sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.domain.errors import ControllerError, Kind
from controller.domain.readings import LinkHealth

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from controller.domain.plan import RigPlan
    from controller.domain.ports import Clock
    from controller.domain.readings import Snapshot, Spectrum
    from controller.equipment.spectrometry import Spectrometry
    from controller.runtime.mailbox import MailboxClient, Message
    from controller.runtime.snapshots import SnapshotReader

_KINDS = {"CHANNEL_UNKNOWN": Kind.NOT_FOUND, "OUT_OF_RANGE": Kind.INVALID, "NOT_WRITABLE": Kind.INVALID}
_REMEDIES = {
    "CHANNEL_UNKNOWN": "see 'ostwald read' for the channels",
    "NOT_WRITABLE": "write to an actuator, or give the sensor a loop in the rig file",
    "OUT_OF_RANGE": "choose a value within it",
    "REACTOR_NOT_READY": "see 'ostwald status'; after a trip or stop, 'ostwald reset'",
}


class RemoteReactor:
    """Implements `domain.ports.Reactor` over the mailbox and the snapshot ring of the control process."""

    def __init__(
        self,
        plan: RigPlan,
        clock: Clock,
        snapshots: SnapshotReader,
        mailbox: MailboxClient,
        status: ControlStatus,
    ) -> None:
        self._plan = plan
        self._clock = clock
        self._snapshots = snapshots
        self._mailbox = mailbox
        self._status = status
        self.spectrometry: Spectrometry | None = None

    @property
    def plan(self) -> RigPlan:
        return self._plan

    @property
    def clock(self) -> Clock:
        return self._clock

    def snapshot(self) -> Snapshot:
        return self._snapshots.newest()

    def links(self) -> tuple[LinkHealth, ...]:
        return self._status.links

    def state_reason(self) -> str:
        return self._status.reason

    async def set(self, targets: Mapping[str, float]) -> None:
        await self._command({"op": "set", "targets": dict(targets)})

    async def make_safe(self) -> None:
        await self._command({"op": "safe"})

    async def emergency_stop(self, reason: str) -> None:
        await self._command({"op": "stop", "reason": reason})

    async def reset(self) -> None:
        await self._command({"op": "reset"})

    async def acquire(
        self, kind: str, *, integration_s: float | None = None, scans: int | None = None
    ) -> Spectrum:
        if self.spectrometry is None:
            raise ControllerError(
                "this rig has no spectrometer",
                reason="NO_SPECTROMETER",
                kind=Kind.REFUSED,
                remedy="declare one in [spectrometer] of the rig file",
            )
        return await self.spectrometry.acquire(kind, integration_s=integration_s, scans=scans)

    async def _command(self, message: Message) -> None:
        answer = await self._mailbox.request(message)
        if refused := str(answer.get("refused", "")):
            raise ControllerError(
                str(answer.get("detail", "")),
                reason=refused,
                kind=_KINDS.get(refused, Kind.REFUSED),
                remedy=_REMEDIES.get(refused, ""),
            )


class ControlStatus:
    """The newest status that control sent: why it is not ready, and how its wires do."""

    def __init__(self, on_event: Callable[[str], None]) -> None:
        self.reason = ""
        self.links: tuple[LinkHealth, ...] = ()
        self._on_event = on_event

    def take(self, message: Message) -> None:
        """Take one status message of the mailbox."""
        self.reason = str(message.get("reason", ""))
        links, events = message.get("links"), message.get("events")
        if isinstance(links, list):
            self.links = tuple(LinkHealth(**link) for link in links)
        if isinstance(events, list):
            for event in events:
                self._on_event(str(event))
