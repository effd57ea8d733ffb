"""The report of a fit: one HTML file that needs nothing else, laid out for a phone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from trainer.candidates import CANDIDATES
from trainer.dataset import same_rows
from trainer.figures import (
    dependence_plot,
    importance_plot,
    learning_plot,
    parity_plot,
    profile_plot,
    residual_plot,
)

if TYPE_CHECKING:
    from ostwald.manifest import Manifest

    from trainer.columns import Column
    from trainer.evaluate import Evaluation
    from trainer.fit import Fitted
    from trainer.parity import Parity
    from trainer.trust import GroupResiduals, Trust

# Beyond this, a parity plot for every target would bury the rest.
_PANELS = 6
# Of a spectrum: its worst, middle and best target.
_SPECTRUM_PANELS = 3
# A table of residuals with more rows is read by no one.
_GROUP_ROWS = 12


@dataclass(frozen=True, slots=True)
class ResidualTable:
    """Residuals of one target by what `by` names; `svg` shows the worst."""

    by: str
    groups: list[GroupResiduals]
    hidden: int
    svg: str


def render_report(fitted: Fitted, manifest: Manifest | None = None, parity: Parity | None = None) -> bytes:
    """Render data, split, comparison, trust and, where there is one, the export of one fit."""
    environment = Environment(
        loader=PackageLoader("trainer"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    judged = fitted.comparison.judged
    shown = _panels(judged)
    columns = fitted.dataset.targets
    half_width = np.median(judged.half_width, axis=0)
    text = environment.get_template("report.html.j2").render(
        title=f"{manifest.name}, version {manifest.serial}" if manifest else fitted.dataset.source,
        manifest=manifest,
        dataset=fitted.dataset,
        ranges=[_range(column) for column in fitted.dataset.inputs],
        distinct=int(same_rows(fitted.dataset.x).max()) + 1,
        split=fitted.split,
        seed=fitted.recipe.seed,
        comparison=fitted.comparison,
        judged=judged,
        labels={name: candidate.label for name, candidate in CANDIDATES.items()},
        targets=list(zip([column.header for column in columns], judged.targets, half_width, strict=True)),
        parity=parity,
        figures=_parity_figures(fitted, judged, shown),
        shown=len(shown),
        residuals=_residuals(fitted, judged, shown[0]),
        residual_target=columns[shown[0]].header,
        notes=_notes(fitted),
        trust=fitted.trust,
        trust_figures=_trust_figures(fitted.trust, columns[shown[0]], shown[0]),
    )
    return text.encode()


def _panels(judged: Evaluation) -> list[int]:
    """Every target, or of many those at even steps from the worst to the best R2."""
    if len(judged.targets) <= _PANELS:
        return list(range(len(judged.targets)))
    ranked = sorted(range(len(judged.targets)), key=lambda index: judged.targets[index].r2)
    return [ranked[int(step)] for step in np.linspace(0, len(ranked) - 1, _SPECTRUM_PANELS)]


def _parity_figures(fitted: Fitted, judged: Evaluation, shown: list[int]) -> list[str]:
    truth, half_width = fitted.dataset.y[judged.rows], judged.half_width
    figures = [
        parity_plot(
            truth[:, index],
            judged.mean[:, index],
            half_width[:, index],
            f"{fitted.dataset.targets[index].header}: R2 {judged.targets[index].r2:.3f}",
            fitted.dataset.targets[index].unit,
        )
        for index in shown
    ]
    if len(shown) < len(judged.targets):
        figures.append(profile_plot([score.r2 for score in judged.targets], "R2"))
    return figures


def _residuals(fitted: Fitted, judged: Evaluation, target: int) -> list[ResidualTable]:
    from trainer.trust import residuals_by_group  # noqa: PLC0415 - scipy.stats is slow to import

    unit = fitted.dataset.targets[target].unit
    return [
        ResidualTable(
            by, groups[:_GROUP_ROWS], max(len(groups) - _GROUP_ROWS, 0), residual_plot(groups, unit)
        )
        for by, groups in residuals_by_group(fitted.dataset, judged, target).items()
    ]


def _trust_figures(trust: Trust | None, target: Column, index: int) -> dict[str, list[str]]:
    if trust is None:
        return {}
    return {
        "importance": [importance_plot(trust.importances)],
        "dependence": [dependence_plot(each, index, target.header) for each in trust.dependences],
        "learning": [] if trust.curve is None else [learning_plot(trust.curve)],
    }


def _notes(fitted: Fitted) -> list[str]:
    """Return what was told of the data, without the findings, which have a place of their own."""
    found = {finding.text for finding in fitted.dataset.findings}
    return [note for note in fitted.dataset.notes if note not in found]


def _range(column: Column) -> str:
    if column.choices:
        return ", ".join(column.choices)
    return f"{np.nanmin(column.data):.6g} to {np.nanmax(column.data):.6g}"
