"""`inverse`: which conditions give wanted properties."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainer.commands.options import AsJson, DataOptions, command
from trainer.console import errors_in_one_line, print_json, print_notes, progress_bar
from trainer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.dataset import Dataset
    from trainer.fit import Fitted
    from trainer.inverse import InverseForest, InverseScore, Proposal
    from trainer.inverse_export import ExportedInverse

Csv = Annotated[Path, typer.Argument(metavar="CSV", help="Experiments, one a row; units in headers.")]
Want = Annotated[
    list[str] | None, typer.Option("--want", help="A target and its value, 'size=100'; may be repeated.")
]
Rows = Annotated[int, typer.Option("--rows", help="Conditions to propose.")]
Export = Annotated[
    Path | None,
    typer.Option(
        "--export",
        help="ONNX file for the forest of the wanted properties (else of all); a JSON goes beside.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace the files of --export.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class InverseFile:
    """Where the forest goes, and whether it may replace what is there."""

    export: Export = None
    force: Force = False


@command
def inverse(
    csv: Csv,
    *,
    data: DataOptions,
    file: InverseFile,
    want: Want = None,
    rows: Rows = 5,
    as_json: AsJson = False,
) -> None:
    """Propose conditions for wanted properties, by a multi-target forest that a forward model checks."""
    with errors_in_one_line():
        from trainer.dataset import load_dataset  # noqa: PLC0415 - --help must not wait for the mathematics
        from trainer.inverse import check_count  # noqa: PLC0415 - --help must not wait for the mathematics
        from trainer.inverse_export import check_export  # noqa: PLC0415

        check_count(rows)
        if file.export is not None:
            check_export(file.export, force=file.force)
        dataset = load_dataset(csv, data.recipe(), data.schema)
        print_notes(dataset.notes)
        wanted = _read_wanted(dataset, want or [])
        fitted, score = _fit(dataset, data)
        # Without a wish the forest is of all targets.
        asked = list(wanted) or list(range(len(fitted.dataset.targets)))
        forest = _forest(fitted, asked) if wanted or file.export is not None else None
        proposals = _propose(fitted, forest, wanted, rows) if forest is not None and wanted else []
        exported = _export(fitted, forest, asked, file) if forest is not None else None
        document = _document(fitted, score, wanted, proposals)
        document["export"] = None if exported is None else exported.to_dict()
        if as_json:
            print_json(document)
        else:
            _print(document)
            if exported is not None:
                typer.echo(exported.describe())


def _fit(dataset: Dataset, data: DataOptions) -> tuple[Fitted, InverseScore]:
    from trainer.fit import fit  # noqa: PLC0415 - --help must not wait for the mathematics
    from trainer.inverse import score  # noqa: PLC0415

    recipe = data.recipe()
    with progress_bar("forward") as progress:
        fitted = fit(dataset, recipe, progress)
    with progress_bar("inverse") as progress:
        algorithm = fitted.comparison.best.algorithm
        return fitted, score(fitted.dataset, fitted.split, algorithm, recipe.seed, progress)


def _read_wanted(dataset: Dataset, texts: Sequence[str]) -> dict[int, float]:
    names = [column.name for column in dataset.targets]
    wanted: dict[int, float] = {}
    for text in texts:
        name, _, value = (part.strip() for part in text.rpartition("="))
        if name not in names:
            raise UsageError(
                f"--want {text!r}: no target of that name", remedy=f"there are {', '.join(names)}"
            )
        if names.index(name) in wanted:
            raise UsageError(f"--want {text!r}: {name} is wanted twice", remedy="give one value")
        wanted[names.index(name)] = _read_value(text, value)
    return wanted


def _read_value(text: str, value: str) -> float:
    from trainer.cells import MAX_SIZE  # noqa: PLC0415 - see above

    try:
        number = float(value)
    except ValueError as problem:
        raise UsageError(f"--want {text!r}: {value!r} is not a number") from problem
    if not math.isfinite(number) or abs(number) > MAX_SIZE:
        raise UsageError(f"--want {text!r}: {value} is beyond any measurement ({MAX_SIZE:g})")
    return number


def _forest(fitted: Fitted, asked: Sequence[int]) -> InverseForest:
    import numpy as np  # noqa: PLC0415

    from trainer.inverse import InverseForest  # noqa: PLC0415

    return InverseForest.fit(fitted.dataset, np.arange(len(fitted.dataset.x)), asked, fitted.recipe.seed)


def _propose(fitted: Fitted, forest: InverseForest, wanted: dict[int, float], rows: int) -> list[Proposal]:
    from trainer.inverse import propose  # noqa: PLC0415

    return propose(forest, fitted.surrogate(), fitted.comparison.judged.interval, wanted, rows)


def _export(
    fitted: Fitted, forest: InverseForest, asked: Sequence[int], file: InverseFile
) -> ExportedInverse | None:
    if file.export is None:
        return None
    from trainer.inverse_export import export_inverse  # noqa: PLC0415

    exported = export_inverse(fitted.dataset, fitted.split.folds[0], forest, asked, fitted.recipe.seed)
    exported.write(file.export, force=file.force)
    return exported


def _document(
    fitted: Fitted, score: InverseScore, wanted: dict[int, float], proposals: list[Proposal]
) -> dict[str, Any]:
    dataset = fitted.dataset
    targets = [column.name for column in dataset.targets]
    return {
        "forward": {"algorithm": fitted.comparison.judged.algorithm, "r2": fitted.comparison.judged.score.r2},
        "recovered": dict(score.recovered),
        "round_trip_in_std": dict(zip(targets, score.round_trip.tolist(), strict=True)),
        "wanted": {targets[index]: value for index, value in wanted.items()},
        "proposals": [
            {
                "conditions": {
                    column.name: column.choices[int(value)] if column.choices else float(value)
                    for column, value in zip(dataset.inputs, each.conditions, strict=True)
                },
                "expected": dict(zip(targets, each.mean.tolist(), strict=True)),
                "interval_90": dict(zip(targets, each.half_width.tolist(), strict=True)),
                "novelty": each.novelty,
                "trusted": each.novelty <= 1.0,
            }
            for each in proposals
        ],
    }


def _print(document: dict[str, Any]) -> None:
    forward = document["forward"]
    typer.echo(f"forward model: {forward['algorithm']}, R2 {forward['r2']:.3f} on held-out rows")
    for name, off in document["round_trip_in_std"].items():
        typer.echo(f"asked for a held-out {name}, the first proposal is expected {off:.2f} std off")
    for number, each in enumerate(document["proposals"], start=1):
        conditions = ", ".join(
            f"{name} {value if isinstance(value, str) else format(value, '.5g')}"
            for name, value in each["conditions"].items()
        )
        expected = ", ".join(
            f"{name} {value:.5g} ± {each['interval_90'][name]:.3g}"
            for name, value in each["expected"].items()
        )
        doubt = "" if each["trusted"] else " (outside the training data: not to be trusted)"
        typer.echo(f"{number}. {conditions} -> {expected}{doubt}")
