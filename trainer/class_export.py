"""The best classifier as a file: written only where the graph answers as the fitted pipeline does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.class_graph import classifier_graph, describe
from trainer.classify import Classifier
from trainer.errors import TrainerError, UsageError
from trainer.parity import latency_ms, open_session

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trainer.arrays import Floats
    from trainer.labelled import Labelled
    from trainer.split import Fold

# Largest difference of a probability: trees sum leaves, and onnxruntime's SVM all of it, in single precision.
BOUNDS: Mapping[str, float] = {"logistic": 1e-9, "svm": 1e-4, "forest": 1e-6, "tree": 1e-6}
# Part of the rows of a kind whose label may differ, each of them a near tie.
MAX_FLIP_SHARE = 0.01
OUTSIDE_ROWS = 200


@dataclass(frozen=True, slots=True)
class ClassParity:
    """On `rows` rows: the `worst` difference of a probability, and `flips`, near ties with another label."""

    rows: int
    worst: float
    flips: int


@dataclass(frozen=True, slots=True)
class ExportedClassifier:
    """A graph that passed: `parity` by kind of rows, and the median time of one row."""

    algorithm: str
    model: bytes
    parity: Mapping[str, ClassParity]
    latency_ms: float

    def write(self, out: Path, *, force: bool) -> None:
        """Put the whole file in place at once; UsageError where one is there already, unless forced."""
        out.parent.mkdir(parents=True, exist_ok=True)
        part = out.with_name(f".{out.name}.part")
        try:
            part.write_bytes(self.model)
            check_free(out, force=force)
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)

    def to_dict(self) -> dict[str, Any]:
        return {
            "algorithm": self.algorithm,
            "bytes": len(self.model),
            "latency_ms": self.latency_ms,
            "bound": BOUNDS[self.algorithm],
            "parity": {
                kind: {"rows": each.rows, "worst": each.worst, "flips": each.flips}
                for kind, each in self.parity.items()
            },
        }

    def describe(self) -> str:
        worst = max(each.worst for each in self.parity.values())
        flips = sum(each.flips for each in self.parity.values())
        rows = sum(each.rows for each in self.parity.values())
        return (
            f"{self.algorithm} exported: {len(self.model)} bytes, {self.latency_ms:.3f} ms a row, "
            f"probabilities within {worst:.1e} of the model's, {flips} of {rows} labels differ"
        )


def check_free(out: Path, *, force: bool) -> None:
    """UsageError where `out` must not be written."""
    if out.is_dir():
        raise UsageError(f"--out {out} is a folder", remedy="name a file")
    if not force and (out.exists() or out.is_symlink()):
        raise UsageError(f"--out {out} exists", remedy="choose another name, or pass --force")


def export_classifier(data: Labelled, fold: Fold, algorithm: str, seed: int) -> ExportedClassifier:
    """Fit `algorithm` to all rows and export it; TrainerError where the graph answers otherwise.

    Rows held out exist only for a classifier fitted without them, so the same is done to `fold` first.
    """
    assert data.label is not None
    labels = np.array(data.label.choices)[data.label.data.astype(np.int64)]
    rehearsed = Classifier.fit(data.x[fold.train], data.kinds, labels[fold.train], algorithm, seed)
    rehearsal = classifier_graph(rehearsed, describe(data, rehearsed))
    held_out = check_classes("held-out", rehearsal, rehearsed, data.x[fold.test])
    fitted = Classifier.fit(data.x, data.kinds, labels, algorithm, seed)
    model = classifier_graph(fitted, describe(data, fitted))
    parity = {
        "training": check_classes("training", model, fitted, data.x),
        "held_out": held_out,
        "outside": check_classes("outside", model, fitted, _outside(data, seed)),
    }
    return ExportedClassifier(algorithm, model, parity, latency_ms(model, data.x[:1]))


def check_classes(kind: str, model: bytes, fitted: Classifier, x: Floats) -> ClassParity:
    """Compare labels and probabilities on rows [n, d] of some `kind`; TrainerError says what differs."""
    z = fitted.preprocessor.transform(x)
    expected, label = fitted.model.predict_proba(z), fitted.model.predict(z)
    found_label, found = open_session(model).run(["label", "probabilities"], {"conditions": x})
    if found.shape != expected.shape:
        raise TrainerError(f"export refused: probabilities have shape {found.shape}, not {expected.shape}")
    bound = BOUNDS[fitted.algorithm]
    # NaN counts as different, whatever the model itself answered.
    difference = np.nan_to_num(np.abs(found - expected), nan=np.inf).max(axis=1)
    if (worst := float(difference.max())) > bound:
        raise TrainerError(
            f"export refused: on {kind} rows a probability of the {fitted.algorithm} differs by {worst:.1e}, "
            f"{bound:g} is allowed",
            remedy="choose another with --algorithms",
        )
    flipped = np.flatnonzero(found_label != label)
    classes = list(fitted.model.classes_)
    gap = [
        abs(expected[row, classes.index(label[row])] - expected[row, classes.index(found_label[row])])
        for row in flipped
    ]
    clear = sum(each > bound for each in gap)
    if clear or len(flipped) > MAX_FLIP_SHARE * len(x):
        raise TrainerError(
            f"export refused: {len(flipped)} of {len(x)} {kind} rows have another label in the graph, "
            f"{clear} of them clearly; only near ties in {MAX_FLIP_SHARE:.0%} of rows are allowed",
            remedy="choose another with --algorithms",
        )
    return ClassParity(len(x), worst, len(flipped))


def _outside(data: Labelled, seed: int) -> Floats:
    """Draw rows of twice the range to either side; choices stay choices, columns with gaps keep some."""
    rng = np.random.default_rng(seed)
    known = np.where(np.isnan(data.x).all(axis=0), 0.0, data.x)
    low, high = np.nanmin(known, axis=0), np.nanmax(known, axis=0)
    span = np.where(high > low, high - low, np.maximum(np.abs(high), 1.0))
    numbers = rng.uniform(low - 2.0 * span, high + 2.0 * span, (OUTSIDE_ROWS, len(low)))
    numbers[(rng.random(numbers.shape) < 0.1) & [kind.may_miss for kind in data.kinds]] = np.nan
    choices = np.floor(rng.uniform(low, high + 1.0, numbers.shape))
    return np.where([bool(column.choices) for column in data.inputs], choices, numbers)
