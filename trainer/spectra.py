"""Spectra in a file of their own to one row a sample, one column a point, so that they join other tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trainer.errors import TrainerError, UsageError
from trainer.table import MISSING
from trainer.units import name_and_unit

if TYPE_CHECKING:
    from trainer.arrays import Floats
    from trainer.schema import SourceFile
    from trainer.table import Table


def to_rows(table: Table, file: SourceFile) -> Table:
    """Pivot as `file.layout` says; cells stay text, points stand in the order of the axis."""
    frame = _by_column(table) if file.layout == "spectra by column" else _by_row(table, file)
    axis = np.array(frame.columns, dtype=np.float64)
    order = np.argsort(axis, kind="stable")
    values = frame.to_numpy(dtype=np.float64)[:, order]
    points, means = _average(axis[order], values, file.average)
    labels = [f"{file.value}_{point:g}" for point in points]
    if len(set(labels)) < len(labels):
        raise TrainerError(f"{table.source}: the axis names a point twice", remedy="pass a larger average")
    texts = np.where(np.isnan(means), "", np.vectorize(repr, otypes=[object])(means.tolist()))
    cells = pd.DataFrame(texts, columns=labels, index=range(1, len(frame) + 1), dtype=object)
    cells.insert(0, file.key, list(frame.index))
    note = f"{table.source}: {len(cells)} spectra of {len(labels)} points, {points[0]:g} to {points[-1]:g}"
    return replace(table, cells=cells, notes=(*table.notes, note))


def _by_column(table: Table) -> pd.DataFrame:
    axis_header, *samples = table.cells.columns
    if not samples:
        raise UsageError(f"{table.source}: has one column, no sample beside the axis")
    axis = _numbers(table, axis_header)
    if np.isnan(axis).any():
        line = table.cells.index[int(np.isnan(axis).argmax())]
        raise TrainerError(f"{table.source} line {line}: a gap in the axis, {axis_header!r}")
    _refuse_twice(table, [f"{point:g}" for point in axis], axis_header)
    values = [_numbers(table, sample) for sample in samples]
    return pd.DataFrame(values, index=[name_and_unit(sample)[0] for sample in samples], columns=axis)


def _by_row(table: Table, file: SourceFile) -> pd.DataFrame:
    for header in (file.key, file.axis, file.value):
        if header not in table.cells.columns:
            raise UsageError(f"{table.source}: has no column {header!r}, which the schema names")
    axis = _numbers(table, file.axis)
    keys = table.cells[file.key]
    _refuse_twice(table, [f"{key} at {point:g}" for key, point in zip(keys, axis, strict=True)], file.axis)
    long = pd.DataFrame({"key": keys, "axis": axis, "value": _numbers(table, file.value)})
    return long.pivot_table(index="key", columns="axis", values="value", sort=False, dropna=False)


def _refuse_twice(table: Table, points: list[str], header: str) -> None:
    seen: set[str] = set()
    for line, point in zip(table.cells.index, points, strict=True):
        if point in seen:
            raise TrainerError(f"{table.source} line {line}, column {header!r}: {point} a second time")
        seen.add(point)


def _numbers(table: Table, header: str) -> Floats:
    cells = table.cells[header].astype(str)
    if table.decimal_comma:
        cells = cells.str.replace(",", ".", regex=False)
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64)
    wrong = ~np.isfinite(numbers) & ~cells.str.casefold().isin(MISSING).to_numpy()
    if wrong.any():
        line = table.cells.index[int(wrong.argmax())]
        raise TrainerError(
            f"{table.source} line {line}, column {header!r}: {cells[line][:40]!r} is not a number",
            remedy="correct the cell, or empty it",
        )
    return numbers


def _average(axis: Floats, values: Floats, count: int) -> tuple[Floats, Floats]:
    """Mean of each `count` neighbouring points [p] and values [n, p]; an incomplete rest at the end goes."""
    blocks = len(axis) // count
    if not blocks:
        raise UsageError(f"average {count} is more than the {len(axis)} points of a spectrum")
    points = axis[: blocks * count].reshape(blocks, count).mean(axis=1)
    means = values[:, : blocks * count].reshape(len(values), blocks, count).mean(axis=2)
    return points, means
