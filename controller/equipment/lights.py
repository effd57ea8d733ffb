"""Lamps and diodes, switched in somebody's name and left time to settle."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from controller.domain.ports import Reactor

OFF: Final = 0.0
LAMP_SETTLE_S: Final = 3.0
"""Ten times the lag of a small halogen lamp: less than 1e-4 of the step is left, up or down."""


@dataclass(frozen=True, slots=True)
class Lights:
    """`lease` is the token of the lease under which `actor` asks, or empty."""

    reactor: Reactor
    actor: str
    lease: str

    async def turn(self, channel: str, level: float, settle_s: float = LAMP_SETTLE_S) -> float:
        """Set one, let it settle where that is a change, and return what it was."""
        before = self.level(channel)
        if before != level:
            await self.put(channel, level)
            await self.reactor.clock.sleep(settle_s)
        return before

    def level(self, channel: str) -> float:
        """Return what one is set to."""
        channels = [each.name for each in self.reactor.plan.channels]
        now = self.reactor.snapshot().setpoints[channels.index(channel)]
        return now if isfinite(now) else OFF

    async def put(self, channel: str, level: float) -> None:
        """Set one without waiting for it."""
        await self.reactor.set({channel: level}, actor=self.actor, lease=self.lease)
