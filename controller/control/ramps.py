"""Values that move no faster than they may."""

from __future__ import annotations


def approach(current: float, target: float, rate_per_s: float, dt_s: float) -> float:
    """Move from `current` toward `target` by at most `rate_per_s * dt_s`; a rate of 0 sets no limit."""
    if rate_per_s <= 0.0:
        return target
    most = rate_per_s * dt_s
    return min(max(target, current - most), current + most)
