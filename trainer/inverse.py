"""From properties to conditions: a multi-target forest proposes, a forward model judges.

Several conditions may give the same properties, and their mean need not: so each tree's answer is a proposal,
and what the forward model expects of it ranks it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.ensemble import RandomForestRegressor

from trainer.errors import UsageError
from trainer.novelty import Novelty
from trainer.preprocess import InputKind, Preprocessor
from trainer.surrogate import Prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from trainer.arrays import Floats, Ints
    from trainer.dataset import Dataset
    from trainer.split import Split
    from trainer.surrogate import Surrogate

TREES = 200
LEAF_ROWS = 2
MAX_PROPOSALS = 50
# Deviations beyond any threshold of a tree; sums of them stay within single precision.
_FAR = 1e30


@dataclass(frozen=True)
class InverseForest:
    """A forest from properties (in deviations) to conditions (in `spread`); choices are 0/1 columns.

    `widths` [d]: choices of each condition, 0 for a number; `low`, `high` [d] bound what is proposed.
    `novelty`: how far wanted properties lie from those that were learned, scaled by `scaler`.
    """

    forest: RandomForestRegressor
    widths: tuple[int, ...]
    spread: Floats
    low: Floats
    high: Floats
    scaler: Preprocessor
    novelty: Novelty

    @staticmethod
    def fit(dataset: Dataset, rows: Ints, asked: Sequence[int], seed: int) -> InverseForest:
        """Learn from some rows and of the targets `asked`; gaps in conditions count as the median."""
        x, y = dataset.x[rows], dataset.y[rows][:, list(asked)]
        filled = np.where(np.isnan(x), np.nanmedian(np.where(np.isnan(x).all(axis=0), 0.0, x), axis=0), x)
        widths = tuple(len(column.choices) for column in dataset.inputs)
        scaler = Preprocessor.fit(y, [InputKind()] * y.shape[1])
        z = scaler.transform(y)
        goal = _widen(filled, widths)
        # Every condition counts alike, whatever its unit.
        spread = np.where(goal.std(axis=0) > 0.0, goal.std(axis=0), 1.0)
        forest = RandomForestRegressor(TREES, random_state=seed, min_samples_leaf=LEAF_ROWS)
        forest.fit(z, (goal / spread).squeeze())
        return InverseForest(
            forest=forest,
            widths=widths,
            spread=spread,
            low=filled.min(axis=0),
            high=filled.max(axis=0),
            scaler=scaler,
            novelty=Novelty.fit(scaler, np.unique(z, axis=0), seed),
        )

    @property
    def scale(self) -> Floats:
        """Deviation of each property [m]."""
        return self.scaler.scale

    def predict(self, wanted: Floats) -> InverseAnswer:
        """Answer properties [n, m], every condition within `low` and `high`; a choice is the likeliest."""
        z = self.scaler.transform(wanted)
        rounded = np.clip(z, -_FAR, _FAR).astype(np.float32)
        trees = np.stack(
            [tree.predict(rounded).reshape(len(z), -1) for tree in self.forest.estimators_], axis=1
        )
        by_tree = self._conditions(trees.reshape(-1, trees.shape[2]))
        return InverseAnswer(
            conditions=self._conditions(trees.mean(axis=1)),
            proposals=by_tree.reshape(len(z), trees.shape[1], -1),
            novelty=self.novelty.measure(z),
        )

    def _conditions(self, answer: Floats) -> Floats:
        return np.clip(_narrow(answer * self.spread, self.widths), self.low, self.high)


@dataclass(frozen=True, slots=True)
class InverseAnswer:
    """The forest's mean `conditions` [n, d], each tree's `proposals` [n, t, d], and the wish's `novelty` [n].

    Where several ways lead to the same properties the mean may lie between them: then take a proposal.
    """

    conditions: Floats
    proposals: Floats
    novelty: Floats


@dataclass(frozen=True)
class Proposal:
    """Conditions [d] and what the forward model expects: `mean`, `half_width` (90 %) [m], `novelty`.

    `misfit`: root mean square of (expected - wanted) / deviation. Ranked by it, novelty above 1 added.
    """

    conditions: Floats
    mean: Floats
    half_width: Floats
    novelty: float
    misfit: float


@dataclass(frozen=True)
class InverseScore:
    """On held-out rows: R2 of each number, share right of each choice; `round_trip` [m]: see `score`."""

    recovered: Mapping[str, float]
    round_trip: Floats


def check_count(count: int) -> None:
    """UsageError where `count` proposals are too few or too many; to be asked before a long fit."""
    if not 1 <= count <= MAX_PROPOSALS:
        raise UsageError(f"--rows {count} is not within 1 to {MAX_PROPOSALS}")


def propose(
    inverse: InverseForest, forward: Surrogate, interval: Floats, wanted: Mapping[int, float], count: int
) -> list[Proposal]:
    """Best `count` conditions for `wanted`, value by target number, on which `inverse` was fitted."""
    check_count(count)
    goal, asked = np.array(list(wanted.values())), list(wanted)
    found = inverse.predict(goal[None, :])
    points = np.unique(np.vstack([found.proposals[0], found.conditions]), axis=0)
    answer = forward.predict(points)
    off = (answer.mean[:, asked] - goal) / inverse.scale
    misfit = np.sqrt((off**2).mean(axis=1))
    order = np.argsort(misfit + np.maximum(answer.novelty - 1.0, 0.0), kind="stable")
    return [
        Proposal(
            conditions=points[index],
            mean=answer.mean[index],
            half_width=answer.std[index] * interval,
            novelty=float(answer.novelty[index]),
            misfit=float(misfit[index]),
        )
        for index in order[:count]
    ]


def score(
    dataset: Dataset, split: Split, algorithm: str, seed: int, progress: Callable[[int, int], None]
) -> InverseScore:
    """Ask for the properties of held-out rows, as if someone wanted them.

    `recovered` compares with the conditions that were used, one way among perhaps several. `round_trip` is
    the root mean square of (expected - wanted) / deviation for the first proposal: a forward model that has
    seen the held-out rows says what to expect; the one that ranks has not.
    """
    found, used, missed = [], [], []
    everything = np.arange(len(dataset.x))
    judge = _forward(dataset, everything, algorithm, seed)
    for number, fold in enumerate(split.folds):
        inverse = InverseForest.fit(dataset, fold.train, range(dataset.y.shape[1]), seed)
        forward = _forward(dataset, fold.train, algorithm, seed)
        wanted = dataset.y[fold.test]
        found.append(inverse.predict(wanted).conditions)
        used.append(dataset.x[fold.test])
        none = np.ones(wanted.shape[1])
        first = [propose(inverse, forward, none, dict(enumerate(row)), 1)[0].conditions for row in wanted]
        missed.append((judge.predict(np.array(first)).mean - wanted) / inverse.scale)
        progress(number + 1, len(split.folds))
    recovered = _recovered(dataset, np.vstack(found), np.vstack(used))
    return InverseScore(recovered, np.sqrt((np.vstack(missed) ** 2).mean(axis=0)))


def _forward(dataset: Dataset, rows: Ints, algorithm: str, seed: int) -> Surrogate:
    return Prepared.of_rows(dataset, rows, seed).fit(algorithm, seed)


def _recovered(dataset: Dataset, found: Floats, used: Floats) -> dict[str, float]:
    recovered = {}
    for index, column in enumerate(dataset.inputs):
        known = ~np.isnan(used[:, index])
        truth, answer = used[known, index], found[known, index]
        if column.choices:
            recovered[column.name] = float((truth == answer).mean())
        elif (spread := float(truth.var())) > 0.0:
            recovered[column.name] = 1.0 - float(((truth - answer) ** 2).mean()) / spread
    return recovered


def _widen(x: Floats, widths: tuple[int, ...]) -> Floats:
    columns = [
        x[:, index : index + 1] if not width else (x[:, index : index + 1] == np.arange(width)).astype(float)
        for index, width in enumerate(widths)
    ]
    return np.hstack(columns)


def _narrow(wide: Floats, widths: tuple[int, ...]) -> Floats:
    columns, start = [], 0
    for width in widths:
        part = wide[:, start : start + max(width, 1)]
        # In single precision equal shares stay equal, whatever the way they were summed: the first wins.
        columns.append(part.astype(np.float32).argmax(axis=1).astype(np.float64) if width else part[:, 0])
        start += max(width, 1)
    return np.column_stack(columns)
