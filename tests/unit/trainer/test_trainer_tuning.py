"""A search finds good settings within its budget, and its score is of rows that it never saw."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ostwald.bundle import read_manifest
from typer.testing import CliRunner

from trainer.cli import app
from trainer.columns import Column
from trainer.dataset import Dataset
from trainer.errors import UsageError
from trainer.recipe import Recipe, read_recipe
from trainer.surrogate import Prepared
from trainer.workers import InProcess

if TYPE_CHECKING:
    from pathlib import Path


def _dataset(rows: int = 48, *, noise: float = 0.05) -> Dataset:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1.0, 1.0, (rows, 2))
    y = np.sin(3.0 * x[:, 0]) + x[:, 1] ** 2 + rng.normal(0.0, noise, rows)
    inputs = tuple(Column(f"x{i}", f"x{i}", "", x[:, i]) for i in range(2))
    return Dataset(inputs, (Column("y", "y", "", y),), None, "abc", "made up", ())


def _search(dataset: Dataset, *, sampler: str = "tpe", trials: int = 16, **given: Any) -> Any:
    from trainer.tuning.objective import make_problem
    from trainer.tuning.search import Budget, open_storage, search

    budget = Budget(trials, given.get("seconds"), given.get("patience", trials))
    return search(
        make_problem(dataset, np.arange(len(dataset.x)), 0),
        ("svr", "lasso"),
        budget,
        sampler=sampler,
        storage=open_storage(given.get("study")),
        name="test",
        workers=given.get("workers", InProcess()),
    )


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_a_search_chooses_the_algorithm_that_fits(sampler: str) -> None:
    found = _search(_dataset(), sampler=sampler)
    assert found.choice.algorithm == "svr"
    assert set(found.choice.settings) == {"penalty", "width"}
    assert found.loss < 0.1
    assert found.trials == 16


def test_equal_seeds_find_the_same() -> None:
    assert _search(_dataset()) == _search(_dataset())


class _Counting(InProcess):
    def __init__(self) -> None:
        self.tasks = 0

    def map(self, function: Any, shared: Any, items: Any) -> Any:
        self.tasks += len(items)
        return super().map(function, shared, items)


def test_a_search_goes_on_from_its_file(tmp_path: Path) -> None:
    first = _search(_dataset(), trials=8, study=tmp_path / "study")
    counting = _Counting()
    second = _search(_dataset(), trials=12, study=tmp_path / "study", workers=counting)
    assert (first.trials, second.trials) == (8, 12)
    assert counting.tasks <= 4
    assert second.loss <= first.loss
    again = _Counting()
    assert _search(_dataset(), trials=12, study=tmp_path / "study", workers=again) == second
    assert again.tasks == 0


def test_a_search_without_gain_ends_early() -> None:
    assert _search(_dataset(), trials=200, patience=4).trials < 60


def test_a_search_whose_time_is_up_still_answers() -> None:
    assert _search(_dataset(), trials=200, seconds=1e-6).trials == 4


def test_a_hopeless_choice_is_stopped_before_its_last_fold() -> None:
    from trainer.tuning.objective import Task, evaluate, make_problem
    from trainer.tuning.space import Choice

    dataset = _dataset()
    problem = make_problem(dataset, np.arange(48), 0)
    bad = Choice("lasso", {"penalty": 10.0})
    assert evaluate(problem, Task(bad, 0.01)).was_stopped
    full = evaluate(problem, Task(bad, float("inf")))
    assert not full.was_stopped
    assert full.loss == pytest.approx(1.0, abs=0.2)


def test_no_group_lies_in_two_inner_folds() -> None:
    from dataclasses import replace

    from trainer.tuning.objective import make_problem

    group_of = np.repeat(np.arange(8), 6)
    dataset = replace(_dataset(), group_of=group_of)
    problem = make_problem(dataset, np.arange(6, 48), 0)
    owner = {tuple(row): group for row, group in zip(dataset.x.tolist(), group_of, strict=True)}
    seen = [{owner[tuple(row)] for row in fold.x.tolist()} for fold in problem.folds]
    assert sum(map(len, seen)) == len(set.union(*seen)) == 7


def test_settings_that_are_given_are_used_and_unknown_ones_told() -> None:
    dataset = _dataset()
    prepared = Prepared.of(dataset.x, dataset.y, dataset.kinds, 0)
    flat = prepared.fit("lasso", 0, {"penalty": 10.0}).predict(dataset.x).mean
    assert flat == pytest.approx(np.full_like(flat, dataset.y.mean()))
    with pytest.raises(UsageError, match="lasso has no setting 'width'"):
        prepared.fit("lasso", 0, {"width": 1.0})


def test_a_setting_that_cannot_be_read_is_told() -> None:
    with pytest.raises(UsageError, match="'svr' is not like"):
        Recipe(targets=("y",), settings=("svr",))


def _tune(csv: Path, *arguments: str | Path) -> dict[str, Any]:
    fixed = ["tune", csv, "--target", "peak", "--drop", "batch,fwhm", "--algorithms", "svr,lasso"]
    given = [*fixed, "--split", "kfold:2", "--trials", "5", *arguments, "--json"]
    result = CliRunner().invoke(app, [str(each) for each in given])
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_tune_searches_once_a_fold_and_once_for_good(csv: Path) -> None:
    told = _tune(csv)
    assert len(told["tuning"]["by_fold"]) == told["split"]["folds"] == 2
    assert told["tuning"]["trials"] == 5
    assert told["best"]["r2"] > 0.3
    assert told["best"]["algorithm"] == told["tuning"]["algorithm"]


def test_a_tuned_bundle_fits_again_with_its_settings(csv: Path, tmp_path: Path) -> None:
    told = _tune(csv, "--out", tmp_path / "a")
    recipe = read_recipe(tmp_path / "a" / "recipe.toml")
    assert recipe.settings_of("svr") == pytest.approx(told["tuning"]["settings"])
    result = CliRunner().invoke(app, ["refit", str(tmp_path / "a"), "--out", str(tmp_path / "b")])
    assert result.exit_code == 0, result.stderr
    first, second = (read_manifest(tmp_path / name) for name in ("a", "b"))
    assert second.golden.mean == first.golden.mean


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--trials", "0"), "--trials 0"),
        (("--sampler", "magic"), "--sampler 'magic' is unknown"),
        (("--study", "nowhere/study"), "choose another --study"),
        (("--jobs", "0"), "--jobs 0"),
        (("--jobs", "2", "--cluster", "localhost:1"), "exclude each other"),
        (("--seconds", "-1"), "--seconds -1"),
    ],
)
def test_a_search_that_makes_no_sense_is_wrong_use(csv: Path, arguments: tuple[str, ...], told: str) -> None:
    given = ["tune", str(csv), "--target", "peak", "--algorithms", "lasso", *arguments]
    result = CliRunner().invoke(app, given)
    assert result.exit_code == 2, result.stderr
    assert told in result.stderr
