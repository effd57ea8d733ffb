"""Counts -> absorbance -> peak, width, height. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import savgol_filter

from controller.domain.readings import Features

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

# A cubic over about 15 nm: narrower than any plasmon band, wider than the noise.
_SMOOTHING_NM = 15.0
_NO_PEAK = Features(float("nan"), float("nan"), float("nan"))
# Less than this share of the reference light is noise, not signal.
_LEAST_LIGHT = 1e-4
_WEAK = 0.02
_NOISE_FACTOR = 5.0
_EDGE_NM = 5.0


def absorbance(sample: Array, dark: Array, reference: Array) -> Array:
    """Compute log10((reference - dark) / (sample - dark)) per pixel.

    All arrays have shape (pixels,), in counts. NaN where the lamp gives too little light to tell.
    """
    light = reference - dark
    enough = light > max(_LEAST_LIGHT * float(light.max()), 1.0)
    passed = np.maximum(sample - dark, _LEAST_LIGHT * np.maximum(light, 1.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(enough, np.log10(light / passed), np.nan)


def features(
    wavelengths_nm: Array, values: Array, window_nm: tuple[float, float]
) -> tuple[Features, tuple[str, ...]]:
    """Read the main peak of an absorbance spectrum within a window; shapes (pixels,).

    The peak is the vertex of a parabola through the highest smoothed pixel and its neighbours; the width is
    where the smoothed spectrum crosses half the height, measured from zero absorbance. Features are NaN, with
    a warning that says why, when nothing rises above the noise.
    """
    inside = (wavelengths_nm >= window_nm[0]) & (wavelengths_nm <= window_nm[1]) & np.isfinite(values)
    nm, raw = wavelengths_nm[inside], values[inside]
    if nm.size < 8:
        return _NO_PEAK, ("too little light",)
    smooth = _smooth(nm, raw)
    top = int(np.argmax(smooth))
    noise = float(np.std(raw - smooth))
    height = float(smooth[top])
    if height < _NOISE_FACTOR * noise or height - float(smooth.min()) < _NOISE_FACTOR * noise:
        return _NO_PEAK, ("no peak above noise",)
    peak_nm, height = _vertex(nm, smooth, top)
    width_nm, cut = _width(nm, smooth, top, height)
    warnings = []
    if height < _WEAK:
        warnings.append("weak")
    if cut:
        warnings.append("peak is wider than the window")
    if min(peak_nm - nm[0], nm[-1] - peak_nm) < _EDGE_NM:
        warnings.append("peak at the edge of the window")
    return Features(peak_nm, width_nm, height), tuple(warnings)


def _smooth(nm: Array, raw: Array) -> Array:
    step_nm = float(nm[-1] - nm[0]) / (nm.size - 1)
    length = max(5, int(_SMOOTHING_NM / step_nm) | 1)
    return np.asarray(savgol_filter(raw, min(length, (nm.size - 1) | 1), 3), dtype=np.float64)


def _vertex(nm: Array, smooth: Array, top: int) -> tuple[float, float]:
    if not 0 < top < nm.size - 1:
        return float(nm[top]), float(smooth[top])
    left, middle, right = (float(smooth[top + offset]) for offset in (-1, 0, 1))
    bend = left - 2.0 * middle + right
    shift = 0.5 * (left - right) / bend if bend < 0.0 else 0.0
    step_nm = 0.5 * float(nm[top + 1] - nm[top - 1])
    return float(nm[top]) + shift * step_nm, middle - 0.25 * (left - right) * shift


def _width(nm: Array, smooth: Array, top: int, height: float) -> tuple[float, bool]:
    """Return the full width at half the height, and whether the window cuts it."""
    half = 0.5 * height
    below_left = np.nonzero(smooth[:top] < half)[0]
    below_right = np.nonzero(smooth[top:] < half)[0]
    left = _cross(nm, smooth, int(below_left[-1]), half) if below_left.size else float(nm[0])
    right = _cross(nm, smooth, top + int(below_right[0]) - 1, half) if below_right.size else float(nm[-1])
    return right - left, not (below_left.size and below_right.size)


def _cross(nm: Array, smooth: Array, before: int, level: float) -> float:
    """Interpolate where the line between pixel `before` and the next meets `level`."""
    low, high = float(smooth[before]), float(smooth[before + 1])
    share = (level - low) / (high - low)
    return float(nm[before]) + share * float(nm[before + 1] - nm[before])
