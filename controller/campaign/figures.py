"""How many digits of a number a person needs to see. Pure."""

from __future__ import annotations

from math import floor, log10


def decimals(tolerance: float) -> int:
    """Return the digits after the point that tell values apart which differ by `tolerance`: at least one."""
    return max(1, -floor(log10(tolerance))) if tolerance > 0.0 else 1
