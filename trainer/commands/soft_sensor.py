"""`soft-sensor fit` and `soft-sensor predict`: from spectra to what they tell of the product."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trainer.commands.bundle_options import BundleOptions, Destination
from trainer.commands.options import AsJson, Bundle, Seed, command, names
from trainer.console import errors_in_one_line, print_json, print_notes, progress_bar
from trainer.errors import UsageError

if TYPE_CHECKING:
    from trainer.soft.fit import SoftFitted, SoftRecipe
    from trainer.soft.pack import SoftPacked

app = typer.Typer(
    name="soft-sensor", help="Properties from spectra.", no_args_is_help=True, rich_markup_mode=None
)

TableFile = Annotated[
    Path, typer.Argument(metavar="TABLE", help="Samples, one a row; or a schema that joins tables.")
]
Targets = Annotated[
    list[str],
    typer.Option("--target", help="Property to tell, a glob or 'last'; may be repeated."),
]
Spectra = Annotated[
    str,
    typer.Option(
        "--spectra", help="Column with the name of each row's file, or 'wide': a column for each wavelength."
    ),
]
Signal = Annotated[str, typer.Option("--signal", help="absorbance or emission.")]
Methods = Annotated[
    str, typer.Option("--method", help="auto, or of pls, mlp-features, mlp, conv (needs torch): a,b.")
]
Treatment = Annotated[
    str, typer.Option("--treatment", help="auto, none, or of baseline, snv, derivative: a+b.")
]
Split = Annotated[str, typer.Option("--split", help="kfold:K, logo, train:test like 7:3, and so on.")]
Groups = Annotated[
    list[str] | None,
    typer.Option("--group-by", help="Keep rows together that agree in these columns: a,b."),
]
Range = Annotated[
    str | None, typer.Option("--range", help="LOW:HIGH in nm; otherwise what all spectra cover.")
]
Step = Annotated[
    float | None, typer.Option("--step-nm", help="Of the grid; else as fine as measured and allowed.")
]
Files = Annotated[
    list[Path], typer.Argument(metavar="SPECTRUM...", help="Files with a column of nm and one of values.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpectraOptions:
    """Which spectra, which properties, which rows to hold out and which methods to try."""

    target: Targets
    spectra: Spectra
    signal: Signal = "absorbance"
    group_by: Groups = None
    range_nm: Range = None
    step_nm: Step = None
    method: Methods = "auto"
    treatment: Treatment = "auto"
    split: Split = "kfold:10"
    seed: Seed = 0

    def recipe(self) -> SoftRecipe:
        """Return what was asked; UsageError where it makes no sense."""
        from trainer.soft.fit import SoftRecipe  # noqa: PLC0415 - --help must not wait for the mathematics
        from trainer.soft.spectra import SpectraRequest  # noqa: PLC0415

        request = SpectraRequest(
            targets=tuple(self.target),
            spectra=self.spectra,
            signal=self.signal,
            group_by=names(self.group_by),
            range_nm=None if self.range_nm is None else _range(self.range_nm),
            step_nm=self.step_nm,
        )
        return SoftRecipe(request, names([self.method]), self.treatment, self.split, self.seed)


@command
def fit(table: TableFile, *, spectra: SpectraOptions, bundle: BundleOptions, as_json: AsJson = False) -> None:
    """Compare methods on held-out spectra; with --out, write the best as a signed bundle."""
    with errors_in_one_line():
        from trainer.soft.fit import fit_table  # noqa: PLC0415 - see above

        recipe = spectra.recipe()
        packing = bundle.check(table.stem)
        with progress_bar("fitting") as progress:
            fitted = fit_table(table, recipe, progress)
        print_notes(fitted.spectra.notes)
        packed = _pack(fitted, packing.destination)
        if packing.report is not None:
            packing.report.write_bytes(_report(fitted, packed))
        _tell_fit(fitted, packed, as_json=as_json)


@command
def predict(bundle: Bundle, files: Files, as_json: AsJson = False) -> None:
    """Ask a bundle's soft sensor what each spectrum tells."""
    with errors_in_one_line():
        from trainer.soft.asking import ask  # noqa: PLC0415 - see above

        answers = ask(bundle, files)
        if as_json:
            print_json({"answers": [{**asdict(each), "trusted": each.trusted} for each in answers]})
            return
        for each in answers:
            said = ", ".join(
                f"{found.name} {found.mean:.4g} ± {found.std:.2g} {found.unit}".rstrip()
                for found in each.readings
            )
            doubt = "" if each.trusted else " - unlike the training spectra, do not act on it"
            typer.echo(f"{each.file}: {said}; novelty {each.novelty:.2f}{doubt}")


app.command()(fit)
app.command()(predict)


def _range(text: str) -> tuple[float, float]:
    low, _, high = text.partition(":")
    try:
        bounds = float(low), float(high)
    except ValueError:
        bounds = (0.0, 0.0)
    if not 0.0 < bounds[0] < bounds[1] < float("inf"):
        raise UsageError(f"--range {text!r} is not understood", remedy="write it as 400:900, in nm")
    return bounds


def _pack(fitted: SoftFitted, to: Destination | None) -> SoftPacked | None:
    from trainer.soft.pack import write_soft_bundle  # noqa: PLC0415 - see above

    match to:
        case Destination(folder=folder, label=label, private_key=key):
            return write_soft_bundle(folder, fitted, label, key)
        case None:
            return None


def _report(fitted: SoftFitted, packed: SoftPacked | None) -> bytes:
    if packed is not None:
        return (packed.packed.folder / "report.html").read_bytes()
    from trainer.soft.report import render_soft_report  # noqa: PLC0415 - see above

    return render_soft_report(fitted)


def _tell_fit(fitted: SoftFitted, packed: SoftPacked | None, *, as_json: bool) -> None:
    from trainer.soft.summary import to_document  # noqa: PLC0415 - see above

    if as_json:
        print_json(to_document(fitted, packed))
        return
    for each in fitted.comparison.evaluations:
        scores = ", ".join(
            f"{column.name} R2 {score.r2:.3f} (RMSE {score.rmse:.3g} {column.unit})".replace(" )", ")")
            for column, score in zip(fitted.spectra.targets, each.targets, strict=True)
        )
        typer.echo(f"{each.algorithm:>12}: {scores}; 90 % intervals held {each.coverage_90:.0%}")
    typer.echo(f"best: {fitted.sensor.method} on {fitted.sensor.front.name}, R2 {fitted.judged.score.r2:.3f}")
    if packed is not None:
        told = packed.packed
        typer.echo(
            f"bundle: {told.folder} (digest {told.digest[:12]}, signed by {told.key_id[:12]}); "
            f"the graph is within {told.parity.worst:.1e} of the model, {packed.latency_ms:.3f} ms a spectrum"
        )
