"""Measures that many trends share: rising, falling, and which input moves a property most."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.twins.base import Finding, Trend

if TYPE_CHECKING:
    from firmware_bridge.simulator.twins.base import Model, Twin

_POINTS: Final = 5


def moves(
    claim: str, name: str, over: str, *, rises: bool, within: tuple[float, float] | None = None
) -> Trend:
    """Claim that property `name` is monotonic over the range of input `over`, or `within`; else typical."""

    def measure(twin: Twin, model: Model) -> Finding:
        limits = twin.input(over)
        low, high = (limits.low, limits.high) if within is None else within
        values = _along(twin, model, name, over, low, high)
        ordered = values if rises else values[::-1]
        holds = all(before < after for before, after in pairwise(ordered))
        unit = next(each.unit for each in twin.properties if each.name == name)
        span = f"{values[0]:.4g} to {values[-1]:.4g} {unit}".removesuffix(" 1")
        return Finding(holds, f"{name} {span} as {over} goes from {low:g} to {high:g} {limits.unit}")

    return Trend(claim, measure)


def ranks(claim: str, name: str, inputs: tuple[str, ...]) -> Trend:
    """Claim that over their ranges these inputs move property `name` in this order, the strongest first."""

    def measure(twin: Twin, model: Model) -> Finding:
        spans = [
            float(np.ptp(_along(twin, model, name, each.name, each.low, each.high)))
            for each in map(twin.input, inputs)
        ]
        holds = all(more > less for more, less in pairwise(spans))
        unit = next(each.unit for each in twin.properties if each.name == name)
        text = ", ".join(f"{over} {span:.3g} {unit}" for over, span in zip(inputs, spans, strict=True))
        return Finding(holds, f"{name} spans: {text}")

    return Trend(claim, measure)


def _along(twin: Twin, model: Model, name: str, over: str, low: float, high: float) -> list[float]:
    return [
        model.settle(twin.typical(**{over: float(value)})).properties[name]
        for value in np.linspace(low, high, _POINTS)
    ]
