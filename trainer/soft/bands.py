"""A spectrum's main band in a few numbers: peak, width, height, area, moments, and the levels beside it.

As the device's own features: smoothed (Savitzky & Golay), the peak at the vertex of a parabola, the width
half way down; the base is the least smoothed value, where the device, which can sort, takes the 5th
percentile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import savgol_filter

from trainer.soft.front import Front

if TYPE_CHECKING:
    from ostwald.spectral import SpectralGrid

    from trainer.graph import Graph

NAMES = (
    "peak_nm",
    "fwhm_nm",
    "height",
    "base",
    "area",
    "centroid_nm",
    "spread_nm",
    "skewness",
    "asymmetry",
    "blue_level",
    "red_level",
)
_SMOOTHING_NM = {"absorbance": 11.0, "emission": 5.0}
_DEGREE = 3
_LEAST_POINTS = 5
# Divisors of flat spectra: their features are then 0 or at the grid's end, never NaN.
_TINY = 1e-12
# Part of the grid at either end whose mean is a level.
_END = 8


def band_features(grid: SpectralGrid) -> Front:
    """Return the front that gives NAMES, in the units that they say; areas are value times nm."""
    points = len(grid.wavelengths_nm)
    return Front("features", points, len(NAMES), lambda graph, spectrum: _Band(graph, grid).build(spectrum))


@dataclass(frozen=True)
class _Band:
    """Writes the features of one grid into one graph; each method returns a name, [n, 1] unless told."""

    graph: Graph
    grid: SpectralGrid

    def build(self, spectrum: str) -> str:
        graph, points = self.graph, len(self.grid.wavelengths_nm)
        smooth = graph.op("MatMul", spectrum, graph.constant(_smoothing(self.grid)))
        top = graph.max_columns(smooth)
        base = graph.min_columns(smooth)
        height = graph.op("Sub", top, base)
        place = self._place(smooth, top)
        half = graph.op("Add", base, self._times(height, 0.5))
        left, has_left = self._flank(smooth, half, place, toward_blue=True)
        right, has_right = self._flank(smooth, half, place, toward_blue=False)
        width, asymmetry = self._width(left, has_left, right, has_right)
        step, first = self.grid.step_nm, self.grid.wavelengths_nm[0]
        end = max(points // _END, 1)
        ends = np.zeros((points, 2))
        ends[:end, 0] = ends[-end:, 1] = 1.0 / end
        return graph.concat(
            [
                graph.op("Add", self._times(place, step), graph.constant(np.array([[first]]))),
                self._times(width, step),
                height,
                base,
                *self._moments(graph.op("Sub", smooth, base)),
                asymmetry,
                graph.op("MatMul", spectrum, graph.constant(ends)),
            ]
        )

    def _place(self, smooth: str, top: str) -> str:
        """Where the parabola through the highest point and its neighbours peaks, in steps from the first."""
        graph, points = self.graph, len(self.grid.wavelengths_nm)
        at_top = graph.cast_double(graph.op("Equal", smooth, top))
        at_top = graph.op("Div", at_top, graph.sum_columns(at_top))
        before = graph.sum_columns(graph.op("Mul", at_top, self._neighbour(smooth, -1)))
        after = graph.sum_columns(graph.op("Mul", at_top, self._neighbour(smooth, 1)))
        bend = graph.op("Sub", self._times(top, 2.0), graph.op("Add", before, after))
        bend = graph.op("Max", self._times(bend, 2.0), graph.constant(np.array([[_TINY]])))
        shift = graph.op("Div", graph.op("Sub", after, before), bend)
        index = graph.op("MatMul", at_top, graph.constant(np.arange(points, dtype=np.float64)[:, None]))
        return graph.op("Add", index, shift)

    def _flank(self, smooth: str, half: str, place: str, *, toward_blue: bool) -> tuple[str, str]:
        """Count the steps from the peak to where a flank falls to `half`, else 0; and whether it does."""
        graph, points = self.graph, len(self.grid.wavelengths_nm)
        sign = 1.0 if toward_blue else -1.0
        # On the red side all is mirrored: the last point below half before the peak is looked for.
        index = graph.constant(sign * np.arange(points, dtype=np.float64)[None, :])
        zero, none = graph.constant(np.array([[0.0]])), graph.constant(np.array([[-2.0 * points]]))
        is_above = graph.op("Equal", graph.op("Max", graph.op("Sub", half, smooth), zero), zero)
        is_beyond = graph.op(
            "Equal", graph.op("Max", graph.op("Sub", self._times(place, sign), index), zero), zero
        )
        below = graph.op("Where", is_beyond, none, graph.op("Where", is_above, none, index))
        last = graph.max_columns(below)
        at_last = graph.cast_double(graph.op("Equal", index, last))
        found = graph.sum_columns(at_last)
        value = graph.sum_columns(graph.op("Mul", at_last, smooth))
        inner = self._neighbour(smooth, 1 if toward_blue else -1)
        rise = graph.op("Sub", graph.sum_columns(graph.op("Mul", at_last, inner)), value)
        share = graph.op(
            "Div", graph.op("Sub", half, value), graph.op("Max", rise, graph.constant(np.array([[_TINY]])))
        )
        steps = graph.op("Sub", graph.op("Sub", self._times(place, sign), last), share)
        return graph.op("Mul", steps, found), found

    def _width(self, left: str, has_left: str, right: str, has_right: str) -> tuple[str, str]:
        """Full width in steps, twice the one half where only one is there, the grid where none is."""
        graph, points = self.graph, len(self.grid.wavelengths_nm)
        halves = graph.op("Add", left, right)
        one = graph.constant(np.array([[1.0]]))
        count = graph.op("Max", graph.op("Add", has_left, has_right), one)
        width = graph.op("Div", self._times(halves, 2.0), count)
        missing = graph.op("Sub", one, graph.op("Max", has_left, has_right))
        width = graph.op("Add", width, self._times(missing, float(points)))
        both = graph.op("Mul", has_left, has_right)
        asymmetry = graph.op("Div", graph.op("Sub", right, left), width)
        return width, graph.op("Mul", asymmetry, both)

    def _moments(self, above: str) -> list[str]:
        """Area, centroid, deviation and skewness of what lies above the base."""
        graph, step = self.graph, self.grid.step_nm
        nm = graph.constant(np.array(self.grid.wavelengths_nm)[None, :])
        total = graph.sum_columns(above)
        share = graph.op("Div", above, graph.op("Max", total, graph.constant(np.array([[_TINY]]))))
        centroid = graph.sum_columns(graph.op("Mul", share, nm))
        away = graph.op("Sub", nm, centroid)
        square = graph.op("Mul", away, away)
        spread = graph.op("Sqrt", graph.sum_columns(graph.op("Mul", share, square)))
        cube = graph.sum_columns(graph.op("Mul", share, graph.op("Mul", square, away)))
        divisor = graph.op("Mul", graph.op("Mul", spread, spread), spread)
        skewness = graph.op("Div", cube, graph.op("Max", divisor, graph.constant(np.array([[_TINY]]))))
        return [self._times(total, step), centroid, spread, skewness]

    def _neighbour(self, values: str, offset: int) -> str:
        """Return the value one step to the red (1) or blue (-1) of each point; ends repeat. [n, p]."""
        points = len(self.grid.wavelengths_nm)
        takes = np.clip(np.arange(points) + offset, 0, points - 1)
        matrix = np.zeros((points, points))
        matrix[takes, np.arange(points)] = 1.0
        return self.graph.op("MatMul", values, self.graph.constant(matrix))

    def _times(self, values: str, factor: float) -> str:
        return self.graph.op("Mul", values, self.graph.constant(np.array([[factor]])))


def _smoothing(grid: SpectralGrid) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """[p, p], its ends fitted with the parabola of the outermost window."""
    points = len(grid.wavelengths_nm)
    window = max(round(_SMOOTHING_NM[grid.signal] / grid.step_nm) | 1, _LEAST_POINTS)
    smoothed = savgol_filter(np.eye(points), min(window, (points - 1) | 1), _DEGREE, axis=0)
    return np.ascontiguousarray(smoothed.T)
