"""From counts to absorbance or emission, and from either to its main band. Arrays in, values out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.signal import savgol_filter

from controller.domain.readings import EmissionFeatures, Features

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMOOTHING_NM: Final = 11.0
"""Well below the narrowest plasmon band, so that smoothing does not widen it."""
EMISSION_SMOOTHING_NM: Final = 5.0
"""Emission of nanocrystals is narrower: from 10 nm or so."""
HC_EV_NM: Final = 1239.841984
"""Planck's constant times the speed of light, in eV nm: exact since the SI of 2019, to these digits."""
_DEGREE: Final = 3
_LEAST_PIXELS: Final = 7
_LEAST_LIGHT: Final = 0.01
"""Share of the brightest pixel's light in the reference, below which a pixel sees none."""
_NOISES_OF_LIGHT: Final = 3.0
_NOISES_OF_PEAK: Final = 5.0
_WEAK: Final = 0.05
_NEAR_NM: Final = 5.0
"""Half the width of a light-emitting diode's spectrum, over which its absorbance is averaged."""
_LEAST_ABSORBED: Final = 0.005
"""Below, the absorbed share is the baseline's error more than the product's."""
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


def emission(
    lit: NDArray[np.float64], dark: NDArray[np.float64], integration_s: float
) -> NDArray[np.float64]:
    """Give the counts a second, of shape (pixels,), that are there with the diode on and not in the dark.

    `dark` is of the same integration time: dark counts are not in proportion to it.
    """
    return (lit - dark) / integration_s


@dataclass(frozen=True, slots=True)
class Band:
    """The main band of a spectrum: its height is from zero, in the spectrum's unit; NaN without one."""

    peak_nm: float
    fwhm_nm: float
    height: float


def features(
    wavelengths_nm: NDArray[np.float64], absorbance: NDArray[np.float64], window: tuple[float, float]
) -> tuple[Features, tuple[str, ...]]:
    """Find the main band of absorbance within `window` nm, as `find_band` does."""
    band, warnings = find_band(
        wavelengths_nm, absorbance, window, smoothing_nm=SMOOTHING_NM, weak_height=_WEAK
    )
    return Features(band.peak_nm, band.fwhm_nm, band.height), warnings


def emission_features(
    wavelengths_nm: NDArray[np.float64], emission: NDArray[np.float64], window: tuple[float, float]
) -> tuple[EmissionFeatures, tuple[str, ...]]:
    """Find the main band of emission in counts/s within `window` nm, as `find_band` does.

    The energy is that of a photon at the peak over wavelength; over energy, a wide band has its peak a
    little further in the red.
    """
    band, warnings = find_band(wavelengths_nm, emission, window, smoothing_nm=EMISSION_SMOOTHING_NM)
    energy_ev = HC_EV_NM / band.peak_nm
    return EmissionFeatures(band.peak_nm, energy_ev, band.fwhm_nm, band.height), warnings


def find_band(
    wavelengths_nm: NDArray[np.float64],
    values: NDArray[np.float64],
    window: tuple[float, float],
    *,
    smoothing_nm: float,
    weak_height: float = 0.0,
) -> tuple[Band, tuple[str, ...]]:
    """Find the main band within `window` nm and say what is doubtful about it.

    Wavelengths ascend. The spectrum is smoothed (Savitzky & Golay, Anal. Chem. 36, 1627 (1964)); the peak is
    the vertex of a parabola; the width is taken halfway between the peak and the baseline, which is the
    5th percentile. All is NaN without a peak. Warnings: "no light" in part of the window, "no peak",
    "weak peak" below `weak_height` over the baseline, "peak at the window's edge", and "one-sided width" when
    only one flank falls to half: it is then doubled.
    """
    inside = (wavelengths_nm >= window[0]) & (wavelengths_nm <= window[1])
    lit = inside & np.isfinite(values)
    warnings = ["no light"] if not np.array_equal(inside, lit) else []
    nm, measured = wavelengths_nm[lit], values[lit]
    if nm.size < _LEAST_PIXELS:
        return _NO_BAND, (*warnings, "no peak")
    smooth = savgol_filter(measured, _smoothing_pixels(nm, smoothing_nm), _DEGREE)
    baseline = float(np.percentile(smooth, 5.0))
    noise = _TO_SIGMA * float(np.median(np.abs(measured - smooth)))
    top = int(np.argmax(smooth))
    if float(smooth[top]) - baseline <= max(_NOISES_OF_PEAK * noise, 1e-9):
        return _NO_BAND, (*warnings, "no peak")
    if top in (0, nm.size - 1):
        warnings.append("peak at the window's edge")
    peak_nm, height = _vertex(nm, smooth, top)
    if height - baseline < weak_height:
        warnings.append("weak peak")
    flanks_nm = _flanks(nm, smooth, top, (height + baseline) / 2.0)
    found_nm = [abs(flank - peak_nm) for flank in flanks_nm if math.isfinite(flank)]
    if len(found_nm) == 1:
        warnings.append("one-sided width")
    fwhm_nm = 2.0 * sum(found_nm) / len(found_nm) if found_nm else math.nan
    return Band(peak_nm, fwhm_nm, height), tuple(warnings)


_NO_BAND: Final = Band(math.nan, math.nan, math.nan)


def relative_yield(
    wavelengths_nm: NDArray[np.float64],
    emission: NDArray[np.float64],
    window: tuple[float, float],
    absorbed: float,
) -> float:
    """Emission within `window` nm, in counts/s times nm, over the share of the diode's light absorbed.

    NaN where next to nothing is absorbed. In proportion to the quantum yield while spectrometer, diode and
    cell stay as they are, and as long as the product does not absorb much of what it emits.
    """
    inside = (wavelengths_nm >= window[0]) & (wavelengths_nm <= window[1]) & np.isfinite(emission)
    if not absorbed > _LEAST_ABSORBED or int(inside.sum()) < _LEAST_PIXELS:
        return math.nan
    return float(np.trapezoid(emission[inside], wavelengths_nm[inside])) / absorbed


def absorbed_share(
    wavelengths_nm: NDArray[np.float64], absorbance: NDArray[np.float64], at_nm: float
) -> float:
    """Share of the light at `at_nm` that is absorbed, 1 - 10^-A; NaN where the absorbance is not known."""
    near = np.abs(wavelengths_nm - at_nm) <= _NEAR_NM
    known = absorbance[near & np.isfinite(absorbance)]
    return 1.0 - 10.0 ** -float(known.mean()) if known.size else math.nan


def _smoothing_pixels(nm: NDArray[np.float64], smoothing_nm: float) -> int:
    """Odd number of pixels in `smoothing_nm`, within what the filter can take."""
    spacing = float(nm[-1] - nm[0]) / (nm.size - 1)
    pixels = max(round(smoothing_nm / spacing), _LEAST_PIXELS - 2)
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
