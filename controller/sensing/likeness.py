"""How alike two spectra are. Arrays in, values out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_PIXELS: Final = 8
_LEAST_LIT: Final = 0.9
"""Share of the pixels between the ends that must have seen light."""


def spectrum_distance(
    wavelengths_nm: NDArray[np.float64],
    absorbance: NDArray[np.float64],
    target_nm: NDArray[np.float64],
    target: NDArray[np.float64],
    window: tuple[float, float],
) -> float:
    """One minus the cosine similarity of absorbance, shape (pixels,), and a target, shape (points,).

    Both ascend over wavelength; the target is interpolated within `window` nm, where it is known. 0: the same
    shape, whatever the amplitude; 1: nothing in common, or nothing there; above 1 only where one is negative.
    NaN where too much of the window has no light. Amplitude is an objective of its own: the absorbance.
    """
    inside = (wavelengths_nm >= window[0]) & (wavelengths_nm <= window[1])
    lit = inside & np.isfinite(absorbance)
    if lit.sum() < max(LEAST_PIXELS, _LEAST_LIT * inside.sum()):
        return math.nan
    seen, wanted = absorbance[lit], np.interp(wavelengths_nm[lit], target_nm, target)
    norm = float(np.linalg.norm(seen) * np.linalg.norm(wanted))
    return 1.0 - float(np.dot(seen, wanted)) / norm if norm > 0.0 else 1.0
