"""Where a strategy may look: bounds and sums, in units of each condition's range."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from controller.domain.campaign import Space

Array = np.ndarray[tuple[int, int], np.dtype[np.float64]]


def lows(space: Space) -> NDArray[np.float64]:
    return np.array([condition.low for condition in space.conditions])


def spans(space: Space) -> NDArray[np.float64]:
    return np.array([condition.high - condition.low for condition in space.conditions])


def to_conditions(space: Space, unit_row: NDArray[np.float64]) -> dict[str, float]:
    """Turn a point of the unit cube, shape (d,), into conditions by name."""
    values = lows(space) + np.clip(unit_row, 0.0, 1.0) * spans(space)
    return {
        condition.name: min(max(float(value), condition.low), condition.high)
        for condition, value in zip(space.conditions, values, strict=True)
    }


def to_unit(space: Space, rows: list[dict[str, float]]) -> NDArray[np.float64]:
    """Turn conditions into points of the unit cube, shape (n, d)."""
    names = [condition.name for condition in space.conditions]
    values = np.array([[row[name] for name in names] for row in rows]).reshape(len(rows), len(names))
    return np.asarray((values - lows(space)) / spans(space))


def repair(space: Space, unit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shrink the members of every sum that is too large toward their lower ends; shape (n, d) in and out.

    A point that satisfies all constraints is returned as it is. The spec guarantees that the lower ends do.
    """
    values = lows(space) + np.clip(unit, 0.0, 1.0) * spans(space)
    names = [condition.name for condition in space.conditions]
    for constraint in space.constraints:
        members = [names.index(name) for name in constraint.names]
        floor = float(lows(space)[members].sum())
        excess = values[:, members].sum(axis=1) - floor
        room = constraint.maximum - floor
        factor = np.where(excess > room, room / np.maximum(excess, 1e-300), 1.0)
        # A hair inside, so that rounding never puts the sum above its maximum.
        factor = np.where(factor < 1.0, factor * (1.0 - 1e-9), 1.0)
        values[:, members] = (
            lows(space)[members] + (values[:, members] - lows(space)[members]) * factor[:, None]
        )
    return np.asarray((values - lows(space)) / spans(space))


def allowed(space: Space, unit: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which points, shape (n, d), satisfy every sum; shape (n,)."""
    values = lows(space) + unit * spans(space)
    names = [condition.name for condition in space.conditions]
    good = np.ones(len(unit), dtype=np.bool_)
    for constraint in space.constraints:
        members = [names.index(name) for name in constraint.names]
        good &= values[:, members].sum(axis=1) <= constraint.maximum
    return good
