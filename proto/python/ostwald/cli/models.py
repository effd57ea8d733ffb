"""`ostwald model`: surrogates on the device."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from ostwald.cli.console import WRONG_USE, Json, console, device, fail, pairs, print_json
from ostwald.cli.files import read_text
from ostwald.spectral import SpectralGrid
from ostwald.spectrum_file import parse_spectrum

app = typer.Typer(no_args_is_help=True, help="Push, promote and ask models.")


@app.command()
def push(folder: Path, as_json: Json = False) -> None:
    """Send a signed bundle; it answers once promoted."""
    with device() as opened, Progress(console=console, transient=True, disable=as_json) as progress:
        task = progress.add_task(f"pushing {folder.name}")
        model = opened.models.push(
            folder, lambda sent, total: progress.update(task, completed=sent, total=total)
        )
    if as_json:
        print_json(model)
    else:
        console.print(f"pushed {model.name} {model.digest[:12]}, serial {model.serial}, stage {model.stage}")


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the models on the device."""
    with device() as opened:
        found = opened.models.list()
    if as_json:
        print_json(found)
        return
    for each in found:
        said = f"damaged: {each.damage}; push it again" if each.damage else each.algorithm
        console.print(
            f"{each.name}  {each.digest[:12]}  serial {each.serial}  {each.stage}  {said}",
            soft_wrap=True,
            markup=False,
        )


@app.command()
def show(name: str, digest: str = "", as_json: Json = False) -> None:
    """Show a model: its inputs, outputs, scores."""
    with device() as opened:
        found = opened.models.get(name, digest)
    print_json(found) if as_json else console.print(found)


@app.command()
def promote(name: str, digest: str = "", stage: str = "active", as_json: Json = False) -> None:
    """Move the newest version, or the one named, to a stage: shadow, canary, active or retired."""
    with device() as opened:
        found = opened.models.promote(name, digest, stage)
    print_json(found) if as_json else console.print(f"{found.name} {found.digest[:12]} is {found.stage}")


@app.command()
def predict(
    name: str,
    conditions: Annotated[
        list[str] | None, typer.Argument(help="INPUT=VALUE ..., in the model's units.")
    ] = None,
    spectrum: Annotated[
        Path | None, typer.Option(help="Of a soft sensor: the spectrum, a file with nm and values.")
    ] = None,
    digest: str = "",
    as_json: Json = False,
) -> None:
    """Ask a model for one row of conditions, or a soft sensor what a spectrum tells."""
    if (spectrum is None) == (not conditions):
        fail("name either conditions or --spectrum FILE", WRONG_USE)
    row = {key: _number(value) for key, value in pairs(conditions or [], "condition").items()}
    text = "" if spectrum is None else read_text(spectrum)
    with device() as opened:
        if spectrum is None:
            answer = opened.models.predict(name, [row], digest)[0]
        else:
            found = opened.models.get(name, digest)
            signal = SpectralGrid.from_names(found.inputs).signal
            nm, values = parse_spectrum(text, signal, spectrum.name)
            answer = opened.models.predict_spectrum(name, nm, values, found.digest)
    if as_json:
        print_json(answer)
        return
    for key, each in answer.properties.items():
        console.print(f"{key}: {each.mean:.4g} ± {each.std:.2g} {each.unit}")
    doubt = "" if answer.trusted else ": outside the training data, not to be trusted"
    console.print(f"novelty {answer.novelty:.2f}{doubt}")


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
