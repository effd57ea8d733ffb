"""Text cells to typed columns: numbers or choices, each with the unit that its header states."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trainer.errors import TrainerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy.typing as npt

    from trainer.arrays import Floats
    from trainer.table import Table

MISSING = frozenset({"", "none", "na", "n/a", "#n/a", "nan", "null", "-", "--"})
# How a missing choice is named: "no ligand" is a choice too.
NO_CHOICE = "none"
_HEADER = re.compile(r"(?P<name>.*?)\s*[(\[](?P<unit>[^()\[\]]+)[)\]]")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_UNITS = (
    "nm um µm μm mm cm m nL uL µL μL mL cL dL L ng ug µg μg mg g kg nmol umol µmol mmol mol nM uM µM mM M "
    "ns us ms s sec min h hr day K C F degC °C celsius Celsius Kelvin % wt% vol% mol% ppm ppb eq equiv "
    "Pa kPa MPa mbar bar psi atm V mV A mA uA W mW Hz kHz MHz rpm eV meV J kJ deg ° rad a.u. au AU - 1"
)
_UNIT_WORDS = frozenset(_UNITS.split())


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


def name_and_unit(header: str) -> tuple[str, str]:
    """Split `Qtot(uL/min)` or `size [nm]`; a bracket that holds no unit stays part of the name."""
    match = _HEADER.fullmatch(header)
    if match and match["name"] and _is_unit(match["unit"]):
        return match["name"], match["unit"].strip()
    return header, ""


def read_inputs(table: Table, headers: Sequence[str], *, categorical: Collection[str]) -> list[Column]:
    """Type the columns named by `headers`; those in `categorical` become choices whatever they hold."""
    remedy = "correct the cell, or pass --categorical {!r}"
    return _read_columns(table, headers, categorical, remedy)


def read_targets(table: Table, headers: Sequence[str]) -> list[Column]:
    """Type the columns named by `headers`, which must hold numbers; gaps are allowed."""
    columns = _read_columns(table, headers, (), "correct the cell, or empty it to leave the row out")
    for column in columns:
        if column.choices:
            raise UsageError(
                f"{table.source}: target {column.header!r} holds text ({column.choices[0][:40]!r})",
                remedy="choose a column of numbers",
            )
    return columns


def _read_columns(
    table: Table, headers: Sequence[str], categorical: Collection[str], remedy: str
) -> list[Column]:
    short = {header: name_and_unit(header) for header in table.cells.columns}
    names = [name for name, _ in short.values()]
    columns = []
    for header in headers:
        name, unit = short[header]
        if names.count(name) > 1:
            name = header
        values, choices = (
            _to_choices(table, header) if header in categorical else _to_values(table, header, remedy)
        )
        columns.append(Column(header, name, unit, values, choices))
    return columns


def _to_values(table: Table, header: str, remedy: str) -> tuple[Floats, tuple[str, ...]]:
    """Numbers, or choices where most cells are text; a few texts among numbers are an error."""
    cells = table.cells[header].astype(str)
    missing = cells.str.casefold().isin(MISSING)
    numbers = _to_numbers(cells, decimal_comma=table.delimiter != ",")
    is_text = ~missing & ~np.isfinite(numbers)
    if not is_text.any():
        return np.where(missing, np.nan, numbers.to_numpy(dtype=np.float64)), ()
    if 2 * int(is_text.sum()) > int((~missing).sum()):
        return _to_choices(table, header)
    line = is_text.index[is_text.to_numpy().argmax()]
    raise TrainerError(
        f"{table.source} line {line}, column {header!r}: {str(cells[line])[:40]!r} is not a number",
        remedy=remedy.format(header),
    )


def _to_numbers(cells: pd.Series, *, decimal_comma: bool) -> pd.Series:
    numbers = pd.to_numeric(cells, errors="coerce").astype(np.float64)
    if decimal_comma:
        has_comma = cells.str.fullmatch(_DECIMAL_COMMA)
        replaced = cells[has_comma].str.replace(",", ".", regex=False)
        numbers[has_comma] = pd.to_numeric(replaced).astype(np.float64)
    return numbers


def _to_choices(table: Table, header: str) -> tuple[Floats, tuple[str, ...]]:
    cells = table.cells[header].astype(str)
    filled = cells.where(~cells.str.casefold().isin(MISSING), NO_CHOICE)
    choices = sorted(set(filled))
    index = {choice: float(position) for position, choice in enumerate(choices)}
    return np.array([index[cell] for cell in filled], dtype=np.float64), tuple(choices)


def _is_unit(text: str) -> bool:
    words = [re.sub(r"\^?-?\d+$", "", word) or word for word in re.split(r"[/·*\s]+", text.strip()) if word]
    return bool(words) and all(word in _UNIT_WORDS for word in words)
