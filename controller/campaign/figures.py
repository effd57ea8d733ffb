"""Numbers as a person wants to read them. Pure."""

from __future__ import annotations

from math import floor, log10


def decimals(tolerance: float) -> int:
    """Return the digits after the point that tell values apart which differ by `tolerance`: at least one."""
    return max(1, -floor(log10(tolerance))) if tolerance > 0.0 else 1


def quantity(figure: str, unit: str) -> str:
    """Write a figure with its unit, which a plain number has not."""
    return figure if unit == "1" else f"{figure} {unit}"
