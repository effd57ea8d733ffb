"""Several algorithms combined, by non-negative weights for each target (Breiman 1996, stacked regressions).

The weights are found on predictions for conditions that each algorithm had not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import nnls

from trainer.candidates import CANDIDATES

if TYPE_CHECKING:
    from trainer.arrays import Floats, Ints
    from trainer.candidates.base import Regressor, TrainingSet
    from trainer.graph import Graph

# As different from each other as good ones can be: that is what a combination gains by.
MEMBERS = ("gp", "mlp", "svr-laplacian", "extra-trees", "quadratic-cross")
FOLDS = 4


@dataclass(frozen=True)
class Stack:
    """`weights` [members, m], the sum of each target's being 1."""

    members: tuple[Regressor, ...]
    weights: Floats

    def predict(self, z: Floats) -> tuple[Floats, None]:
        means = [member.predict(z)[0] for member in self.members]
        return np.asarray(sum(w * mean for w, mean in zip(self.weights, means, strict=True))), None

    def add_to(self, graph: Graph, features: str) -> tuple[str, None]:
        total = ""
        for weights, member in zip(self.weights, self.members, strict=True):
            mean, _ = member.add_to(graph, features)
            part = graph.op("Mul", mean, graph.constant(weights))
            total = graph.op("Add", total, part) if total else part
        return total, None


def fit(data: TrainingSet, seed: int) -> Stack:
    """Weigh the members by inner folds, then fit those that got any weight to all conditions."""
    fold_of = np.random.default_rng(seed).permutation(len(data.z)) % min(FOLDS, len(data.z) // 2)
    unseen = np.stack([_predict_unseen(data, name, fold_of, seed) for name in MEMBERS])
    weights = np.column_stack(
        [_weigh(unseen[:, :, target].T, data.y[:, target], data.counts) for target in range(data.y.shape[1])]
    )
    kept = np.flatnonzero(weights.any(axis=1))
    members = tuple(CANDIDATES[MEMBERS[index]].load()(data, seed) for index in kept)
    return Stack(members, weights[kept])


def _predict_unseen(data: TrainingSet, name: str, fold_of: Ints, seed: int) -> Floats:
    algorithm = CANDIDATES[name].load()
    answers = np.empty_like(data.y)
    for fold in np.unique(fold_of):
        model = algorithm(data.part(np.flatnonzero(fold_of != fold)), seed)
        answers[fold_of == fold] = model.predict(data.z[fold_of == fold])[0]
    return answers


def _weigh(unseen: Floats, truth: Floats, counts: Floats) -> Floats:
    """Return the weights [members] with the least squared error of predictions [u, members]."""
    root = np.sqrt(counts)
    weights = nnls(unseen * root[:, None], truth * root)[0]
    total = weights.sum()
    # Nothing that any member says helps: a flat target, or noise. Then all count alike.
    return weights / total if total > 0.0 else np.full(unseen.shape[1], 1.0 / unseen.shape[1])
