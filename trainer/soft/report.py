"""The report of a soft sensor: one HTML file that needs nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from trainer.figures import parity_plot
from trainer.soft.methods import METHODS

if TYPE_CHECKING:
    from ostwald.manifest import Manifest

    from trainer.parity import Parity
    from trainer.soft.fit import SoftFitted

# Beyond this, plots would bury the rest.
_PANELS = 6


def render_soft_report(
    fitted: SoftFitted, manifest: Manifest | None = None, parity: Parity | None = None
) -> bytes:
    """Render spectra, comparison, intervals and, where there is one, the export."""
    environment = Environment(
        loader=PackageLoader("trainer"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    judged, columns = fitted.judged, fitted.spectra.targets
    truth = fitted.spectra.y[judged.rows]
    figures = [
        parity_plot(
            truth[:, index],
            judged.mean[:, index],
            judged.half_width[:, index],
            f"{column.header}: R2 {judged.targets[index].r2:.3f}",
            column.unit,
        )
        for index, column in enumerate(columns[:_PANELS])
    ]
    half_width = np.median(judged.half_width, axis=0).tolist()
    text = environment.get_template("soft_sensor.html.j2").render(
        title=f"{manifest.name}, version {manifest.serial}" if manifest else fitted.spectra.source,
        manifest=manifest,
        parity=parity,
        spectra=fitted.spectra,
        split=fitted.split,
        comparison=fitted.comparison,
        judged=judged,
        front=fitted.sensor.front.name,
        labels={name: method.label for name, method in METHODS.items()},
        targets=list(zip(columns, judged.targets, half_width, strict=True)),
        novel_share=float((judged.novelty > 1.0).mean()),
        figures=figures,
        hidden=max(len(columns) - _PANELS, 0),
    )
    return text.encode()
