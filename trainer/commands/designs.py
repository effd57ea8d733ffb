"""`design`: which experiments to do first, and which next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainer.commands.options import AsJson, Categorical, Drop, Inputs, Seed, command, names
from trainer.console import errors_in_one_line, print_json, print_notes, progress_bar
from trainer.errors import UsageError
from trainer.recipe import Recipe

if TYPE_CHECKING:
    from trainer.arrays import Floats
    from trainer.dataset import Dataset
    from trainer.designs.factors import Factor

METHODS = ("lhs", "sobol", "factorial", "d-optimal", "next")

Method = Annotated[str, typer.Argument(help=f"{', '.join(METHODS)}.")]
Factors = Annotated[
    list[str] | None,
    typer.Option("--factor", help="'flow (uL/min)=10..400' or 'ligand=PVA|citrate'; may be repeated."),
]
Where = Annotated[
    list[str] | None, typer.Option("--where", help="Constraint: 'a + 2*b <= 80'; may be repeated.")
]
Rows = Annotated[int, typer.Option("--rows", help="Experiments to propose.")]
Levels = Annotated[int, typer.Option("--levels", help="Of each number in a factorial design.")]
Order = Annotated[
    str, typer.Option("--order", help="Model of a d-optimal design: linear, interactions, quadratic.")
]
Aim = Annotated[str, typer.Option("--aim", help="Of the next ones: explore, maximise, minimise.")]
Data = Annotated[Path | None, typer.Option("--data", help="For 'next': the experiments so far.")]
Targets = Annotated[
    list[str] | None, typer.Option("--target", help="For 'next': what is measured; may be repeated.")
]
Algorithm = Annotated[str, typer.Option("--algorithm", help="For 'next': the model to ask.")]
Out = Annotated[Path | None, typer.Option("--out", help="CSV file to write the experiments to.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class NextOptions:
    """What the next experiments follow from."""

    data: Data = None
    target: Targets = None
    inputs: Inputs = None
    drop: Drop = None
    categorical: Categorical = None
    aim: Aim = "explore"
    algorithm: Algorithm = "gp"


@dataclass(frozen=True)
class _Design:
    """Proposed values [n, d] of `factors`; `expected`: columns that a model adds."""

    factors: tuple[Factor, ...]
    points: Floats
    expected: dict[str, list[float]]


@command
def design(
    method: Method,
    *,
    factor: Factors = None,
    where: Where = None,
    rows: Rows = 12,
    levels: Levels = 3,
    order: Order = "quadratic",
    after: NextOptions,
    seed: Seed = 0,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Propose experiments: first ones from factors and their ranges, next ones from those so far."""
    with errors_in_one_line():
        if method not in METHODS:
            raise UsageError(f"design {method!r} is unknown", remedy=f"choose of {', '.join(METHODS)}")
        if out is not None and not out.parent.is_dir():
            raise UsageError(f"{out.parent}: is no folder", remedy="choose another --out")
        from trainer.designs.factors import read_factor  # noqa: PLC0415 - --help must not wait for it

        given = tuple(read_factor(text) for text in factor or [])
        if method == "next":
            found = _next(given, where or [], rows, after, seed)
        else:
            if after.data is not None:
                raise UsageError(f"--data has no part in {method}", remedy="use 'design next'")
            found = _first(method, given, where or [], rows, levels, order, seed)
        _tell(found, out, as_json=as_json)


def _first(
    method: str,
    factors: tuple[Factor, ...],
    where: list[str],
    rows: int,
    levels: int,
    order: str,
    seed: int,
) -> _Design:
    from trainer.designs.constraints import read_constraint  # noqa: PLC0415
    from trainer.designs.factors import check_factors  # noqa: PLC0415
    from trainer.designs.first import d_optimal, factorial, latin_hypercube, sobol  # noqa: PLC0415

    check_factors(factors)
    constraints = [read_constraint(text, factors) for text in where]
    if method == "lhs":
        points = latin_hypercube(factors, constraints, rows, seed)
    elif method == "sobol":
        points = sobol(factors, constraints, rows, seed)
    elif method == "factorial":
        points = factorial(factors, constraints, levels)
    else:
        points = d_optimal(factors, constraints, rows, order, seed)
    return _Design(factors, points, {})


def _next(given: tuple[Factor, ...], where: list[str], rows: int, after: NextOptions, seed: int) -> _Design:
    from trainer.designs.constraints import read_constraint  # noqa: PLC0415
    from trainer.designs.following import factors_of, following  # noqa: PLC0415

    dataset = _experiments(after, seed)
    factors = factors_of(dataset, given)
    constraints = [read_constraint(text, factors) for text in where]
    with progress_bar("choosing") as progress:
        found = following(
            dataset,
            factors,
            constraints,
            rows=rows,
            aim=after.aim,
            algorithm=after.algorithm,
            seed=seed,
            progress=progress,
        )
    expected: dict[str, list[float]] = {}
    for index, column in enumerate(dataset.targets):
        expected[f"expected {column.header}"] = found.mean[:, index].tolist()
        expected[f"std of {column.header}"] = found.std[:, index].tolist()
    return _Design(factors, found.points, {**expected, "novelty": found.novelty.tolist()})


def _experiments(after: NextOptions, seed: int) -> Dataset:
    from trainer.dataset import load_dataset  # noqa: PLC0415

    if after.data is None:
        raise UsageError("design next needs the experiments so far", remedy="pass --data CSV")
    recipe = Recipe(
        targets=tuple(after.target or ()),
        inputs=names(after.inputs),
        drop=names(after.drop),
        categorical=names(after.categorical),
        algorithms=(after.algorithm,),
        seed=seed,
    )
    dataset = load_dataset(after.data, recipe)
    print_notes(dataset.notes)
    return dataset


def _tell(found: _Design, out: Path | None, *, as_json: bool) -> None:
    import pandas as pd  # noqa: PLC0415 - see above

    columns: dict[str, list[Any]] = {}
    for index, factor in enumerate(found.factors):
        values = found.points[:, index].tolist()
        columns[factor.header] = (
            [factor.choices[int(value)] for value in values] if factor.choices else values
        )
    frame = pd.DataFrame({**columns, **found.expected})
    if out is not None:
        frame.to_csv(out, index=False, lineterminator="\n")
    if as_json:
        print_json(
            {"rows": len(frame), "columns": list(frame.columns), "experiments": frame.to_dict("records")}
        )
    elif out is None:
        typer.echo(frame.to_csv(index=False, lineterminator="\n"), nl=False)
    else:
        typer.echo(f"{out}: {len(frame)} experiments")
