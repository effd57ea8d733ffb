"""From counts to absorbance, and from absorbance to the main peak. Arrays in, values out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.signal import savgol_filter

from controller.domain.readings import Features

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMOOTHING_NM: Final = 11.0
"""Well below the narrowest plasmon band, so that smoothing does not widen it."""
_DEGREE: Final = 3
_LEAST_PIXELS: Final = 7
_LEAST_LIGHT: Final = 0.01
"""Share of the brightest pixel's light in the reference, below which a pixel sees none."""
_NOISES_OF_LIGHT: Final = 3.0
_NOISES_OF_PEAK: Final = 5.0
_WEAK: Final = 0.05
_TO_SIGMA: Final = 1.4826
"""Standard deviation over median absolute deviation of normal noise."""


def absorbance(
    sample: NDArray[np.float64], dark: NDArray[np.float64], reference: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Decadic absorbance log10((reference - dark) / (sample - dark)) of counts of shape (pixels,).

    NaN where the reference has no light, or where the sample's does not stand out of the dark noise.
    """
    before, after = reference - dark, sample - dark
    noise = _TO_SIGMA * float(np.median(np.abs(np.diff(dark)))) / math.sqrt(2.0) if dark.size > 1 else 0.0
    floor = max(1.0, _NOISES_OF_LIGHT * noise)
    lit = (before > max(floor, _LEAST_LIGHT * float(before.max(initial=0.0)))) & (after > floor)
    result = np.full(sample.shape, np.nan)
    result[lit] = np.log10(before[lit] / after[lit])
    return result


def features(
    wavelengths_nm: NDArray[np.float64], absorbance: NDArray[np.float64], window: tuple[float, float]
) -> tuple[Features, tuple[str, ...]]:
    """Find the main peak within `window` nm and say what is doubtful about it.

    Wavelengths ascend. The spectrum is smoothed (Savitzky & Golay, Anal. Chem. 36, 1627 (1964)); the peak is
    the vertex of a parabola; the width is taken halfway between the peak and the baseline, which is the
    5th percentile. All is NaN without a peak. Warnings: "no light" in part of the window, "no peak",
    "weak peak", "peak at the window's edge", and "one-sided width" when only one flank falls to half: it is
    then doubled.
    """
    inside = (wavelengths_nm >= window[0]) & (wavelengths_nm <= window[1])
    lit = inside & np.isfinite(absorbance)
    warnings = ["no light"] if not np.array_equal(inside, lit) else []
    nm, measured = wavelengths_nm[lit], absorbance[lit]
    if nm.size < _LEAST_PIXELS:
        return _NO_PEAK, (*warnings, "no peak")
    smooth = savgol_filter(measured, _smoothing_pixels(nm), _DEGREE)
    baseline = float(np.percentile(smooth, 5.0))
    noise = _TO_SIGMA * float(np.median(np.abs(measured - smooth)))
    top = int(np.argmax(smooth))
    if float(smooth[top]) - baseline <= max(_NOISES_OF_PEAK * noise, 1e-9):
        return _NO_PEAK, (*warnings, "no peak")
    if top in (0, nm.size - 1):
        warnings.append("peak at the window's edge")
    peak_nm, height = _vertex(nm, smooth, top)
    if height - baseline < _WEAK:
        warnings.append("weak peak")
    flanks_nm = _flanks(nm, smooth, top, (height + baseline) / 2.0)
    found_nm = [abs(flank - peak_nm) for flank in flanks_nm if math.isfinite(flank)]
    if len(found_nm) == 1:
        warnings.append("one-sided width")
    fwhm_nm = 2.0 * sum(found_nm) / len(found_nm) if found_nm else math.nan
    return Features(peak_nm, fwhm_nm, height), tuple(warnings)


_NO_PEAK: Final = Features(math.nan, math.nan, math.nan)


def _smoothing_pixels(nm: NDArray[np.float64]) -> int:
    """Odd number of pixels in SMOOTHING_NM, within what the filter can take."""
    spacing = float(nm[-1] - nm[0]) / (nm.size - 1)
    pixels = max(round(SMOOTHING_NM / spacing), _LEAST_PIXELS - 2)
    most = nm.size if nm.size % 2 else nm.size - 1
    return min(pixels | 1, most)


def _vertex(nm: NDArray[np.float64], values: NDArray[np.float64], top: int) -> tuple[float, float]:
    """Position and height of the parabola through the highest pixel and its neighbours."""
    peak, height = float(nm[top]), float(values[top])
    if not 0 < top < nm.size - 1:
        return peak, height
    left, right = float(nm[top - 1]) - peak, float(nm[top + 1]) - peak
    rise = (float(values[top - 1]) - height) / left
    fall = (float(values[top + 1]) - height) / right
    curvature = (fall - rise) / (right - left)
    if curvature >= 0.0:
        return peak, height
    slope = rise - curvature * left
    shift = -slope / (2.0 * curvature)
    return peak + shift, height + 0.5 * slope * shift


def _flanks(
    nm: NDArray[np.float64], values: NDArray[np.float64], top: int, level: float
) -> tuple[float, float]:
    """Where the run around `top` crosses `level` on the left and on the right; NaN where it does not."""
    below = np.flatnonzero(values < level)
    left, right = below[below < top], below[below > top]
    left_nm = _crossing_nm(nm, values, int(left[-1]), level) if left.size else math.nan
    right_nm = _crossing_nm(nm, values, int(right[0]) - 1, level) if right.size else math.nan
    return left_nm, right_nm


def _crossing_nm(nm: NDArray[np.float64], values: NDArray[np.float64], index: int, level: float) -> float:
    share = (level - float(values[index])) / float(values[index + 1] - values[index])
    return float(nm[index]) + share * float(nm[index + 1] - nm[index])
