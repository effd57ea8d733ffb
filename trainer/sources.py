"""One table from one file or several: rows of the first, joined by key columns to one row of each other."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from trainer.errors import TrainerError, UsageError
from trainer.spectra import to_rows
from trainer.table import MAX_COLUMNS, Table, is_number, read_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trainer.schema import Schema, SourceFile


def read_sources(folder: Path, files: Sequence[SourceFile], schema: Schema) -> Table:
    """Read `files`, their paths relative to `folder`, and join them on `schema.join_on`."""
    tables = [_read(folder, file, has_header=schema.has_header) for file in files]
    joined = tables[0]
    for other in tables[1:]:
        joined = join(joined, other, schema.join_on)
    return joined


def _read(folder: Path, file: SourceFile, *, has_header: bool) -> Table:
    table = read_table(folder / file.path, has_header=has_header, sheet=file.sheet)
    return table if file.layout == "rows" else to_rows(table, file)


def join(left: Table, right: Table, keys: Sequence[str]) -> Table:
    """Add the columns of `right` to the rows of `left` that agree in `keys`; the others get gaps."""
    for table in (left, right):
        for key in keys:
            if key not in table.cells.columns:
                raise UsageError(f"{table.source}: has no column {key!r} to join on")
    if twice := (set(left.cells.columns) & set(right.cells.columns)) - set(keys):
        raise UsageError(
            f"{left.source} and {right.source} both have a column {min(twice)!r}",
            remedy="rename one, or join on it",
        )
    added = [header for header in right.cells.columns if header not in keys]
    if len(left.cells.columns) + len(added) > MAX_COLUMNS:
        raise TrainerError(f"{left.source} with {right.source}: more than {MAX_COLUMNS} columns")
    lines = _line_of(right, keys)
    wanted = [lines.get(key) for key in _keys(left, keys)]
    matched = sum(line is not None for line in wanted)
    if not matched:
        raise UsageError(
            f"{left.source} and {right.source}: no row agrees in {', '.join(map(repr, keys))}, such as "
            f"{_example(left, keys)} and {_example(right, keys)}"
        )
    partners = right.cells[added].reindex([-1 if line is None else line for line in wanted], fill_value="")
    partners.index = left.cells.index
    notes = [*left.notes, *right.notes]
    if matched < len(wanted):
        notes.append(
            f"{len(wanted) - matched} of {len(wanted)} rows without a partner in {right.source}: "
            "its columns are gaps there"
        )
    if unused := len(lines) - len({line for line in wanted if line is not None}):
        notes.append(f"left out {unused} of {len(lines)} rows of {right.source}: no partner")
    return replace(
        left,
        source=f"{left.source} + {right.source}",
        cells=pd.concat([left.cells, partners], axis=1),
        decimal_comma=left.decimal_comma or right.decimal_comma,
        sha256=hashlib.sha256(f"{left.sha256} {right.sha256}".encode()).hexdigest(),
        notes=tuple(notes),
    )


def _keys(table: Table, keys: Sequence[str]) -> list[tuple[str, ...]]:
    """Give the key of each row; numbers written differently (1, 1.0) agree."""
    columns = [
        [f"{float(cell):.12g}" if is_number(cell) else cell for cell in table.cells[key]] for key in keys
    ]
    return list(zip(*columns, strict=True))


def _line_of(table: Table, keys: Sequence[str]) -> dict[tuple[str, ...], int]:
    lines: dict[tuple[str, ...], int] = {}
    for key, line in zip(_keys(table, keys), table.cells.index, strict=True):
        if key in lines:
            raise TrainerError(
                f"{table.source} line {line}: {', '.join(key)!r} a second time (first in line {lines[key]})",
                remedy="keep one row a key, or put this file first",
            )
        lines[key] = int(line)
    return lines


def _example(table: Table, keys: Sequence[str]) -> str:
    return repr(", ".join(table.cells[list(keys)].iloc[0]))
