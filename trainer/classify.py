"""Which kind comes of which conditions (shape, phase): classifiers compared on held-out rows."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.class_weight import compute_sample_weight

from trainer.errors import TrainerError, UsageError
from trainer.preprocess import Preprocessor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from trainer.arrays import Floats, Ints
    from trainer.labelled import Labelled
    from trainer.preprocess import InputKind
    from trainer.split import Fold, Split

INNER_FOLDS = 3
_MAX_ITERATIONS = 2000
_TREES = 200
_GRIDS: Mapping[str, Mapping[str, list[Any]]] = {
    "logistic": {"C": [0.03, 0.3, 3.0, 30.0]},
    "svm": {"C": [1.0, 10.0, 100.0], "gamma": ["scale", 0.03, 0.3]},
    "forest": {"min_samples_leaf": [1, 3]},
    "tree": {"min_samples_leaf": [1, 3, 8], "max_depth": [3, 6, None]},
}
CLASSIFIERS = tuple(_GRIDS)


@dataclass(frozen=True)
class Classified:
    """One classifier on unseen `rows` [k]: `found` [k] classes; `confusion` [c, c], truth by row.

    `balanced_accuracy`: mean over classes of the share that is found, so that rare ones count alike.
    """

    algorithm: str
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    confusion: Ints
    rows: Ints
    found: Ints


@dataclass(frozen=True)
class Classifier:
    """A fitted classifier and the preprocessing of its rows; an SVM of 3 rows a label is calibrated."""

    algorithm: str
    preprocessor: Preprocessor
    model: Any

    @staticmethod
    def fit(
        x: Floats, kinds: Sequence[InputKind], labels: npt.NDArray[Any], algorithm: str, seed: int
    ) -> Classifier:
        """Learn `labels` [n] (numbers or names) of conditions [n, d]; settings chosen by inner folds."""
        preprocessor = Preprocessor.fit(x, kinds)
        return Classifier(algorithm, preprocessor, _fit(preprocessor.transform(x), labels, algorithm, seed))

    def predict(self, x: Floats) -> npt.NDArray[Any]:
        """Conditions [n, d] to labels [n]."""
        return np.asarray(self.model.predict(self.preprocessor.transform(x)))


def classify(
    data: Labelled,
    split: Split,
    algorithms: tuple[str, ...],
    seed: int,
    progress: Callable[[int, int], None],
) -> tuple[Classified, ...]:
    """Fit every classifier on every fold, best balanced accuracy first; settings chosen inside the fold."""
    for algorithm in algorithms:
        if algorithm not in _GRIDS:
            raise UsageError(
                f"--algorithms {algorithm!r} is unknown", remedy=f"choose of {', '.join(_GRIDS)}"
            )
    assert data.label is not None
    truth = data.label.data.astype(np.int64)
    results = []
    for number, algorithm in enumerate(algorithms):
        parts = []
        for count, fold in enumerate(split.folds):
            parts.append(_hold_out(data, truth, fold, algorithm, seed))
            progress(number * len(split.folds) + count + 1, len(algorithms) * len(split.folds))
        rows = np.concatenate([fold.test for fold in split.folds])
        results.append(judge(algorithm, rows, truth[rows], np.concatenate(parts), len(data.label.choices)))
    return tuple(sorted(results, key=lambda result: -result.balanced_accuracy))


def judge(algorithm: str, rows: Ints, truth: Ints, found: Ints, classes: int) -> Classified:
    """Count what was taken for what; classes that the held-out rows lack do not count."""
    confusion = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(confusion, (truth, found), 1)
    hits, of_truth, of_found = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    there = of_truth > 0
    recall = hits[there] / of_truth[there]
    f1 = 2.0 * hits[there] / (of_truth + of_found)[there]
    return Classified(
        algorithm=algorithm,
        accuracy=float(hits.sum() / len(truth)),
        balanced_accuracy=float(recall.mean()),
        macro_f1=float(f1.mean()),
        confusion=confusion,
        rows=rows,
        found=found,
    )


def _hold_out(data: Labelled, truth: Ints, fold: Fold, algorithm: str, seed: int) -> Ints:
    train = truth[fold.train]
    if len(np.unique(train)) < 2:
        raise TrainerError(
            f"{data.table.source}: only one label among the rows to train on",
            remedy="add rows of the others, or hold out less with --split",
        )
    fitted = Classifier.fit(data.x[fold.train], data.kinds, train, algorithm, seed)
    return fitted.predict(data.x[fold.test]).astype(np.int64)


def _fit(z: Floats, labels: npt.NDArray[Any], algorithm: str, seed: int) -> Any:
    estimator = _estimator(algorithm, seed)
    rarest = int(np.unique(labels, return_counts=True)[1].min())
    with warnings.catch_warnings():
        # The weakest penalty may stop at the limit; its score on held-out rows judges it.
        warnings.simplefilter("ignore", ConvergenceWarning)
        if rarest < INNER_FOLDS:
            return estimator.fit(z, labels)
        folds = StratifiedKFold(INNER_FOLDS, shuffle=True, random_state=seed)
        search = GridSearchCV(estimator, dict(_GRIDS[algorithm]), scoring="balanced_accuracy", cv=folds)
        best = search.fit(z, labels).best_estimator_
        return _calibrate(best, z, labels, folds) if algorithm == "svm" else best


def _calibrate(svm: SVC, z: Floats, labels: npt.NDArray[Any], folds: StratifiedKFold) -> Any:
    """Give an SVM probabilities by sigmoids over its inner held-out rows (Platt 1999)."""
    # Weights of rows stand for weights of classes: they reach the sigmoids too, and rare labels are found.
    plain = SVC(C=svm.C, gamma=svm.gamma)
    weights = compute_sample_weight("balanced", labels)
    return CalibratedClassifierCV(plain, cv=folds, ensemble=False).fit(z, labels, sample_weight=weights)


def _estimator(algorithm: str, seed: int) -> Any:
    """Rare classes weigh as much as common ones: what is judged is what is learned."""
    if algorithm == "logistic":
        return LogisticRegression(class_weight="balanced", max_iter=_MAX_ITERATIONS)
    if algorithm == "svm":
        return SVC(class_weight="balanced")
    if algorithm == "forest":
        return RandomForestClassifier(_TREES, class_weight="balanced", random_state=seed)
    return DecisionTreeClassifier(class_weight="balanced", random_state=seed)
