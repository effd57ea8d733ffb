"""How a flow becomes strokes of a Cavro syringe pump. Pure arithmetic.

A full stroke is 6000 half-steps (XP 3000 manual: 20 minutes at the slowest speed of 5 half-steps/s), counted
by the pump as 3000 increments, or as 24000 with fine positioning. Speeds are whole half-steps/s: a stroke
alternates between the two speeds next to the one wanted, so that its mean is right.
"""

from __future__ import annotations

from math import floor
from typing import Final

HALF_STEPS: Final = 6000
SLOWEST: Final = 5
"""Half-steps/s: the least that V takes."""
FASTEST: Final = 900
"""Half-steps/s: the start speed by default. Up to it there is no ramp: flows hold, and T loses no step."""
_PAIRS: Final = 10
"""Changes of speed in a stroke at most: 10 pairs fit the pump's buffer of 255 characters."""
_SHORTEST: Final = 100
"""Increments of a pair at 3000 a stroke, so that rounding to whole ones does not show."""


def speed_of(flow_ul_min: float, syringe_ul: float) -> float:
    """Return the plunger's speed in half-steps/s for a flow; 0 for one that is too slow to be pumped."""
    speed = flow_ul_min / 60.0 / syringe_ul * HALF_STEPS
    # What was computed from the slowest speed must not fall below it by rounding.
    return speed if speed >= SLOWEST * (1.0 - 1e-9) else 0.0


def flow_of(speed: float, syringe_ul: float) -> float:
    """Return the flow in uL/min at a plunger's speed in half-steps/s."""
    return speed / HALF_STEPS * syringe_ul * 60.0


def plan_stroke(start: int, speed: float, increments: int) -> list[tuple[int, int]]:
    """Plan a stroke from `start` up to 0: speeds in half-steps/s, each with the increment it leads to.

    `increments` a stroke. The mean speed over the stroke is `speed`, to the rounding of increments.
    """
    slow = max(floor(speed + 1e-6), SLOWEST)
    fast = slow + 1
    if abs(speed - slow) < 1e-6 or speed < slow:
        return [(slow, 0)]
    # Times add up: share/fast + (1 - share)/slow = 1/speed.
    share = fast * (speed - slow) / speed
    pairs = min(max(start * 3000 // (increments * _SHORTEST), 1), _PAIRS)
    plan: list[tuple[int, int]] = []
    at = start
    for left in range(pairs - 1, -1, -1):
        end = start * left // pairs
        between = at - round((at - end) * share)
        plan += [(rate, to) for rate, to, begin in ((fast, between, at), (slow, end, between)) if to < begin]
        at = end
    return plan
