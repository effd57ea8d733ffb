"""What is known of a table beyond its cells: files, roles, units, choices and bounds of columns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainer.errors import UsageError
from trainer.gaps import METHODS
from trainer.outliers import parse_rule
from trainer.target_scale import parse_scale
from trainer.units import is_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

ROLES = ("input", "target", "group", "order", "key", "drop")
KINDS = ("number", "choice")
LAYOUTS = ("rows", "spectra by column", "spectra by row")
OUTSIDE = ("refuse", "drop", "limit")
EXPRESSED = ("plain", "log10")
MAX_FILES = 32
_RANGE = ".."


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file. Of spectra, `key` names the samples, `axis` and `value` the columns of a long table.

    `spectra by column`: the axis in the first column, a sample in each other; `spectra by row`: one point of
    one sample a row. Either becomes one column a point, the mean of `average` neighbours, called `value_450`.
    """

    path: str
    sheet: str = ""
    layout: str = "rows"
    key: str = ""
    axis: str = ""
    value: str = "signal"
    average: int = 1

    def __post_init__(self) -> None:
        where = f"file {self.path!r}"
        _one_of(self.layout, LAYOUTS, f"{where}: layout")
        if self.layout != "rows" and not self.key:
            raise UsageError(f"{where}: spectra need a key, the column that names their samples")
        if self.layout == "spectra by row" and not self.axis:
            raise UsageError(f"{where}: spectra by row need an axis, the column of wavelengths")
        if self.average < 1:
            raise UsageError(f"{where}: average {self.average} is not above zero")


@dataclass(frozen=True, slots=True)
class ColumnSchema:
    """One column, or a run of them: `header` may be `400..900`, from one header to another.

    Cells outside `low` and `high` (in `unit`) are refused, their rows dropped, or, of a target, taken as at
    the limit (see `limits`), as `outside` says. What is expressed as `log10` is a column of logarithms from
    then on, for the model and for its user; the `scale` of a target is the model's alone.
    """

    header: str
    role: str = "input"
    kind: str = "number"
    unit: str = ""
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    outside: str = "refuse"
    express: str = "plain"
    scale: str = "plain"
    comment: str = ""

    def __post_init__(self) -> None:
        where = f"column {self.header!r}"
        _one_of(self.role, ROLES, f"{where}: role")
        _one_of(self.kind, KINDS, f"{where}: kind")
        _one_of(self.outside, OUTSIDE, f"{where}: outside")
        _one_of(self.express, EXPRESSED, f"{where}: express")
        if self.unit and not is_unit(self.unit):
            raise UsageError(f"{where}: unit {self.unit!r} is unknown", remedy="write it like uL/min")
        if self.scale != "auto":
            parse_scale(self.scale)
        if self.choices and self.kind != "choice":
            raise UsageError(f"{where}: has choices, yet is a number", remedy='set kind = "choice"')
        if self.kind == "choice" and (self.express != "plain" or not self.low is self.high is None):
            raise UsageError(f"{where}: a choice has no min, max or logarithm")
        if self.role == "target" and self.kind == "choice":
            raise UsageError(f"{where}: a target must be a number")
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        if not low < high:
            raise UsageError(f"{where}: min {low:g} is not below max {high:g}")


@dataclass(frozen=True, slots=True)
class Schema:
    """How to read a table; columns that it does not name are typed by their cells and are inputs."""

    columns: tuple[ColumnSchema, ...] = ()
    files: tuple[SourceFile, ...] = ()
    join_on: tuple[str, ...] = ()
    has_header: bool = True
    outliers: str = "report"
    missing: str = "fill"

    def __post_init__(self) -> None:
        parse_rule(self.outliers)
        _one_of(self.missing, METHODS, "missing")
        if len(self.files) > MAX_FILES:
            raise UsageError(f"{len(self.files)} files, more than {MAX_FILES}")
        if len(self.files) > 1 and not self.join_on:
            raise UsageError(
                "several files need join_on, the columns by which their rows meet",
                remedy="pass --join COLUMN to 'schema', or write join_on in the TOML",
            )

    def by_header(self, headers: Sequence[str], source: str) -> dict[str, ColumnSchema]:
        """Give each header its entry; UsageError for an entry that meets no header, or meets one twice."""
        found: dict[str, ColumnSchema] = {}
        for column in self.columns:
            for header in _headers_of(column.header, headers, source):
                if header in found:
                    raise UsageError(f"{source}: the schema names column {header!r} twice")
                found[header] = column
        return found


def _headers_of(pattern: str, headers: Sequence[str], source: str) -> list[str]:
    if pattern in headers:
        return [pattern]
    first, is_range, last = pattern.partition(_RANGE)
    if is_range and first in headers and last in headers:
        start, stop = headers.index(first), headers.index(last)
        return list(headers[start : stop + 1])
    raise UsageError(
        f"{source}: has no column {pattern!r}, which the schema names", remedy="correct the schema"
    )


def _one_of(value: str, known: Sequence[str], where: str) -> None:
    if value not in known:
        raise UsageError(f"{where} {value!r} is unknown", remedy=f"choose of {', '.join(known)}")
