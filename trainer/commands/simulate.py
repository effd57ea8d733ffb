"""`simulate`: a twin's experiments as a CSV to train on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from trainer.commands.options import AsJson, command
from trainer.console import errors_in_one_line, print_json, progress_bar

TwinName = Annotated[
    str,
    typer.Argument(metavar="NAME", help="A simulated synthesis, see 'ostwaldd twins'; or 'antibacterial'."),
]
Samples = Annotated[int, typer.Option("--samples", help="Experiments to run.")]
Design = Annotated[str, typer.Option("--design", help="How conditions are spread: lhs or sobol.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Equal seeds give equal files.")]
Out = Annotated[Path | None, typer.Option("--out", help="CSV to write; otherwise NAME.csv.")]
Jobs = Annotated[int | None, typer.Option("--jobs", min=1, help="Processes; otherwise one a core.")]


@command
def simulate(
    name: TwinName,
    samples: Samples = 100,
    design: Design = "lhs",
    seed: Seed = 0,
    out: Out = None,
    jobs: Jobs = None,
    as_json: AsJson = False,
) -> None:
    """Simulate experiments: the twin's noise-free model with the errors of machine and detector on it.

    The fast path: no device is driven and no washout waited for, as 'ostwaldd run --twin NAME' would.
    'antibacterial' is an assay, which no rig runs: bacteria under particles of some size, dose and coating.
    """
    with errors_in_one_line():
        from trainer import assay  # noqa: PLC0415 - slow to import
        from trainer import simulate as simulation  # noqa: PLC0415 - slow to import

        table = out or Path(f"{name}.csv")
        if name in assay.ASSAYS:
            assay.simulate(design, samples, seed, table)
            _tell_assay(name, table, samples, as_json=as_json)
            return
        request = simulation.Request(name, samples, design, seed, jobs or os.cpu_count() or 1)
        with progress_bar("simulating") as progress:
            spectra = simulation.simulate(request, table, progress)
        if as_json:
            print_json({"csv": str(table), "spectra": str(spectra), "samples": samples, "twin": name})
        else:
            typer.echo(f"{table}: {samples} samples, spectra in {spectra}")


def _tell_assay(name: str, table: Path, samples: int, *, as_json: bool) -> None:
    if as_json:
        print_json({"csv": str(table), "samples": samples, "assay": name})
    else:
        typer.echo(f"{table}: {samples} wells")
