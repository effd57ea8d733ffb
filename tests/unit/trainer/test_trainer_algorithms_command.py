"""`ostwald-trainer algorithms`: the list, and the table of exports."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from trainer import export_table
from trainer.candidates import CANDIDATES, DEFAULT
from trainer.cli import app
from trainer.errors import TrainerError
from trainer.surrogate import Surrogate

if TYPE_CHECKING:
    from pathlib import Path


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["algorithms", *map(str, arguments)])


def _json(*arguments: str | Path) -> dict[str, Any]:
    result = _run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_every_algorithm_is_listed_with_its_groups() -> None:
    told = _json()
    assert [each["name"] for each in told["algorithms"]] == list(CANDIDATES)
    assert [each["name"] for each in told["algorithms"] if each["is_default"]] == [
        name for name in CANDIDATES if name in DEFAULT
    ]
    assert set(told["groups"]["all"]) == set(CANDIDATES) - {"ensemble-1600"}


def test_the_list_is_a_table_for_people() -> None:
    shown = _run().stdout
    assert all(name in shown for name in CANDIDATES)


def test_an_export_is_compared_on_three_kinds_of_rows(csv: Path) -> None:
    told = _json("--export", csv, "--target", "peak", "--drop", "batch,fwhm", "--algorithms", "ridge,tree,gp")
    assert told["source"] == csv.name
    assert [each["name"] for each in told["algorithms"]] == ["ridge", "tree", "gp"]
    for each in told["algorithms"]:
        assert each["converts"] is True
        assert each["refused"] is None
        assert set(each["worst"]) == {"training", "held_out", "outside"}
        assert max(each["worst"].values()) <= each["rtol"]
        assert each["model_bytes"] > 500
        assert each["latency_ms"] > 0.0


def test_a_graph_that_differs_is_told_and_fails(csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    to_onnx = Surrogate.to_onnx
    monkeypatch.setattr(
        Surrogate, "to_onnx", lambda self, name: to_onnx(self.calibrated(self.calibration * 1.01), name)
    )
    result = _run("--export", csv, "--target", "peak", "--algorithms", "ridge", "--json")
    assert result.exit_code == 1
    (row,) = json.loads(result.stdout)["algorithms"]
    assert row["converts"] is False
    assert "differs by 1.0e-02 on" in row["refused"]


def test_a_graph_that_cannot_be_built_is_told(csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_surrogate: Surrogate, _name: str) -> bytes:
        raise TrainerError("the graph needs ai.onnx:Loop, which no device takes")

    monkeypatch.setattr(Surrogate, "to_onnx", refuse)
    result = _run("--export", csv, "--target", "peak", "--algorithms", "ridge", "--json")
    assert result.exit_code == 1
    (row,) = json.loads(result.stdout)["algorithms"]
    assert row["worst"] == {}
    assert "Loop" in row["refused"]


def test_rows_outside_leave_the_range_but_keep_to_choices(csv: Path) -> None:
    from trainer.dataset import load_dataset
    from trainer.recipe import Recipe

    dataset = load_dataset(csv, Recipe(targets=("peak",), drop=("batch", "fwhm")))
    rows = export_table._outside(dataset, 0)
    flow, ligand = rows.T
    assert (flow < np.nanmin(dataset.x[:, 0])).any()
    assert (flow > np.nanmax(dataset.x[:, 0])).any()
    assert set(ligand) == {0.0, 1.0}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--target", "peak"), "pass --export CSV"),
        (("--export", "missing.csv", "--target", "peak"), "cannot be read"),
        (("--export", "missing.csv", "--target", "peak", "--algorithms", "magic"), "'magic' is unknown"),
    ],
)
def test_wrong_use_is_told_in_one_line(arguments: tuple[str, ...], said: str) -> None:
    result = _run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
