"""A schema as TOML that a person edits: written from what a table shows, read back with every fault named."""

from __future__ import annotations

import json
import tomllib
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from trainer.errors import UsageError
from trainer.schema import ColumnSchema, Schema, SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

MAX_SCHEMA_BYTES = 4 << 20
VERSION = 1
# In the file, bounds are called as people call them.
_FILE_NAMES = {"low": "min", "high": "max"}
_COLUMN_KEYS = ("header", "role", "kind", "unit", "choices", "low", "high", "outside", "express", "scale")
_FILE_KEYS = tuple(field.name for field in fields(SourceFile))
_TOP_KEYS = ("version", "join_on", "has_header", "outliers", "missing", "file", "column")
Entry = TypeVar("Entry", SourceFile, ColumnSchema)

_HEADING = """\
# How Ostwald reads these experiments; edit what it got wrong.
# role: input, target, group (rows that belong together), order (of time), key (joins files), drop
# kind: number, or choice (one of `choices`)
# min, max: what is possible; outside = "drop" leaves such rows out instead of refusing the file;
#   "limit" learns from those of a target as at the limit, without scoring them
# express = "log10": the model predicts the logarithm
# scale: plain, log, bounded:0:100 or auto: how the model sees a target; it answers in the target's unit
# outliers: report, drop:mad:6, drop:iqr:3 or drop:replicates:5; missing: fill, drop, neighbours, iterative
"""


def write_schema(schema: Schema) -> str:
    """Write every entry, with its comment above; `read_schema` gives the same entries back."""
    lines = [
        _HEADING.rstrip("\n"),
        f"version = {VERSION}",
        f"join_on = {_toml(list(schema.join_on))}",
        f"has_header = {_toml(schema.has_header)}",
        f"outliers = {_toml(schema.outliers)}",
        f"missing = {_toml(schema.missing)}",
    ]
    for file in schema.files:
        lines += ["", "[[file]]", *_entry(file, _FILE_KEYS, SourceFile(file.path))]
    for column in schema.columns:
        comment = [f"# {column.comment}"] if column.comment else []
        always = {"role", "kind"}
        plain = ColumnSchema(column.header)
        lines += ["", *comment, "[[column]]", *_entry(column, _COLUMN_KEYS, plain, always)]
    return "\n".join(lines) + "\n"


def read_schema(path: Path) -> Schema:
    """Read a schema; UsageError names the entry and key that do not fit."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SCHEMA_BYTES + 1)
        if len(data) > MAX_SCHEMA_BYTES:
            raise UsageError(f"{path.name}: more than {MAX_SCHEMA_BYTES >> 20} MiB")
        content = tomllib.loads(data.decode("utf-8"))
    except OSError as problem:
        raise UsageError(f"{path}: cannot be read ({problem.strerror})") from problem
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"{path.name}: not valid TOML ({problem})") from problem
    _refuse_unknown(content, _TOP_KEYS, path.name)
    if content.get("version", VERSION) != VERSION:
        raise UsageError(f"{path.name}: version {content['version']!r} is unknown", remedy=f"use {VERSION}")
    try:
        return Schema(
            columns=_entries(content, "column", _COLUMN_KEYS, lambda table: ColumnSchema(**table)),
            files=_entries(content, "file", _FILE_KEYS, lambda table: SourceFile(**table)),
            join_on=_value(content.get("join_on", []), (), "join_on"),
            has_header=_value(content.get("has_header", True), True, "has_header"),
            outliers=_value(content.get("outliers", "report"), "", "outliers"),
            missing=_value(content.get("missing", "fill"), "", "missing"),
        )
    except UsageError as problem:
        raise UsageError(f"{path.name}: {problem}") from problem


def _entry(
    item: SourceFile | ColumnSchema,
    keys: tuple[str, ...],
    plain: SourceFile | ColumnSchema,
    always: set[str] | frozenset[str] = frozenset(),
) -> list[str]:
    """Lines for what differs from an entry that says nothing; the first key, its name, always."""
    shown = [
        key for key in keys if key in always or key == keys[0] or getattr(item, key) != getattr(plain, key)
    ]
    return [f"{_FILE_NAMES.get(key, key)} = {_toml(getattr(item, key))}" for key in shown]


def _toml(value: object) -> str:
    # JSON's strings, numbers, booleans and lists of strings are TOML's too; only DEL must be escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _entries(
    content: Mapping[str, Any], key: str, keys: tuple[str, ...], make: Callable[[dict[str, Any]], Entry]
) -> tuple[Entry, ...]:
    tables = content.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise UsageError(f"{key} is no list of tables", remedy=f"write [[{key}]]")
    found = []
    for number, table in enumerate(tables, start=1):
        where = f"{key} {number}"
        by_file_name = {_FILE_NAMES.get(name, name): name for name in keys}
        _refuse_unknown(table, tuple(by_file_name), where)
        if keys[0] not in table:
            raise UsageError(f"{where}: has no {keys[0]}")
        found.append(make({by_file_name[name]: _typed(name, value, where) for name, value in table.items()}))
    return tuple(found)


def _typed(name: str, value: object, where: str) -> object:
    place = f"{where}: {name}"
    if name in {"min", "max"}:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UsageError(f"{place} is not a number")
        return float(value)
    if name == "choices":
        return _value(value, (), place)
    return _value(value, 1, place) if name == "average" else _value(value, "", place)


def _value(value: object, like: Any, place: str) -> Any:
    """Check that `value` is of the kind of `like`; a list of texts becomes a tuple."""
    if like == ():
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise UsageError(f"{place} is not a list of texts")
        return tuple(value)
    if type(value) is not type(like):
        kinds = {str: "a text", bool: "true or false", int: "a whole number"}
        raise UsageError(f"{place} is not {kinds[type(like)]}")
    return value


def _refuse_unknown(table: Mapping[str, object], known: tuple[str, ...], where: str) -> None:
    if unknown := set(table) - set(known):
        raise UsageError(f"{where}: {min(unknown)!r} is unknown", remedy=f"there are {', '.join(known)}")
