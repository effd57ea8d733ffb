"""Interlocks: how long each channel has been out of bounds, and which rules have latched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.domain.readings import Quality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.domain.conditions import Limits
    from controller.domain.plan import InterlockPlan


@dataclass(frozen=True, slots=True)
class InterlockState:
    """`outside_s` per interlock; bit i of `latched` is interlock i; `first_out` is its index or -1."""

    outside_s: tuple[float, ...]
    latched: int = 0
    first_out: int = -1

    @property
    def standing(self) -> bool:
        """Whether any cause holds at this moment."""
        return any(outside > 0.0 for outside in self.outside_s)


def step(
    state: InterlockState,
    rules: Sequence[tuple[int, Limits, InterlockPlan]],
    values: Sequence[float],
    qualities: Sequence[int],
    dt_s: float,
) -> InterlockState:
    """Judge one tick. `rules` pairs each interlock with the index of its channel."""
    outside_s = tuple(
        0.0
        if qualities[channel] == Quality.GOOD and limits.low <= values[channel] <= limits.high
        else outside + dt_s
        for (channel, limits, _), outside in zip(rules, state.outside_s, strict=True)
    )
    if not any(outside_s):
        if state.outside_s == outside_s:
            return state
        return InterlockState(outside_s, state.latched, state.first_out)
    latched, first_out = state.latched, state.first_out
    for index, (_, _, rule) in enumerate(rules):
        if outside_s[index] > rule.delay_s and not latched >> index & 1:
            first_out = index if first_out < 0 else first_out
            latched |= 1 << index
    return InterlockState(outside_s, latched, first_out)


def describe(limits: Limits, delay_s: float, unit: str) -> str:
    """Say the rule in words: "above 85 degC, or no good reading, for 0.5 s"."""
    bounds = []
    if limits.low > float("-inf"):
        bounds.append(f"below {limits.low:g} {unit}")
    if limits.high < float("inf"):
        bounds.append(f"above {limits.high:g} {unit}")
    return f"{', '.join([*bounds, 'or no good reading'])}, for {delay_s:g} s"
