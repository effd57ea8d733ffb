"""The report of a fit: one HTML file that needs nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from trainer.candidates import CANDIDATES
from trainer.dataset import same_rows
from trainer.figures import parity_plots, profile_plot

if TYPE_CHECKING:
    from ostwald.manifest import Manifest

    from trainer.evaluate import Evaluation
    from trainer.fit import Fitted
    from trainer.parity import Parity

# Beyond this, a parity plot for every target would bury the rest.
_PANELS = 6
# Of a spectrum: its worst, middle and best target.
_SPECTRUM_PANELS = 3


def render_report(fitted: Fitted, manifest: Manifest, parity: Parity) -> bytes:
    """Render data, split, comparison, parity plots and export of one fit."""
    environment = Environment(
        loader=PackageLoader("trainer"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    judged = fitted.comparison.judged
    shown = _panels(judged)
    targets = [column.header for column in fitted.dataset.targets]
    text = environment.get_template("report.html.j2").render(
        manifest=manifest,
        dataset=fitted.dataset,
        distinct=int(same_rows(fitted.dataset.x).max()) + 1,
        split=fitted.split,
        comparison=fitted.comparison,
        judged=judged,
        labels={name: candidate.label for name, candidate in CANDIDATES.items()},
        targets=list(zip(targets, judged.targets, judged.calibration, strict=True)),
        parity=parity,
        figures=_figures(fitted, judged, shown),
        shown=len(shown),
    )
    return text.encode()


def _panels(judged: Evaluation) -> list[int]:
    """Every target, or of many those at even steps from the worst to the best R2."""
    if len(judged.targets) <= _PANELS:
        return list(range(len(judged.targets)))
    ranked = sorted(range(len(judged.targets)), key=lambda index: judged.targets[index].r2)
    return [ranked[int(step)] for step in np.linspace(0, len(ranked) - 1, _SPECTRUM_PANELS)]


def _figures(fitted: Fitted, judged: Evaluation, shown: list[int]) -> list[str]:
    titles = [f"{fitted.dataset.targets[index].header}: R2 {judged.targets[index].r2:.3f}" for index in shown]
    truth = fitted.dataset.y[judged.rows]
    figures = [parity_plots(truth[:, shown], judged.mean[:, shown], judged.std[:, shown], titles)]
    if len(shown) < len(judged.targets):
        figures.append(profile_plot([score.r2 for score in judged.targets], "R2"))
    return figures
