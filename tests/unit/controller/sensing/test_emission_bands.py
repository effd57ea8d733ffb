"""Bands of emission with known answers, and yields that stay when the light does not."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sensing.features import HC_EV_NM, absorbed_share, emission, emission_features, relative_yield

if TYPE_CHECKING:
    from numpy.typing import NDArray

NM = np.linspace(400.0, 800.0, 1024)
WINDOW = (430.0, 780.0)


def line(peak_nm: float, fwhm_nm: float, height: float = 5000.0) -> NDArray[np.float64]:
    shape: NDArray[np.float64] = height * np.exp(-4.0 * math.log(2.0) * ((NM - peak_nm) / fwhm_nm) ** 2)
    return shape


@given(st.floats(470.0, 740.0), st.floats(11.0, 60.0), st.floats(10.0, 1e6))
def test_a_line_of_any_nanocrystal_is_found_with_its_width_and_height(
    peak_nm: float, fwhm_nm: float, height: float
) -> None:
    found, warnings = emission_features(NM, line(peak_nm, fwhm_nm, height), WINDOW)
    assert warnings == ()
    assert found.peak_nm == pytest.approx(peak_nm, abs=0.1)
    assert found.fwhm_nm == pytest.approx(fwhm_nm, rel=0.02)
    assert found.intensity_per_s == pytest.approx(height, rel=0.01)
    assert found.energy_ev * found.peak_nm == pytest.approx(HC_EV_NM)


def test_noise_alone_has_no_line() -> None:
    noise = 30.0 * np.random.default_rng(2).standard_normal(NM.size)
    found, warnings = emission_features(NM, noise, WINDOW)
    assert "no peak" in warnings
    assert math.isnan(found.energy_ev)


@given(st.floats(0.001, 10.0))
def test_counts_become_a_rate_whatever_the_integration_time(integration_s: float) -> None:
    dark = np.full(8, 90.0) + 3.0 * integration_s
    assert emission(dark + 700.0 * integration_s, dark, integration_s) == pytest.approx(np.full(8, 700.0))


@given(st.floats(0.05, 1.0), st.floats(0.1, 10.0))
def test_a_yield_is_per_light_absorbed(absorbed: float, factor: float) -> None:
    whole = relative_yield(NM, line(550.0, 30.0), WINDOW, 1.0)
    assert whole == pytest.approx(5000.0 * 30.0 * math.sqrt(math.pi / (4.0 * math.log(2.0))), rel=1e-3)
    assert relative_yield(NM, factor * absorbed * line(550.0, 30.0), WINDOW, absorbed) == pytest.approx(
        factor * whole
    )


def test_light_outside_the_window_does_not_count() -> None:
    diode = line(405.0, 12.0, 1e6)
    clean = relative_yield(NM, line(550.0, 30.0), WINDOW, 0.5)
    assert relative_yield(NM, line(550.0, 30.0) + diode, WINDOW, 0.5) == pytest.approx(clean, rel=1e-3)


@pytest.mark.parametrize("absorbed", [0.0, 0.004, -0.1, math.nan])
def test_where_next_to_nothing_is_absorbed_there_is_no_yield(absorbed: float) -> None:
    assert math.isnan(relative_yield(NM, line(550.0, 30.0), WINDOW, absorbed))


def test_what_is_absorbed_is_read_at_the_diode_s_wavelength() -> None:
    absorbance = np.where(NM < 450.0, 0.3, 0.0)
    assert absorbed_share(NM, absorbance, 420.0) == pytest.approx(1.0 - 10.0**-0.3)
    assert absorbed_share(NM, absorbance, 600.0) == 0.0
    assert math.isnan(absorbed_share(NM, np.full_like(NM, math.nan), 420.0))
    assert math.isnan(absorbed_share(NM, absorbance, 365.0))
