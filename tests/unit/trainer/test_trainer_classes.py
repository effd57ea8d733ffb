"""Kinds are told apart on rows that were not seen, and alike rows are put together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from typer.testing import CliRunner

from trainer.classify import judge
from trainer.cli import app

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    """Rods above a line, spheres below, and a few cubes in a corner; the ligand says nothing."""
    rng = np.random.default_rng(0)
    lines = ["flow (uL/min),T,ligand,shape"]
    for row in range(60):
        flow, temperature = rng.uniform(0, 10), rng.uniform(20, 80)
        shape = "rod" if temperature > 20 + 6 * flow else "sphere"
        if row % 10 == 0:
            flow, temperature, shape = rng.uniform(14, 15), rng.uniform(95, 99), "cube"
        lines.append(f"{flow:.3f},{temperature:.2f},{('A', 'B')[row % 2]},{shape}")
    lines.append("5,50,A,")
    path = tmp_path / "shapes.csv"
    path.write_text("\n".join(lines))
    return path


def _run(*arguments: str | Path) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_classify_finds_the_shapes_of_unseen_rows(shapes: Path) -> None:
    told = _run(
        "classify", shapes, "--target", "shape", "--split", "kfold:3", "--algorithms", "logistic,svm,tree"
    )
    assert told["rows"] == 60
    assert told["labels"] == ["cube", "rod", "sphere"]
    assert told["best"]["balanced_accuracy"] > 0.85
    assert told["best"]["accuracy"] > told["most_frequent"] + 0.2
    assert np.array(told["confusion"]).sum() == 60
    ranked = [each["balanced_accuracy"] for each in told["models"]]
    assert ranked == sorted(ranked, reverse=True)


def test_classify_keeps_groups_whole(shapes: Path) -> None:
    arguments = ("--target", "shape", "--group-by", "ligand", "--split", "logo", "--algorithms", "tree")
    assert _run("classify", shapes, *arguments)["rows"] == 60


def test_a_row_without_a_label_is_told(shapes: Path) -> None:
    result = CliRunner().invoke(
        app, ["classify", str(shapes), "--target", "shape", "--split", "7:3", "--algorithms", "tree"]
    )
    assert result.exit_code == 0
    assert "left out 1 of 61 rows: no 'shape'" in result.stderr


def test_scores_count_rare_classes_like_common_ones() -> None:
    truth = np.array([0] * 8 + [1] * 2)
    found = np.array([0] * 8 + [0, 1])
    result = judge("tree", np.arange(10), truth, found, 3)
    assert result.accuracy == pytest.approx(0.9)
    assert result.balanced_accuracy == pytest.approx(0.75)
    assert result.confusion.tolist() == [[8, 0, 0], [1, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("classify", "--target", "flow"), "61 different labels, not 2 to 15"),
        (("classify", "--target", "shade"), "closest are 'shape'"),
        (("classify", "--target", "shape", "--algorithms", "magic"), "--algorithms 'magic' is unknown"),
        (("cluster", "--method", "magic"), "--method 'magic' is unknown"),
        (("cluster", "--count", "1"), "1 clusters are not within 2 to"),
        (("cluster", "--inputs", "T", "--count", "51"), "51 clusters are not within 2 to 50"),
    ],
)
def test_what_makes_no_sense_is_wrong_use(shapes: Path, arguments: tuple[str, ...], told: str) -> None:
    result = CliRunner().invoke(app, [arguments[0], str(shapes), *arguments[1:]])
    assert result.exit_code == 2, result.stderr
    assert told in result.stderr


@pytest.fixture
def heaps(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    centres = np.repeat([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]], [30, 20, 10], axis=0)
    rows = centres + rng.normal(0.0, 0.5, centres.shape)
    path = tmp_path / "heaps.csv"
    path.write_text("a,b,name\n" + "\n".join(f"{a:.4f},{b:.4f},r{i}" for i, (a, b) in enumerate(rows)))
    return path


@pytest.mark.parametrize("method", ["kmeans", "hierarchical", "mixture"])
def test_cluster_finds_how_many_heaps_there_are(heaps: Path, method: str) -> None:
    told = _run("cluster", heaps, "--method", method, "--inputs", "a,b", "--most", "5")
    assert told["count"] == 3
    assert [each["rows"] for each in told["clusters"]] == [30, 20, 10]
    assert told["silhouette"] > 0.8
    assert told["stability"] > 0.95
    assert told["clusters"][1]["centre"]["a"] == pytest.approx(10.0, abs=0.5)


def test_rows_without_heaps_are_not_stable(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    path = tmp_path / "cloud.csv"
    path.write_text("a,b\n" + "\n".join(f"{a:.4f},{b:.4f}" for a, b in rng.normal(size=(80, 2))))
    assert _run("cluster", path, "--count", "5")["stability"] < 0.8


def test_clusters_are_written_for_grouping(heaps: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    _run("cluster", heaps, "--method", "mixture", "--inputs", "a,b", "--count", "3", "--out", out)
    lines = out.read_text().splitlines()
    assert lines[0] == "a,b,name,cluster,cluster 0 membership,cluster 1 membership,cluster 2 membership"
    assert len(lines) == 61
    arguments = ("--target", "a", "--drop", "*member*", "--group-by", "cluster", "--algorithms", "ridge")
    assert _run("fit", out, *arguments, "--split", "logo")["split"]["groups"] == 3
