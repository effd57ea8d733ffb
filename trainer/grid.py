"""A file of any known kind as rows of text cells, each with the number of its line."""

from __future__ import annotations

import io
import warnings
import zipfile
from dataclasses import dataclass, field
from datetime import date, datetime, time
from importlib import import_module
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

from trainer.csv_text import read_csv_rows
from trainer.errors import TrainerError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

# Far above any table of experiments; a spectrometer's raw dump is to be reduced first.
MAX_FILE_BYTES = 64 << 20
MAX_CELLS = 8 << 20
# A workbook is a ZIP archive: this bounds what a small file may unpack to.
MAX_UNPACKED_BYTES = 512 << 20
_ZIP, _PARQUET, _OLD_EXCEL = b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0"

Rows = list[tuple[int, list[str]]]


@dataclass(frozen=True)
class Grid:
    """`rows`: line number and raw cells; `decimal_comma`: whether 1,5 may be a number here."""

    rows: Rows
    decimal_comma: bool = False
    delimiter: str = ""
    notes: list[str] = field(default_factory=list)


def read_bytes(path: Path) -> bytes:
    """Read a whole file of at most 64 MiB."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as problem:
        raise UsageError(f"{path}: cannot be read ({problem.strerror})") from problem
    if len(data) > MAX_FILE_BYTES:
        raise TrainerError(f"{path.name}: more than {MAX_FILE_BYTES >> 20} MiB", remedy="reduce it first")
    return data


def read_grid(data: bytes, source: str, sheet: str) -> Grid:
    """Tell the kind of file by its first bytes, whatever it is called, and read it."""
    if data.startswith(_OLD_EXCEL):
        raise TrainerError(f"{source}: a workbook of Excel before 2007", remedy="save it as .xlsx or CSV")
    if data.startswith(_ZIP):
        return _read_workbook(data, source, sheet)
    if sheet:
        raise UsageError(f"{source}: has no sheets, yet sheet {sheet!r} is asked for")
    if data.startswith(_PARQUET):
        return _read_parquet(data, source)
    rows, delimiter = read_csv_rows(data, source)
    return Grid(rows, decimal_comma=delimiter != ",", delimiter=delimiter)


def _read_workbook(data: bytes, source: str, sheet: str) -> Grid:
    openpyxl = _import("openpyxl", source)
    try:
        _check_archive(data, source)
        with warnings.catch_warnings():
            # It warns of styles and validations that it leaves out; only values matter here.
            warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            name, notes = _choose_sheet(book.sheetnames, source, sheet)
            rows: Rows = []
            count = 0
            for line, cells in enumerate(book[name].iter_rows(values_only=True), start=1):
                count += len(cells)
                if count > MAX_CELLS:
                    raise _too_many(source)
                texts = [_text(cell) for cell in cells]
                if any(texts):
                    rows.append((line, texts))
    except (zipfile.BadZipFile, KeyError, ValueError, ParseError) as problem:
        raise TrainerError(f"{source}: no Excel workbook ({problem})", remedy="save it anew") from problem
    return Grid(_without_empty_tail(rows), notes=notes)


def _check_archive(data: bytes, source: str) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(item.file_size for item in archive.infolist()) > MAX_UNPACKED_BYTES:
            raise TrainerError(f"{source}: unpacks to more than {MAX_UNPACKED_BYTES >> 20} MiB")


def _choose_sheet(names: list[str], source: str, sheet: str) -> tuple[str, list[str]]:
    if sheet and sheet not in names:
        raise UsageError(f"{source}: has no sheet {sheet!r}", remedy=f"there are {', '.join(names)}")
    if sheet or len(names) == 1:
        return sheet or names[0], []
    others = ", ".join(repr(name) for name in names[1:6])
    return names[0], [f"{source}: sheet {names[0]!r} is read; others are {others}"]


def _without_empty_tail(rows: Rows) -> Rows:
    """Cut the columns at the end that are empty in every row: formatted cells count as cells in Excel."""
    width = max((len(_stripped(cells)) for _, cells in rows), default=0)
    return [(line, [*cells, *[""] * width][:width]) for line, cells in rows]


def _stripped(cells: list[str]) -> list[str]:
    used = [index for index, cell in enumerate(cells) if cell.strip()]
    return cells[: used[-1] + 1] if used else []


def _read_parquet(data: bytes, source: str) -> Grid:
    arrow, parquet = _import("pyarrow", source), _import("pyarrow.parquet", source)
    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        if file.metadata.num_rows * file.metadata.num_columns > MAX_CELLS:
            raise _too_many(source)
        content = file.read()
    except (arrow.ArrowException, OSError) as problem:
        raise TrainerError(f"{source}: no Parquet file ({problem})", remedy="write it anew") from problem
    columns = [
        [_text(cell) for cell in content.column(index).to_pylist()] for index in range(content.num_columns)
    ]
    rows = [(line, list(cells)) for line, cells in enumerate(zip(*columns, strict=True), start=2)]
    return Grid([(1, list(content.column_names)), *rows])


def _text(cell: object) -> str:
    """Write a typed cell as text that reads back to the same value."""
    if cell is None:
        return ""
    if isinstance(cell, datetime) and cell.time() == time() and cell.tzinfo is None:
        return cell.date().isoformat()
    if isinstance(cell, (datetime, date, time)):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return repr(cell) if isinstance(cell, float) else str(cell)


def _import(name: str, source: str) -> Any:
    """Import what few files need only when one does."""
    try:
        return import_module(name)
    except ModuleNotFoundError as problem:
        raise UsageError(
            f"{source}: reading this kind of file needs {name.partition('.')[0]}",
            remedy="install it, or save the table as CSV",
        ) from problem


def _too_many(source: str) -> TrainerError:
    return TrainerError(f"{source}: more than {MAX_CELLS} cells", remedy="reduce it first")
