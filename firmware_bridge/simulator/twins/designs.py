"""Space-filling designs over the inputs of a twin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.stats import qmc

from firmware_bridge.simulator.twins.base import TwinError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.twins.base import Twin

DESIGNS: Final = ("lhs", "sobol")
MOST_SAMPLES: Final = 100_000
"""Some 2 GB of spectra."""
_TIMES_LARGER: Final = 64


def design(twin: Twin, kind: str, samples: int, seed: int) -> list[dict[str, float]]:
    """Spread `samples` feasible conditions over the ranges of a twin's inputs. Raises TwinError.

    Where shares of a flow bound each other, the design is made over the box, large enough for `samples` of
    its points to be feasible, and those are taken in order: a Latin hypercube then keeps its even margins
    only about.
    """
    _check(kind, samples)
    times = 1
    while times <= _TIMES_LARGER:
        points = [point for point in _box(twin, kind, samples * times, seed) if twin.is_feasible(point)]
        if len(points) >= samples:
            return points[:samples]
        times *= 2
    raise TwinError(f"{twin.name}: fewer than 1 in {_TIMES_LARGER} conditions are feasible")


def unit_points(kind: str, dimensions: int, samples: int, seed: int) -> NDArray[np.float64]:
    """Spread points over the unit cube, shape (samples, dimensions). Raises TwinError."""
    _check(kind, samples)
    return _unit(kind, dimensions, samples, seed)


def _check(kind: str, samples: int) -> None:
    if kind not in DESIGNS:
        raise TwinError(f"unknown design {kind!r}; known: {', '.join(DESIGNS)}")
    if not 1 <= samples <= MOST_SAMPLES:
        raise TwinError(f"{samples} samples: ask for 1 to {MOST_SAMPLES}")


def _unit(kind: str, dimensions: int, count: int, seed: int) -> NDArray[np.float64]:
    if kind == "lhs":
        return qmc.LatinHypercube(dimensions, rng=np.random.default_rng(seed)).random(count)
    # A whole power of two keeps the sequence's balance; the first points of it are taken.
    exponent = max(count - 1, 1).bit_length()
    return qmc.Sobol(dimensions, rng=np.random.default_rng(seed)).random_base2(exponent)[:count]


def _box(twin: Twin, kind: str, count: int, seed: int) -> list[dict[str, float]]:
    low = np.array([each.low for each in twin.inputs])
    high = np.array([each.high for each in twin.inputs])
    unit = _unit(kind, len(twin.inputs), count, seed)
    names = [each.name for each in twin.inputs]
    return [dict(zip(names, row, strict=True)) for row in (low + unit * (high - low)).tolist()]
