"""A schema: proposed from a table, edited by a person, obeyed when rows are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.dataset import Dataset, load_dataset
from trainer.errors import TrainerError, UsageError
from trainer.experiments import propose
from trainer.recipe import Recipe
from trainer.schema import ColumnSchema, Schema, SourceFile
from trainer.schema_file import read_schema, write_schema
from trainer.schema_infer import find_spectra

if TYPE_CHECKING:
    from pathlib import Path

LABELS = st.text("ab 1µ°ü\"'\\\n\x7f[]=#.", min_size=1, max_size=12)
BOUNDS = st.floats(-1e9, 1e9)


@st.composite
def _columns(draw: st.DrawFn) -> ColumnSchema:
    header = draw(LABELS)
    if draw(st.booleans()):
        role = draw(st.sampled_from(("input", "group", "drop")))
        return ColumnSchema(
            header, role=role, kind="choice", choices=tuple(draw(st.lists(LABELS, max_size=3)))
        )
    low = draw(st.none() | BOUNDS)
    return ColumnSchema(
        header,
        role=draw(st.sampled_from(("input", "target", "order", "key"))),
        unit=draw(st.sampled_from(("", "nm", "uL/min", "°C"))),
        low=low,
        high=None if low is None else low + 1.0,
        outside=draw(st.sampled_from(("refuse", "drop"))),
        express=draw(st.sampled_from(("plain", "log10"))),
    )


@given(
    columns=st.lists(_columns(), max_size=4),
    has_header=st.booleans(),
    missing=st.sampled_from(("fill", "drop")),
)
def test_a_schema_survives_the_way_to_toml_and_back(
    tmp_path_factory: pytest.TempPathFactory, columns: list[ColumnSchema], *, has_header: bool, missing: str
) -> None:
    files = (SourceFile("a.csv"), SourceFile("s.xlsx", "Sheet 2", "spectra by row", "id", "nm", "A", 5))
    schema = Schema(tuple(columns), files, ("id",), has_header, "drop:mad:6", missing)
    path = tmp_path_factory.mktemp("schema") / "schema.toml"
    path.write_text(write_schema(schema), encoding="utf-8")
    assert read_schema(path) == schema


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("version = 2", "version 2 is unknown; use 1"),
        ("colour = 1", "'colour' is unknown; there are version"),
        ("[[column]]\nrole = 'input'", "column 1: has no header"),
        (
            "[[column]]\nheader = 'a'\nrole = 'boss'",
            "column 'a': role 'boss' is unknown; choose of input, target",
        ),
        ("[[column]]\nheader = 'a'\nunit = 'furlong'", "column 'a': unit 'furlong' is unknown"),
        ("[[column]]\nheader = 'a'\nlow = 1", "column 1: 'low' is unknown"),
        ("[[column]]\nheader = 'a'\nmin = 'x'", "column 1: min is not a number"),
        ("[[column]]\nheader = 'a'\nmin = nan", "column 'a': min nan is not below max inf"),
        ("[[column]]\nheader = 'a'\nmin = 2\nmax = 1", "column 'a': min 2 is not below max 1"),
        ("[[column]]\nheader = 'a'\nchoices = ['b']", "column 'a': has choices, yet is a number"),
        (
            "[[column]]\nheader = 'a'\nkind = 'choice'\nmax = 1",
            "column 'a': a choice has no min, max or logarithm",
        ),
        (
            "[[column]]\nheader = 'a'\nkind = 'choice'\nrole = 'target'",
            "column 'a': a target must be a number",
        ),
        ("column = 3", "column is no list of tables; write [[column]]"),
        ("[[file]]\npath = 'a'\naverage = 'x'", "file 1: average is not a whole number"),
        ("[[file]]\npath = 'a'\naverage = 0", "file 'a': average 0 is not above zero"),
        ("[[file]]\npath = 'a'\nlayout = 'spectra by row'", "file 'a': spectra need a key"),
        ("[[file]]\npath = 'a'\n[[file]]\npath = 'b'", "several files need join_on"),
        ("outliers = 'drop:magic:3'", "outliers 'drop:magic:3' is not understood; use report, drop:mad:6"),
        ("missing = 'guess'", "missing 'guess' is unknown; choose of fill, drop"),
        ("has_header = 1", "has_header is not true or false"),
        ("join_on = 'id'", "join_on is not a list of texts"),
        ("a = ", "not valid TOML"),
    ],
)
def test_a_wrong_schema_names_the_entry(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "s.toml").write_text(text)
    with pytest.raises(UsageError) as refusal:
        read_schema(tmp_path / "s.toml")
    assert str(refusal.value).startswith("s.toml: ")
    assert told in str(refusal.value)


def _load(folder: Path, table: str, schema: str, **recipe: tuple[str, ...] | str) -> Dataset:
    (folder / "data.csv").write_text(table)
    (folder / "schema.toml").write_text(f"[[file]]\npath = 'data.csv'\n{schema}")
    return load_dataset(folder / "schema.toml", Recipe(targets=("y",), **recipe))  # type: ignore[arg-type]


TABLE = "flow (mL/min),ligand,batch,day,y\n" + "".join(
    f"{row / 10 + 0.1:.1f},{'AB'[row % 2]},b{row % 3},2024-03-{20 - row:02d},{10.0 ** (row % 4)}\n"
    for row in range(12)
)


def test_a_unit_is_converted_to_that_of_the_schema(tmp_path: Path) -> None:
    dataset = _load(tmp_path, TABLE, "[[column]]\nheader = 'flow (mL/min)'\nunit = 'uL/min'")
    flow = dataset.inputs[0]
    assert (flow.name, flow.unit) == ("flow", "uL/min")
    np.testing.assert_allclose(flow.data, 100.0 + 100.0 * np.arange(12))


def test_units_mixed_in_a_column_are_converted_once_the_schema_names_one(tmp_path: Path) -> None:
    rows = "".join(f"{'1 mL' if row % 2 else '5 uL'},{row}\n" for row in range(10))
    dataset = _load(tmp_path, "v,y\n" + rows, "[[column]]\nheader = 'v'\nunit = 'uL'")
    np.testing.assert_allclose(dataset.inputs[0].data, [5.0, 1000.0] * 5)


def test_a_unit_of_another_kind_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"column 'flow \(mL/min\)': 'mL/min' does not convert to 'nm'"):
        _load(tmp_path, TABLE, "[[column]]\nheader = 'flow (mL/min)'\nunit = 'nm'")


def test_a_group_of_the_schema_is_kept_whole_and_scored(tmp_path: Path) -> None:
    dataset = _load(tmp_path, TABLE, "[[column]]\nheader = 'batch'\nrole = 'group'\nkind = 'choice'")
    assert dataset.group_of is not None
    assert dataset.group_of.tolist() == [row % 3 for row in range(12)]
    assert dataset.scored == "a new group: values of 'batch' that were not seen"
    assert "batch" not in [column.name for column in dataset.inputs]


def test_rows_stand_in_the_order_that_the_schema_names(tmp_path: Path) -> None:
    dataset = _load(tmp_path, TABLE, "[[column]]\nheader = 'day'\nrole = 'order'", split="time:3")
    assert dataset.inputs[0].data.tolist() == sorted(dataset.inputs[0].data.tolist(), reverse=True)
    assert dataset.scored == "later experiments, predicted from earlier ones"


def test_what_is_no_date_gives_no_order(tmp_path: Path) -> None:
    with pytest.raises(
        TrainerError, match="line 2, column 'batch': 'b0' gives no order; write numbers, or dates"
    ):
        _load(tmp_path, TABLE, "[[column]]\nheader = 'batch'\nrole = 'order'")


def test_choices_keep_the_order_of_the_schema_and_admit_no_other(tmp_path: Path) -> None:
    entry = "[[column]]\nheader = 'ligand'\nkind = 'choice'\nchoices = {}"
    dataset = _load(tmp_path, TABLE, entry.format("['B', 'A']"))
    assert dataset.inputs[1].choices == ("B", "A")
    assert dataset.inputs[1].data[:2].tolist() == [1.0, 0.0]
    with pytest.raises(TrainerError, match="line 3, column 'ligand': 'B' is no choice of the schema"):
        _load(tmp_path, TABLE, entry.format("['A', 'C']"))


def test_what_can_not_be_is_refused_or_left_out_as_the_schema_says(tmp_path: Path) -> None:
    entry = "[[column]]\nheader = 'y'\nrole = 'target'\nmax = 100\n"
    with pytest.raises(TrainerError, match="line 5, column 'y': 1000 is not within -inf to 100"):
        _load(tmp_path, TABLE, entry)
    dataset = _load(tmp_path, TABLE, entry + "outside = 'drop'")
    assert dataset.y.max() == 100.0
    assert "left out 3 of 12 rows: 'y' outside -inf to 100" in dataset.notes


def test_a_logarithm_is_fitted_where_the_schema_asks_for_it(tmp_path: Path) -> None:
    dataset = _load(
        tmp_path, TABLE, "[[column]]\nheader = 'y'\nrole = 'target'\nunit = 'nm'\nexpress = 'log10'"
    )
    assert dataset.targets[0].name == "log10 y in nm"
    assert dataset.y[:, 0].tolist() == [0.0, 1.0, 2.0, 3.0] * 3


def test_a_logarithm_of_nothing_is_told(tmp_path: Path) -> None:
    entry = "[[column]]\nheader = 'y'\nexpress = 'log10'"
    with pytest.raises(TrainerError, match="line 2, column 'y': 0 has no logarithm"):
        _load(tmp_path, TABLE.replace(",1.0\n", ",0\n"), entry)


def test_rows_with_gaps_go_where_the_schema_says_so(tmp_path: Path) -> None:
    table = TABLE.replace("0.1,A", ",A")
    assert len(_load(tmp_path, table, "").y) == 12
    dataset = _load(tmp_path, table, "").inputs[0]
    assert dataset.missing_count == 1
    (tmp_path / "data.csv").write_text(table)
    (tmp_path / "schema.toml").write_text("missing = 'drop'\n[[file]]\npath = 'data.csv'")
    dropped = load_dataset(tmp_path / "schema.toml", Recipe(targets=("y",)))
    assert len(dropped.y) == 11
    assert "left out 1 of 12 rows: no value of an input" in dropped.notes


def test_outliers_go_only_on_request_and_are_told_by_line(tmp_path: Path) -> None:
    rows = [f"{row},{row % 5}" for row in range(20)] + ["20,900"]
    (tmp_path / "data.csv").write_text("x,y\n" + "\n".join(rows))
    kept = load_dataset(tmp_path / "data.csv", Recipe(targets=("y",)))
    assert len(kept.y) == 21
    assert any("1 row looks like an outlier of 'y' by mad:6 (line 22): kept" in note for note in kept.notes)
    (tmp_path / "schema.toml").write_text("outliers = 'drop:mad:6'")
    dataset = load_dataset(tmp_path / "data.csv", Recipe(targets=("y",)), tmp_path / "schema.toml")
    assert len(dataset.y) == 20
    assert "left out 1 of 21 rows as outliers by mad:6 (line 22): no score counts them" in dataset.notes


def test_a_schema_that_names_what_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"data\.csv: has no column 'z', which the schema names"):
        _load(tmp_path, TABLE, "[[column]]\nheader = 'z'")
    with pytest.raises(UsageError, match="names column 'ligand' twice"):
        _load(tmp_path, TABLE, "[[column]]\nheader = 'ligand'\nkind='choice'\n" * 2)


def test_a_schema_without_files_needs_a_table(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text("")
    with pytest.raises(UsageError, match=r"s\.toml: names no files; add \[\[file\]\]"):
        load_dataset(tmp_path / "s.toml", Recipe(targets=("y",)))


def test_a_run_of_columns_shares_one_entry(tmp_path: Path) -> None:
    header = ",".join(str(400 + 5 * step) for step in range(10))
    rows = "".join(",".join(str(row * step) for step in range(10)) + f",{row}\n" for row in range(1, 10))
    dataset = _load(tmp_path, f"{header},y\n{rows}", "[[column]]\nheader = '400..440'\nrole = 'drop'")
    assert [column.name for column in dataset.inputs] == ["445"]


def test_a_proposed_schema_reads_the_table_it_was_made_from(tmp_path: Path) -> None:
    header = "No.,batch,when,share (%),T (C),ligand,smiles,void," + ",".join(
        str(n) for n in range(400, 500, 10)
    )
    rows = [
        f"{row},b{row // 4},2024-03-{row + 1:02d},{row + 5},{20 - row},{'AB'[row % 2]},C{row}O,,"
        + ",".join(str(row * n / 400) for n in range(10))
        for row in range(16)
    ]
    (tmp_path / "data.csv").write_text("\n".join([header, *rows]))
    schema, notes = propose([tmp_path / "data.csv"], tmp_path, ["4*"], (), has_header=True)
    assert notes == []
    assert [(item.header, item.role, item.kind) for item in schema.columns] == [
        ("No.", "drop", "number"),
        ("batch", "group", "choice"),
        ("when", "drop", "number"),
        ("share (%)", "input", "number"),
        ("T (C)", "input", "number"),
        ("ligand", "input", "choice"),
        ("smiles", "drop", "choice"),
        ("void", "drop", "number"),
        ("400..490", "target", "number"),
    ]
    by_header = {item.header: item for item in schema.columns}
    assert (by_header["share (%)"].low, by_header["share (%)"].high) == (0.0, 100.0)
    assert (by_header["T (C)"].low, by_header["T (C)"].unit) == (None, "C")
    (tmp_path / "schema.toml").write_text(write_schema(schema))
    dataset = load_dataset(tmp_path / "schema.toml", Recipe(targets=("4*",)))
    assert [column.name for column in dataset.inputs] == ["share", "T", "ligand"]
    assert dataset.y.shape == (16, 10)
    assert dataset.group_of is not None


def test_spectra_are_runs_of_rising_numbers() -> None:
    headers = ["x0", "x1", "y", *(f"A_{n} (nm)" for n in range(400, 440, 5)), "9"]
    assert find_spectra(headers) == [tuple(f"A_{n} (nm)" for n in range(400, 440, 5))]
