"""`ostwald-trainer`: fit and compare surrogates, sign and pack them.

The mathematics is imported inside the commands: `--help` must not wait seconds for scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from ostwald import signing
from ostwald.bundle import digest, pack_archive, read_manifest
from rich.console import Console

from trainer.console import errors_in_one_line, print_json, print_notes, progress_bar
from trainer.keys import default_key, key_folder
from trainer.recipe import ALGORITHMS, Recipe, read_recipe

if TYPE_CHECKING:
    from trainer.fit import Fitted
    from trainer.pack import Packed

app = typer.Typer(
    name="ostwald-trainer",
    help="Fits surrogates of a reactor to a CSV of experiments, compares, signs and packs them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

_ALL = ",".join(ALGORITHMS)

Csv = Annotated[
    Path, typer.Argument(metavar="CSV", help="Experiments, one a row; units in headers: Qtot(uL/min).")
]
Bundle = Annotated[Path, typer.Argument(metavar="BUNDLE", help="Folder that `fit --out` wrote.")]
Targets = Annotated[
    list[str],
    typer.Option("--target", help="Column to predict, a glob ('absorbance_*') or 'last'; may be repeated."),
]
Inputs = Annotated[
    list[str] | None,
    typer.Option("--inputs", help="Columns to predict from: names or globs, a,b. Otherwise all others."),
]
Drop = Annotated[list[str] | None, typer.Option("--drop", help="Columns to leave out: names or globs, a,b.")]
Categorical = Annotated[
    list[str] | None,
    typer.Option("--categorical", help="Columns whose numbers are only names of something: a,b."),
]
GroupBy = Annotated[
    list[str] | None,
    typer.Option(
        "--group-by",
        help="Keep rows together that agree in these columns (then no inputs), or in all 'inputs'.",
    ),
]
NoHeader = Annotated[
    bool, typer.Option("--no-header", help="The first line is data; columns are c1, c2, ...")
]
SplitKind = Annotated[
    str, typer.Option("--split", help="kfold:K, train:test like 7:3, or train:choose:test like 6:2:2.")
]
Algorithms = Annotated[str, typer.Option("--algorithms", help="Which to compare.")]
Seed = Annotated[int, typer.Option("--seed", help="Equal seeds give equal models.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Key = Annotated[
    Path | None,
    typer.Option("--key", help="Private key to sign with; otherwise signing-key.pem in ~/.config/ostwald."),
]
Name = Annotated[str | None, typer.Option("--name", help="Name of the model on a device; else the CSV's.")]
Serial = Annotated[
    int | None, typer.Option("--serial", help="Version, above all earlier ones; else the time.")
]
MinSerial = Annotated[
    int, typer.Option("--min-serial", help="Devices refuse versions below this from then on.")
]
Budget = Annotated[
    float, typer.Option("--latency-budget-ms", help="Longest that a device may take to answer.")
]


@app.command()
def fit(
    csv: Csv,
    *,
    target: Targets,
    inputs: Inputs = None,
    drop: Drop = None,
    categorical: Categorical = None,
    group_by: GroupBy = None,
    no_header: NoHeader = False,
    split: SplitKind = "kfold:10",
    algorithms: Algorithms = _ALL,
    seed: Seed = 0,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the best model's signed bundle.")
    ] = None,
    key: Key = None,
    name: Name = None,
    serial: Serial = None,
    min_serial: MinSerial = 0,
    latency_budget_ms: Budget = 20.0,
    as_json: AsJson = False,
) -> None:
    """Compare algorithms on held-out rows; with --out, refit the best on all rows as a signed bundle."""
    with errors_in_one_line():
        recipe = _recipe(
            targets=target,
            inputs=inputs,
            drop=drop,
            categorical=categorical,
            group_by=group_by,
            split=split,
            algorithms=algorithms,
            seed=seed,
            has_header=not no_header,
        )
        if out is None:
            _tell(_fit(csv, recipe), None, as_json=as_json)
        else:
            naming = _Naming(name or csv.stem, serial, min_serial, latency_budget_ms)
            _fit_and_pack(csv, recipe, out, key, naming, as_json=as_json)


@app.command()
def compare(
    csv: Csv,
    *,
    target: Targets,
    inputs: Inputs = None,
    drop: Drop = None,
    categorical: Categorical = None,
    group_by: GroupBy = None,
    no_header: NoHeader = False,
    split: SplitKind = "kfold:10",
    algorithms: Algorithms = _ALL,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Compare algorithms on held-out rows and write nothing."""
    with errors_in_one_line():
        recipe = _recipe(
            targets=target,
            inputs=inputs,
            drop=drop,
            categorical=categorical,
            group_by=group_by,
            split=split,
            algorithms=algorithms,
            seed=seed,
            has_header=not no_header,
        )
        _tell(_fit(csv, recipe), None, as_json=as_json)


