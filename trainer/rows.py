"""The rows of a table on their way to a data set: bounded, complete, in order; every loss is told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trainer.errors import TrainerError, UsageError
from trainer.outliers import find_outliers, parse_rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trainer.arrays import Bools, Floats, Ints
    from trainer.columns import Column
    from trainer.schema import ColumnSchema

MIN_ROWS = 8
_SHOWN = 6


@dataclass(frozen=True)
class Rows:
    """Typed columns, and by row [n]: the line in the file; group, order, being at a limit, or None."""

    source: str
    inputs: tuple[Column, ...]
    targets: tuple[Column, ...]
    lines: Ints
    group_of: Ints | None
    order: Floats | None
    notes: tuple[str, ...]
    at_limit: Bools | None = None

    def take(self, keep: Bools, note: str) -> Rows:
        """Keep some rows, telling why the others went."""
        if keep.all():
            return self
        return replace(
            self,
            inputs=tuple(column.take(keep) for column in self.inputs),
            targets=tuple(column.take(keep) for column in self.targets),
            lines=self.lines[keep],
            group_of=None if self.group_of is None else pd.factorize(self.group_of[keep])[0],
            order=None if self.order is None else self.order[keep],
            at_limit=None if self.at_limit is None else self.at_limit[keep],
            notes=(*self.notes, note),
        )


def same_rows(x: Floats) -> Ints:
    """Label rows so that equal rows (gaps included) share a label; labels follow first appearance."""
    return np.asarray(pd.DataFrame(x).groupby(list(range(x.shape[1])), sort=False, dropna=False).ngroup())


def keep_bounds(rows: Rows, schema: Mapping[str, ColumnSchema]) -> Rows:
    """Refuse cells outside what the schema calls possible, or leave their rows out where it says so."""
    keep = np.ones(len(rows.lines), dtype=bool)
    notes = []
    for column in (*rows.inputs, *rows.targets):
        entry = schema.get(column.header)
        if entry is None:
            continue
        low = -np.inf if entry.low is None else entry.low
        high = np.inf if entry.high is None else entry.high
        outside = (column.data < low) | (column.data > high)
        if not outside.any():
            continue
        if entry.outside == "limit":
            raise UsageError(
                f"{rows.source}: {column.header!r} is an input: only a target may be beyond a limit",
                remedy='set outside = "drop" in the schema',
            )
        if entry.outside == "refuse":
            row = int(outside.argmax())
            raise TrainerError(
                f"{rows.source} line {rows.lines[row]}, column {column.header!r}: "
                f"{column.data[row]:g} is not within {low:g} to {high:g}",
                remedy='correct the cell, or set outside = "drop" in the schema',
            )
        notes.append(_left_out(outside, f": {column.header!r} outside {low:g} to {high:g}"))
        keep &= ~outside
    return rows.take(keep, "; ".join(notes))


def express(rows: Rows, schema: Mapping[str, ColumnSchema]) -> Rows:
    """Replace what the schema expresses as log10 by its logarithm, under a name that says so."""

    def converted(column: Column) -> Column:
        entry = schema.get(column.header)
        if entry is None or entry.express == "plain":
            return column
        wrong = column.data <= 0.0
        if wrong.any():
            row = int(wrong.argmax())
            raise TrainerError(
                f"{rows.source} line {rows.lines[row]}, column {column.header!r}: "
                f"{column.data[row]:g} has no logarithm",
                remedy='set min and outside = "drop" in the schema',
            )
        # The unit becomes part of the name: the logarithm itself has none.
        name = f"log10 {column.name}" + (f" in {column.unit}" if column.unit else "")
        return replace(column, header=name, name=name, unit="", data=np.log10(column.data))

    return replace(
        rows,
        inputs=tuple(map(converted, rows.inputs)),
        targets=tuple(map(converted, rows.targets)),
    )


def drop_incomplete(rows: Rows, *, gaps_too: bool) -> Rows:
    """Leave out rows that lack a target and, with `gaps_too`, those that lack an input."""
    gaps = np.column_stack([np.isnan(column.data) for column in rows.targets])
    empty = [column.header for column, missing in zip(rows.targets, gaps.T, strict=True) if missing.all()]
    if empty:
        raise UsageError(f"{rows.source}: target {empty[0]!r} is empty", remedy="choose another target")
    lacking = np.asarray(gaps.any(axis=1))
    if (kept := int((~lacking).sum())) < MIN_ROWS:
        raise TrainerError(
            f"{rows.source}: {kept} rows with every target present, at least {MIN_ROWS} are needed",
            remedy="add rows, or choose fewer targets",
        )
    rows = rows.take(~lacking, _left_out(lacking, ": no value of a target"))
    if not gaps_too or not rows.inputs:
        return rows
    lacking = np.asarray(np.column_stack([np.isnan(column.data) for column in rows.inputs]).any(axis=1))
    rows = rows.take(~lacking, _left_out(lacking, ": no value of an input"))
    if len(rows.lines) < MIN_ROWS:
        raise TrainerError(
            f"{rows.source}: {len(rows.lines)} rows without a gap, at least {MIN_ROWS} are needed",
            remedy='set missing = "fill" in the schema, or leave out the columns with most gaps',
        )
    return rows


def drop_outliers(rows: Rows, text: str) -> Rows:
    """Apply `drop:RULE:K` to the targets; the note says which lines went and that no score counts them."""
    rule = parse_rule(text)
    if rule is None:
        return rows
    x = np.column_stack([column.data for column in rows.inputs])
    y = np.column_stack([column.data for column in rows.targets])
    odd = np.asarray(find_outliers(rule, y, same_rows(x)).any(axis=1))
    lines = ", ".join(map(str, rows.lines[odd][:_SHOWN])) + (", ..." if odd.sum() > _SHOWN else "")
    return rows.take(~odd, _left_out(odd, f" as outliers by {rule} (line {lines}): no score counts them"))


def _left_out(which: Bools, why: str) -> str:
    return f"left out {int(which.sum())} of {len(which)} rows{why}"


def in_order(rows: Rows) -> Rows:
    """Sort by the order column, if there is one; rows of equal time stay as they are in the file."""
    if rows.order is None:
        return rows
    order = np.argsort(rows.order, kind="stable")
    return replace(
        rows,
        inputs=tuple(replace(column, data=column.data[order]) for column in rows.inputs),
        targets=tuple(replace(column, data=column.data[order]) for column in rows.targets),
        lines=rows.lines[order],
        group_of=None if rows.group_of is None else pd.factorize(rows.group_of[order])[0],
        order=rows.order[order],
    )
