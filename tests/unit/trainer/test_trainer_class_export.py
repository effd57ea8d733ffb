"""A classifier's graph answers as its pipeline does, or is not written."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from typer.testing import CliRunner

from trainer.class_export import BOUNDS, check_classes
from trainer.class_graph import classifier_graph
from trainer.classify import CLASSIFIERS, Classifier
from trainer.cli import app
from trainer.errors import TrainerError
from trainer.parity import open_session
from trainer.preprocess import InputKind

if TYPE_CHECKING:
    from pathlib import Path

NUMBERS = (InputKind(), InputKind())


def _rows(count: int, kinds: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(3)
    x = np.column_stack([rng.uniform(0.0, 10.0, count), rng.uniform(20.0, 80.0, count)])
    return x, np.array(["cube", "rod", "sphere"])[(x[:, 0] / 10.0001 * kinds).astype(int)]


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    """Three shapes by flow, of two ligands, with a few gaps in the temperature."""
    x, labels = _rows(60, 3)
    lines = ["flow (uL/min),T (degC),ligand,shape"]
    for row, ((flow, temperature), label) in enumerate(zip(x, labels, strict=True)):
        known = "" if row % 20 == 7 else f"{temperature:.2f}"
        lines.append(f"{flow:.3f},{known},{('PVP', 'citrate')[row % 2]},{label}")
    path = tmp_path / "shapes.csv"
    path.write_text("\n".join(lines))
    return path


def _classify(csv: Path, *arguments: str | Path) -> Any:
    always = ["classify", csv, "--target", "shape", "--split", "7:3"]
    return CliRunner().invoke(app, [str(each) for each in (*always, *arguments)])


@pytest.mark.parametrize("algorithm", ["logistic", "svm", "tree"])
def test_the_file_tells_its_inputs_and_gives_labels_by_name(
    shapes: Path, tmp_path: Path, algorithm: str
) -> None:
    out = tmp_path / "new" / "model.onnx"
    result = _classify(shapes, "--algorithms", algorithm, "--out", out, "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)["export"]
    assert told["bytes"] == out.stat().st_size
    assert told["latency_ms"] > 0.0
    assert {kind: each["rows"] for kind, each in told["parity"].items()} == {
        "training": 60,
        "held_out": 18,
        "outside": 200,
    }
    assert all(each["worst"] <= told["bound"] for each in told["parity"].values())

    model = onnx.load(out)
    metadata = {each.key: each.value for each in model.metadata_props}
    assert json.loads(metadata["classes"]) == ["cube", "rod", "sphere"]
    inputs = json.loads(metadata["inputs"])
    assert [each["name"] for each in inputs] == ["flow", "T", "ligand"]
    assert [bool(each["unit"]) for each in inputs] == [True, True, False]
    assert inputs[2]["choices"] == ["PVP", "citrate"]
    assert (metadata["target"], metadata["algorithm"]) == ("shape", algorithm)

    rows = np.array([[1.0, 50.0, 0.0], [9.0, np.nan, 1.0]])
    label, probabilities = open_session(out.read_bytes()).run(None, {"conditions": rows})
    assert label.tolist() == ["cube", "sphere"]
    assert probabilities.dtype == np.float64
    assert probabilities.sum(axis=1) == pytest.approx(1.0, abs=1e-6)
    assert [path.name for path in out.parent.iterdir()] == ["model.onnx"]


def test_an_existing_file_stays_unless_forced(shapes: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.onnx"
    out.write_text("mine")
    refused = _classify(shapes, "--algorithms", "tree", "--out", out)
    assert refused.exit_code == 2
    assert "exists" in refused.stderr
    assert "--force" in refused.stderr
    assert out.read_text() == "mine"
    forced = _classify(shapes, "--algorithms", "tree", "--out", out, "--force")
    assert forced.exit_code == 0, forced.stderr
    assert "tree exported" in forced.stdout
    assert onnx.load(out).producer_name == "ostwald"


def test_a_folder_is_no_file_to_write(shapes: Path, tmp_path: Path) -> None:
    result = _classify(shapes, "--algorithms", "tree", "--out", tmp_path, "--force")
    assert result.exit_code == 2
    assert "is a folder" in result.stderr


@pytest.mark.parametrize(
    ("algorithm", "kinds"), [*((each, 3) for each in CLASSIFIERS), ("logistic", 2), ("svm", 2), ("tree", 2)]
)
def test_two_and_more_labels_keep_their_probabilities(algorithm: str, kinds: int) -> None:
    x, labels = _rows(40, kinds)
    fitted = Classifier.fit(x, NUMBERS, labels, algorithm, 0)
    parity = check_classes("training", classifier_graph(fitted, {}), fitted, x)
    assert parity.worst <= BOUNDS[algorithm]
    assert parity.flips == 0


def test_the_scale_of_a_single_input_stays_in_double_precision() -> None:
    x, labels = _rows(40, 2)
    fitted = Classifier.fit(x[:, :1], NUMBERS[:1], labels, "logistic", 0)
    assert check_classes("training", classifier_graph(fitted, {}), fitted, x[:, :1]).worst < 1e-12


_X, _LABELS = _rows(60, 3)
_TREE = Classifier.fit(_X, NUMBERS, _LABELS, "tree", 0)
_SESSION = open_session(classifier_graph(_TREE, {}))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(-1e-6, 1e-6))
def test_rows_beside_a_threshold_fall_to_the_same_side(number: int, off: float) -> None:
    inner = _TREE.model.tree_
    splits = np.flatnonzero(inner.feature >= 0)
    node = splits[number % len(splits)]
    feature = inner.feature[node]
    row = _X[:1].copy()
    threshold = inner.threshold[node] * _TREE.preprocessor.scale[feature] + _TREE.preprocessor.mean[feature]
    row[0, feature] = threshold + off
    assert _SESSION.run(["label"], {"conditions": row})[0].tolist() == _TREE.predict(row).tolist()


def test_a_graph_of_another_model_is_refused() -> None:
    x, labels = _rows(40, 2)
    fitted = Classifier.fit(x, NUMBERS, labels, "logistic", 0)
    other = Classifier.fit(x, NUMBERS, labels[::-1], "logistic", 0)
    with pytest.raises(TrainerError, match="on held-out rows a probability of the logistic differs by"):
        check_classes("held-out", classifier_graph(other, {}), fitted, x)


def test_labels_that_clearly_differ_are_refused_though_probabilities_agree() -> None:
    class Contrary(LogisticRegression):  # type: ignore[misc]
        def predict(self, x: Any) -> Any:
            return self.classes_[self.predict_proba(x).argmin(axis=1)]

    x, labels = _rows(40, 2)
    fitted = Classifier.fit(x, NUMBERS, labels, "logistic", 0)
    contrary = Contrary().fit(fitted.preprocessor.transform(x), labels)
    contrary.__dict__.update(fitted.model.__dict__)
    with pytest.raises(
        TrainerError, match="40 of 40 training rows have another label in the graph, 40 of them"
    ):
        check_classes("training", classifier_graph(fitted, {}), replace(fitted, model=contrary), x)


def test_an_svm_of_too_few_rows_has_no_probabilities_to_export() -> None:
    x, _ = _rows(12, 2)
    fitted = Classifier.fit(x, NUMBERS, np.array(["rare", *(["rod"] * 11)]), "svm", 0)
    with pytest.raises(TrainerError, match="too few rows to give the svm probabilities"):
        classifier_graph(fitted, {})
