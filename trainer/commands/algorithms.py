"""`algorithms`: what there is to compare, and proof that each of them runs on a device."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from trainer.candidates import CANDIDATES, DEFAULT, GROUPS
from trainer.commands.options import (
    AsJson,
    Categorical,
    Drop,
    GroupBy,
    Inputs,
    NoHeader,
    Seed,
    command,
    names,
)
from trainer.console import FAILED, errors_in_one_line, print_json, print_notes, progress_bar
from trainer.errors import UsageError
from trainer.recipe import Recipe

if TYPE_CHECKING:
    from trainer.export_table import Exported

Export = Annotated[
    Path | None,
    typer.Option("--export", metavar="CSV", help="Fit and export each on these experiments, and compare."),
]
Target = Annotated[list[str] | None, typer.Option("--target", help="With --export: column to predict.")]
Which = Annotated[
    str, typer.Option("--algorithms", help="With --export: names or groups, such as fast or all.")
]


@command
def algorithms(
    *,
    export: Export = None,
    target: Target = None,
    inputs: Inputs = None,
    drop: Drop = None,
    categorical: Categorical = None,
    group_by: GroupBy = None,
    no_header: NoHeader = False,
    which: Which = "all",
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """List the algorithms and groups; with --export, whether each becomes a graph that answers alike.

    Ends with exit code 1 where one does not.
    """
    with errors_in_one_line():
        if export is None:
            if target:
                raise UsageError("--target needs data to look it up in", remedy="pass --export CSV")
            _list(as_json=as_json)
            return
        recipe = Recipe(
            targets=names(target),
            inputs=names(inputs),
            drop=names(drop),
            categorical=names(categorical),
            group_by=names(group_by),
            split="4:1",
            algorithms=names([which]),
            seed=seed,
            has_header=not no_header,
        )
        table = _export(export, recipe)
        if as_json:
            print_json({"source": export.name, "algorithms": [_row(each) for each in table]})
        else:
            Console().print(_to_table(table))
        if any(each.refused for each in table):
            raise typer.Exit(FAILED)


def _list(*, as_json: bool) -> None:
    if as_json:
        listed = [
            {"name": name, "family": each.family, "label": each.label, "is_default": name in DEFAULT}
            for name, each in CANDIDATES.items()
        ]
        members = {group: list(within) for group, within in GROUPS.items()}
        print_json({"algorithms": listed, "groups": members})
        return
    table = _columns("algorithm", "family", "what it is", "groups")
    for name, each in CANDIDATES.items():
        groups = [group for group, within in GROUPS.items() if name in within and group != each.family]
        table.add_row(name, each.family, each.label, ", ".join(groups))
    Console().print(table)


def _export(csv: Path, recipe: Recipe) -> tuple[Exported, ...]:
    from trainer.dataset import load_dataset  # noqa: PLC0415 - pandas is slow to import
    from trainer.export_table import export_all  # noqa: PLC0415 - scikit-learn is, too

    dataset = load_dataset(csv, recipe)
    print_notes(dataset.notes)
    with progress_bar("exporting") as progress:
        return export_all(dataset, recipe.algorithms, recipe.seed, progress)


def _row(exported: Exported) -> dict[str, Any]:
    return {
        "name": exported.algorithm,
        "label": CANDIDATES[exported.algorithm].label,
        "converts": not exported.refused,
        "refused": exported.refused or None,
        "rtol": CANDIDATES[exported.algorithm].rtol,
        # Where nothing finite can be compared, JSON has no number for it.
        "worst": {kind: size if size < float("inf") else None for kind, size in exported.worst.items()},
        "model_bytes": exported.model_bytes,
        "latency_ms": exported.latency_ms,
        "fit_s": exported.fit_s,
    }


def _to_table(exports: tuple[Exported, ...]) -> Table:
    kinds = ("training", "held_out", "outside")
    table = _columns("algorithm", "converts", *kinds, "KiB", "ms a row", "fit s")
    for each in exports:
        worst = [f"{each.worst[kind]:.0e}" if kind in each.worst else "-" for kind in kinds]
        table.add_row(
            each.algorithm,
            f"no: {each.refused}" if each.refused else "yes",
            *worst,
            f"{each.model_bytes / 1024:.0f}",
            f"{each.latency_ms:.3f}",
            f"{each.fit_s:.2f}",
        )
    return table


def _columns(*headings: str) -> Table:
    table = Table()
    for heading in headings:
        table.add_column(heading.replace("_", "-"))
    return table
