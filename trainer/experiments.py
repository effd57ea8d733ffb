"""From what a person names, a table or a schema, to one table and what is known of its columns."""

from __future__ import annotations

import os.path
from dataclasses import replace
from typing import TYPE_CHECKING

from trainer.errors import UsageError
from trainer.schema import Schema, SourceFile
from trainer.schema_file import read_schema
from trainer.schema_infer import infer_schema
from trainer.sources import read_sources
from trainer.table import read_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trainer.table import Table


def read_experiments(path: Path, schema_path: Path | None, *, has_header: bool) -> tuple[Table, Schema]:
    """Read a table; or a schema's files; or a table in the place of the first file of a schema."""
    is_schema = path.suffix.casefold() == ".toml"
    if is_schema and schema_path is not None:
        raise UsageError(
            f"{path.name} and {schema_path.name}: two schemas", remedy="name a table and one schema"
        )
    if not is_schema and schema_path is None:
        return read_table(path, has_header=has_header), Schema()
    named = path if schema_path is None else schema_path
    schema = read_schema(named)
    if is_schema and not schema.files:
        raise UsageError(
            f"{path.name}: names no files", remedy="add [[file]] with a path, or name the table too"
        )
    # Without a header on the command line there is none, whatever the schema was written for.
    schema = replace(schema, has_header=schema.has_header and has_header)
    files = schema.files
    if not is_schema:
        first = files[0] if files else SourceFile("")
        files = (replace(first, path=str(path.resolve())), *files[1:])
    return read_sources(named.parent, files, schema), schema


def propose(
    paths: Sequence[Path], folder: Path, targets: Sequence[str], join_on: Sequence[str], *, has_header: bool
) -> tuple[Schema, list[str]]:
    """Propose a schema for `paths`, its paths relative to `folder` where they can be, and what to tell."""
    files = [SourceFile(os.path.relpath(path, folder)) for path in paths]
    reading = Schema(files=tuple(files), join_on=tuple(join_on), has_header=has_header)
    table = read_sources(folder, files, reading)
    return infer_schema(table, targets, files, join_on, has_header=has_header), list(table.notes)
