"""One table of text cells, from one file: its header judged, its rows counted by their line.

Nothing is converted here: cells stay text, and each row keeps the number of its line in the file.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from trainer.errors import TrainerError, UsageError
from trainer.grid import Rows, read_bytes, read_grid
from trainer.units import is_unit, name_and_unit

if TYPE_CHECKING:
    from pathlib import Path

MAX_COLUMNS = 4096
MISSING = frozenset({"", "none", "na", "n/a", "#n/a", "nan", "null", "-", "--"})


@dataclass(frozen=True)
class Table:
    """Cells as stripped text [rows, columns], indexed by line number in the file and by header as found."""

    source: str
    cells: pd.DataFrame
    decimal_comma: bool
    delimiter: str
    sha256: str
    notes: tuple[str, ...]


def read_table(path: Path, *, has_header: bool, sheet: str = "") -> Table:
    """Read CSV, XLSX or Parquet; TrainerError names the line that does not fit."""
    data = read_bytes(path)
    grid = read_grid(data, path.name, sheet)
    rows, notes = grid.rows, list(grid.notes)
    if not rows:
        raise TrainerError(f"{path.name}: empty")
    if len(rows[0][1]) > MAX_COLUMNS:
        raise TrainerError(f"{path.name}: {len(rows[0][1])} columns, more than {MAX_COLUMNS}")
    if has_header:
        names = _take_header(rows, path.name, notes)
    else:
        names = [f"c{index}" for index in range(1, len(rows[0][1]) + 1)]
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
    sha256 = hashlib.sha256(data).hexdigest()
    return Table(path.name, cells, grid.decimal_comma, grid.delimiter, sha256, tuple(notes))


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _take_header(rows: Rows, source: str, notes: list[str]) -> list[str]:
    """Take the header off `rows`, and what follows it that is no data; empty names are to be left out."""
    line, header = rows.pop(0)
    if all(map(is_number, header)):
        raise UsageError(
            f"{source} line {line}: holds numbers where names are expected", remedy="pass --no-header"
        )
    names = _name_columns(header, source, line, notes)
    if rows and rows[0][1][0].upper() == "TYPE" and not any(map(is_number, rows[0][1])):
        line, _ = rows.pop(0)
        notes.append(f"line {line} is a TYPE row: left out, and so is {names[0]!r}, which labels rows")
        names[0] = ""
    _refuse_repeated_header(rows, names, source)
    return _take_second_header(rows, names, source, notes)


def _name_columns(header: list[str], source: str, line: int, notes: list[str]) -> list[str]:
    names = [name.strip() for name in header]
    while len(names) > 1 and not names[-1]:
        names.pop()
    if not names[0]:
        notes.append("the first column has no name: taken as row labels and left out")
    for index, name in enumerate(names[1:], start=1):
        names[index] = name or f"column {index + 1}"
    for name, count in Counter(filter(None, names)).items():
        if count > 1:
            places = " and ".join(str(index + 1) for index, other in enumerate(names) if other == name)
            raise TrainerError(
                f"{source} line {line}: two columns are named {name!r} (columns {places})",
                remedy="rename or delete one",
            )
    return names


def _refuse_repeated_header(rows: Rows, names: list[str], source: str) -> None:
    if len(names) < 2:
        return
    for line, row in rows:
        if [cell.strip() for cell in row[: len(names)]] == names:
            raise TrainerError(
                f"{source} line {line}: repeats the header, as if two tables were pasted together",
                remedy="delete the line",
            )


def _take_second_header(rows: Rows, names: list[str], source: str, notes: list[str]) -> list[str]:
    """Take a row of units below the header into the names; refuse any other second header."""
    if len(rows) < 3 or len(rows[0][1]) < len(names):
        return names
    line, first = rows[0]
    numeric = [index for index in range(len(names)) if names[index] and _is_numeric(rows[1:], index)]
    texts = [first[index].strip() for index in numeric]
    if len(numeric) < 2 or any(is_number(text) for text in texts) or not any(texts):
        return names
    units = {index: text.strip("()[]") for index, text in zip(numeric, texts, strict=True) if text}
    if not all(map(is_unit, units.values())):
        if any(text.casefold() in MISSING for text in texts):
            return names
        raise TrainerError(
            f"{source} line {line}: a second header ({', '.join(map(repr, texts[:3]))})",
            remedy="keep one line of names, units in brackets",
        )
    rows.pop(0)
    notes.append(f"line {line} holds units: taken as those of the columns")
    return [
        f"{name} ({units[index]})" if index in units and not name_and_unit(name)[1] else name
        for index, name in enumerate(names)
    ]


def _is_numeric(rows: Rows, index: int) -> bool:
    cells = [row[index].strip() for _, row in rows[:50] if index < len(row)]
    known = [cell for cell in cells if cell.casefold() not in MISSING]
    return bool(known) and all(is_number(cell.replace(",", ".")) for cell in known)


def _check_widths(rows: Rows, width: int, source: str) -> None:
    for line, row in rows:
        if len(row) < width or any(cell.strip() for cell in row[width:]):
            raise TrainerError(
                f"{source} line {line}: {len(row)} cells, expected {width}",
                remedy="quote a text that holds the delimiter, or fill the row up",
            )
