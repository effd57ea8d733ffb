"""Targets that are modelled as logarithm or as logit, and given back in their own unit, in the graph too.

A deviation s of the transformed target becomes s times the slope of the way back (delta method).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.errors import TrainerError, UsageError
from trainer.target_shape import prefers_bounded, prefers_log, squeeze
from trainer.units import PERCENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.arrays import Floats
    from trainer.graph import Graph

# Beyond the training targets by so many of their ranges, a prediction stays where it is: no overflow.
_REACH = 2.0


@dataclass(frozen=True, slots=True)
class TargetScale:
    """`plain`, `log`, or `bounded` between `low` and `high`."""

    kind: str = "plain"
    low: float = 0.0
    high: float = 1.0

    def __str__(self) -> str:
        return f"bounded:{self.low!r}:{self.high!r}" if self.kind == "bounded" else self.kind


def parse_scale(text: str) -> TargetScale:
    """Read `plain`, `log` or `bounded:LOW:HIGH`."""
    kind, *bounds = text.split(":")
    if kind in {"plain", "log"} and not bounds:
        return TargetScale(kind)
    if kind == "bounded" and len(bounds) == 2:
        try:
            low, high = map(float, bounds)
        except ValueError:
            low = high = 0.0
        if np.isfinite(high - low) and low < high:
            return TargetScale(kind, low, high)
    raise UsageError(f"scale {text!r} is not understood", remedy="use auto, plain, log or bounded:0:100")


def choose_scale(x: Floats, y: Floats, unit: str) -> tuple[TargetScale, float]:
    """Choose by likelihood for a target [n], given features `x` [n, p]; also the gain over plain."""
    high = 100.0 if unit in PERCENT else 1.0
    found = [
        (prefers_log(x, y), TargetScale("log")),
        (prefers_bounded(x, y, 0.0, high), TargetScale("bounded", 0.0, high)),
    ]
    gains = [(gain, scale) for gain, scale in found if gain is not None]
    if not gains:
        return TargetScale(), 0.0
    gain, scale = max(gains, key=lambda pair: pair[0])
    return scale, gain


def check_scale(scale: TargetScale, y: Floats, header: str) -> None:
    """Refuse a scale that the target [n] does not fit."""
    low, high = float(y.min()), float(y.max())
    if scale.kind == "log" and low <= 0.0:
        raise TrainerError(f"target {header!r} is {low:g} somewhere, which has no logarithm")
    if scale.kind == "bounded" and not scale.low <= low <= high <= scale.high:
        raise TrainerError(
            f"target {header!r} is {low:g} to {high:g}, not within {scale.low:g} to {scale.high:g}"
        )


@dataclass(frozen=True)
class Scales:
    """Every target's scale; `least`, `most` [m]: how far predictions go, transformed."""

    scales: tuple[TargetScale, ...]
    least: Floats
    most: Floats

    @staticmethod
    def fit(scales: Sequence[TargetScale], y: Floats) -> tuple[Scales | None, Floats]:
        """Return the scales and `y` [n, m] transformed; None where all are plain."""
        if all(scale.kind == "plain" for scale in scales):
            return None, y
        u = np.column_stack([_forward(scale, y[:, index]) for index, scale in enumerate(scales)])
        low, high = u.min(axis=0), u.max(axis=0)
        is_plain = np.array([scale.kind == "plain" for scale in scales])
        reach = _REACH * (high - low) + 1.0
        least = np.where(is_plain, -np.finfo(float).max, low - reach)
        most = np.where(is_plain, np.finfo(float).max, high + reach)
        return Scales(tuple(scales), least, most), u

    def inverse(self, mean: Floats, std: Floats) -> tuple[Floats, Floats]:
        """Bring transformed mean and deviation [n, m] back to the targets' units."""
        mean = np.minimum(np.maximum(mean, self.least), self.most)
        means, stds = mean.copy(), std.copy()
        for index, scale in enumerate(self.scales):
            if scale.kind == "log":
                means[:, index] = np.exp(mean[:, index])
                stds[:, index] = std[:, index] * means[:, index]
            elif scale.kind == "bounded":
                share, width = 1.0 / (1.0 + np.exp(-mean[:, index])), scale.high - scale.low
                means[:, index] = scale.low + width * share
                stds[:, index] = std[:, index] * width * share * (1.0 - share)
        return means, stds

    def add_to(self, graph: Graph, mean: str, std: str) -> tuple[str, str]:
        """Add `inverse` to a graph, one target after another."""
        mean = graph.op("Max", mean, graph.constant(self.least[None, :]))
        minus = graph.constant(-np.ones((1, len(self.scales))))
        # There is no Min on the device's list.
        mean = graph.op(
            "Mul", graph.op("Max", graph.op("Mul", mean, minus), graph.constant(-self.most[None, :])), minus
        )
        pairs = [
            self._add_one(
                graph, scale, graph.columns(mean, index, index + 1), graph.columns(std, index, index + 1)
            )
            for index, scale in enumerate(self.scales)
        ]
        return graph.concat([pair[0] for pair in pairs]), graph.concat([pair[1] for pair in pairs])

    @staticmethod
    def _add_one(graph: Graph, scale: TargetScale, mean: str, std: str) -> tuple[str, str]:
        if scale.kind == "plain":
            return mean, std
        if scale.kind == "log":
            value = graph.op("Exp", mean)
            return value, graph.op("Mul", std, value)
        one = graph.constant(np.float64(1.0))
        inverse = graph.op("Exp", graph.op("Mul", mean, graph.constant(np.float64(-1.0))))
        share = graph.op("Div", one, graph.op("Add", one, inverse))
        width = graph.constant(np.float64(scale.high - scale.low))
        value = graph.op("Add", graph.constant(np.float64(scale.low)), graph.op("Mul", width, share))
        slope = graph.op("Mul", graph.op("Mul", width, share), graph.op("Sub", one, share))
        return value, graph.op("Mul", std, slope)


def _forward(scale: TargetScale, y: Floats) -> Floats:
    if scale.kind == "plain":
        return y
    if scale.kind == "log":
        return np.asarray(np.log(y))
    share = squeeze((y - scale.low) / (scale.high - scale.low))
    return np.asarray(np.log(share / (1.0 - share)))
