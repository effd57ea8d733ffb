"""Under whose authority a run acts: who asked for it, and the lease that gives the right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.domain.errors import ControllerError, Kind

if TYPE_CHECKING:
    from controller.domain.ports import Reactor


@dataclass(frozen=True, slots=True)
class Mandate:
    """Who asked, the token of their lease, and who holds that lease; without one both are empty."""

    actor: str = ""
    lease: str = ""
    holder: str = ""

    def loss(self, reactor: Reactor) -> str:
        """Say that the lease is gone or another's; empty while it stands, or where none is needed."""
        if not self.lease or reactor.lease().holder == self.holder:
            return ""
        return f"the lease of {self.holder} was lost"


async def obtain(reactor: Reactor, actor: str, lease: str) -> Mandate:
    """Ask whether this actor may act now, under the lease of this token.

    Control answers what it would to any command: one that asks for nothing changes nothing. Raises
    ControllerError: LEASE_HELD, LEASE_UNKNOWN, REACTOR_NOT_READY.
    """
    await reactor.set({}, actor=actor, lease=lease)
    if not lease:
        return Mandate(actor)
    holder = reactor.lease().holder
    if not holder:
        raise ControllerError(
            "that lease ran out or was released",
            reason="LEASE_UNKNOWN",
            kind=Kind.REFUSED,
            remedy="acquire a new one, or ask without",
        )
    return Mandate(actor, lease, holder)
