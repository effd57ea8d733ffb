"""Figures of the report, as SVG text: equal data give equal text."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from trainer.arrays import Floats

# More points say no more, and make a report slow to open.
MAX_POINTS = 1000
_STYLE: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "ostwald", "font.size": 8.0}
_BLUE, _GREY = "#1f5f99", "#999999"


def parity_plots(truth: Floats, mean: Floats, std: Floats, titles: Sequence[str]) -> str:
    """Measured against predicted, [n, k] with one panel a column; bars are one predicted std."""
    columns = min(len(titles), 3)
    rows = -(-len(titles) // columns)
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(2.8 * columns, 2.8 * rows))
        # Fixed margins: to compute them draws everything twice.
        side, foot = 0.6 / (2.8 * columns), 0.45 / (2.8 * rows)
        figure.subplots_adjust(side, foot, 1.0 - side / 4, 1.0 - foot / 2, wspace=0.35, hspace=0.4)
        for index, title in enumerate(titles):
            axes = figure.add_subplot(rows, columns, index + 1)
            _parity_panel(axes, truth[:, index], mean[:, index], std[:, index], title)
        return _to_svg(figure)


def profile_plot(values: Sequence[float], label: str) -> str:
    """Draw one value for each target, in their order."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(8.4, 2.0))
        figure.subplots_adjust(0.07, 0.22, 0.98, 0.95)
        axes = figure.add_subplot()
        axes.plot(np.arange(1, len(values) + 1), values, color=_BLUE, linewidth=1.0)
        axes.set_xlabel("target, in the order of the table")
        axes.set_ylabel(label)
        return _to_svg(figure)


def _parity_panel(axes: Axes, truth: Floats, mean: Floats, std: Floats, title: str) -> None:
    step = -(-len(truth) // MAX_POINTS)
    truth, mean, std = truth[::step], mean[::step], std[::step]
    ends = [min(truth.min(), mean.min()), max(truth.max(), mean.max())]
    axes.plot(ends, ends, color=_GREY, linewidth=0.8)
    axes.errorbar(truth, mean, yerr=std, fmt=".", markersize=3, elinewidth=0.4, color=_BLUE, ecolor=_GREY)
    axes.set_title(title, fontsize=8)
    axes.set_xlabel("measured")
    axes.set_ylabel("predicted")


def _to_svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
