"""How far a fitted model can be trusted, and why: what the report shows beside the scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

from trainer.explain import Dependence, Fit, Importance, partial_dependence, permutation_importance
from trainer.learning import LearningCurve, learning_curve
from trainer.novelty import Novelty
from trainer.preprocess import Preprocessor

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from trainer.arrays import Floats, Ints
    from trainer.dataset import Dataset
    from trainer.evaluate import Evaluation
    from trainer.fit import Fitted
    from trainer.split import Fold

# Folds that are fitted again for importance and learning curve: each costs several fits.
MAX_FOLDS = 4
MAX_DEPENDENCES = 6
_HELD_IN_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class GroupResiduals:
    """Errors (predicted - measured) of one target in the rows that share a choice or a group."""

    name: str
    rows: int
    bias: float
    rmse: float
    inside_90: float


@dataclass(frozen=True)
class Trust:
    """`novelty_auc`: chance that a row of a left-out group is more novel than an unseen one of a known group.

    `novel_share`: part of the held-out rows with a novelty above 1, which a device would not act on.
    """

    importances: tuple[Importance, ...]
    dependences: tuple[Dependence, ...]
    curve: LearningCurve | None
    novelty_auc: float | None
    novel_share: float


def assess(fitted: Fitted, progress: Callable[[int, int], None]) -> Trust:
    """Fit the best algorithm some more: on parts of the data, and on all of it."""
    dataset, seed = fitted.dataset, fitted.recipe.seed
    judged = fitted.comparison.judged
    folds = fitted.split.folds[:MAX_FOLDS]
    fit = Fit(judged.algorithm, judged.settings, seed)
    curve = learning_curve(dataset, folds, fit, progress)
    importances = permutation_importance(dataset, folds, fit)
    surrogate = fitted.surrogate()
    names = [column.name for column in dataset.inputs]
    dependences = tuple(
        partial_dependence(surrogate, dataset, names.index(each.name), seed)
        for each in importances[:MAX_DEPENDENCES]
    )
    return Trust(
        importances=importances,
        dependences=dependences,
        curve=curve,
        novelty_auc=None if dataset.group_of is None else novelty_auc(dataset, fitted.split.folds, seed),
        novel_share=float((judged.novelty > 1.0).mean()),
    )


def novelty_auc(dataset: Dataset, folds: tuple[Fold, ...], seed: int) -> float:
    """Rank left-out groups' novelty against that of unseen rows of known groups; 0.5 is chance."""
    left_out: list[Floats] = []
    held_in: list[Floats] = []
    rng = np.random.default_rng(seed)
    for fold in folds:
        order = rng.permutation(fold.train)
        kept, known = np.split(order, [len(order) - max(int(_HELD_IN_SHARE * len(order)), 1)])
        preprocessor = Preprocessor.fit(dataset.x[kept], dataset.kinds)
        z = np.unique(preprocessor.transform(dataset.x[kept]), axis=0)
        novelty = Novelty.fit(preprocessor, z, seed)
        left_out.append(novelty.measure(preprocessor.transform(dataset.x[fold.test])))
        held_in.append(novelty.measure(preprocessor.transform(dataset.x[known])))
    return area_under_curve(np.concatenate(left_out), np.concatenate(held_in))


def area_under_curve(positive: Floats, negative: Floats) -> float:
    """Mann-Whitney U over the number of pairs; ties count half."""
    ranks = rankdata(np.concatenate([positive, negative]))[: len(positive)]
    smallest = len(positive) * (len(positive) + 1) / 2.0
    return float((ranks.sum() - smallest) / (len(positive) * len(negative)))


def residuals_by_group(dataset: Dataset, judged: Evaluation, target: int) -> dict[str, list[GroupResiduals]]:
    """Residuals of one target for each choice of each categorical input, and for each group kept whole."""
    error = (judged.mean - dataset.y[judged.rows])[:, target]
    inside = np.abs(error) <= judged.half_width[:, target]
    tables = {}
    for column in dataset.inputs:
        if len(column.choices) > 1:
            labels = column.data[judged.rows].astype(np.int64)
            tables[column.name] = _by_label(labels, list(column.choices), error, inside)
    if dataset.group_of is not None:
        first = np.unique(dataset.group_of, return_index=True)[1]
        names = [f"as in data row {row + 1}" for row in first]
        by = ", ".join(dataset.group_columns) or "condition"
        tables[f"{by} (kept whole)"] = _by_label(dataset.group_of[judged.rows], names, error, inside)
    return tables


def _by_label(
    labels: Ints, names: list[str], error: Floats, inside: npt.NDArray[np.bool_]
) -> list[GroupResiduals]:
    found = []
    for label in np.unique(labels):
        own = labels == label
        found.append(
            GroupResiduals(
                name=names[int(label)],
                rows=int(own.sum()),
                bias=float(error[own].mean()),
                rmse=float(np.sqrt((error[own] ** 2).mean())),
                inside_90=float(inside[own].mean()),
            )
        )
    return sorted(found, key=lambda each: -each.rmse)
