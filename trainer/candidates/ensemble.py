"""Up to thousands of small networks, each on its own bootstrap sample (Breiman 1996), in one graph.

Their mean is the answer. Where they disagree, the deviation grows: it is the root of their variance plus what
they miss on conditions that were not in their samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.candidates.ensemble_training import Group, Members, join, train_members
from trainer.candidates.targets import Components, reduce_targets
from trainer.candidates.tuned import Dimension, Tuned, grid
from trainer.workers import shared_out

if TYPE_CHECKING:
    from trainer.arrays import Floats
    from trainer.candidates.base import Settings, TrainingSet
    from trainer.graph import Graph

# So many are trained together: their weights stay in a processor's cache. The grouping does not depend on the
# number of workers, so that any number of them gives the same ensemble.
GROUP = 100
# Rows that go through all members at once: bounds memory.
_BATCH = 256


@dataclass(frozen=True)
class NetworkEnsemble:
    """`missed` [q]: mean squared error on conditions outside the samples, by score of the targets."""

    members: Members
    missed: Floats
    components: Components

    def predict(self, z: Floats) -> tuple[Floats, Floats]:
        parts = [self._predict(z[start : start + _BATCH]) for start in range(0, len(z), _BATCH)]
        mean, deviation = (np.vstack(column) for column in zip(*parts, strict=True))
        return mean, deviation

    def _predict(self, z: Floats) -> tuple[Floats, Floats]:
        answers = answer_all(self.members, z)
        scores = answers.mean(axis=0)
        variance = ((answers - scores) ** 2).mean(axis=0) + self.missed
        mixing = self.components.mixing
        return scores @ mixing + self.components.offset, np.sqrt(variance @ mixing**2)

    def add_to(self, graph: Graph, features: str) -> tuple[str, str]:
        count, width, hidden = self.members.inner.shape
        scores = self.members.outer.shape[2]
        side_by_side = self.members.inner.transpose(1, 0, 2).reshape(width, count * hidden)
        signal = graph.op("MatMul", features, graph.constant(side_by_side))
        signal = graph.op("Tanh", graph.op("Add", signal, graph.constant(self.members.inner_bias.ravel())))
        signal = graph.reshape(signal, -1, count, 1, hidden)
        answers = graph.op("MatMul", signal, graph.constant(self.members.outer))
        answers = graph.op("Add", answers, graph.constant(self.members.outer_bias))
        share = graph.constant(np.float64(1.0 / count))
        mean = graph.op("Mul", graph.sum_axis(answers, 1, keep=True), share)
        apart = graph.op("Sub", answers, mean)
        squares = graph.sum_axis(graph.op("Mul", apart, apart), 1)
        variance = graph.op("Mul", graph.reshape(squares, -1, scores), share)
        variance = graph.op("Add", variance, graph.constant(self.missed))
        mixing = self.components.mixing
        variance = graph.op("MatMul", variance, graph.constant(mixing**2))
        mean = graph.op("MatMul", graph.reshape(mean, -1, scores), graph.constant(mixing))
        return graph.op("Add", mean, graph.constant(self.components.offset)), graph.op("Sqrt", variance)


def answer_all(members: Members, z: Floats) -> Floats:
    """Features [n, p] to the answers of every member [k, n, q]."""
    signal = np.tanh(z @ members.inner + members.inner_bias)
    return np.asarray(signal @ members.outer + members.outer_bias)


def fit_ensemble(data: TrainingSet, settings: Settings, seed: int) -> NetworkEnsemble:
    """Fit so many `members` of `hidden` units under the weight `decay`, in groups side by side."""
    reduced, components = reduce_targets(data)
    count = int(settings["members"])
    sizes = [min(GROUP, count - start) for start in range(0, count, GROUP)]
    seeds = np.random.SeedSequence(seed).generate_state(len(sizes))
    hidden, decay = int(settings["hidden"]), settings["decay"]
    groups = [Group(hidden, decay, size, int(own)) for size, own in zip(sizes, seeds, strict=True)]
    members = join(shared_out(train_members, reduced, groups))
    return NetworkEnsemble(members, _error_outside(members, reduced), components)


def _error_outside(members: Members, data: TrainingSet) -> Floats:
    """Return the mean squared error [q] of each condition's answer by the members that never saw it."""
    outside = members.drawn == 0.0
    total = np.zeros(data.y.shape)
    for start in range(0, len(data.z), _BATCH):
        part = slice(start, start + _BATCH)
        total[part] = np.einsum("kn,knq->nq", outside[:, part], answer_all(members, data.z[part]))
    judges = outside.sum(axis=0)
    judged = judges > 0
    if not judged.any():
        return np.ones(data.y.shape[1])
    missed = (total[judged] / judges[judged, None] - data.y[judged]) ** 2
    return np.asarray(np.average(missed, axis=0, weights=data.counts[judged]))


_GRID = grid(members=(8.0,), hidden=(16.0,), decay=(0.1, 0.3, 1.0))
_SPACE = {
    "hidden": Dimension(2, 32, is_log=True, is_whole=True),
    "decay": Dimension(1e-3, 10.0, is_log=True),
}
ENSEMBLE = Tuned(fit_ensemble, _GRID, _SPACE, {"members": 100.0})
LARGE = Tuned(fit_ensemble, _GRID, _SPACE, {"members": 1600.0})
