"""Workbooks, Parquet, several files and spectra come as one table of text."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd
import pytest

from trainer.errors import TrainerError, UsageError
from trainer.grid import MAX_UNPACKED_BYTES
from trainer.schema import Schema, SourceFile
from trainer.sources import read_sources
from trainer.table import Table, read_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Write: TypeAlias = "Callable[[str, str], None]"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, content: str) -> None:
        (tmp_path / name).write_text(content)

    return write


def _read(folder: Path, *files: SourceFile | str, on: tuple[str, ...] = ("id",)) -> Table:
    listed = tuple(SourceFile(file) if isinstance(file, str) else file for file in files)
    return read_sources(folder, listed, Schema(files=listed, join_on=on))


def _rows(table: Table) -> list[list[str]]:
    return [[str(cell) for cell in row] for row in table.cells.to_numpy()]


def _workbook(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_a_workbook_gives_the_cells_that_its_csv_would(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["flow (uL/min)", "ligand", "day"],
        [0.1, "PVA", date(2024, 3, 5)],
        [2.0, None, None],
    ]
    table = read_table(_workbook(tmp_path / "a.xlsx", {"Sheet": rows}), has_header=True)
    assert list(table.cells.columns) == ["flow (uL/min)", "ligand", "day"]
    assert _rows(table) == [["0.1", "PVA", "2024-03-05"], ["2", "", ""]]
    assert list(table.cells.index) == [2, 3]


def test_a_workbook_is_known_by_its_content_whatever_its_name(tmp_path: Path) -> None:
    path = _workbook(tmp_path / "a.csv", {"Sheet": [["x", "y"], [1, 2]]})
    assert _rows(read_table(path, has_header=True)) == [["1", "2"]]


def test_the_first_sheet_is_read_and_the_others_are_told(tmp_path: Path) -> None:
    path = _workbook(tmp_path / "a.xlsx", {"One": [["x", "y"], [1, 2]], "Two": [["x", "y"], [3, 4]]})
    table = read_table(path, has_header=True)
    assert _rows(table) == [["1", "2"]]
    assert table.notes == ("a.xlsx: sheet 'One' is read; others are 'Two'",)
    assert _rows(read_table(path, has_header=True, sheet="Two")) == [["3", "4"]]
    with pytest.raises(UsageError, match=r"a\.xlsx: has no sheet 'Three'; there are One, Two"):
        read_table(path, has_header=True, sheet="Three")


def test_empty_cells_around_a_sheet_do_no_harm(tmp_path: Path) -> None:
    rows: list[list[object]] = [["x", "y", None, None], [1, 2, None, None], [None, None, None, None], [3, 4]]
    table = read_table(_workbook(tmp_path / "a.xlsx", {"Sheet": rows}), has_header=True)
    assert _rows(table) == [["1", "2"], ["3", "4"]]
    assert list(table.cells.index) == [2, 4]


def test_an_archive_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("hello.txt", "hello")
    with pytest.raises(TrainerError, match=r"a\.xlsx: no Excel workbook"):
        read_table(tmp_path / "a.xlsx", has_header=True)


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", bytes(1 << 10))
    data = bytearray(buffer.getvalue())
    # The size that the directory at the end promises, 24 bytes into its entry.
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (MAX_UNPACKED_BYTES + 1).to_bytes(4, "little")
    (tmp_path / "a.xlsx").write_bytes(bytes(data))
    with pytest.raises(TrainerError, match=r"a\.xlsx: unpacks to more than 512 MiB"):
        read_table(tmp_path / "a.xlsx", has_header=True)


def test_a_parquet_file_gives_the_cells_that_its_csv_would(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"flow": [0.1, np.nan], "ligand": ["PVA", None], "count": [1, 2]})
    frame.to_parquet(tmp_path / "a.parquet")
    table = read_table(tmp_path / "a.parquet", has_header=True)
    assert list(table.cells.columns) == ["flow", "ligand", "count"]
    assert _rows(table) in ([["0.1", "PVA", "1"], ["nan", "", "2"]], [["0.1", "PVA", "1"], ["", "", "2"]])


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "a.parquet").write_bytes(b"PAR1" + bytes(100))
    with pytest.raises(TrainerError, match=r"a\.parquet: no Parquet file"):
        read_table(tmp_path / "a.parquet", has_header=True)


def test_files_are_joined_by_their_keys_however_numbers_are_written(tmp_path: Path, write: Write) -> None:
    write("a.csv", "id,flow\n1,10\n2,20\n3,30\n1,40\n")
    write("b.csv", "id;peak\n1.0;450\n2.0;460\n9.0;1\n")
    table = _read(tmp_path, "a.csv", "b.csv")
    assert list(table.cells.columns) == ["id", "flow", "peak"]
    assert _rows(table) == [["1", "10", "450"], ["2", "20", "460"], ["3", "30", ""], ["1", "40", "450"]]
    assert table.source == "a.csv + b.csv"
    assert table.notes == (
        "1 of 4 rows without a partner in b.csv: its columns are gaps there",
        "left out 1 of 3 rows of b.csv: no partner",
    )


def test_several_keys_must_all_agree(tmp_path: Path, write: Write) -> None:
    write("a.csv", "day,id,flow\nmon,1,10\ntue,1,20\n")
    write("b.csv", "id,day,peak\n1,tue,460\n1,mon,450\n")
    table = _read(tmp_path, "a.csv", "b.csv", on=("day", "id"))
    assert [row[-1] for row in _rows(table)] == ["450", "460"]


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ("id,peak\n1,2\n1,3\n", "b.csv line 3: '1' a second time (first in line 2); keep one row a key"),
        ("id,flow\n1,2\n", "a.csv and b.csv both have a column 'flow'; rename one, or join on it"),
        ("no,peak\n1,2\n", "b.csv: has no column 'id' to join on"),
        ("id,peak\n7,2\n", "a.csv and b.csv: no row agrees in 'id', such as '1' and '7'"),
    ],
)
def test_files_that_do_not_fit_together_are_told(
    tmp_path: Path, write: Write, second: str, told: str
) -> None:
    write("a.csv", "id,flow\n1,10\n2,20\n")
    write("b.csv", second)
    with pytest.raises(TrainerError) as refusal:
        _read(tmp_path, "a.csv", "b.csv")
    assert told in str(refusal.value)


def test_spectra_in_columns_join_by_the_name_of_their_sample(tmp_path: Path, write: Write) -> None:
    write("a.csv", "id,flow\ns2,10\ns1,20\n")
    write("s.csv", "wavelength (nm),s1,s2\n410,3,4\n400,1,2\n420,5,6\n430,7,8\n")
    spectra = SourceFile("s.csv", layout="spectra by column", key="id", value="abs", average=2)
    table = _read(tmp_path, "a.csv", spectra)
    assert list(table.cells.columns) == ["id", "flow", "abs_405", "abs_425"]
    assert _rows(table) == [["s2", "10", "3.0", "7.0"], ["s1", "20", "2.0", "6.0"]]
    assert "s.csv: 2 spectra of 2 points, 405 to 425" in table.notes


def test_spectra_in_rows_become_one_row_a_sample(tmp_path: Path, write: Write) -> None:
    write("s.csv", "id,nm,A,note\ns1,400,1,x\ns1,410,2,x\ns2,410,4,x\ns2,400,3,x\n")
    spectra = SourceFile("s.csv", layout="spectra by row", key="id", axis="nm", value="A")
    table = _read(tmp_path, spectra)
    assert list(table.cells.columns) == ["id", "A_400", "A_410"]
    assert _rows(table) == [["s1", "1.0", "2.0"], ["s2", "3.0", "4.0"]]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("nm,s1\n400,x\n", "s.csv line 2, column 's1': 'x' is not a number"),
        ("nm,s1\n400,1\n,2\n", "s.csv line 3: a gap in the axis, 'nm'"),
        ("nm,s1\n400,1\n400,2\n", "s.csv line 3, column 'nm': 400 a second time"),
        ("nm\n400\n410\n", "s.csv: has one column, no sample beside the axis"),
    ],
)
def test_spectra_that_are_none_are_told(tmp_path: Path, write: Write, content: str, told: str) -> None:
    write("s.csv", content)
    with pytest.raises(TrainerError) as refusal:
        _read(tmp_path, SourceFile("s.csv", layout="spectra by column", key="id"))
    assert told in str(refusal.value)


def test_an_average_of_more_points_than_there_are_is_wrong_use(tmp_path: Path, write: Write) -> None:
    write("s.csv", "nm,s1\n400,1\n410,2\n")
    with pytest.raises(UsageError, match="average 3 is more than the 2 points"):
        _read(tmp_path, SourceFile("s.csv", layout="spectra by column", key="id", average=3))
