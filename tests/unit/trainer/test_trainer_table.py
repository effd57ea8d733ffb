"""CSV files as people have them."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

import pytest

from trainer.columns import read_inputs, read_targets
from trainer.errors import TrainerError, UsageError
from trainer.table import Table, read_table
from trainer.units import name_and_unit

if TYPE_CHECKING:
    from pathlib import Path


def _table(tmp_path: Path, content: str | bytes, *, has_header: bool = True) -> Table:
    path = tmp_path / "data.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path, has_header=has_header)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    table = _table(tmp_path, "a,b,c\n1,2,3\n4,5,6\n".replace(",", delimiter))
    assert list(table.cells.columns) == ["a", "b", "c"]
    assert table.delimiter == delimiter


@pytest.mark.parametrize(
    "encoded",
    [
        codecs.BOM_UTF8 + "größe,y\n1,2\n".encode(),
        "größe,y\n1,2\n".encode(),
        "größe,y\n1,2\n".encode("utf-16"),
    ],
)
def test_byte_order_marks_are_understood(tmp_path: Path, encoded: bytes) -> None:
    assert list(_table(tmp_path, encoded).cells.columns) == ["größe", "y"]


def test_a_file_that_is_not_utf8_is_read_all_the_same(tmp_path: Path) -> None:
    text = "Durchfluss,Größe,Länge,Trübung\n" + "1,2,3,früh\n" * 20
    table = _table(tmp_path, text.encode("cp1252"))
    assert len(table.cells) == 20
    assert "Durchfluss" in table.cells.columns


def test_rows_keep_the_number_of_their_line(tmp_path: Path) -> None:
    table = _table(tmp_path, 'a,b\n1,"two\nlines"\n\n3,4\n')
    assert list(table.cells.index) == [2, 5]


def test_a_type_row_and_its_labels_are_left_out_and_told(tmp_path: Path) -> None:
    table = _table(tmp_path, "NAME,t,y\nTYPE,DATA,DATA\n0,1,2\n1,2,3\n")
    assert list(table.cells.columns) == ["t", "y"]
    assert len(table.cells) == 2
    assert "TYPE row" in table.notes[0]


def test_an_unnamed_first_column_is_taken_as_labels(tmp_path: Path) -> None:
    table = _table(tmp_path, ",a,y\n0,1,2\n1,2,3\n")
    assert list(table.cells.columns) == ["a", "y"]


def test_empty_cells_at_the_end_of_every_line_do_no_harm(tmp_path: Path) -> None:
    assert list(_table(tmp_path, "a;b;\n1;2;\n").cells.columns) == ["a", "b"]


def test_without_header_columns_are_numbered(tmp_path: Path) -> None:
    assert list(_table(tmp_path, "1,2\n3,4\n", has_header=False).cells.columns) == ["c1", "c2"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("1,2\n3,4\n", "line 1: holds numbers where names are expected; pass --no-header"),
        ("a,b\n1,2\n3\n", "line 3: 1 cells, expected 2"),
        ("a,b\n1,2,3\n", "line 2: 3 cells, expected 2"),
        ("a,a\n1,2\n", "two columns are named 'a'"),
        ("a,b\n", "holds no rows"),
        ("", "empty"),
        ('a,b\n1,"2\n', "data.csv line"),
    ],
)
def test_a_file_that_is_no_table_is_refused_by_line(tmp_path: Path, content: str, told: str) -> None:
    with pytest.raises(TrainerError) as refusal:
        _table(tmp_path, content)
    assert told in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_missing_file_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.csv: cannot be read"):
        read_table(tmp_path / "nowhere.csv", has_header=True)


@pytest.mark.parametrize(
    ("header", "name", "unit"),
    [
        ("Qtot(uL/min)", "Qtot", "uL/min"),
        ("size [nm]", "size", "nm"),
        ("Growth Temp (Celsius)", "Growth Temp", "Celsius"),
        ("c [mol/L]", "c", "mol/L"),
        ("rate (cm^2/s)", "rate", "cm^2/s"),
        ("V (PbBr2 prec.)", "V (PbBr2 prec.)", ""),
        ("loss", "loss", ""),
        ("(nm)", "(nm)", ""),
    ],
)
def test_a_unit_is_read_from_the_header(header: str, name: str, unit: str) -> None:
    assert name_and_unit(header) == (name, unit)


def test_names_that_would_meet_without_their_unit_keep_it(tmp_path: Path) -> None:
    table = _table(tmp_path, "size (nm),size (um)\n1,2\n3,4\n")
    assert [column.name for column in read_inputs(table, ["size (nm)", "size (um)"], categorical=())] == [
        "size (nm)",
        "size (um)",
    ]


def test_decimal_commas_are_numbers_where_commas_do_not_delimit(tmp_path: Path) -> None:
    (column,) = read_inputs(_table(tmp_path, "a;b\n1,5;2\n-0,25e1;3\n"), ["a"], categorical=())
    assert column.data.tolist() == [1.5, -2.5]


@pytest.mark.parametrize("gap", ["", "None", "NA", "n/a", "NaN", "null", " "])
def test_gaps_are_not_numbers(tmp_path: Path, gap: str) -> None:
    (column,) = read_inputs(_table(tmp_path, f"a,b\n1,2\n{gap},3\n"), ["a"], categorical=())
    assert column.missing_count == 1


def test_a_column_of_texts_becomes_choices_and_a_gap_is_one_too(tmp_path: Path) -> None:
    (column,) = read_inputs(_table(tmp_path, "a,b\nPVA,1\n,2\nCTAB,3\nPVA,4\n"), ["a"], categorical=())
    assert column.choices == ("CTAB", "PVA", "none")
    assert column.data.tolist() == [1.0, 2.0, 0.0, 1.0]


def test_numbers_that_are_names_become_choices_on_request(tmp_path: Path) -> None:
    (column,) = read_inputs(_table(tmp_path, "a,b\n1,1\n2,2\n"), ["a"], categorical=["a"])
    assert column.choices == ("1", "2")


def test_a_text_among_numbers_is_told_with_line_column_and_remedy(tmp_path: Path) -> None:
    table = _table(tmp_path, "Qpva(%),y\n1,1\n2,2\nabc,3\n4,4\n")
    with pytest.raises(TrainerError) as refusal:
        read_inputs(table, ["Qpva(%)"], categorical=())
    assert str(refusal.value) == (
        "data.csv line 4, column 'Qpva(%)': 'abc' is not a number; "
        "correct the cell, or pass --categorical 'Qpva(%)'"
    )


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e999", "1,5"])
def test_what_is_not_a_finite_number_is_no_number(tmp_path: Path, cell: str) -> None:
    table = _table(tmp_path, f'a,y\n1,1\n2,2\n"{cell}",3\n')
    with pytest.raises(TrainerError, match="line 4, column 'a'"):
        read_inputs(table, ["a"], categorical=())


def test_a_target_of_texts_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="target 'a' holds text"):
        read_targets(_table(tmp_path, "a,y\nx,1\ny,2\n"), ["a"])
