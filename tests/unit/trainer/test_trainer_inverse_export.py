"""The inverse forest's graph answers as the forest does, or is not written."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from typer.testing import CliRunner

from trainer.cli import app
from trainer.dataset import load_dataset
from trainer.errors import TrainerError
from trainer.graph import ALLOWED_OPERATORS, operators
from trainer.inverse import InverseForest
from trainer.inverse_export import RTOL, check_inverse
from trainer.inverse_graph import inverse_graph
from trainer.parity import open_session
from trainer.recipe import Recipe

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.dataset import Dataset

TRAIN = np.arange(30)
HELD_OUT = np.arange(30, 40)


@pytest.fixture
def recipes(tmp_path: Path) -> Path:
    """Two numbers, one with gaps, of scales far apart; three ligands; one constant."""
    rng = np.random.default_rng(4)
    lines = ["flow (uL/min),dose (mol/L),ligand,heat (degC),size (nm),peak (nm)"]
    for row in range(40):
        flow, dose = rng.uniform(10.0, 400.0), rng.uniform(1e-6, 5e-6)
        kind = ("PVP", "citrate", "PVA")[row % 3]
        size = 20.0 + flow / 10.0 + 5.0 * (row % 3)
        told = "" if row % 11 == 5 else f"{dose:.3e}"
        lines.append(f"{flow:.3f},{told},{kind},60,{size:.3f},{500.0 + 1e7 * dose:.3f}")
    path = tmp_path / "recipes.csv"
    path.write_text("\n".join(lines))
    return path


def _dataset(recipes: Path, *targets: str) -> Dataset:
    return load_dataset(recipes, Recipe(targets=targets), None)


def _fit(dataset: Dataset) -> InverseForest:
    return InverseForest.fit(dataset, TRAIN, range(dataset.y.shape[1]), seed=0)


def _invert(recipes: Path, *arguments: str | Path) -> Any:
    always = ["inverse", recipes, "--target", "size", "--target", "peak", "--algorithms", "ridge"]
    return CliRunner().invoke(app, [str(each) for each in (*always, "--split", "7:3", *arguments)])


@pytest.mark.parametrize("targets", [("size", "peak"), ("size",)])
def test_the_graph_equals_the_forest_on_rows_in_and_out_of_domain(
    recipes: Path, targets: tuple[str, ...]
) -> None:
    dataset = _dataset(recipes, *targets)
    fitted = _fit(dataset)
    model = inverse_graph(fitted)
    far = (
        dataset.y[HELD_OUT] * np.array([-1.0, 0.0, 3.0, 1e6, -1e6, 1e30, 1e60, -1e60, 1e-30, 100.0])[:, None]
    )
    for kind, wanted in {
        "training": dataset.y[TRAIN],
        "held-out": dataset.y[HELD_OUT],
        "outside": far,
    }.items():
        assert check_inverse(kind, model, fitted, wanted).worst <= RTOL
    assert set(operators(onnx.load_from_string(model))) <= ALLOWED_OPERATORS


def test_one_number_from_one_property_is_a_graph_too(tmp_path: Path) -> None:
    path = tmp_path / "line.csv"
    path.write_text("flow,size\n" + "\n".join(f"{row},{3.0 * row}" for row in range(40)))
    dataset = _dataset(path, "size")
    fitted = _fit(dataset)
    assert check_inverse("all", inverse_graph(fitted), fitted, dataset.y).rows == 40


def test_every_answer_lies_within_the_conditions_that_were_tried(recipes: Path) -> None:
    dataset = _dataset(recipes, "size", "peak")
    fitted = _fit(dataset)
    wanted = np.array([[1e9, -1e9], [0.0, 0.0], [40.0, 520.0]])
    feed = {"properties": wanted}
    conditions, proposals = open_session(inverse_graph(fitted)).run(["conditions", "proposals"], feed)
    every = np.vstack([conditions, proposals.reshape(-1, 4)])
    assert (every >= fitted.low).all()
    assert (every <= fitted.high).all()
    ligand = [column.name for column in dataset.inputs].index("ligand")
    assert set(every[:, ligand]) == {0.0, 1.0, 2.0}
    assert len(np.unique(proposals[2].reshape(-1, 4), axis=0)) > 1


def test_novelty_tells_a_wish_that_nothing_tried_came_near(recipes: Path) -> None:
    dataset = _dataset(recipes, "size", "peak")
    feed = {"properties": np.vstack([dataset.y[:1], dataset.y[:1] + 1000.0])}
    (novelty,) = open_session(inverse_graph(_fit(dataset))).run(["novelty"], feed)
    assert novelty[0] <= 1.0 < novelty[1]


def test_a_graph_that_answers_otherwise_is_refused(recipes: Path) -> None:
    dataset = _dataset(recipes, "size", "peak")
    fitted = _fit(dataset)
    model = inverse_graph(replace(fitted, spread=fitted.spread * (1.0 + 1e-7)))
    with pytest.raises(TrainerError, match="on held-out rows, conditions of the graph and of the forest"):
        check_inverse("held-out", model, fitted, dataset.y[HELD_OUT])


def test_a_forest_too_large_for_a_file_is_refused(recipes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.inverse_graph.MAX_LEAF_VALUES", 100)
    with pytest.raises(TrainerError, match="a graph takes 100; fit fewer rows"):
        inverse_graph(_fit(_dataset(recipes, "size")))


def test_the_command_writes_graph_and_description(recipes: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "inverse.onnx"
    result = _invert(recipes, "--export", out, "--want", "size=40", "--rows", "2", "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    described = json.loads(out.with_suffix(".json").read_text())
    assert told["export"] == described
    assert described["bytes"] == out.stat().st_size
    assert described["latency_ms"] > 0.0
    assert {kind: each["rows"] for kind, each in described["parity"].items()} == {
        "training": 40,
        "held_out": 12,
        "outside": 200,
    }
    # Only what was wanted is asked for.
    assert [each["name"] for each in described["properties"]] == ["size"]
    assert [(each["name"], each["unit"]) for each in described["conditions"]][:2] == [
        ("flow", "uL/min"),
        ("dose", "mol/L"),
    ]
    assert described["conditions"][2]["choices"] == ["PVA", "PVP", "citrate"]
    assert len(told["proposals"]) == 2


def test_without_a_wish_the_forest_of_all_targets_is_exported(recipes: Path, tmp_path: Path) -> None:
    result = _invert(recipes, "--export", tmp_path / "i.onnx")
    assert result.exit_code == 0, result.stderr
    assert "inverse forest exported" in result.stdout
    described = json.loads((tmp_path / "i.json").read_text())
    assert [each["name"] for each in described["properties"]] == ["size", "peak"]


def test_files_that_are_there_stay_unless_forced(recipes: Path, tmp_path: Path) -> None:
    (tmp_path / "i.json").write_text("mine")
    refused = _invert(recipes, "--export", tmp_path / "i.onnx")
    assert refused.exit_code == 2
    assert "i.json exists; choose another name, or pass --force" in refused.stderr
    assert (tmp_path / "i.json").read_text() == "mine"
    assert _invert(recipes, "--export", tmp_path / "i.onnx", "--force").exit_code == 0
    assert (tmp_path / "i.json").read_text() != "mine"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--export", "model.json"), "does not end in .onnx"),
        (("--want", "size=nan"), "nan is beyond any measurement"),
        (("--want", "size=1e300"), "1e300 is beyond any measurement"),
        (("--want", "size=1", "--want", "size=2"), "size is wanted twice"),
        (("--rows", "51"), "--rows 51 is not within 1 to 50"),
    ],
)
def test_what_can_not_be_is_refused_before_the_fit(
    recipes: Path, arguments: tuple[str, ...], told: str
) -> None:
    result = _invert(recipes, *arguments)
    assert result.exit_code == 2
    assert told in result.stderr.replace("\n", " ")
    assert "forward" not in result.stderr
