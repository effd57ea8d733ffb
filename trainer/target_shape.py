"""Does a target read better as its logarithm or its logit? Decided by likelihood (Box and Cox 1964).

The likelihood is that of a linear model of the inputs. A few values near zero can win it for the logarithm,
whose tail then points the other way: for that one, residuals must become less skewed, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.arrays import Floats
    from trainer.columns import Column

# Within one decade a logarithm changes little.
MIN_RATIO = 10.0
# Twice this is far beyond what chance gives one parameter (chi-squared: 3.8 at 5 %).
MIN_GAIN = 10.0
# How close to a bound a share must come somewhere, of its range.
NEAR_BOUND = 0.1


def features(inputs: Sequence[Column], rows: int) -> Floats:
    """Numbers, gaps filled by medians, in unit deviation, and a 0/1 column a choice: [rows, p]."""
    parts = [np.empty((rows, 0))]
    for column in inputs:
        if column.choices:
            parts.append((column.data[:, None] == np.arange(len(column.choices))).astype(np.float64))
        elif column.missing_count < rows:
            filled = np.where(np.isnan(column.data), np.nanmedian(column.data), column.data)
            deviation = filled.std()
            parts.append(((filled - filled.mean()) / (deviation if deviation > 0.0 else 1.0))[:, None])
    return np.hstack(parts)


def prefers_log(x: Floats, y: Floats) -> float | None:
    """Gain in log-likelihood of log y over y [n], given features `x` [n, p]; None if plain is as good."""
    if y.min() <= 0.0 or y.max() / y.min() < MIN_RATIO:
        return None
    logarithm, design = np.log(y), _design(x)
    if _skewness(_residual(design, logarithm)) >= _skewness(_residual(design, y)):
        return None
    return _gain(design, y, logarithm, float(-logarithm.sum()))


def prefers_bounded(x: Floats, y: Floats, low: float, high: float) -> float | None:
    """Gain of the logit of y [n] between `low` and `high`, as for `prefers_log`.

    Shares that stay well inside their bounds have no use for a logit.
    """
    share = (y - low) / (high - low)
    is_inside = share.min() > NEAR_BOUND and share.max() < 1.0 - NEAR_BOUND
    if share.min() < 0.0 or share.max() > 1.0 or np.ptp(share) == 0.0 or is_inside:
        return None
    inner = squeeze(share)
    log_slope = -np.log(inner * (1.0 - inner)).sum() - len(y) * np.log(high - low)
    return _gain(_design(x), y, np.log(inner / (1.0 - inner)), float(log_slope))


def squeeze(share: Floats) -> Floats:
    """Move shares [n] off 0 and 1, as Smithson & Verkuilen (2006) do: a logit has no end."""
    return np.asarray((share * (len(share) - 1.0) + 0.5) / len(share))


def _gain(design: Floats, y: Floats, seen: Floats, log_slope: float) -> float | None:
    """Compare y with how it is `seen` [n]; `log_slope`: the log-slopes of the way there, summed over rows."""
    gain = _log_likelihood(design, seen) + log_slope - _log_likelihood(design, y)
    return float(gain) if gain >= MIN_GAIN else None


def _design(x: Floats) -> Floats:
    ones = np.ones((len(x), 1))
    # More columns than that follow any target.
    return np.hstack([ones, x]) if x.shape[1] <= len(x) // 5 else ones


def _residual(design: Floats, y: Floats) -> Floats:
    return np.asarray(y - design @ np.linalg.lstsq(design, y, rcond=None)[0])


def _log_likelihood(design: Floats, y: Floats) -> float:
    variance = max(float((_residual(design, y) ** 2).mean()), 1e-24 * float((y**2).mean()))
    return float(-0.5 * len(y) * np.log(variance))


def _skewness(residual: Floats) -> float:
    centred = residual - residual.mean()
    variance = float((centred**2).mean())
    return abs(float((centred**3).mean())) / variance**1.5 if variance > 0.0 else 0.0
