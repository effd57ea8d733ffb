"""A first schema, from what a table shows, for a person to edit; the evidence stands in comments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from trainer.columns import Column, holds_dates, read_inputs
from trainer.leakage import find_row_numbers, may_be_group
from trainer.roles import resolve
from trainer.schema import ColumnSchema, Schema, SourceFile
from trainer.table import MISSING
from trainer.target_shape import prefers_log
from trainer.units import PERCENT, name_and_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.table import Table

# As many neighbouring columns with rising numbers for names are a spectrum.
MIN_POINTS = 8
# Units in which a value below zero means something.
_SIGNED = frozenset(("C", "°C", "degC", "Celsius", "celsius", "F", "V", "mV", "A", "mA", "uA", "eV", "meV"))
_POINT = re.compile(r"(.*?)(\d+(?:\.\d+)?)")


def infer_schema(
    table: Table,
    targets: Sequence[str],
    files: Sequence[SourceFile],
    join_on: Sequence[str],
    *,
    has_header: bool,
) -> Schema:
    """Propose role, kind, unit, choices and bounds of every column; `targets` as on the command line."""
    headers = [str(header) for header in table.cells.columns]
    wanted = resolve(targets, headers, "--target", table.source)
    runs = find_spectra(headers)
    columns = []
    for header in headers:
        run = next((run for run in runs if header in run), None)
        if run is None:
            columns.append(_propose(table, header, header in wanted, join_on))
        elif header == run[0]:
            role = "target" if set(run) & set(wanted) else "input"
            comment = f"a spectrum of {len(run)} points"
            columns.append(ColumnSchema(f"{run[0]}..{run[-1]}", role=role, comment=comment))
    return Schema(tuple(columns), tuple(files), tuple(join_on), has_header)


def find_spectra(headers: Sequence[str]) -> list[tuple[str, ...]]:
    """Find runs of neighbouring headers that differ by a rising number at their end: `400`, `405`, ..."""
    runs: list[list[tuple[str, str, float]]] = []
    for header in headers:
        match = _POINT.fullmatch(name_and_unit(header)[0])
        if match is None:
            runs.append([])
            continue
        point = (header, match[1], float(match[2]))
        if runs and runs[-1] and runs[-1][-1][1] == point[1] and runs[-1][-1][2] < point[2]:
            runs[-1].append(point)
        else:
            runs.append([point])
    return [tuple(header for header, _, _ in run) for run in runs if len(run) >= MIN_POINTS]


def _propose(table: Table, header: str, is_target: bool, join_on: Sequence[str]) -> ColumnSchema:
    cells = table.cells[header]
    if header in join_on:
        return ColumnSchema(header, role="key")
    if all(cell.casefold() in MISSING for cell in cells):
        return ColumnSchema(header, role="drop", comment="empty")
    if holds_dates(table, header) and not is_target:
        return ColumnSchema(
            header, role="drop", comment='dates: role = "order" if rows are to stand in their order'
        )
    (column,) = read_inputs(table, [header], categorical=())
    return _propose_target(column) if is_target else _propose_input(column, cells.tolist())


def _propose_input(column: Column, cells: list[str]) -> ColumnSchema:
    header, kind = column.header, "choice" if column.choices else "number"
    if find_row_numbers([column]):
        return ColumnSchema(header, role="drop", comment="counts the rows")
    if 2 * len(column.choices) > len(cells):
        return ColumnSchema(header, role="drop", kind=kind, comment="free text, differs from row to row")
    if may_be_group(header, len(set(cells)), len(cells)):
        comment = f"called like a group, of which there are {len(set(cells))}: held-out rows are of new ones"
        return ColumnSchema(header, role="group", kind=kind, comment=comment)
    if column.choices:
        return ColumnSchema(header, kind=kind, choices=column.choices)
    return _propose_number(column, "input", [])


def _propose_target(column: Column) -> ColumnSchema:
    values = column.data[~np.isnan(column.data)]
    gain = None if column.choices or not len(values) else prefers_log(np.empty((len(values), 0)), values)
    hint = [] if gain is None else [f'log-like (log-likelihood + {gain:.0f}): consider express = "log10"']
    return _propose_number(column, "target", hint)


def _propose_number(column: Column, role: str, hints: list[str]) -> ColumnSchema:
    """Bound what can't be negative, or above 100 %; the range seen is only told."""
    low, high = float(np.nanmin(column.data)), float(np.nanmax(column.data))
    is_share = column.unit in PERCENT and low >= 0.0 and high <= 100.0
    never_below = bool(column.unit) and column.unit not in _SIGNED and low >= 0.0
    gaps = [f"{column.missing_count} gaps"] if column.missing_count else []
    return ColumnSchema(
        column.header,
        role=role,
        unit=column.unit,
        low=0.0 if is_share or never_below else None,
        high=100.0 if is_share else None,
        comment="; ".join([f"{low:g} to {high:g}", *gaps, *hints]),
    )
