"""The residence-time distribution of a tube with dispersion: the inverse Gaussian, and points to sum it at.

First passage of drifting, diffusing tracer at the outlet: Schroedinger, Phys. Z. 16, 289 (1915). In units
of the mean residence time its mean is 1 and its variance v is 2 / Bo:
E(theta) = exp(-(theta - 1)^2 / (2 v theta)) / sqrt(2 pi v theta^3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HERMITE_POINTS: Final = 8
_nodes, _weights = np.polynomial.hermite_e.hermegauss(_HERMITE_POINTS)
_SQUARED: Final = _nodes[_HERMITE_POINTS // 2 :] ** 2
_WEIGHT: Final = _weights[_HERMITE_POINTS // 2 :] * 2.0 / _weights.sum()


def quadrature(variance: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give times in units of the mean, and weights that sum to 1, each of shape (8,).

    With y chi-squared, the two roots of y = (x - 1)^2 / (variance x) taken with odds 1 : x follow the
    distribution (Michael, Schucany & Haas, Am. Stat. 30, 88 (1976)); Gauss and Hermite supply y. Mean and
    variance come out exactly.
    """
    half = variance * _SQUARED / 2.0
    early = 1.0 + half - np.sqrt(half * (2.0 + half))
    odds = 1.0 / (1.0 + early)
    return np.concatenate((early, 1.0 / early)), np.concatenate((_WEIGHT * odds, _WEIGHT * (1.0 - odds)))


def longest(variance: float) -> float:
    """Give the largest time that `quadrature` returns."""
    return float(quadrature(variance)[0].max())
