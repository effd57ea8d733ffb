"""Figures of the report, one small panel each, as SVG text: equal data give equal text."""

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
    from trainer.explain import Dependence, Importance
    from trainer.learning import LearningCurve
    from trainer.trust import GroupResiduals

# More points say no more, and make a report slow to open.
MAX_POINTS = 1000
MAX_BARS = 15
# A panel as wide as a phone's screen: its text needs no zoom.
_WIDTH_IN, _HEIGHT_IN = 3.4, 3.0
_STYLE: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "ostwald", "font.size": 8.0}
_BLUE, _GREY, _RED = "#1f5f99", "#999999", "#b3541e"


def parity_plot(truth: Floats, mean: Floats, half_width: Floats, title: str, unit: str) -> str:
    """Predicted against measured, each [n]; bars are 90 % intervals, red where they miss the diagonal."""
    step = -(-len(truth) // MAX_POINTS)
    truth, mean, half_width = truth[::step], mean[::step], half_width[::step]
    figure, axes = _panel()
    ends = [float(min(truth.min(), mean.min())), float(max(truth.max(), mean.max()))]
    if ends[0] == ends[1]:
        ends = [ends[0] - 1.0, ends[1] + 1.0]
    axes.plot(ends, ends, color=_GREY, linewidth=0.8)
    inside = np.abs(mean - truth) <= half_width
    for rows, colour in ((inside, _BLUE), (~inside, _RED)):
        axes.errorbar(
            truth[rows],
            mean[rows],
            yerr=half_width[rows],
            fmt=".",
            markersize=3,
            elinewidth=0.4,
            color=colour,
            ecolor=_GREY,
        )
    # A row far outside the data has an interval that would squeeze all others into a line.
    margin = 0.3 * (ends[1] - ends[0])
    axes.set_ylim(ends[0] - margin, ends[1] + margin)
    axes.set_title(title, fontsize=8)
    axes.set_xlabel(_with_unit("measured", unit))
    axes.set_ylabel(_with_unit("predicted", unit))
    return _to_svg(figure)


def profile_plot(values: Sequence[float], label: str) -> str:
    """Draw one value for each target, in their order."""
    figure, axes = _panel(height_in=2.0)
    axes.plot(np.arange(1, len(values) + 1), values, color=_BLUE, linewidth=1.0)
    axes.set_xlabel("target, in the order of the table")
    axes.set_ylabel(label)
    return _to_svg(figure)


def importance_plot(importances: Sequence[Importance]) -> str:
    """Draw the loss of R2 for each input, most important on top."""
    shown = list(importances[:MAX_BARS])[::-1]
    figure, axes = _panel(height_in=0.9 + 0.2 * len(shown), left_in=1.3)
    axes.barh(
        [_short(each.name) for each in shown],
        [each.loss for each in shown],
        xerr=[each.spread for each in shown],
        color=_BLUE,
        ecolor=_GREY,
    )
    axes.axvline(0.0, color=_GREY, linewidth=0.8)
    axes.set_xlabel("loss of R2 when shuffled")
    return _to_svg(figure)


def dependence_plot(dependence: Dependence, target: int, label: str) -> str:
    """Draw the mean prediction of one target along one input, and where 80 % of the rows lie."""
    figure, axes = _panel(height_in=2.4)
    mean = dependence.mean[:, target]
    low, high = dependence.low[:, target], dependence.high[:, target]
    if dependence.choices:
        shown = np.argsort(-mean, kind="stable")[:MAX_BARS]
        names = [_short(dependence.choices[int(index)]) for index in shown]
        middle, below, above = mean[shown], mean[shown] - low[shown], high[shown] - mean[shown]
        bars = np.maximum(np.array([below, above]), 0.0)
        axes.errorbar(np.arange(len(shown)), middle, yerr=bars, fmt="o", color=_BLUE, ecolor=_GREY)
        axes.set_xticks(np.arange(len(shown)), names, rotation=60, ha="right", fontsize=6)
    else:
        axes.fill_between(dependence.grid, low, high, color=_BLUE, alpha=0.15, linewidth=0)
        axes.plot(dependence.grid, mean, color=_BLUE)
    axes.set_xlabel(_with_unit(_short(dependence.name), dependence.unit))
    axes.set_ylabel(label)
    return _to_svg(figure)


def learning_plot(curve: LearningCurve) -> str:
    """Draw the error of each fold and their mean over the rows trained on."""
    figure, axes = _panel(height_in=2.6)
    axes.plot(curve.rows, curve.rmse, ".", color=_GREY, markersize=4)
    axes.plot(curve.rows, curve.rmse.mean(axis=1), "o-", color=_BLUE, markersize=4)
    if curve.noise is not None:
        axes.axhline(curve.noise, color=_RED, linewidth=0.8, linestyle="--", label="repeated experiments")
        axes.legend(fontsize=7)
    axes.set_ylim(bottom=0.0)
    axes.set_xlabel("rows trained on")
    axes.set_ylabel("RMSE / std of the target")
    return _to_svg(figure)


def residual_plot(groups: Sequence[GroupResiduals], unit: str) -> str:
    """Draw the mean error of each group with its RMSE as a bar, the worst on top."""
    shown = list(groups[:MAX_BARS])[::-1]
    figure, axes = _panel(height_in=0.9 + 0.2 * len(shown), left_in=1.3)
    positions = np.arange(len(shown))
    axes.errorbar(
        [each.bias for each in shown],
        positions,
        xerr=[each.rmse for each in shown],
        fmt="o",
        markersize=4,
        color=_BLUE,
        ecolor=_GREY,
    )
    axes.axvline(0.0, color=_GREY, linewidth=0.8)
    axes.set_yticks(positions, [f"{_short(each.name)} ({each.rows})" for each in shown], fontsize=7)
    axes.set_xlabel(_with_unit("predicted - measured, ± RMSE", unit))
    return _to_svg(figure)


def _panel(height_in: float = _HEIGHT_IN, left_in: float = 0.6) -> tuple[Figure, Axes]:
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH_IN, height_in))
        # Fixed margins: to compute them draws everything twice.
        figure.subplots_adjust(left_in / _WIDTH_IN, 0.45 / height_in, 0.97, 1.0 - 0.25 / height_in)
        return figure, figure.add_subplot()


def _short(name: str) -> str:
    return name if len(name) <= 22 else f"{name[:20]}…"


def _with_unit(label: str, unit: str) -> str:
    return f"{label} / {unit}" if unit else label


def _to_svg(figure: Figure) -> str:
    buffer = io.StringIO()
    with mpl.rc_context(_STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
