"""The main band of a noise-free spectrum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Peak:
    """Highest band; `fwhm_nm` is NaN when the spectrum ends before it falls to half on both sides."""

    peak_nm: float
    fwhm_nm: float
    height: float


def main_peak(wavelength_nm: NDArray[np.float64], spectrum: NDArray[np.float64]) -> Peak:
    """Vertex of the parabola through the highest three points, and the width of the run above half of it."""
    top = int(np.argmax(spectrum))
    height = float(spectrum[top])
    peak_nm = float(wavelength_nm[top])
    if 0 < top < spectrum.size - 1:
        before, after = float(spectrum[top - 1]), float(spectrum[top + 1])
        curvature = before - 2.0 * height + after
        shift = 0.5 * (before - after) / curvature if curvature < 0.0 else 0.0
        peak_nm += shift * float(wavelength_nm[top + 1] - wavelength_nm[top])
        height -= 0.25 * (before - after) * shift
    below = np.flatnonzero(spectrum < height / 2.0)
    left, right = below[below < top], below[below > top]
    if left.size == 0 or right.size == 0:
        return Peak(peak_nm, float("nan"), height)
    half = height / 2.0
    rising_nm = _crossing_nm(wavelength_nm, spectrum, int(left[-1]), half)
    falling_nm = _crossing_nm(wavelength_nm, spectrum, int(right[0]) - 1, half)
    return Peak(peak_nm, falling_nm - rising_nm, height)


def _crossing_nm(
    wavelength_nm: NDArray[np.float64], spectrum: NDArray[np.float64], index: int, level: float
) -> float:
    """Where the line between two neighbours crosses `level`."""
    share = (level - spectrum[index]) / (spectrum[index + 1] - spectrum[index])
    return float(wavelength_nm[index] + share * (wavelength_nm[index + 1] - wavelength_nm[index]))
