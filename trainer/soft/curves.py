"""Spectra as people keep them: a file for each row of a table, or a column for each wavelength."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ostwald.spectral import LEAST_POINTS, SIGNALS

from trainer.columns import read_inputs
from trainer.errors import TrainerError, UsageError
from trainer.table import MISSING, read_table
from trainer.units import convert, name_and_unit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trainer.arrays import Floats
    from trainer.columns import Column
    from trainer.table import Table

WIDE = "wide"
_WAVELENGTH = re.compile(r"(?P<label>.*[^\d.])??(?P<nm>\d+(?:\.\d+)?)\s*(?:nm)?")
_OTHER_SIGNALS = {signal: frozenset(SIGNALS) - {signal} for signal in SIGNALS}
_AXES = frozenset({"wavelength", "wavelengths", "wavelength_nm", "lambda", "nm"})


@dataclass(frozen=True)
class Curve:
    """A measured spectrum: `nm` ascending and `signal`, both [k], NaN where there is none."""

    nm: Floats
    signal: Floats
    where: str


def curves_of(table: Table, folder: Path, spectra: str, signal: str) -> tuple[list[Curve], tuple[str, ...]]:
    """Return a curve for each row of the table, and the columns that they came from.

    `spectra` is WIDE, or the column with names of files, relative to `folder`.
    """
    if spectra == WIDE:
        return _wide(table, signal)
    header = _header(table, spectra)
    return [read_curve(_path(table, folder, header, line), signal) for line in table.cells.index.tolist()], (
        header,
    )


def read_curve(path: Path, signal: str) -> Curve:
    """Read a file with a column of wavelengths and one named `signal`, or just one other."""
    table = read_table(path, has_header=True)
    headers = [str(header) for header in table.cells.columns]
    names = [name_and_unit(header)[0].casefold() for header in headers]
    axis = next((index for index, name in enumerate(names) if name in _AXES), 0)
    others = [index for index in range(len(headers)) if index != axis]
    chosen = [index for index in others if names[index] == signal] or others
    if len(chosen) != 1 or names[chosen[0]] in _OTHER_SIGNALS[signal]:
        raise UsageError(
            f"{path.name}: has no column {signal!r}, but {', '.join(map(repr, headers))}",
            remedy="rename the column of values, or pass --signal",
        )
    nm, values = read_inputs(table, [headers[axis], headers[chosen[0]]], categorical=())
    for column in (nm, values):
        if column.choices:
            raise TrainerError(f"{path.name}: column {column.header!r} holds text, not numbers")
    return _ordered(_in_nm(nm, path.name), values.data, path.name)


def _wide(table: Table, signal: str) -> tuple[list[Curve], tuple[str, ...]]:
    """Take the columns that are named by a wavelength in nm: `400`, `400 nm`, `absorbance_400`."""
    by_label: dict[str, list[tuple[float, str]]] = {}
    for header in map(str, table.cells.columns):
        if match := _WAVELENGTH.fullmatch(name_and_unit(header)[0].strip()):
            label = (match["label"] or "").strip(" _-").casefold()
            by_label.setdefault(label, []).append((float(match["nm"]), header))
    found = {label: columns for label, columns in by_label.items() if len(columns) >= LEAST_POINTS}
    found = {label: columns for label, columns in found.items() if label not in _OTHER_SIGNALS[signal]}
    if signal in found:
        found = {signal: found[signal]}
    if len(found) != 1:
        what = f"several: {', '.join(map(repr, found))}" if found else f"fewer than {LEAST_POINTS}"
        raise UsageError(
            f"{table.source}: of columns named by wavelengths, such as '{signal}_400', there are {what}",
            remedy="name them so, or pass the column of file names with --spectra",
        )
    columns = sorted(next(iter(found.values())))
    nm = np.array([each[0] for each in columns])
    headers = tuple(each[1] for each in columns)
    typed = read_inputs(table, headers, categorical=())
    for column in typed:
        if column.choices:
            raise TrainerError(f"{table.source}: column {column.header!r} holds text, not numbers")
    values = np.column_stack([column.data for column in typed])
    lines = table.cells.index.tolist()
    return [
        _ordered(nm, row, f"{table.source} line {line}") for line, row in zip(lines, values, strict=True)
    ], headers


def _in_nm(axis: Column, source: str) -> Floats:
    if np.isnan(axis.data).any():
        raise TrainerError(f"{source}: a gap in the wavelengths, {axis.header!r}")
    return convert(axis.data, axis.unit, "nm", f"{source}, {axis.header!r}") if axis.unit else axis.data


def _ordered(nm: Floats, values: Floats, where: str) -> Curve:
    order = np.argsort(nm, kind="stable")
    nm, values = nm[order], values[order]
    if len(nm) < 2:
        raise TrainerError(f"{where}: holds {len(nm)} points of a spectrum, 2 are needed at least")
    if twice := np.flatnonzero(np.diff(nm) <= 0.0).tolist():
        raise TrainerError(f"{where}: {nm[twice[0]]:g} nm stands twice", remedy="delete one of the rows")
    if np.isnan(values).all():
        raise TrainerError(f"{where}: holds no value at all")
    return Curve(nm, values, where)


def _header(table: Table, name: str) -> str:
    headers: Sequence[str] = [str(header) for header in table.cells.columns]
    for header in headers:
        if name in (header, name_and_unit(header)[0]):
            return header
    raise UsageError(
        f"{table.source}: has no column {name!r}",
        remedy=f"pass --spectra {WIDE}, or one of {headers[-1]!r}, ...",
    )


def _path(table: Table, folder: Path, header: str, line: int) -> Path:
    cell = str(table.cells.loc[line, header])
    where = f"{table.source} line {line}, column {header!r}"
    if cell.casefold() in MISSING:
        raise TrainerError(f"{where}: names no file", remedy="name the spectrum, or delete the row")
    path = folder / cell
    if not path.is_file():
        raise TrainerError(f"{where}: there is no file {cell[:80]!r}", remedy="correct the name")
    return path
