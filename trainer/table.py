"""A CSV as people have it: any usual encoding and delimiter, a TYPE row, cells counted by their line.

Nothing is converted here: cells stay text, and each row keeps the number of its line in the file.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from charset_normalizer import from_bytes

from trainer.errors import TrainerError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

# Far above any table of experiments; a spectrometer's raw dump is to be reduced first.
MAX_CSV_BYTES = 64 << 20
MAX_COLUMNS = 4096
_DELIMITERS = ",;\t|"
_SNIFFED_LINES = 50
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Table:
    """Cells as stripped text [rows, columns], indexed by line number in the file and by header as found."""

    source: str
    cells: pd.DataFrame
    delimiter: str
    sha256: str
    notes: tuple[str, ...]


def read_table(path: Path, *, has_header: bool) -> Table:
    """Read a CSV file; TrainerError names the line that does not fit."""
    data = _read_bytes(path)
    text = _decode(data, path.name)
    delimiter = _sniff_delimiter(text)
    rows = _split(text, delimiter, path.name)
    if has_header:
        _, header = rows.pop(0)
        _refuse_data_as_header(header, path.name)
    else:
        header = [f"c{index}" for index in range(1, len(rows[0][1]) + 1)] if rows else []
    names, notes = _name_columns(header, path.name)
    if rows and rows[0][1][0].upper() == "TYPE" and not any(map(_is_number, rows[0][1])):
        line, _ = rows.pop(0)
        notes.append(f"line {line} is a TYPE row: left out, and so is {names[0]!r}, which labels rows")
        names[0] = ""
    _check_widths(rows, len(names), path.name)
    if not rows:
        raise TrainerError(f"{path.name}: holds no rows of data")
    kept = [index for index, name in enumerate(names) if name]
    cells = pd.DataFrame(
        [[row[index].strip() for index in kept] for _, row in rows],
        columns=[names[index] for index in kept],
        index=[line for line, _ in rows],
        dtype=object,
    )
    return Table(path.name, cells, delimiter, hashlib.sha256(data).hexdigest(), tuple(notes))


def _read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CSV_BYTES + 1)
    except OSError as problem:
        raise UsageError(f"{path}: cannot be read ({problem.strerror})") from problem
    if len(data) > MAX_CSV_BYTES:
        raise TrainerError(f"{path.name}: more than {MAX_CSV_BYTES >> 20} MiB", remedy="reduce it first")
    return data


def _decode(data: bytes, source: str) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decode_as(data, encoding, source)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        best = from_bytes(data).best()
    if best is None:
        raise TrainerError(f"{source}: not text in any known encoding", remedy="save it as UTF-8")
    return _decode_as(data, best.encoding, source)


def _decode_as(data: bytes, encoding: str, source: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as problem:
        raise TrainerError(f"{source}: not valid {encoding} ({problem.reason})") from problem


def _sniff_delimiter(text: str) -> str:
    """Return the delimiter that cuts most lines into the same number of cells, more than one."""
    lines = [line for line in text.splitlines()[: 2 * _SNIFFED_LINES] if line.strip()][:_SNIFFED_LINES]

    def score(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if len(row) > 1)
        width, count = widths.most_common(1)[0] if widths else (1, 0)
        return count, width

    return max(_DELIMITERS, key=score)


def _split(text: str, delimiter: str, source: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    first_line = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((first_line, row))
            first_line = reader.line_num + 1
    except csv.Error as problem:
        raise TrainerError(f"{source} line {reader.line_num}: {problem}") from problem
    if not rows:
        raise TrainerError(f"{source}: empty")
    if len(rows[0][1]) > MAX_COLUMNS:
        raise TrainerError(f"{source}: {len(rows[0][1])} columns, more than {MAX_COLUMNS}")
    return rows


def _refuse_data_as_header(header: list[str], source: str) -> None:
    if all(map(_is_number, header)):
        raise UsageError(
            f"{source} line 1: holds numbers where names are expected", remedy="pass --no-header"
        )


def _name_columns(header: list[str], source: str) -> tuple[list[str], list[str]]:
    """Names by column, empty for one to leave out, and what to tell about it."""
    names = [name.strip() for name in header]
    notes = []
    while len(names) > 1 and not names[-1]:
        names.pop()
    if not names[0]:
        notes.append("the first column has no name: taken as row labels and left out")
    for index, name in enumerate(names[1:], start=1):
        names[index] = name or f"column {index + 1}"
    for name, count in Counter(filter(None, names)).items():
        if count > 1:
            raise TrainerError(f"{source} line 1: two columns are named {name!r}", remedy="rename one")
    return names, notes


def _check_widths(rows: list[tuple[int, list[str]]], width: int, source: str) -> None:
    for line, row in rows:
        if len(row) < width or any(cell.strip() for cell in row[width:]):
            raise TrainerError(f"{source} line {line}: {len(row)} cells, expected {width}")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
