"""`schema` and `inspect`: what a table holds, before anything is fitted to it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trainer.commands.options import AsJson, Csv, DataOptions, NoHeader, command, names
from trainer.console import errors_in_one_line, print_json, print_notes
from trainer.errors import UsageError

if TYPE_CHECKING:
    from trainer.schema import Schema

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="CSV, XLSX or Parquet; rows are those of the first.")
]
Wanted = Annotated[list[str] | None, typer.Option("--target", help="Column to predict, a glob or 'last'.")]
JoinOn = Annotated[
    list[str] | None, typer.Option("--join", help="Columns by which the rows of several files meet: a,b.")
]
SchemaOut = Annotated[Path | None, typer.Option("--out", help="File to write; otherwise it is printed.")]


@command
def schema(
    files: Files,
    *,
    target: Wanted = None,
    join: JoinOn = None,
    no_header: NoHeader = False,
    out: SchemaOut = None,
    as_json: AsJson = False,
) -> None:
    """Write what the columns seem to be as TOML: edit it, then fit by it."""
    with errors_in_one_line():
        from trainer.experiments import propose  # noqa: PLC0415 - --help must not wait for the mathematics
        from trainer.schema_file import write_schema  # noqa: PLC0415

        if out is not None and out.exists():
            raise UsageError(f"{out}: exists, and may hold edits", remedy="choose another --out")
        folder = Path() if out is None else out.parent
        found, notes = propose(files, folder, target or [], names(join), has_header=not no_header)
        text = write_schema(found)
        print_notes(notes)
        if out is not None:
            out.write_text(text, encoding="utf-8")
        if as_json:
            columns = [
                {"header": item.header, "role": item.role, "kind": item.kind, "unit": item.unit}
                for item in found.columns
            ]
            print_json({"schema": None if out is None else str(out), "columns": columns, "notes": notes})
        else:
            typer.echo(text if out is None else _next_step(found, out), nl=out is not None)


def _next_step(found: Schema, out: Path) -> str:
    target = "" if any(item.role == "target" for item in found.columns) else " --target COLUMN"
    return f"{out}: {len(found.columns)} columns; edit it, then: ostwald-trainer fit {out}{target}"


@command
def inspect(csv: Csv, *, data: DataOptions, as_json: AsJson = False) -> None:
    """Tell what should be known before a score is trusted: leaks, groups, repeats, noise, outliers."""
    with errors_in_one_line():
        from trainer.dataset import load_dataset  # noqa: PLC0415 - --help must not wait for the mathematics

        dataset = load_dataset(csv, data.recipe(), data.schema)
        if not as_json:
            typer.echo("\n".join(dataset.notes))
            return
        print_json(
            {
                "source": dataset.source,
                "sha256": dataset.sha256,
                "rows": len(dataset.y),
                "inputs": [
                    {
                        "name": item.name,
                        "unit": item.unit,
                        "choices": list(item.choices),
                        "gaps": item.missing_count,
                    }
                    for item in dataset.inputs
                ],
                "targets": [{"name": item.name, "unit": item.unit} for item in dataset.targets],
                "scored": dataset.scored,
                "findings": [
                    {
                        "kind": finding.kind,
                        "columns": list(finding.columns),
                        "text": finding.text,
                        "figures": dict(finding.figures),
                    }
                    for finding in dataset.findings
                ],
                "notes": list(dataset.notes),
            }
        )
