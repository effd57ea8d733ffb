"""Targets known only to lie at a limit or beyond it: learned from as at the limit, and never scored.

A size beyond what the instrument reads, or of what did not form, says "large". Without such rows a model
takes it that there are none, and is worst just below the limit. That they are at the limit is not quite so
either: Tobin, Econometrica 26, 24 (1958), has the likelihood of such data, which not every algorithm here
can be given.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from trainer.errors import TrainerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trainer.columns import Column
    from trainer.rows import Rows
    from trainer.schema import ColumnSchema

_NUMBER = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_LIMIT = re.compile(rf"(?P<name>.+)=(?P<low>{_NUMBER})?:(?P<high>{_NUMBER})?")


@dataclass(frozen=True, slots=True)
class Limit:
    """Of one target, in its unit; infinite where there is none."""

    low: float = -math.inf
    high: float = math.inf

    def logarithm(self) -> Limit:
        """Return the limit of the target's decadic logarithm."""
        with np.errstate(divide="ignore"):
            low, high = np.log10(np.maximum([self.low, self.high], 0.0)).tolist()
        return Limit(low, high)

    def __str__(self) -> str:
        return ":".join("" if math.isinf(bound) else f"{bound:.17g}" for bound in (self.low, self.high))


NO_LIMIT = Limit()


def find_limits(
    asked: Sequence[str], schema: Mapping[str, ColumnSchema], targets: Sequence[Column]
) -> tuple[Limit, ...]:
    """Return each target's, from texts like `size=:1000`, else the schema's; UsageError names a wrong one."""
    found = {column.header: _of_schema(schema.get(column.header)) for column in targets}
    for text in asked:
        match = _LIMIT.fullmatch(text)
        name = match["name"] if match else ""
        header = next((column.header for column in targets if name in (column.header, column.name)), None)
        if match is None or header is None or (match["low"] or match["high"]) is None:
            names = ", ".join(repr(column.name) for column in targets[:4])
            raise UsageError(
                f"--limit {text!r} is not understood",
                remedy=f"use TARGET=LOW:HIGH of {names}; one of the two may be empty",
            )
        limit = Limit(float(match["low"] or -math.inf), float(match["high"] or math.inf))
        if not limit.low < limit.high:
            raise UsageError(f"--limit {text!r}: {limit.low:g} is not below {limit.high:g}")
        found[header] = limit
    return tuple(found.values())


def express_limits(
    limits: Sequence[Limit], schema: Mapping[str, ColumnSchema], targets: Sequence[Column]
) -> tuple[Limit, ...]:
    """Return the limits of targets as the schema expresses them."""
    entries = [schema.get(column.header) for column in targets]
    return tuple(
        limit if entry is None or entry.express == "plain" else limit.logarithm()
        for limit, entry in zip(limits, entries, strict=True)
    )


def hold(rows: Rows, limits: Sequence[Limit]) -> Rows:
    """Set targets beyond their limits to these, and mark the rows; TrainerError where no other is left."""
    notes, targets = [], []
    at_limit = np.zeros(len(rows.lines), dtype=bool)
    for column, limit in zip(rows.targets, limits, strict=True):
        there = (column.data <= limit.low) | (column.data >= limit.high)
        if there.any():
            at_limit |= there
            notes.append(
                f"{column.header!r} is at its limit or beyond in {int(there.sum())} of {len(there)} rows: "
                "learned from as at the limit, never scored"
            )
        targets.append(replace(column, data=np.clip(column.data, limit.low, limit.high)))
    if not at_limit.any():
        return rows
    if at_limit.all():
        raise TrainerError(f"{rows.source}: a target is at its limit in every row", remedy="check the limits")
    return replace(rows, targets=tuple(targets), at_limit=at_limit, notes=(*rows.notes, *notes))


def _of_schema(entry: ColumnSchema | None) -> Limit:
    if entry is None or entry.outside != "limit":
        return NO_LIMIT
    return Limit(
        -math.inf if entry.low is None else entry.low, math.inf if entry.high is None else entry.high
    )
