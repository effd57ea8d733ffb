"""Which columns are conditions, properties, groups: asked by name, or said by a schema."""

from __future__ import annotations

import difflib
import fnmatch
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from trainer.columns import holds_dates
from trainer.errors import TrainerError, UsageError
from trainer.table import MISSING, is_number
from trainer.units import name_and_unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trainer.arrays import Floats
    from trainer.recipe import Recipe
    from trainer.schema import ColumnSchema
    from trainer.table import Table

# What a schema keeps out of the inputs.
_OUTSIDE = ("target", "group", "order", "key", "drop")


@dataclass(frozen=True, slots=True)
class Roles:
    """Headers by what they are for. `left_out`: named nowhere, and no inputs either."""

    inputs: tuple[str, ...]
    targets: tuple[str, ...]
    groups: tuple[str, ...]
    order: str | None
    categorical: tuple[str, ...]
    left_out: tuple[str, ...]
    notes: tuple[str, ...]


def assign_roles(table: Table, recipe: Recipe, schema: Mapping[str, ColumnSchema]) -> Roles:
    """Follow the recipe, then the schema; every other column is an input. Dates are inputs never."""
    headers = [str(header) for header in table.cells.columns]
    source = table.source
    targets = resolve(recipe.targets, headers, "--target", source) or [
        header for header in headers if _role(schema, header) == "target"
    ]
    if not targets:
        raise UsageError(
            f"{source}: no target is named",
            remedy="pass --target COLUMN, or give a column of a schema this role",
        )
    dropped = resolve(recipe.drop, headers, "--drop", source)
    groups = resolve(recipe.group_columns, headers, "--group-by", source)
    categorical = resolve(recipe.categorical, headers, "--categorical", source)
    inputs = resolve(recipe.inputs, headers, "--inputs", source)
    said = {role: [header for header in headers if _role(schema, header) == role] for role in _OUTSIDE}
    if not groups and not recipe.groups_by_inputs:
        groups = said["group"]
    if len(said["order"]) > 1:
        raise UsageError(f"{source}: {said['order'][1]!r} is a second column with role order")
    if overlap := set(inputs) & set(targets):
        raise UsageError(f"{min(overlap)!r} is asked for as input and as target")
    notes = []
    if not inputs:
        outside = {*targets, *dropped, *groups, *(header for part in said.values() for header in part)}
        inputs = [header for header in headers if header not in outside]
        for header in [header for header in inputs if holds_dates(table, header)]:
            inputs.remove(header)
            notes.append(f"column {header!r} holds dates: left out (a schema may make it the order)")
    used = {*inputs, *targets, *groups}
    return Roles(
        inputs=tuple(inputs),
        targets=tuple(targets),
        groups=tuple(groups),
        order=next(iter(said["order"]), None),
        categorical=tuple(categorical),
        left_out=tuple(header for header in headers if header not in used),
        notes=tuple(notes),
    )


def read_order(table: Table, header: str) -> Floats:
    """Numbers, or dates as ISO 8601 writes them, in the order of time [n]."""
    values = []
    for line, cell in table.cells[header].items():
        if is_number(cell) and cell.casefold() not in MISSING:
            values.append(float(cell))
            continue
        try:
            moment = datetime.fromisoformat(cell)
        except ValueError as problem:
            raise TrainerError(
                f"{table.source} line {line}, column {header!r}: {cell[:40]!r} gives no order",
                remedy="write numbers, or dates like 2024-03-31 or 2024-03-31T14:05",
            ) from problem
        values.append(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())
    return np.array(values, dtype=np.float64)


def resolve(patterns: Sequence[str], headers: Sequence[str], option: str, source: str) -> list[str]:
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


def _role(schema: Mapping[str, ColumnSchema], header: str) -> str:
    return schema[header].role if header in schema else "input"


def _closest(pattern: str, headers: Sequence[str]) -> str:
    by_fold = {header.casefold(): header for header in headers}
    by_fold.update({name_and_unit(header)[0].casefold(): header for header in headers})
    close = difflib.get_close_matches(pattern.casefold(), list(by_fold), n=3, cutoff=0.5)
    names = dict.fromkeys(by_fold[name] for name in close) or dict.fromkeys(headers[:8])
    return f"{'closest are' if close else 'there are'} {', '.join(map(repr, names))}"
