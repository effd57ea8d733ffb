"""The properties that a spectrum shows, as every twin with one main band names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.signal import savgol_filter

from firmware_bridge.simulator.optics.constants import HC_EV_NM
from firmware_bridge.simulator.optics.peak import main_peak
from firmware_bridge.simulator.twins.base import Property

if TYPE_CHECKING:
    from numpy.typing import NDArray

PEAK: Final = Property("peak_wavelength", "nm", "where the main band is highest", is_optical=True)
FWHM: Final = Property(
    "fwhm", "nm", "width of the main band at half its height above the 5th percentile", is_optical=True
)
ABSORBANCE: Final = Property("absorbance", "1", "height of the main band, decadic, 10 mm", is_optical=True)
OPTICAL: Final = (PEAK, FWHM, ABSORBANCE)
EMISSION_PEAK: Final = Property("emission_peak", "nm", "where emission is highest", is_optical=True)
EMISSION_ENERGY: Final = Property(
    "emission_energy", "eV", "of photons at the peak of emission", is_optical=True
)
EMISSION_FWHM: Final = Property(
    "emission_fwhm", "nm", "width of emission at half its height above the 5th percentile", is_optical=True
)
EMISSION_INTENSITY: Final = Property(
    "emission_intensity", "1/s", "counts a second at the peak of emission, diode at 60 %", is_optical=True
)
EMISSION: Final = (EMISSION_PEAK, EMISSION_ENERGY, EMISSION_FWHM, EMISSION_INTENSITY)
QUANTUM_YIELD: Final = Property(
    "quantum_yield", "1", "photons emitted for each one absorbed", is_optical=False
)
"""Of an integrating sphere, not of the flow cell's spectrum."""
_SMOOTHED_PIXELS: Final = 11


def band(wavelengths_nm: NDArray[np.float64], absorbance: NDArray[np.float64]) -> dict[str, float]:
    """Read the optical properties off a spectrum; a width with one flank is that flank's, doubled."""
    peak_nm, fwhm_nm, height = _main_band(wavelengths_nm, absorbance)
    return {PEAK.name: peak_nm, FWHM.name: fwhm_nm, ABSORBANCE.name: height}


def emission_band(wavelengths_nm: NDArray[np.float64], emission: NDArray[np.float64]) -> dict[str, float]:
    """Read the properties of emission off it in counts/s, as `Outcome.emission` is; widths as `band`'s."""
    peak_nm, fwhm_nm, height = _main_band(wavelengths_nm, emission)
    return {
        EMISSION_PEAK.name: peak_nm,
        EMISSION_ENERGY.name: HC_EV_NM / peak_nm,
        EMISSION_FWHM.name: fwhm_nm,
        EMISSION_INTENSITY.name: height,
    }


def _main_band(
    wavelengths_nm: NDArray[np.float64], spectrum: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Give peak, width and height of the highest band, smoothed."""
    smooth = savgol_filter(spectrum, _SMOOTHED_PIXELS, 3)
    peak = main_peak(wavelengths_nm, smooth)
    above = smooth - float(np.percentile(smooth, 5.0))
    top = int(np.argmax(above))
    half = above[top] / 2.0
    flanks = [
        abs(float(np.interp(half, [above[far], above[near]], wavelengths_nm[[far, near]])) - peak.peak_nm)
        for far, near in _crossings(above, top, half)
    ]
    fwhm_nm = sum(flanks) * 2.0 / len(flanks) if flanks else float("nan")
    return peak.peak_nm, fwhm_nm, peak.height


def _crossings(above: NDArray[np.float64], top: int, half: float) -> list[tuple[int, int]]:
    """Find the pixels on either side of half height, the outer one first, on each flank that has them."""
    below = np.flatnonzero(above < half)
    left, right = below[below < top], below[below > top]
    found = [(int(left[-1]), int(left[-1]) + 1)] if left.size else []
    return [*found, (int(right[0]), int(right[0]) - 1)] if right.size else found
