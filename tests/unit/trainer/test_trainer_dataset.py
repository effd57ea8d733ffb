"""Which columns and rows a recipe takes from a table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from trainer.dataset import Dataset, load_dataset, same_rows, to_csv
from trainer.errors import TrainerError, UsageError
from trainer.recipe import Recipe, read_recipe

if TYPE_CHECKING:
    from pathlib import Path

ROWS = "".join(f"{row % 5},{row},{'AB'[row % 2]},batch{row % 3},{row / 2},{-row}\n" for row in range(12))
CSV = "flow (uL/min),time (s),ligand,batch,peak (nm),fwhm (nm)\n" + ROWS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "data.csv").write_text(CSV)
    return tmp_path / "data.csv"


def _inputs(dataset: Dataset) -> list[str]:
    return [column.name for column in dataset.inputs]


def _targets(dataset: Dataset) -> list[str]:
    return [column.name for column in dataset.targets]


def test_all_columns_but_the_targets_are_inputs(path: Path) -> None:
    dataset = load_dataset(path, Recipe(targets=("peak",), drop=("fwhm",)))
    assert _inputs(dataset) == ["flow", "time", "ligand", "batch"]
    assert dataset.inputs[2].choices == ("A", "B")
    assert dataset.x.shape == (12, 4)
    assert dataset.y[:, 0].tolist() == [row / 2 for row in range(12)]


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("peak", ["peak"]),
        ("peak (nm)", ["peak"]),
        ("last", ["fwhm"]),
        ("*(nm)", ["peak", "fwhm"]),
    ],
)
def test_a_target_may_be_a_name_a_header_a_glob_or_the_last(
    path: Path, target: str, found: list[str]
) -> None:
    assert _targets(load_dataset(path, Recipe(targets=(target,)))) == found


def test_an_unknown_target_is_told_with_the_closest(path: Path) -> None:
    with pytest.raises(UsageError) as refusal:
        load_dataset(path, Recipe(targets=("Peek",)))
    assert str(refusal.value).startswith("data.csv: --target 'Peek' is no column; closest are 'peak (nm)'")


@pytest.mark.parametrize("option", ["inputs", "drop", "categorical", "group_by"])
def test_an_unknown_column_names_its_option(path: Path, option: str) -> None:
    recipe = {
        "inputs": Recipe(targets=("peak",), inputs=("nothing",)),
        "drop": Recipe(targets=("peak",), drop=("nothing",)),
        "categorical": Recipe(targets=("peak",), categorical=("nothing",)),
        "group_by": Recipe(targets=("peak",), group_by=("nothing",)),
    }[option]
    with pytest.raises(UsageError, match=f"--{option.replace('_', '-')} 'nothing' is no column"):
        load_dataset(path, recipe)


def test_a_column_to_group_by_is_no_input(path: Path) -> None:
    dataset = load_dataset(path, Recipe(targets=("peak",), group_by=("batch",)))
    assert "batch" not in _inputs(dataset)
    assert dataset.group_of is not None
    assert dataset.group_of.tolist() == [row % 3 for row in range(12)]


def test_grouping_by_inputs_keeps_equal_conditions_together(path: Path) -> None:
    dataset = load_dataset(path, Recipe(targets=("peak",), inputs=("flow",), group_by=("inputs",)))
    assert dataset.group_of is not None
    assert dataset.group_of.tolist() == [row % 5 for row in range(12)]


def test_repeated_conditions_without_grouping_are_told(path: Path) -> None:
    dataset = load_dataset(path, Recipe(targets=("peak",), inputs=("flow",)))
    assert any("repeated inputs in 7 of" in note for note in dataset.notes)


def test_an_input_cannot_be_a_target_too(path: Path) -> None:
    with pytest.raises(UsageError, match="as input and as target"):
        load_dataset(path, Recipe(targets=("peak",), inputs=("flow", "peak")))


def test_rows_without_a_target_are_left_out_with_their_groups_and_choices(tmp_path: Path) -> None:
    rows = [f"{row},{'only-here' if row == 0 else 'AB'[row % 2]},g{row},{row}" for row in range(12)]
    rows[0] = rows[0].rsplit(",", 1)[0] + ",None"
    (tmp_path / "d.csv").write_text("x,ligand,g,y\n" + "\n".join(rows))
    dataset = load_dataset(tmp_path / "d.csv", Recipe(targets=("y",), group_by=("g",)))
    assert len(dataset.y) == 11
    assert dataset.inputs[1].choices == ("A", "B")
    assert dataset.group_of is not None
    assert sorted(dataset.group_of) == list(range(11))
    assert "left out 1 of 12 rows: no value of a target" in dataset.notes


def test_too_few_rows_are_refused(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("x,y\n" + "1,2\n" * 7)
    with pytest.raises(TrainerError, match="7 rows with every target present, at least 8"):
        load_dataset(tmp_path / "d.csv", Recipe(targets=("y",)))


def test_free_text_and_empty_columns_are_left_out_and_told(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("x,doi,void,y\n" + "".join(f"{n},doi{n},,{n}\n" for n in range(9)))
    dataset = load_dataset(tmp_path / "d.csv", Recipe(targets=("y",)))
    assert _inputs(dataset) == ["x"]
    assert [note.split(":")[0] for note in dataset.notes[:2]] == [
        "column 'doi' is free text",
        "column 'void' is empty",
    ]
    kept = load_dataset(tmp_path / "d.csv", Recipe(targets=("y",), inputs=("doi",)))
    assert _inputs(kept) == ["doi"]


def test_no_input_at_all_is_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("a,y\n" + "1,2\n" * 9)
    with pytest.raises(UsageError, match="no column is left as an input"):
        load_dataset(tmp_path / "d.csv", Recipe(targets=("*",)))


def test_gaps_count_as_equal_when_rows_are_compared() -> None:
    assert same_rows(np.array([[1.0, np.nan], [1.0, 2.0], [1.0, np.nan]])).tolist() == [0, 1, 0]


def test_the_rows_come_back_from_their_own_csv(path: Path, tmp_path: Path) -> None:
    recipe = Recipe(targets=("peak",), group_by=("batch",))
    dataset = load_dataset(path, recipe)
    (tmp_path / "own.csv").write_bytes(to_csv(dataset, with_groups=True))
    again = load_dataset(tmp_path / "own.csv", replace(recipe, group_by=("group",)))
    np.testing.assert_array_equal(again.x, dataset.x)
    np.testing.assert_array_equal(again.y, dataset.y)
    assert again.group_of is not None
    assert dataset.group_of is not None
    np.testing.assert_array_equal(again.group_of, dataset.group_of)
    assert [column.header for column in again.inputs] == [column.header for column in dataset.inputs]


def test_a_recipe_survives_the_way_to_toml_and_back(tmp_path: Path) -> None:
    recipe = Recipe(
        targets=('odd "name" \\ \x7f µ', "b"), inputs=("a*",), group_by=("inputs",), seed=7, has_header=False
    )
    (tmp_path / "recipe.toml").write_bytes(recipe.to_toml())
    assert read_recipe(tmp_path / "recipe.toml") == recipe


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no [fit] table"),
        ("[fit", "not valid TOML"),
        ("[fit]\ntargets = 3", "fit.targets is not a list of texts"),
        ("[fit]\ntargets = ['a']\nseed = 'x'", "fit.seed"),
        ("[fit]\ntargets = ['a']\nseed = true", "fit.seed"),
        ("[fit]\ntargets = ['a']\ncolour = 1", "fit.colour is unknown"),
        ("[fit]\ntargets = ['a']\nalgorithms = ['magic']", "'magic' is unknown"),
        ("[fit]\ntargets = ['a']\nseed = -1", "--seed -1"),
    ],
)
def test_a_wrong_recipe_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "recipe.toml").write_text(text)
    with pytest.raises(UsageError) as refusal:
        read_recipe(tmp_path / "recipe.toml")
    assert told in str(refusal.value)