@app.command()
def refit(
    bundle: Bundle,
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder for the new bundle.")],
    data: Annotated[
        Path | None,
        typer.Option("--data", help="CSV with the same columns and newer rows; else the bundle's own."),
    ] = None,
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
        _fit_and_pack(data or bundle / "dataset.csv", recipe, out, key, naming, as_json=as_json)


@app.command()
def pack(
    bundle: Bundle,
    out: Annotated[Path, typer.Option("--out", help="File for the archive, as a device receives it.")],
    public_key: Annotated[
        Path | None, typer.Option("--public-key", help="Key that must have signed it; else your own.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a bundle's signature and write it as one archive."""
    with errors_in_one_line():
        signer = signing.verify(bundle, [public_key or key_folder() / signing.PUBLIC_NAME])
        archive = pack_archive(bundle)
        out.write_bytes(archive)
        document = {"archive": str(out), "bytes": len(archive), "digest": digest(bundle), "signed_by": signer}
        if as_json:
            print_json(document)
        else:
            typer.echo(f"{out}: {len(archive)} bytes, signed by {signer}")


@app.command()
def keygen(
    folder: Annotated[
        Path | None, typer.Option("--out", help="Folder for the two files; otherwise ~/.config/ostwald.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a signing key: keep the private half, give devices the public one."""
    with errors_in_one_line():
        pair = signing.generate_key(folder or key_folder())
        identity = signing.key_id(pair.public)
        if as_json:
            print_json({"private": str(pair.private), "public": str(pair.public), "key_id": identity})
        else:
            typer.echo(f"{pair.private}: private, keep it\n{pair.public}: for devices to trust ({identity})")


@app.command()
def report(
    campaign: Annotated[str, typer.Argument(help="Campaign on the device, by id or name.")],
    out: Annotated[Path, typer.Option(help="HTML file to write.")],
    address: Annotated[
        str, typer.Option("--device", envvar="OSTWALD_DEVICE", help="HOST:PORT of the daemon.")
    ] = "127.0.0.1:50051",
    as_json: AsJson = False,
) -> None:
    """Write a campaign as one self-contained page with plots."""
    with errors_in_one_line():
        from ostwald.client import Ostwald  # noqa: PLC0415 - the other commands need no device

        from trainer.campaign_report import write_campaign_report  # noqa: PLC0415 - slow to import

        with Ostwald(address) as device:
            page = write_campaign_report(device, campaign, out)
        if as_json:
            print_json({"report": str(page)})
        else:
            typer.echo(f"{page}")


@dataclass(frozen=True, slots=True)
class _Naming:
    """What a bundle is to be called, as asked on the command line."""

    name: str
    serial: int | None
    min_serial: int
    latency_budget_ms: float


def _recipe(
    *,
    targets: list[str],
    inputs: list[str] | None,
    drop: list[str] | None,
    categorical: list[str] | None,
    group_by: list[str] | None,
    split: str,
    algorithms: str,
    seed: int,
    has_header: bool,
) -> Recipe:
    return Recipe(
        targets=tuple(targets),
        inputs=_names(inputs),
        drop=_names(drop),
        categorical=_names(categorical),
        group_by=_names(group_by),
        split=split,
        algorithms=_names([algorithms]),
        seed=seed,
        has_header=has_header,
    )


def _names(options: list[str] | None) -> tuple[str, ...]:
    words = (word.strip() for option in options or [] for word in option.split(","))
    return tuple(dict.fromkeys(word for word in words if word))


def _fit(csv: Path, recipe: Recipe) -> Fitted:
    from trainer.fit import fit_csv  # noqa: PLC0415 - see above

    with progress_bar("fitting") as progress:
        fitted = fit_csv(csv, recipe, progress)
    print_notes(fitted.dataset.notes)
    return fitted


def _fit_and_pack(
    csv: Path, recipe: Recipe, out: Path, key: Path | None, naming: _Naming, *, as_json: bool
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
    fitted = _fit(csv, recipe)
    packed = write_bundle(out, fitted, label, private_key)
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
