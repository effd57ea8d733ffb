"""Several algorithms combined, each by how well it answers conditions that it had not seen.

A member's weight for a target is its mean squared error on inner folds to the power of -3, groups kept whole
where whole groups will be new. Bates & Granger 1969 weigh by the power of -1 what errs independently; members
that learn from the same rows err alike, and the higher power leaves more to the best of them. Least squares
for the weights (Breiman 1996) was less sure on few rows. No member answers beyond the targets it was given:
what is flung far outside by a steep plane would outweigh all the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.candidates import CANDIDATES
from trainer.candidates.tuned import Tuned

if TYPE_CHECKING:
    from trainer.arrays import Floats
    from trainer.candidates.base import Algorithm, Regressor, Settings, TrainingSet
    from trainer.graph import Graph

# As different from each other as good ones can be: that is what a combination gains by.
MEMBERS = ("gp", "mlp", "svr-laplacian", "extra-trees", "quadratic-cross")
# Inner folds: where conditions are few, a fold may take only few of them, and fits are cheap.
FEWEST_FOLDS = 3
MOST_FOLDS = 8
_FOLDS_TIMES_CONDITIONS = 600
POWER = 3.0
# Members with less of the weight of every target are left out of the model.
_NEGLIGIBLE = 0.01
_SMALLEST_ERROR = 1e-12


@dataclass(frozen=True)
class Stack:
    """`weights` [members, m], the sum of each target's being 1; answers stay within `low` and `high` [m]."""

    members: tuple[Regressor, ...]
    weights: Floats
    low: Floats
    high: Floats

    def predict(self, z: Floats) -> tuple[Floats, None]:
        means = [np.clip(member.predict(z)[0], self.low, self.high) for member in self.members]
        return np.asarray(sum(w * mean for w, mean in zip(self.weights, means, strict=True))), None

    def add_to(self, graph: Graph, features: str) -> tuple[str, None]:
        total = ""
        for weights, member in zip(self.weights, self.members, strict=True):
            mean = self._add_clip(graph, member.add_to(graph, features)[0])
            part = graph.op("Mul", mean, graph.constant(weights[None, :]))
            total = graph.op("Add", total, part) if total else part
        return total, None

    def _add_clip(self, graph: Graph, mean: str) -> str:
        """Add the clip as two Max: there is no Min on the device's list."""
        minus = graph.constant(np.full((1, len(self.low)), -1.0))
        raised = graph.op("Max", mean, graph.constant(self.low[None, :]))
        lowered = graph.op("Max", graph.op("Mul", raised, minus), graph.constant(-self.high[None, :]))
        return graph.op("Mul", lowered, minus)


def fit(data: TrainingSet, seed: int) -> Stack:
    """Weigh the members by inner folds, then fit those that count to all conditions."""
    fold_of = data.deal(_fold_count(len(data.z)), np.random.default_rng(seed))
    folds = [
        (np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)) for fold in np.unique(fold_of)
    ]
    low, high = data.y.min(axis=0), data.y.max(axis=0)
    errors, members = [], []
    for name in MEMBERS:
        member = _Member.of(name, data, seed)
        unseen = np.empty_like(data.y)
        for train, test in folds:
            unseen[test] = member.fit(data.part(train)).predict(data.z[test])[0]
        missed = (np.clip(unseen, low, high) - data.y) ** 2
        errors.append(np.average(missed, axis=0, weights=data.counts))
        members.append(member)
    weights = _weigh(np.array(errors))
    kept = np.flatnonzero((weights > _NEGLIGIBLE).any(axis=1))
    return Stack(
        tuple(members[index].fit_finally(data) for index in kept),
        weights[kept] / weights[kept].sum(axis=0),
        low,
        high,
    )


def _fold_count(conditions: int) -> int:
    wanted = min(max(round(_FOLDS_TIMES_CONDITIONS / conditions), FEWEST_FOLDS), MOST_FOLDS)
    return min(wanted, conditions // 2)


@dataclass(frozen=True)
class _Member:
    """An algorithm with the settings that it chose once, for all inner folds and the final fit."""

    algorithm: Algorithm
    settings: Settings
    seed: int

    @staticmethod
    def of(name: str, data: TrainingSet, seed: int) -> _Member:
        algorithm = CANDIDATES[name].load()
        settings = algorithm.choose(data, seed) if isinstance(algorithm, Tuned) else {}
        return _Member(algorithm, settings, seed)

    def fit(self, data: TrainingSet) -> Regressor:
        """Fit as while settings are chosen: with fewer trees, say."""
        if isinstance(self.algorithm, Tuned):
            return self.algorithm.fit_with(data, self.settings, self.seed)
        return self.algorithm(data, self.seed)

    def fit_finally(self, data: TrainingSet) -> Regressor:
        if isinstance(self.algorithm, Tuned):
            return self.algorithm.fit_with(data, {**self.settings, **self.algorithm.final}, self.seed)
        return self.algorithm(data, self.seed)


def _weigh(errors: Floats) -> Floats:
    """Return weights [members, m] from mean squared errors; members that break down have none."""
    known = np.where(np.isfinite(errors), np.maximum(errors, _SMALLEST_ERROR), np.inf)
    # Relative to the best: a power of tiny errors would overflow.
    shares = (known.min(axis=0) / known) ** POWER
    return np.asarray(shares / shares.sum(axis=0))
