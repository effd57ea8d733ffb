"""Gain schedule: the tuning that holds at a value, interpolated in a straight line between its points."""

from __future__ import annotations

from collections.abc import Sequence

from controller.control.pid import Tuning


def tuning_at(schedule: Sequence[tuple[float, Tuning]], value: float) -> Tuning:
    """Interpolate; beyond the ends, the end's tuning holds. Points stand in rising order, at least one."""
    before_at, before = schedule[0]
    if value <= before_at:
        return before
    for at, tuning in schedule:
        if value < at:
            share = (value - before_at) / (at - before_at)
            return Tuning(
                before.gain + share * (tuning.gain - before.gain),
                before.integral_s + share * (tuning.integral_s - before.integral_s),
                before.derivative_s + share * (tuning.derivative_s - before.derivative_s),
                before.derivative_filter,
                before.setpoint_weight,
            )
        before_at, before = at, tuning
    return before
