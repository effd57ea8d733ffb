"""How well predictions on unseen rows fit: R2, RMSE, MAE, for each target and over all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from trainer.arrays import Floats


@dataclass(frozen=True, slots=True)
class Score:
    r2: float
    rmse: float
    mae: float


def score_targets(truth: Floats, predicted: Floats) -> tuple[Score, ...]:
    """Score each column of [n, m] in its own unit; R2 of a constant target is 1 if met exactly, else 0."""
    error = predicted - truth
    squares = (error**2).sum(axis=0)
    spread = ((truth - truth.mean(axis=0)) ** 2).sum(axis=0)
    r2 = np.where(spread > 0.0, 1.0 - squares / np.where(spread > 0.0, spread, 1.0), squares == 0.0)
    rmse = np.sqrt(squares / len(truth))
    mae = np.abs(error).mean(axis=0)
    return tuple(Score(*map(float, values)) for values in zip(r2, rmse, mae, strict=True))


def score_together(truth: Floats, scores: tuple[Score, ...]) -> Score:
    """Combine targets: mean R2; of several, errors are in units of each target's deviation."""
    if len(scores) == 1:
        return scores[0]
    deviation = truth.std(axis=0)
    unit = np.where(deviation > 0.0, deviation, 1.0)
    return Score(
        r2=float(np.mean([score.r2 for score in scores])),
        rmse=float(np.sqrt(np.mean((np.array([score.rmse for score in scores]) / unit) ** 2))),
        mae=float(np.mean(np.array([score.mae for score in scores]) / unit)),
    )
