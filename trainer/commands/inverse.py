"""`inverse`: which conditions give wanted properties."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainer.commands.options import AsJson, DataOptions, command
from trainer.console import errors_in_one_line, print_json, print_notes, progress_bar
from trainer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.fit import Fitted
    from trainer.inverse import InverseScore, Proposal

Csv = Annotated[Path, typer.Argument(metavar="CSV", help="Experiments, one a row; units in headers.")]
Want = Annotated[
    list[str] | None, typer.Option("--want", help="A target and its value, 'size=100'; may be repeated.")
]
Rows = Annotated[int, typer.Option("--rows", help="Conditions to propose.")]


@command
def inverse(
    csv: Csv, *, data: DataOptions, want: Want = None, rows: Rows = 5, as_json: AsJson = False
) -> None:
    """Propose conditions for wanted properties, by a multi-target forest that a forward model checks."""
    with errors_in_one_line():
        wanted = _read_wanted(csv, data, want or [])
        fitted, score = _fit(csv, data)
        proposals = _propose(fitted, wanted, rows) if wanted else []
        document = _document(fitted, score, wanted, proposals)
        if as_json:
            print_json(document)
        else:
            _print(document)


def _fit(csv: Path, data: DataOptions) -> tuple[Fitted, InverseScore]:
    from trainer.fit import fit_csv  # noqa: PLC0415 - --help must not wait for the mathematics
    from trainer.inverse import score  # noqa: PLC0415

    recipe = data.recipe()
    with progress_bar("forward") as progress:
        fitted = fit_csv(csv, recipe, progress, schema=data.schema)
    print_notes(fitted.dataset.notes)
    with progress_bar("inverse") as progress:
        algorithm = fitted.comparison.best.algorithm
        return fitted, score(fitted.dataset, fitted.split, algorithm, recipe.seed, progress)


def _read_wanted(csv: Path, data: DataOptions, texts: Sequence[str]) -> dict[int, float]:
    from trainer.dataset import load_dataset  # noqa: PLC0415 - --help must not wait for it

    names = [column.name for column in load_dataset(csv, data.recipe(), data.schema).targets]
    wanted: dict[int, float] = {}
    for text in texts:
        name, _, value = (part.strip() for part in text.rpartition("="))
        if name not in names:
            raise UsageError(
                f"--want {text!r}: no target of that name", remedy=f"there are {', '.join(names)}"
            )
        try:
            wanted[names.index(name)] = float(value)
        except ValueError as problem:
            raise UsageError(f"--want {text!r}: {value!r} is not a number") from problem
    return wanted


def _propose(fitted: Fitted, wanted: dict[int, float], rows: int) -> list[Proposal]:
    import numpy as np  # noqa: PLC0415

    from trainer.inverse import InverseForest, propose  # noqa: PLC0415

    everything = np.arange(len(fitted.dataset.x))
    forest = InverseForest.fit(fitted.dataset, everything, list(wanted), fitted.recipe.seed)
    return propose(forest, fitted.surrogate(), fitted.comparison.judged.interval, wanted, rows)


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
