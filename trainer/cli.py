"""`ostwald-trainer`: fit and compare surrogates, sign and pack them.

The mathematics is imported inside the commands: `--help` must not wait seconds for scikit-learn.
"""

from __future__ import annotations

import os

import typer

from trainer.commands import (
    algorithms,
    benchmark,
    bundles,
    campaigns,
    classes,
    data,
    designs,
    fitting,
    inverse,
    simulate,
    soft_sensor,
    tuning,
)

# Matrices are small here: a BLAS that shares them out takes up to ten times as long, and rounds by the number
# of processors, which `--jobs` uses better. It counts them when it is loaded, inside the commands.
for library in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(library, "1")

app = typer.Typer(
    name="ostwald-trainer",
    help="Fits surrogates of a reactor to a CSV of experiments, compares, signs and packs them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

for each in (
    data.schema,
    data.inspect,
    fitting.fit,
    fitting.compare,
    fitting.refit,
    tuning.tune,
    benchmark.benchmark,
    designs.design,
    inverse.inverse,
    simulate.simulate,
    classes.classify,
    classes.cluster,
    bundles.pack,
    bundles.keygen,
    campaigns.report,
    algorithms.algorithms,
):
    app.command()(each)
app.add_typer(soft_sensor.app)
