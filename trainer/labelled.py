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


def load_labelled(path: Path, selection: Selection) -> Labelled:
    """Read and type the columns; rows without a label are left out, and told."""
    table = read_table(path, has_header=selection.has_header)
    headers = [str(header) for header in table.cells.columns]
    labels = resolve([selection.label], headers, "--target", table.source) if selection.label else []
    if len(labels) > 1:
        raise UsageError(f"--target {selection.label!r} means {len(labels)} columns", remedy="name one")
    groups = resolve(
        () if selection.group_by == ("inputs",) else selection.group_by, headers, "--group-by", table.source
    )
    outside = {*labels, *groups, *resolve(selection.drop, headers, "--drop", table.source)}
    chosen = resolve(selection.inputs, headers, "--inputs", table.source)
    if overlap := set(chosen) & set(labels):
        raise UsageError(f"{min(overlap)!r} is asked for as input and as target")
    names = chosen or [
        header for header in headers if header not in outside and not holds_dates(table, header)
    ]
    categorical = resolve(selection.categorical, headers, "--categorical", table.source)
    columns = read_inputs(table, names, categorical=categorical)
    known = np.ones(len(table.cells), dtype=np.bool_)
    if labels:
        known = ~table.cells[labels[0]].astype(str).str.casefold().isin(MISSING).to_numpy(dtype=np.bool_)
    inputs, notes = _useful([column.take(known) for column in columns], chosen=bool(chosen))
    if not inputs:
        raise UsageError(f"{table.source}: no column is left as an input", remedy="name inputs with --inputs")
    if int(known.sum()) < MIN_ROWS:
        raise TrainerError(f"{table.source}: {int(known.sum())} rows, at least {MIN_ROWS} are needed")
    if not known.all():
        notes.append(f"{int((~known).sum())} rows have no {labels[0]!r}: left out")
    label = None
    if labels:
        label = _check_classes(read_inputs(table, labels, categorical=labels)[0].take(known), table.source)
    group_of = None
    if groups:
        own = table.cells.loc[known].groupby(groups, sort=False, dropna=False)
        group_of = np.asarray(own.ngroup(), dtype=np.int64)
    elif selection.group_by:
        group_of = same_rows(np.column_stack([column.data for column in inputs]))
    return Labelled(table, np.flatnonzero(known), inputs, label, group_of, (*table.notes, *notes))


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
