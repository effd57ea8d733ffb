"""Targets at a limit: learned from as at it, dealt to folds with their groups, and never scored."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from trainer.cli import app
from trainer.columns import Column
from trainer.dataset import Dataset, load_dataset
from trainer.errors import TrainerError, UsageError
from trainer.fit import fit
from trainer.limits import Limit, find_limits
from trainer.recipe import Recipe, read_recipe
from trainer.split import make_split

if TYPE_CHECKING:
    from pathlib import Path


def _table(tmp_path: Path) -> Path:
    """Sizes rise steeply with x, up to 1 000 000: an instrument reads to 1000."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0.0, 6.0, 160)
    rows = [
        f"{each:.4f},{number % 20},{10.0**each * rng.lognormal(0.0, 0.05):.6g}"
        for number, each in enumerate(x)
    ]
    path = tmp_path / "sizes.csv"
    path.write_text("x,batch,size (nm)\n" + "\n".join(rows))
    return path


def _load(path: Path, *limits: str, **changes: Any) -> Dataset:
    return load_dataset(path, Recipe(targets=("size",), limits=limits, inputs=("x",), **changes))


def _run(path: Path, *arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["fit", str(path), "--target", "last", "--json", *arguments])
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


@pytest.mark.parametrize("split", ["kfold:5", "7:3", "6:2:2", "kfold:3x2"])
def test_no_row_at_the_limit_is_held_out_and_all_others_are(tmp_path: Path, split: str) -> None:
    dataset = _load(_table(tmp_path), "size=:1000")
    assert dataset.at_limit is not None
    assert dataset.y.max() == 1000.0
    assert dataset.at_limit.tolist() == (dataset.y[:, 0] >= 1000.0).tolist()
    made, plain = dataset.split(split, 1), make_split(split, 160, None, 1)
    for fold, before in zip(made.folds, plain.folds, strict=True):
        assert fold.train.tolist() == before.train.tolist()
        assert fold.test.tolist() == [row for row in before.test if not dataset.at_limit[row]]
    assert (made.final is None) == (plain.final is None)
    assert made.final is None or not dataset.at_limit[made.final.test].any()


def test_a_group_held_out_teaches_nothing_not_even_that_it_is_beyond(tmp_path: Path) -> None:
    dataset = _load(_table(tmp_path), "size=:1000", group_by=("batch",), split="logo")
    assert dataset.group_of is not None
    for fold in dataset.split("logo", 0).folds:
        assert not set(dataset.group_of[fold.train]) & set(dataset.group_of[fold.test])


def test_every_row_below_the_limit_is_scored_once_and_no_other(tmp_path: Path) -> None:
    recipe = Recipe(targets=("size",), limits=("size=2:1000",), algorithms=("forest",), split="kfold:4")
    dataset = load_dataset(_table(tmp_path), recipe)
    judged = fit(dataset, recipe, lambda _done, _of: None).comparison.judged
    truth = dataset.y[:, 0]
    assert sorted(judged.rows) == np.flatnonzero((truth > 2.0) & (truth < 1000.0)).tolist()


def test_the_note_says_how_many_and_a_bundle_is_refitted_alike(tmp_path: Path) -> None:
    out, again = tmp_path / "bundle", tmp_path / "again"
    key = ("--seed", "3", "--inputs", "x", "--algorithms", "forest", "--limit", "size=1:1000")
    first = _run(_table(tmp_path), *key, "--out", str(out))
    result = CliRunner().invoke(app, ["refit", str(out), "--out", str(again), "--json"])
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["best"]["r2"] == first["best"]["r2"]
    assert "'size (nm)' is at its limit or beyond in" in result.stderr


def test_a_logarithm_of_the_schema_keeps_its_limit(tmp_path: Path) -> None:
    path, out = _table(tmp_path), tmp_path / "bundle"
    schema = tmp_path / "schema.toml"
    schema.write_text(
        "[[column]]\nheader = 'size (nm)'\nrole = 'target'\nunit = 'nm'\nmax = 700.0\noutside = 'limit'\n"
        "express = 'log10'"
    )
    first = _run(path, "--schema", str(schema), "--algorithms", "linear", "--inputs", "x", "--out", str(out))
    assert first["best"]["r2"] > 0.6
    again = load_dataset(out / "dataset.csv", read_recipe(out / "recipe.toml"))
    assert again.at_limit is not None
    assert again.at_limit.sum() == _load(path, "size=:700").at_limit.sum()  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["size", "size=", "size=:", "other=:5", "size=a:b", "size=1:2:3", "=1:2"])
def test_a_limit_that_cannot_be_read_is_wrong_use(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="is not understood; use TARGET=LOW:HIGH of 'size'"):
        _load(_table(tmp_path), text)


def test_limits_the_wrong_way_round_are_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--limit 'size=9:3': 9 is not below 3"):
        _load(_table(tmp_path), "size=9:3")


def test_nothing_is_left_to_score_where_all_is_beyond(tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match="a target is at its limit in every row; check the limits"):
        _load(_table(tmp_path), "size=:0.5")


def test_an_input_has_no_limit(tmp_path: Path) -> None:
    schema = tmp_path / "schema.toml"
    schema.write_text("[[column]]\nheader = 'x'\nmax = 3.0\noutside = 'limit'")
    with pytest.raises(UsageError, match="'x' is an input: only a target may be beyond a limit"):
        load_dataset(_table(tmp_path), Recipe(targets=("size",)), schema)


@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300))
def test_a_limit_survives_the_way_to_text_and_back(low: float, high: float) -> None:
    if low < high:
        column = Column("size", "size", "", np.zeros(3))
        assert find_limits([f"size={Limit(low, high)}"], {}, [column]) == (Limit(low, high),)
