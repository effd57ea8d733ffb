"""Spectra with known answers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sensing.features import absorbance, features

if TYPE_CHECKING:
    from numpy.typing import NDArray

NM = np.linspace(350.0, 850.0, 512)
WINDOW = (380.0, 800.0)


def band(peak_nm: float, sigma_nm: float = 25.0, height: float = 0.8) -> NDArray[np.float64]:
    shape: NDArray[np.float64] = height * np.exp(-0.5 * ((NM - peak_nm) / sigma_nm) ** 2)
    return shape


@given(st.floats(450, 700), st.floats(17, 35), st.floats(-0.05, 0.2))
def test_a_band_is_found_to_a_fraction_of_a_pixel_on_any_baseline(
    peak_nm: float, sigma_nm: float, baseline: float
) -> None:
    found, warnings = features(NM, band(peak_nm, sigma_nm) + baseline, WINDOW)
    assert found.peak_nm == pytest.approx(peak_nm, abs=0.1)
    assert found.fwhm_nm == pytest.approx(2.3548 * sigma_nm, rel=0.03)
    assert found.absorbance == pytest.approx(0.8 + baseline, abs=0.01)
    assert warnings == ()


def test_noise_of_a_hundredth_moves_the_peak_by_less_than_a_nanometre() -> None:
    noisy = band(520.0) + 0.01 * np.random.default_rng(3).standard_normal(NM.size)
    assert features(NM, noisy, WINDOW)[0].peak_nm == pytest.approx(520.0, abs=1.0)


@pytest.mark.parametrize("noise", [0.0, 0.001, 0.1])
def test_noise_alone_has_no_peak(noise: float) -> None:
    spectrum = noise * np.random.default_rng(1).standard_normal(NM.size)
    found, warnings = features(NM, spectrum, WINDOW)
    assert math.isnan(found.peak_nm)
    assert math.isnan(found.fwhm_nm)
    assert "no peak" in warnings


def test_a_band_that_ends_outside_the_window_is_marked() -> None:
    found, warnings = features(NM, band(360.0, 40.0), WINDOW)
    assert "peak at the window's edge" in warnings
    assert found.peak_nm == pytest.approx(380.0, abs=1.0)


def test_a_faint_band_is_marked() -> None:
    assert features(NM, band(520.0, height=0.02), WINDOW)[1] == ("weak peak",)


def test_a_width_seen_on_one_side_only_is_doubled_and_marked() -> None:
    found, warnings = features(NM, band(400.0), WINDOW)
    assert warnings == ("one-sided width",)
    assert found.fwhm_nm == pytest.approx(2.3548 * 25.0, rel=0.05)


def test_pixels_without_light_are_left_out_and_told() -> None:
    spectrum = band(520.0)
    spectrum[NM > 790.0] = math.nan
    found, warnings = features(NM, spectrum, WINDOW)
    assert found.peak_nm == pytest.approx(520.0, abs=0.1)
    assert warnings == ("no light",)
    assert features(NM, np.full(NM.size, math.nan), WINDOW)[1] == ("no light", "no peak")


def test_absorbance_is_the_logarithm_of_transmission_above_the_dark() -> None:
    dark, reference = np.full(NM.size, 1500.0), np.full(NM.size, 31500.0)
    expected = band(520.0)
    sample = dark + (reference - dark) * 10.0**-expected
    assert absorbance(sample, dark, reference) == pytest.approx(expected)


def test_absorbance_is_nan_where_no_light_came_or_none_came_through() -> None:
    dark = np.full(4, 1500.0)
    reference = np.array([31500.0, 31500.0, 1505.0, 31500.0])
    sample = np.array([16500.0, 1500.0, 1504.0, 1400.0])
    assert np.isfinite(absorbance(sample, dark, reference)).tolist() == [True, False, False, False]
