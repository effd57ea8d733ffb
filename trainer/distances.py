"""Squared distances as the graph computes them, so that both round alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from trainer.arrays import Floats


def squared_distances(a: Floats, b: Floats) -> Floats:
    """Points [n, p] and [k, p] to [n, k], by |a|^2 + |b|^2 - 2ab, never below 0."""
    total = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) + a @ (-2.0 * b.T)
    return np.asarray(np.maximum(total, 0.0))


def absolute_distances(a: Floats, b: Floats) -> Floats:
    """Points [n, p] and [k, p] to [n, k], the sum of |a - b|; feature after feature, which bounds memory."""
    total = np.zeros((len(a), len(b)))
    for feature in range(a.shape[1]):
        total += np.abs(a[:, feature, None] - b[:, feature])
    return total
