"""Robust rules for values that do not belong: they report; only on request do rows go.

- `mad:K`: farther from the median than K robust deviations (1.4826 x median absolute deviation), of a target;
- `iqr:K`: more than K interquartile ranges beyond the quartiles (Tukey 1977);
- `replicates:K`: a repeated condition (3 rows or more) farther than K robust deviations, pooled over all such
  conditions, from its median: the only rule that can't take a rare success for a mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.errors import UsageError

if TYPE_CHECKING:
    import numpy.typing as npt

    from trainer.arrays import Floats, Ints

REPORTED = (("replicates", 5.0), ("mad", 6.0))
RULES = ("mad", "iqr", "replicates")
MIN_REPLICATES = 3
# Makes the median absolute deviation of a normal distribution its standard deviation.
_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True)
class OutlierRule:
    """`k`: how far is too far, in the spread of the rule; `drops`: whether such rows go."""

    name: str
    k: float
    drops: bool

    def __str__(self) -> str:
        return f"{self.name}:{self.k:g}"


def parse_rule(text: str) -> OutlierRule | None:
    """Read `report` (None) or `drop:RULE:K`."""
    if text == "report":
        return None
    verb, _, rest = text.partition(":")
    name, _, number = rest.partition(":")
    try:
        k = float(number)
    except ValueError:
        k = 0.0
    if verb != "drop" or name not in RULES or not 0.0 < k < np.inf:
        raise UsageError(
            f"outliers {text!r} is not understood",
            remedy="use report, drop:mad:6, drop:iqr:3 or drop:replicates:5",
        )
    return OutlierRule(name, k, drops=True)


def find_outliers(rule: OutlierRule, y: Floats, same: Ints) -> npt.NDArray[np.bool_]:
    """Mark the values of `y` [n, m] that `rule` finds; `same` [n] labels rows of equal conditions."""
    if rule.name == "iqr":
        low, high = np.quantile(y, [0.25, 0.75], axis=0)
        reach = rule.k * (high - low)
        return np.asarray((y < low - reach) | (y > high + reach))
    deviation = _from_replicates(y, same) if rule.name == "replicates" else np.abs(y - np.median(y, axis=0))
    spread = np.full(y.shape[1], np.inf)
    for target in range(y.shape[1]):
        known = deviation[:, target][np.isfinite(deviation[:, target])]
        if len(known) and (middle := float(np.median(known))) > 0.0:
            spread[target] = _TO_SIGMA * middle
    return np.asarray(np.isfinite(deviation) & (deviation > rule.k * spread))


def _from_replicates(y: Floats, same: Ints) -> Floats:
    """Distance of each row from the median of its condition; NaN where it is repeated too seldom."""
    deviation = np.full(y.shape, np.nan)
    counts = np.bincount(same)
    for label in np.flatnonzero(counts >= MIN_REPLICATES):
        rows = same == label
        deviation[rows] = np.abs(y[rows] - np.median(y[rows], axis=0))
    return deviation
