"""Temperatures that went safe with the reactor, and how a resumed run waits until they are back."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Final, NamedTuple

from controller.domain.errors import ControllerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.campaign.steps import StepContext
    from controller.domain.plan import RigPlan
    from controller.domain.readings import Snapshot

_NEAR: Final = 0.01
"""Of a sensor's range: how much further from its target than it was counts as back."""
_POLL_S: Final = 1.0
_TIMEOUT_S: Final = 3600.0


class Aim(NamedTuple):
    """What a loop's sensor shall read, and how far off it may be."""

    target: float
    error: float


def to_regain(plan: RigPlan, before: Snapshot, restored: Mapping[str, float]) -> dict[str, Aim]:
    """Return the sensors of loops among what is `restored`: each as near to its target as `before`."""
    sensors = {loop.sensor for loop in plan.loops}
    return {
        channel.name: Aim(target, abs(value - target) + _NEAR * (channel.high - channel.low))
        for channel, value in zip(plan.channels, before.values, strict=True)
        if channel.name in sensors
        and isfinite(target := restored.get(channel.name, float("nan")))
        and isfinite(value)
    }


async def regain(aims: Mapping[str, Aim], context: StepContext) -> None:
    """Wait until all of them are met; ControllerError NOT_REGAINED."""
    clock, names = context.reactor.clock, [each.name for each in context.reactor.plan.channels]
    until_s = clock.now_s() + _TIMEOUT_S
    while True:
        reads = dict(zip(names, context.note().values, strict=True))
        # Not a number is not there.
        far = [name for name, aim in aims.items() if not abs(reads[name] - aim.target) <= aim.error]
        if not far:
            return
        if clock.now_s() > until_s:
            raise ControllerError(
                f"{', '.join(far)} did not come back within {_TIMEOUT_S:g} s",
                reason="NOT_REGAINED",
                remedy="see what keeps the loop from its setpoint",
            )
        await clock.sleep(_POLL_S)
