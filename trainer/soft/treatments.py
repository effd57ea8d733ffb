"""Treatments of whole spectra: what differs between spectra for other reasons than the product is taken out.

- `baseline`: the straight line that fits a spectrum best is subtracted;
- `snv`: mean 0 and deviation 1 within each spectrum (Barnes et al., Appl. Spectrosc. 43, 772 (1989));
- `derivative`: the slope of a parabola through 7 points (Savitzky & Golay, Anal. Chem. 36, 1627 (1964)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import savgol_coeffs

from trainer.errors import UsageError
from trainer.soft.front import Front

if TYPE_CHECKING:
    from collections.abc import Callable

    from ostwald.spectral import SpectralGrid

    from trainer.arrays import Floats
    from trainer.graph import Graph

PLAIN, AUTO = "none", "auto"
# What `auto` chooses from, by the error of partial least squares on held-out rows.
TRIED = (PLAIN, "baseline", "snv", "derivative", "snv+derivative")
_WINDOW = 7
_DEGREE = 2
# A flat spectrum has no deviation to divide by.
_LEAST_VARIANCE = 1e-12


def treatment(text: str, grid: SpectralGrid) -> Front:
    """Return what `snv+derivative` and the like say, step after step; UsageError for an unknown step."""
    names = [] if text == PLAIN else text.split("+")
    for name in names:
        if name not in _STEPS:
            raise UsageError(
                f"--treatment {name!r} is unknown",
                remedy=f"use {AUTO}, {PLAIN}, or {', '.join(_STEPS)}, joined by +",
            )
    if len(set(names)) < len(names):
        raise UsageError(f"--treatment {text!r} names a step twice")
    points = len(grid.wavelengths_nm)

    def build(graph: Graph, spectrum: str) -> str:
        values, width = spectrum, points
        for name in names:
            values, width = _STEPS[name](graph, values, width)
        return graph.op("Identity", values)

    return Front(text, points, points - (_WINDOW - 1 if "derivative" in names else 0), build)


def derivative_matrix(points: int) -> Floats:
    """[points, points - 6]: slopes per step of the grid at all but the outermost three points."""
    weights = savgol_coeffs(_WINDOW, _DEGREE, deriv=1, use="dot")
    matrix = np.zeros((points, points - _WINDOW + 1))
    for column in range(matrix.shape[1]):
        matrix[column : column + _WINDOW, column] = weights
    return matrix


def _subtract_line(graph: Graph, values: str, width: int) -> tuple[str, int]:
    line = np.linalg.qr(np.vander(np.linspace(-1.0, 1.0, width), 2))[0]
    return graph.op("MatMul", values, graph.constant(np.eye(width) - line @ line.T)), width


def _standardise(graph: Graph, values: str, width: int) -> tuple[str, int]:
    average = graph.constant(np.full((width, 1), 1.0 / width))
    centred = graph.op("Sub", values, graph.op("MatMul", values, average))
    variance = graph.op("MatMul", graph.op("Mul", centred, centred), average)
    least = graph.constant(np.array([[_LEAST_VARIANCE]]))
    return graph.op("Div", centred, graph.op("Sqrt", graph.op("Max", variance, least))), width


def _differentiate(graph: Graph, values: str, width: int) -> tuple[str, int]:
    matrix = derivative_matrix(width)
    return graph.op("MatMul", values, graph.constant(matrix)), matrix.shape[1]


_STEPS: dict[str, Callable[[Graph, str, int], tuple[str, int]]] = {
    "baseline": _subtract_line,
    "snv": _standardise,
    "derivative": _differentiate,
}
