"""Many targets as few: the principal components that they amount to, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from trainer.arrays import Floats
    from trainer.candidates.base import TrainingSet

# Up to so many targets stay as they are; more become components, of which a spectrum needs no more than this.
MAX_COMPONENTS = 12
# Components that make up less of the variance than this are left out.
_NEGLIGIBLE = 1e-6


@dataclass(frozen=True)
class Components:
    """`y` ~ scores [u, q] @ `mixing` [q, m] + `offset` [m]."""

    mixing: Floats
    offset: Floats


def reduce_targets(data: TrainingSet) -> tuple[TrainingSet, Components]:
    """Return the same conditions with component scores for targets. Splits of a tree stay nearly the same."""
    targets = data.y.shape[1]
    if targets <= MAX_COMPONENTS:
        return data, Components(np.eye(targets), np.zeros(targets))
    offset = np.average(data.y, axis=0, weights=data.counts)
    left, sizes, right = np.linalg.svd(data.y - offset, full_matrices=False)
    share = sizes**2 / max(float((sizes**2).sum()), np.finfo(np.float64).tiny)
    kept = max(int((share[:MAX_COMPONENTS] > _NEGLIGIBLE).sum()), 1)
    scores = np.ascontiguousarray(left[:, :kept] * sizes[:kept])
    return data.with_targets(scores), Components(np.ascontiguousarray(right[:kept]), offset)
