"""The rows a model is fitted on: which columns are conditions and properties, which rows belong together."""

from __future__ import annotations

import difflib
import fnmatch
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from ostwald.manifest import MAX_CHOICES, MAX_INPUTS, MAX_OUTPUTS

from trainer.columns import Column, name_and_unit, read_inputs, read_targets
from trainer.errors import TrainerError, UsageError
from trainer.preprocess import InputKind
from trainer.table import Table, read_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trainer.arrays import Floats, Ints
    from trainer.recipe import Recipe

MIN_ROWS = 8


@dataclass(frozen=True)
class Dataset:
    """`x` [n, d] (NaN where missing, choices as indices), `y` [n, m] complete, `group_of` [n] or None."""

    inputs: tuple[Column, ...]
    targets: tuple[Column, ...]
    group_of: Ints | None
    sha256: str
    source: str
    notes: tuple[str, ...]

    @property
    def kinds(self) -> tuple[InputKind, ...]:
        return tuple(InputKind(len(column.choices), column.missing_count > 0) for column in self.inputs)

    @property
    def x(self) -> Floats:
        return np.column_stack([column.data for column in self.inputs])

    @property
    def y(self) -> Floats:
        return np.column_stack([column.data for column in self.targets])


def load_dataset(path: Path, recipe: Recipe) -> Dataset:
    """Read `path` as `recipe` says; errors name the line, column or option to correct."""
    table = read_table(path, has_header=recipe.has_header)
    headers = [str(header) for header in table.cells.columns]
    target_headers = _resolve(recipe.targets, headers, "--target", table.source)
    dropped = _resolve(recipe.drop, headers, "--drop", table.source)
    group_headers = _resolve(recipe.group_columns, headers, "--group-by", table.source)
    categorical = _resolve(recipe.categorical, headers, "--categorical", table.source)
    input_headers = _resolve(recipe.inputs, headers, "--inputs", table.source)
    if overlap := set(input_headers) & set(target_headers):
        raise UsageError(f"{min(overlap)!r} is asked for as input and as target")
    if not input_headers:
        outside = {*target_headers, *dropped, *group_headers}
        input_headers = [header for header in headers if header not in outside]
    dataset = Dataset(
        inputs=tuple(read_inputs(table, input_headers, categorical=categorical)),
        targets=tuple(read_targets(table, target_headers)),
        group_of=_label_groups(table, group_headers) if group_headers else None,
        sha256=table.sha256,
        source=table.source,
        notes=table.notes,
    )
    dataset = _leave_out_useless(_drop_incomplete(dataset), chosen=bool(recipe.inputs))
    _check_shape(dataset)
    if recipe.groups_by_inputs:
        return replace(dataset, group_of=same_rows(dataset.x))
    return _with_replicate_note(dataset)


def same_rows(x: Floats) -> Ints:
    """Label rows so that equal rows (gaps included) share a label; labels follow first appearance."""
    return np.asarray(pd.DataFrame(x).groupby(list(range(x.shape[1])), sort=False, dropna=False).ngroup())


def to_csv(dataset: Dataset, *, with_groups: bool) -> bytes:
    """Write the rows in use as UTF-8 CSV: units in headers, choices as text, groups last if wanted."""
    frame: dict[str, object] = {}
    for column in (*dataset.inputs, *dataset.targets):
        if column.choices:
            frame[column.header] = [column.choices[int(value)] for value in column.data]
        else:
            frame[column.header] = column.data
    if with_groups:
        frame[group_header(dataset)] = dataset.group_of
    return pd.DataFrame(frame).to_csv(index=False, lineterminator="\n").encode()


def group_header(dataset: Dataset) -> str:
    """Name the group column of `to_csv` so that it meets no other."""
    taken = {column.header for column in (*dataset.inputs, *dataset.targets)}
    name = "group"
    while name in taken:
        name += "_"
    return name


