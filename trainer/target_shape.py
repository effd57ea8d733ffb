"""Does a target read better as its logarithm? Decided by likelihood, as Box and Cox (1964) do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from trainer.arrays import Floats

# Within one decade a logarithm changes little.
MIN_RATIO = 10.0
# Twice this is far beyond what chance gives one parameter (chi-squared: 3.8 at 5 %).
MIN_GAIN = 10.0


def prefers_log(x: Floats, y: Floats) -> float | None:
    """Gain in log-likelihood of log y over y [n], or None where it is small or y is not positive.

    Residuals are those of a linear model of the numbers `x` [n, d], where there are rows enough for one.
    """
    if y.min() <= 0.0 or y.max() / y.min() < MIN_RATIO:
        return None
    design = _design(x, len(y))
    logarithm = np.log(y)
    # The Jacobian of the logarithm: densities are compared on the scale of y.
    gain = _log_likelihood(design, logarithm) - logarithm.sum() - _log_likelihood(design, y)
    return float(gain) if gain >= MIN_GAIN else None


def _design(x: Floats, rows: int) -> Floats:
    ones = np.ones((rows, 1))
    if x.size == 0 or x.shape[1] > rows // 5 or np.isnan(x).any():
        return ones
    return np.hstack([ones, x / np.maximum(np.abs(x).max(axis=0), np.finfo(float).tiny)])


def _log_likelihood(design: Floats, y: Floats) -> float:
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    variance = max(float((residual**2).mean()), 1e-24 * float((y**2).mean()))
    return float(-0.5 * len(y) * np.log(variance))
