"""Text cells to typed columns: numbers or choices, each with the unit of its header or its schema."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trainer.cells import MAX_SIZE, PLAIN, is_date, split_quantity
from trainer.errors import TrainerError, UsageError
from trainer.table import MISSING
from trainer.units import convert, name_and_unit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import numpy.typing as npt

    from trainer.arrays import Floats
    from trainer.schema import ColumnSchema
    from trainer.table import Table

# How a missing choice is named: "no ligand" is a choice too.
NO_CHOICE = "none"


@dataclass(frozen=True)
class Column:
    """One typed column. `data` [rows]: numbers with NaN where missing, or indices into `choices`."""

    header: str
    name: str
    unit: str
    data: Floats
    choices: tuple[str, ...] = ()

    @property
    def missing_count(self) -> int:
        return int(np.isnan(self.data).sum())

    def take(self, rows: npt.NDArray[np.bool_]) -> Column:
        """Keep some rows, and the choices that they still have."""
        values = self.data[rows]
        if not self.choices:
            return replace(self, data=values)
        used, indices = np.unique(values.astype(np.int64), return_inverse=True)
        choices = tuple(self.choices[index] for index in used)
        return replace(self, data=indices.astype(np.float64), choices=choices)


def read_inputs(
    table: Table,
    headers: Sequence[str],
    *,
    categorical: Collection[str],
    schema: Mapping[str, ColumnSchema] | None = None,
) -> list[Column]:
    """Type the columns named by `headers`; those in `categorical` become choices whatever they hold."""
    remedy = "correct the cell, or pass --categorical {!r}"
    return _read_columns(table, headers, categorical, schema or {}, remedy)


def read_targets(
    table: Table, headers: Sequence[str], schema: Mapping[str, ColumnSchema] | None = None
) -> list[Column]:
    """Type the columns named by `headers`, which must hold numbers; gaps are allowed."""
    columns = _read_columns(
        table, headers, (), schema or {}, "correct the cell, or empty it to leave the row out"
    )
    for column in columns:
        if column.choices:
            raise UsageError(
                f"{table.source}: target {column.header!r} holds text ({column.choices[0][:40]!r})",
                remedy="choose a column of numbers",
            )
    return columns


def holds_dates(table: Table, header: str) -> bool:
    """Tell whether most cells of a column that are no gaps are dates."""
    known = [cell for cell in table.cells[header] if cell.casefold() not in MISSING]
    return bool(known) and 2 * sum(map(is_date, known)) > len(known)


def _read_columns(
    table: Table,
    headers: Sequence[str],
    categorical: Collection[str],
    schema: Mapping[str, ColumnSchema],
    remedy: str,
) -> list[Column]:
    names = [name_and_unit(header)[0] for header in table.cells.columns]
    columns = []
    for header in headers:
        name, _ = name_and_unit(header)
        if names.count(name) > 1:
            name = header
        entry = schema.get(header)
        columns.append(_read_column(table, header, name, entry, header in categorical, remedy))
    return columns


def _read_column(
    table: Table, header: str, name: str, entry: ColumnSchema | None, is_choice: bool, remedy: str
) -> Column:
    unit = name_and_unit(header)[1]
    if is_choice or (entry is not None and entry.kind == "choice"):
        values, choices = _to_choices(table, header, entry.choices if entry else ())
        return Column(header, name, unit, values, choices)
    values, found, choices = _to_values(table, header, remedy, entry)
    if entry is not None and choices and entry.role in {"input", "target"}:
        raise UsageError(
            f"{table.source}: {header!r} is a number in the schema and text here ({choices[0][:40]!r})",
            remedy='set kind = "choice"',
        )
    if entry is not None and entry.unit:
        where = f"{table.source}, column {header!r}"
        values = convert(values, found or unit or entry.unit, entry.unit, where)
    return Column(header, name, (entry.unit if entry else "") or found or unit, values, choices)


def _to_values(
    table: Table, header: str, remedy: str, entry: ColumnSchema | None
) -> tuple[Floats, str, tuple[str, ...]]:
    """Numbers and their unit if cells state one; or choices, where most cells are text (a few: an error)."""
    cells = table.cells[header].astype(str)
    missing = cells.str.casefold().isin(MISSING)
    numbers = _to_numbers(cells, decimal_comma=table.decimal_comma)
    is_text = ~missing & ~np.isfinite(numbers)
    where = f"{table.source} line {{}}, column {header!r}"
    if is_text.any():
        quantities = _to_quantities(cells[~missing], table.decimal_comma, where, entry)
        if quantities is not None:
            known, unit = quantities
            numbers[known.index] = known
            _refuse_huge(numbers, where)
            return np.where(missing, np.nan, numbers.to_numpy(dtype=np.float64)), unit, ()
    elif not is_text.any():
        _refuse_huge(numbers, where)
        return np.where(missing, np.nan, numbers.to_numpy(dtype=np.float64)), "", ()
    if 2 * int(is_text.sum()) > int((~missing).sum()) and not holds_dates(table, header):
        values, choices = _to_choices(table, header, ())
        return values, "", choices
    line = is_text.index[is_text.to_numpy().argmax()]
    raise TrainerError(
        f"{where.format(line)}: {_fault(str(cells[line]))}", remedy=_remedy(str(cells[line]), header, remedy)
    )


def _fault(cell: str) -> str:
    return f"{cell[:40]!r} is {'a date, not' if is_date(cell) else 'not'} a number"


def _remedy(cell: str, header: str, otherwise: str) -> str:
    if is_date(cell):
        return f"pass --drop {header!r}, or correct the cell if a spreadsheet made a date of a number"
    return otherwise.format(header)


def _to_numbers(cells: pd.Series, *, decimal_comma: bool) -> pd.Series:
    numbers = pd.to_numeric(cells, errors="coerce").astype(np.float64)
    if decimal_comma:
        has_comma = cells.str.fullmatch(PLAIN) & cells.str.contains(",", regex=False)
        replaced = cells[has_comma].str.replace(",", ".", regex=False)
        numbers[has_comma] = pd.to_numeric(replaced).astype(np.float64)
    return numbers


def _to_quantities(
    cells: pd.Series, decimal_comma: bool, where: str, entry: ColumnSchema | None
) -> tuple[pd.Series, str] | None:
    """Numbers and unit of cells like `5 uL`, or None if most are none; units that differ are an error."""
    found = {line: split_quantity(cell, decimal_comma=decimal_comma) for line, cell in cells.items()}
    units = {line: quantity[1] for line, quantity in found.items() if quantity is not None}
    with_unit = [line for line, unit in units.items() if unit]
    if len(units) < len(found) or not with_unit:
        return None
    first = with_unit[0]
    other = next((line for line, unit in units.items() if unit != units[first]), None)
    numbers = {line: quantity[0] for line, quantity in found.items() if quantity is not None}
    if other is None:
        return pd.Series(numbers, dtype=np.float64), units[first]
    if entry is not None and entry.unit:
        converted = {
            line: float(convert(np.array(value), units[line] or entry.unit, entry.unit, where.format(line)))
            for line, value in numbers.items()
        }
        return pd.Series(converted, dtype=np.float64), entry.unit
    raise TrainerError(
        f"{where.format(other)}: in {units[other] or 'no unit'}, but line {first} in {units[first]}",
        remedy="write one unit in the header, or name the unit to convert to in a schema",
    )


def _refuse_huge(numbers: pd.Series, where: str) -> None:
    huge = (numbers.abs() > MAX_SIZE).to_numpy(dtype=bool)
    if huge.any():
        line = numbers.index[int(huge.argmax())]
        raise TrainerError(
            f"{where.format(line)}: {numbers[line]:g} is beyond any measurement ({MAX_SIZE:g})",
            remedy="correct the cell, or empty it",
        )


def _to_choices(table: Table, header: str, known: tuple[str, ...]) -> tuple[Floats, tuple[str, ...]]:
    """Return indices into the sorted choices, or into those `known`, beside which there must be no other."""
    cells = table.cells[header].astype(str)
    filled = cells.where(~cells.str.casefold().isin(MISSING), NO_CHOICE)
    choices = known or tuple(sorted(set(filled)))
    index = {choice: float(position) for position, choice in enumerate(choices)}
    for line, cell in filled.items():
        if cell not in index:
            raise TrainerError(
                f"{table.source} line {line}, column {header!r}: {cell[:40]!r} is no choice of the schema",
                remedy="correct the cell, or add it to choices",
            )
    return np.array([index[cell] for cell in filled], dtype=np.float64), choices
