"""`fit`, `compare` and `refit`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from ostwald import signing
from ostwald.bundle import read_manifest
from rich.console import Console

from trainer.commands.options import (
    AsJson,
    Budget,
    Bundle,
    Csv,
    DataOptions,
    Key,
    MinSerial,
    Name,
    Serial,
    command,
)
from trainer.console import errors_in_one_line, print_json, print_notes, progress_bar
from trainer.errors import UsageError
from trainer.keys import default_key
from trainer.recipe import Recipe, read_recipe

if TYPE_CHECKING:
    from trainer.fit import Fitted
    from trainer.pack import Packed

Out = Annotated[Path | None, typer.Option("--out", help="Folder for the best model's signed bundle.")]
Report = Annotated[
    Path | None,
    typer.Option("--report", help="HTML file for scores, intervals, importance and learning curve."),
]
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
    out: Out = None,
    report: Report = None,
    key: Key = None,
    name: Name = None,
    serial: Serial = None,
    min_serial: MinSerial = 0,
    latency_budget_ms: Budget = 20.0,
    as_json: AsJson = False,
) -> None:
    """Compare algorithms on held-out rows; with --out, refit the best on all rows as a signed bundle."""
    with errors_in_one_line():
        recipe = data.recipe()
        if out is None:
            fitted = _fit(csv, recipe, report)
            if report is not None:
                _write_report(fitted, report)
            _tell(fitted, None, as_json=as_json)
        else:
            naming = _Naming(name or csv.stem, serial, min_serial, latency_budget_ms)
            _fit_and_pack(csv, recipe, out, key, naming, report=report, as_json=as_json)


@command
def compare(csv: Csv, *, data: DataOptions, as_json: AsJson = False) -> None:
    """Compare algorithms on held-out rows and write nothing."""
    with errors_in_one_line():
        _tell(_fit(csv, data.recipe(), None), None, as_json=as_json)


@command
def refit(
    bundle: Bundle,
    *,
    out: NewBundle,
    data: NewerData = None,
    key: Key = None,
    serial: Serial = None,
    latency_budget_ms: Budget = 20.0,
    as_json: AsJson = False,
) -> None:
    """Fit again by a bundle's recipe, to its own data or to newer."""
    with errors_in_one_line():
        manifest = read_manifest(bundle)
        recipe = read_recipe(bundle / "recipe.toml")
        naming = _Naming(manifest.name, serial, manifest.min_serial, latency_budget_ms)
        source = data or bundle / "dataset.csv"
        _fit_and_pack(source, recipe, out, key, naming, report=None, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Naming:
    """What a bundle is to be called, as asked on the command line."""

    name: str
    serial: int | None
    min_serial: int
    latency_budget_ms: float


def _fit(csv: Path, recipe: Recipe, report: Path | None) -> Fitted:
    from trainer.fit import fit_csv  # noqa: PLC0415 - --help must not wait for the mathematics

    if report is not None and not report.parent.is_dir():
        raise UsageError(f"{report.parent}: is no folder", remedy="choose another --report")
    with progress_bar("fitting") as progress:
        fitted = fit_csv(csv, recipe, progress)
    print_notes(fitted.dataset.notes)
    if report is None:
        return fitted
    from trainer.trust import assess  # noqa: PLC0415 - see above

    with progress_bar("learning curve") as progress:
        return replace(fitted, trust=assess(fitted, progress))


def _write_report(fitted: Fitted, report: Path) -> None:
    from trainer.report import render_report  # noqa: PLC0415 - see above

    report.write_bytes(render_report(fitted))


def _fit_and_pack(
    csv: Path,
    recipe: Recipe,
    out: Path,
    key: Path | None,
    naming: _Naming,
    *,
    report: Path | None,
    as_json: bool,
) -> None:
    from trainer.pack import Label, check_output, name_from, serial_from, write_bundle  # noqa: PLC0415

    created = datetime.now(UTC).replace(microsecond=0)
    label = Label(
        name=name_from(naming.name),
        serial=serial_from(created) if naming.serial is None else naming.serial,
        min_serial=naming.min_serial,
        created=created,
        latency_budget_ms=naming.latency_budget_ms,
    )
    # A long fit must not end at a key or a folder that could be checked before.
    check_output(out)
    private_key = _signing_key(key)
    fitted = _fit(csv, recipe, report)
    packed = write_bundle(out, fitted, label, private_key)
    if report is not None:
        report.write_bytes((out / "report.html").read_bytes())
    _tell(fitted, packed, as_json=as_json)


def _signing_key(key: Path | None) -> Path:
    path, is_new = (key, False) if key is not None else default_key()
    signing.private_key_id(path)
    if is_new:
        print_notes(
            [f"made a signing key, {path}: devices must trust {path.with_suffix('.pub').name} beside it"]
        )
    return path


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
