"""`fit`, `compare` and `refit`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from ostwald.bundle import read_manifest
from rich.console import Console

from trainer.commands.bundle_options import Budget, BundleOptions, Key, Serial, pack_fitted
from trainer.commands.options import (
    AsJson,
    Bundle,
    Csv,
    DataOptions,
    SchemaFile,
    WorkerOptions,
    command,
)
from trainer.console import errors_in_one_line, print_json, print_notes, progress_bar
from trainer.recipe import Recipe, read_recipe
from trainer.workers import InProcess, open_workers

if TYPE_CHECKING:
    from trainer.fit import Fitted
    from trainer.pack import Packed
    from trainer.workers import Workers

NewBundle = Annotated[Path, typer.Option("--out", help="Folder for the new bundle.")]
NewerData = Annotated[
    Path | None,
    typer.Option("--data", help="CSV with the same columns and newer rows; else the bundle's own."),
]


@command
def fit(
    csv: Csv,
    *,
    data: DataOptions,
    where: WorkerOptions,
    bundle: BundleOptions,
    as_json: AsJson = False,
) -> None:
    """Compare algorithms on held-out rows; with --out, refit the best on all rows as a signed bundle."""
    with errors_in_one_line():
        recipe = data.recipe()
        packing = bundle.check(csv.stem)
        with open_workers(where.jobs, where.cluster) as workers:
            fitted = _fit(csv, recipe, workers, data.schema)
            if bundle.report is not None:
                fitted = _with_trust(fitted)
            packed = pack_fitted(fitted, packing)
        _tell(fitted, packed, as_json=as_json)


@command
def compare(csv: Csv, *, data: DataOptions, where: WorkerOptions, as_json: AsJson = False) -> None:
    """Compare algorithms on held-out rows and write nothing."""
    with errors_in_one_line():
        recipe = data.recipe()
        with open_workers(where.jobs, where.cluster) as workers:
            fitted = _fit(csv, recipe, workers, data.schema)
        _tell(fitted, None, as_json=as_json)


@command
def refit(
    bundle: Bundle,
    *,
    out: NewBundle,
    data: NewerData = None,
    schema: SchemaFile = None,
    key: Key = None,
    serial: Serial = None,
    latency_budget_ms: Budget = 20.0,
    as_json: AsJson = False,
) -> None:
    """Fit again by a bundle's recipe, to its own data or to newer."""
    with errors_in_one_line():
        manifest = read_manifest(bundle)
        recipe = read_recipe(bundle / "recipe.toml")
        options = BundleOptions(
            out=out,
            key=key,
            serial=serial,
            min_serial=manifest.min_serial,
            latency_budget_ms=latency_budget_ms,
        )
        packing = options.check(manifest.name)
        if recipe.settings:
            print_notes(["its settings were searched for on the bundle's data: a score on these flatters"])
        fitted = _fit(data or bundle / "dataset.csv", recipe, InProcess(), schema)
        _tell(fitted, pack_fitted(fitted, packing), as_json=as_json)


def _fit(csv: Path, recipe: Recipe, workers: Workers, schema: Path | None) -> Fitted:
    from trainer.dataset import load_dataset  # noqa: PLC0415 - --help must not wait for the mathematics
    from trainer.fit import fit as fit_dataset  # noqa: PLC0415

    dataset = load_dataset(csv, recipe, schema)
    # What the data tell is of most use when the fit then fails.
    print_notes(dataset.notes)
    with progress_bar("fitting") as progress:
        return fit_dataset(dataset, recipe, progress, workers=workers)


def _with_trust(fitted: Fitted) -> Fitted:
    from trainer.trust import assess  # noqa: PLC0415 - see above

    with progress_bar("learning curve") as progress:
        return replace(fitted, trust=assess(fitted, progress))


def _tell(fitted: Fitted, packed: Packed | None, *, as_json: bool) -> None:
    from trainer.summary import to_document, to_table  # noqa: PLC0415

    if as_json:
        print_json(to_document(fitted, packed))
        return
    Console().print(to_table(fitted))
    judged = fitted.comparison.judged
    typer.echo(f"best: {judged.algorithm}, R2 {judged.score.r2:.3f}")
    if packed is not None:
        typer.echo(f"bundle: {packed.folder} (digest {packed.digest[:12]}, signed by {packed.key_id[:12]})")
