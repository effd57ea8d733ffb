"""Rows for telling kinds apart: conditions, and a label of each row where there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.columns import Column, holds_dates, read_inputs
from trainer.errors import TrainerError, UsageError
from trainer.preprocess import InputKind
from trainer.roles import resolve
from trainer.rows import MIN_ROWS, same_rows
from trainer.table import MISSING, Table, read_table

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from trainer.arrays import Floats, Ints

MAX_CLASSES = 64
ROWS_A_CLASS = 4


@dataclass(frozen=True, slots=True)
class Selection:
    """Columns by header, name without unit, or glob; no `inputs` means every column that is left."""

    label: str | None = None
    inputs: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    has_header: bool = True


@dataclass(frozen=True)
class Labelled:
    """`inputs` of n rows, the `label` of each or None, `group_of` [n] or None; `table` of the same rows."""

    table: Table
    kept: Ints
    inputs: tuple[Column, ...]
    label: Column | None
    group_of: Ints | None
    notes: tuple[str, ...]

    @property
    def x(self) -> Floats:
        return np.column_stack([column.data for column in self.inputs])

    @property
    def kinds(self) -> tuple[InputKind, ...]:
        return tuple(InputKind(len(column.choices), column.missing_count > 0) for column in self.inputs)


@dataclass(frozen=True, slots=True)
class _Headers:
    """Columns of a table by what they are for."""

    label: str | None
    groups: list[str]
    inputs: list[str]
    categorical: list[str]


def load_labelled(path: Path, selection: Selection) -> Labelled:
    """Read and type the columns; rows without a label are left out, and told."""
    table = read_table(path, has_header=selection.has_header)
    headers = _resolve(table, selection)
    known = _known(table, headers.label)
    if (rows := int(known.sum())) < MIN_ROWS:
        raise TrainerError(f"{table.source}: {rows} rows, at least {MIN_ROWS} are needed")
    columns = read_inputs(table, headers.inputs, categorical=headers.categorical)
    inputs, notes = _useful([column.take(known) for column in columns], chosen=bool(selection.inputs))
    if not inputs:
        raise UsageError(f"{table.source}: no column is left as an input", remedy="name inputs with --inputs")
    if not known.all():
        notes.append(f"left out {int((~known).sum())} of {len(known)} rows: no {headers.label!r}")
    label = None
    if headers.label is not None:
        (read,) = read_inputs(table, [headers.label], categorical=[headers.label])
        label = _check_classes(read.take(known), table.source)
    group_of = None
    if headers.groups:
        own = table.cells.loc[known].groupby(headers.groups, sort=False, dropna=False)
        group_of = np.asarray(own.ngroup(), dtype=np.int64)
    elif selection.group_by:
        group_of = same_rows(np.column_stack([column.data for column in inputs]))
    return Labelled(table, np.flatnonzero(known), inputs, label, group_of, (*table.notes, *notes))


def _resolve(table: Table, selection: Selection) -> _Headers:
    headers = [str(header) for header in table.cells.columns]
    labels = resolve([selection.label], headers, "--target", table.source) if selection.label else []
    if len(labels) > 1:
        raise UsageError(f"--target {selection.label!r} means {len(labels)} columns", remedy="name one")
    by_inputs = selection.group_by == ("inputs",)
    groups = resolve(() if by_inputs else selection.group_by, headers, "--group-by", table.source)
    outside = {*labels, *groups, *resolve(selection.drop, headers, "--drop", table.source)}
    inputs = resolve(selection.inputs, headers, "--inputs", table.source)
    if overlap := set(inputs) & set(labels):
        raise UsageError(f"{min(overlap)!r} is asked for as input and as target")
    if not inputs:
        inputs = [header for header in headers if header not in outside and not holds_dates(table, header)]
    categorical = resolve(selection.categorical, headers, "--categorical", table.source)
    return _Headers(labels[0] if labels else None, groups, inputs, categorical)


def _known(table: Table, label: str | None) -> npt.NDArray[np.bool_]:
    if label is None:
        return np.ones(len(table.cells), dtype=np.bool_)
    cells = table.cells[label].astype(str).str.casefold()
    return ~cells.isin(MISSING).to_numpy(dtype=np.bool_)


def _useful(columns: list[Column], *, chosen: bool) -> tuple[tuple[Column, ...], list[str]]:
    kept, notes = [], []
    for column in columns:
        if column.missing_count == len(column.data):
            notes.append(f"column {column.header!r} is empty: left out")
        elif not chosen and 2 * len(column.choices) > len(column.data):
            notes.append(f"column {column.header!r} is free text: left out (keep it with --inputs)")
        else:
            kept.append(column)
    return tuple(kept), notes


def _check_classes(label: Column, source: str) -> Column:
    # Of a label that hardly repeats, nothing can be learned: it is a number or a name.
    most = min(MAX_CLASSES, len(label.data) // ROWS_A_CLASS)
    if not 2 <= len(label.choices) <= most:
        raise UsageError(
            f"{source}: {label.header!r} has {len(label.choices)} different labels, not 2 to {most}",
            remedy="choose another --target; numbers are for 'fit'",
        )
    return label
