"""Designs that learn nothing: they spread trials over the space."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import pdist
from scipy.stats import qmc

from controller.campaign.constraints import allowed, repair

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from controller.domain.campaign import Space

_TRIES = 50


def random(space: Space, count: int, seed: int) -> NDArray[np.float64]:
    """Uniform points of the unit cube, constraints kept by rejection where that works; shape (count, d)."""
    generator = np.random.default_rng(seed)
    points = generator.random((64 * count, len(space.conditions)))
    good = points[allowed(space, points)]
    return good[:count] if len(good) >= count else repair(space, points[:count])


def latin_hypercube(space: Space, count: int, seed: int) -> NDArray[np.float64]:
    """Latin hypercube with the largest smallest distance of fifty draws; shape (count, d).

    Points that break a sum are pulled back toward the lower ends of its members.
    """
    sampler = qmc.LatinHypercube(len(space.conditions), rng=np.random.default_rng(seed))
    draws = [repair(space, sampler.random(count)) for _ in range(_TRIES)]
    if count < 2:
        return draws[0]
    return max(draws, key=lambda points: float(pdist(points).min()))


def sobol(space: Space, count: int, seed: int) -> NDArray[np.float64]:
    """Scrambled Sobol points that satisfy the constraints; shape (count, d)."""
    sampler = qmc.Sobol(len(space.conditions), rng=np.random.default_rng(seed))
    points = sampler.random_base2(max(6, int(np.ceil(np.log2(count))) + 4))
    good = points[allowed(space, points)]
    return good[:count] if len(good) >= count else repair(space, points[:count])
