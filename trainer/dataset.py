"""The rows a model is fitted on: which columns are conditions and properties, which rows belong together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from ostwald.manifest import MAX_CHOICES, MAX_INPUTS, MAX_OUTPUTS

from trainer.columns import Column, read_inputs, read_targets
from trainer.errors import TrainerError, UsageError
from trainer.experiments import read_experiments
from trainer.findings import Examined, Finding, examine
from trainer.limits import Limit, express_limits, find_limits, hold
from trainer.preprocess import InputKind
from trainer.roles import Roles, assign_roles, read_order
from trainer.rows import Rows, drop_incomplete, drop_outliers, express, in_order, keep_bounds, same_rows
from trainer.split import Split, make_split, what_is_scored
from trainer.target_choice import choose_scales

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from trainer.arrays import Bools, Floats, Ints
    from trainer.recipe import Recipe
    from trainer.schema import ColumnSchema
    from trainer.table import Table
    from trainer.target_scale import TargetScale

__all__ = ["Dataset", "group_header", "load_dataset", "same_rows", "to_csv"]


@dataclass(frozen=True)
class Dataset:
    """`x` [n, d] (NaN where missing, choices as indices), `y` [n, m] complete, `group_of` [n] or None.

    Rows stand in the order of time where the data tell it. `group_columns`: what the groups agree in;
    `scored`: what a score on held-out rows says; `findings`: what a person should know of the data.
    `missing` and `scales` [m]: how a model fills gaps, and how it sees its targets. `at_limit` [n]: rows with
    a target at one of its `limits` [m], which no score counts.
    """

    inputs: tuple[Column, ...]
    targets: tuple[Column, ...]
    group_of: Ints | None
    sha256: str
    source: str
    notes: tuple[str, ...]
    group_columns: tuple[str, ...] = ()
    scored: str = ""
    findings: tuple[Finding, ...] = ()
    missing: str = "fill"
    scales: tuple[TargetScale, ...] = ()
    limits: tuple[Limit, ...] = ()
    at_limit: Bools | None = None

    @property
    def kinds(self) -> tuple[InputKind, ...]:
        return tuple(
            InputKind(len(column.choices), column.missing_count > 0, self.missing) for column in self.inputs
        )

    @property
    def x(self) -> Floats:
        return np.column_stack([column.data for column in self.inputs])

    @property
    def y(self) -> Floats:
        return np.column_stack([column.data for column in self.targets])

    def split(self, kind: str, seed: int) -> Split:
        """Divide the rows as `make_split` does; those at a limit are never among the held-out ones."""
        split = make_split(kind, len(self.x), self.group_of, seed)
        return split if self.at_limit is None else split.judging(~self.at_limit)


def load_dataset(path: Path, recipe: Recipe, schema_path: Path | None = None) -> Dataset:
    """Read `path`, a table or a schema that names its files, as `recipe` says; errors say what to correct."""
    table, schema = read_experiments(path, schema_path, has_header=recipe.has_header)
    schema = replace(
        schema, outliers=recipe.outliers or schema.outliers, missing=recipe.missing or schema.missing
    )
    entries = schema.by_header([str(header) for header in table.cells.columns], table.source)
    roles = assign_roles(table, recipe, entries)
    rows = _to_rows(table, roles, entries)
    limits = find_limits(recipe.limits, entries, rows.targets)
    expressed = express_limits(limits, entries, rows.targets)
    rows = express(keep_bounds(hold(rows, limits), entries), entries)
    rows = drop_incomplete(rows, gaps_too=False)
    rows = _leave_out_useless(rows, chosen=bool(recipe.inputs))
    _check_shape(rows)
    rows = drop_incomplete(rows, gaps_too=schema.missing == "drop")
    rows = _check_targets(in_order(drop_outliers(rows, schema.outliers)))
    scales, told = choose_scales(recipe.scales, entries, rows)
    same = same_rows(np.column_stack([column.data for column in rows.inputs]))
    group_of = same if recipe.groups_by_inputs else rows.group_of
    scored = what_is_scored(
        recipe.split,
        roles.groups,
        groups_by_inputs=recipe.groups_by_inputs,
        repeats=int(same.max()) + 1 < len(same),
    )
    findings = examine(_examined(rows, table, roles, same, grouped=group_of is not None))
    return Dataset(
        inputs=rows.inputs,
        targets=rows.targets,
        group_of=group_of,
        sha256=table.sha256,
        source=table.source,
        notes=(*rows.notes, *told, *(finding.text for finding in findings), f"the score is one of {scored}"),
        group_columns=roles.groups,
        scored=scored,
        findings=findings,
        missing=schema.missing,
        scales=scales,
        limits=expressed,
        at_limit=rows.at_limit,
    )


def to_csv(dataset: Dataset, *, with_groups: bool) -> bytes:
    """Write the rows in use as UTF-8 CSV: units in headers, choices as text, groups last if wanted."""
    frame: dict[str, object] = {}
    for column in (*dataset.inputs, *dataset.targets):
        if column.choices:
            frame[column.header] = [column.choices[int(value)] for value in column.data]
        else:
            frame[column.header] = column.data
    if with_groups or dataset.group_columns:
        frame[group_header(dataset)] = dataset.group_of
    return pd.DataFrame(frame).to_csv(index=False, lineterminator="\n").encode()


def group_header(dataset: Dataset) -> str:
    """Name the group column of `to_csv` so that it meets no other."""
    taken = {column.header for column in (*dataset.inputs, *dataset.targets)}
    name = "group"
    while name in taken:
        name += "_"
    return name


def _to_rows(table: Table, roles: Roles, entries: Mapping[str, ColumnSchema]) -> Rows:
    return Rows(
        source=table.source,
        inputs=tuple(read_inputs(table, roles.inputs, categorical=roles.categorical, schema=entries)),
        targets=tuple(read_targets(table, roles.targets, entries)),
        lines=table.cells.index.to_numpy(dtype=np.int64),
        group_of=_label_groups(table, roles.groups) if roles.groups else None,
        order=None if roles.order is None else read_order(table, roles.order),
        notes=(*table.notes, *roles.notes),
    )


def _examined(rows: Rows, table: Table, roles: Roles, same: Ints, *, grouped: bool) -> Examined:
    # Only the rows in use: the others no longer count.
    texts = {
        header: table.cells.loc[rows.lines, header].tolist() for header in (*roles.left_out, *roles.inputs)
    }
    return Examined(rows.inputs, rows.targets, same, rows.lines, grouped, texts)


def _leave_out_useless(rows: Rows, *, chosen: bool) -> Rows:
    """Drop empty inputs, and texts that differ from row to row (names, SMILES) unless asked for by name."""
    kept, notes = [], []
    for column in rows.inputs:
        if column.missing_count == len(column.data):
            notes.append(f"column {column.header!r} is empty: left out")
        elif not chosen and 2 * len(column.choices) > len(column.data):
            notes.append(f"column {column.header!r} is free text: left out (keep it with --inputs)")
        else:
            kept.append(column)
    return replace(rows, inputs=tuple(kept), notes=(*rows.notes, *notes))


def _check_shape(rows: Rows) -> None:
    source = rows.source
    if not rows.inputs:
        raise UsageError(f"{source}: no column is left as an input", remedy="name inputs with --inputs")
    for option, found, most in (
        ("--inputs", len(rows.inputs), MAX_INPUTS),
        ("--target", len(rows.targets), MAX_OUTPUTS),
    ):
        if found > most:
            raise UsageError(
                f"{source}: {found} columns for {option}, more than {most}", remedy="select some"
            )
    for column in rows.inputs:
        if len(column.choices) > MAX_CHOICES:
            raise UsageError(
                f"{source}: {column.header!r} has {len(column.choices)} choices, more than {MAX_CHOICES}",
                remedy=f"pass --drop {column.header!r}",
            )


def _check_targets(rows: Rows) -> Rows:
    """Refuse a fit to nothing but constants; of several targets some may be, and are told."""
    constant = [column.header for column in rows.targets if np.ptp(column.data) == 0.0]
    if len(constant) == len(rows.targets):
        raise TrainerError(
            f"{rows.source}: target {constant[0]!r} is {rows.targets[0].data[0]:g} in every row: "
            "nothing to learn",
            remedy="choose another target",
        )
    notes = [f"target {header!r} is the same in every row" for header in constant]
    return replace(rows, notes=(*rows.notes, *notes))


def _label_groups(table: Table, headers: Sequence[str]) -> Ints:
    return np.asarray(table.cells.groupby(list(headers), sort=False, dropna=False).ngroup())