def _resolve(patterns: Sequence[str], headers: Sequence[str], option: str, source: str) -> list[str]:
    """Headers meant by names, names without their unit, globs, or `last`; each once, in the order asked."""
    found: dict[str, None] = {}
    for pattern in patterns:
        matches = [header for header in headers if pattern in (header, name_and_unit(header)[0])]
        if not matches and pattern == "last":
            matches = [headers[-1]]
        if not matches:
            matches = [header for header in headers if fnmatch.fnmatchcase(header, pattern)]
        if not matches:
            raise UsageError(
                f"{source}: {option} {pattern!r} is no column", remedy=_closest(pattern, headers)
            )
        found.update(dict.fromkeys(matches))
    return list(found)


def _closest(pattern: str, headers: Sequence[str]) -> str:
    by_fold = {header.casefold(): header for header in headers}
    by_fold.update({name_and_unit(header)[0].casefold(): header for header in headers})
    close = difflib.get_close_matches(pattern.casefold(), list(by_fold), n=3, cutoff=0.5)
    names = dict.fromkeys(by_fold[name] for name in close) or dict.fromkeys(headers[:8])
    return f"{'closest are' if close else 'there are'} {', '.join(map(repr, names))}"


def _leave_out_useless(dataset: Dataset, *, chosen: bool) -> Dataset:
    """Drop empty inputs, and texts that differ from row to row (names, SMILES) unless asked for by name."""
    kept, notes = [], []
    for column in dataset.inputs:
        if column.missing_count == len(column.data):
            notes.append(f"column {column.header!r} is empty: left out")
        elif not chosen and 2 * len(column.choices) > len(column.data):
            notes.append(f"column {column.header!r} is free text: left out (keep it with --inputs)")
        else:
            kept.append(column)
    return replace(dataset, inputs=tuple(kept), notes=(*dataset.notes, *notes))


def _check_shape(dataset: Dataset) -> None:
    source = dataset.source
    if not dataset.inputs:
        raise UsageError(f"{source}: no column is left as an input", remedy="name inputs with --inputs")
    for option, found, most in (
        ("--inputs", len(dataset.inputs), MAX_INPUTS),
        ("--target", len(dataset.targets), MAX_OUTPUTS),
    ):
        if found > most:
            raise UsageError(
                f"{source}: {found} columns for {option}, more than {most}", remedy="select some"
            )
    for column in dataset.inputs:
        if len(column.choices) > MAX_CHOICES:
            raise UsageError(
                f"{source}: {column.header!r} has {len(column.choices)} choices, more than {MAX_CHOICES}",
                remedy=f"pass --drop {column.header!r}",
            )


def _drop_incomplete(dataset: Dataset) -> Dataset:
    complete = np.asarray(~np.isnan(dataset.y).any(axis=1))
    kept, dropped = int(complete.sum()), int((~complete).sum())
    if kept < MIN_ROWS:
        raise TrainerError(
            f"{dataset.source}: {kept} rows with every target present, at least {MIN_ROWS} are needed",
            remedy="add rows, or choose fewer targets",
        )
    if not dropped:
        return dataset

    return replace(
        dataset,
        inputs=tuple(column.take(complete) for column in dataset.inputs),
        targets=tuple(column.take(complete) for column in dataset.targets),
        group_of=None if dataset.group_of is None else pd.factorize(dataset.group_of[complete])[0],
        notes=(*dataset.notes, f"{dropped} rows lack a target: left out"),
    )


def _label_groups(table: Table, headers: Sequence[str]) -> Ints:
    return np.asarray(table.cells.groupby(list(headers), sort=False, dropna=False).ngroup())


def _with_replicate_note(dataset: Dataset) -> Dataset:
    repeated = len(dataset.x) - int(same_rows(dataset.x).max()) - 1
    if dataset.group_of is not None or not repeated:
        return dataset
    note = f"{repeated} rows repeat the inputs of another: --group-by inputs keeps such rows in one fold"
    return replace(dataset, notes=(*dataset.notes, note))
