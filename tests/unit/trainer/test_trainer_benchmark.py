"""All algorithms meet all data sets of a folder, and what cannot be fitted is told beside the rest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from typer.testing import CliRunner

from trainer.benchmark import read_tasks
from trainer.cli import app
from trainer.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1.0, 1.0, 40)
    (tmp_path / "line.csv").write_text("x,y\n" + "\n".join(f"{v:.4f},{3 * v + 1:.4f}" for v in x))
    bend = "\n".join(f"{v:.4f},{v * v:.4f},{'ab'[row % 2]}" for row, v in enumerate(x))
    (tmp_path / "bend.csv").write_text("x,y,batch\n" + bend)
    (tmp_path / "broken.csv").write_text("x,y\n1,2\n")
    (tmp_path / "benchmark.toml").write_text(
        """
        [[task]]
        name = "a line"
        file = "line.csv"
        targets = ["y"]
        split = "kfold:3"

        [[task]]
        name = "a bend"
        file = "bend.csv"
        targets = ["y"]
        group_by = ["batch"]
        split = "logo"

        [[task]]
        file = "broken.csv"
        """
    )
    return tmp_path


def _run(*arguments: str | Path) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["benchmark", *map(str, arguments), "--json"])
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_every_task_meets_every_algorithm(folder: Path) -> None:
    told = _run(folder, "--algorithms", "ridge,gp")
    line, bend, broken = told["tasks"]
    assert [task["name"] for task in told["tasks"]] == ["a line", "a bend", "broken.csv"]
    assert {model["algorithm"] for model in line["models"]} == {"ridge", "gp"}
    assert line["models"][0]["r2"] > 0.99
    assert bend["models"][0]["algorithm"] == "gp"
    assert bend["models"][-1]["r2"] < 0.3
    assert (broken["models"], "at least 8 are needed" in broken["failure"]) == ([], True)
    assert sum(told["mean_rank"].values()) == pytest.approx(3.0)


def test_tasks_can_be_chosen(folder: Path) -> None:
    told = _run(folder, "--algorithms", "ridge", "--only", "a line")
    assert [task["name"] for task in told["tasks"]] == ["a line"]


def test_repeats_deal_the_folds_anew_and_tell_mean_and_spread(folder: Path) -> None:
    arguments = (folder, "--algorithms", "gp", "--only", "a line", "--only", "a bend")
    line, bend = _run(*arguments, "--repeats", "3")["tasks"]
    (three,) = line["models"]
    (first,) = _run(*arguments, "--seed", "0")["tasks"][0]["models"]
    single = [_run(*arguments, "--seed", str(seed))["tasks"][0]["models"][0]["r2"] for seed in range(3)]
    assert (three["repeats"], first["repeats"], first["r2_sd"]) == (3, 1, 0.0)
    assert three["r2_each"] == pytest.approx(single)
    assert three["r2"] == pytest.approx(np.mean(single))
    assert three["r2_sd"] == pytest.approx(np.std(single, ddof=1))
    # One group out at a time: there is nothing to deal.
    assert bend["models"][0]["repeats"] == 1


def test_repeats_are_bounded(folder: Path) -> None:
    result = CliRunner().invoke(app, ["benchmark", str(folder), "--repeats", "101"])
    assert result.exit_code == 2
    assert "--repeats 101 is not within 1 to 100" in result.stderr


def test_people_are_shown_one_table(folder: Path) -> None:
    result = CliRunner().invoke(app, ["benchmark", str(folder), "--algorithms", "ridge,gp"])
    assert result.exit_code == 0, result.stderr
    assert "mean rank" in result.stdout
    assert "*" in result.stdout
    assert "1: a line, 40 rows" in result.stdout


def test_without_a_list_every_table_predicts_its_last_column(folder: Path) -> None:
    (folder / "benchmark.toml").unlink()
    tasks = read_tasks(folder)
    assert [task.name for task in tasks] == ["bend.csv", "broken.csv", "line.csv"]
    assert {task.recipe.targets for task in tasks} == {("last",)}


def test_nothing_to_fit_is_a_failure(folder: Path) -> None:
    result = CliRunner().invoke(app, ["benchmark", str(folder), "--only", "broken.csv", "--json"])
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[[task]]\nname = 'x'", "task 1: names no file"),
        ("[[task]]\nfile = 'x'\ncolour = 1", "task 1: 'colour' is unknown"),
        ("[[task]]\nfile = 3", "file is not a text"),
        ("[[task]]\nfile = 'x'\ntargets = 'y'", "targets is not a list of texts"),
        ("[[task]]\nfile = 'x'\nhas_header = 1", "has_header is not true or false"),
        ("[[task]]\nfile = 'x'\n[[task]]\nfile = 'x'", "two tasks are named 'x'"),
        ("task = 3", "holds other than 1 to 200"),
        ("[", "not valid TOML"),
    ],
)
def test_a_list_that_cannot_be_read_is_told(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "benchmark.toml").write_text(content)
    with pytest.raises(UsageError, match=told.replace("[", r"\[")):
        read_tasks(tmp_path)


def test_a_folder_without_tables_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="0 CSV files"):
        read_tasks(tmp_path)


def test_an_unknown_task_is_told(folder: Path) -> None:
    result = CliRunner().invoke(app, ["benchmark", str(folder), "--only", "a circle"])
    assert result.exit_code == 2
    assert "there are a line, a bend, broken.csv" in result.stderr
