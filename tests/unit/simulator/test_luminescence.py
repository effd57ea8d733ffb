"""Light that dots give off and take up: lines keep photons, alloys bow, curves are the published ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.simulator.optics import alloy
from firmware_bridge.simulator.optics.confinement import dot_diameter_nm
from firmware_bridge.simulator.optics.constants import HC_EV_NM
from firmware_bridge.simulator.optics.luminescence import (
    Emitters,
    emitted_per_nm,
    lines_per_nm,
    sigma_of_fwhm,
)

NM = np.linspace(300.0, 1200.0, 9001)
STEP_NM = float(NM[1] - NM[0])


@given(st.floats(1.5, 3.0), st.floats(0.02, 0.1))
def test_every_photon_of_a_line_is_somewhere(centre_ev: float, sigma_ev: float) -> None:
    (line,) = lines_per_nm(NM, np.array([centre_ev]), np.array([sigma_ev]))
    assert line.sum() * STEP_NM == pytest.approx(1.0, abs=1e-3)


@given(st.lists(st.floats(0.0, 3.0), min_size=1, max_size=5), st.floats(0.0, 1.0))
def test_no_more_is_emitted_than_absorbed(absorbances: list[float], quantum_yield: float) -> None:
    count = len(absorbances)
    emitted = emitted_per_nm(
        NM,
        np.linspace(1.8, 2.4, count),
        np.full(count, 0.05),
        np.array(absorbances),
        np.full(count, quantum_yield),
    )
    absorbed = 1.0 - 10.0 ** -sum(absorbances)
    assert emitted.sum() * STEP_NM == pytest.approx(quantum_yield * absorbed, abs=1e-3)


def test_a_line_is_as_wide_as_asked() -> None:
    (line,) = lines_per_nm(NM, np.array([2.0]), np.array([sigma_of_fwhm(0.1)]))
    # Per energy: what stands in a nm belongs to E / wavelength of it.
    per_ev = line * NM / (HC_EV_NM / NM)
    above = HC_EV_NM / NM[per_ev > per_ev.max() / 2.0]
    assert np.ptp(above) == pytest.approx(0.1, abs=2e-3)


@pytest.mark.parametrize(
    ("material", "telluride", "wavelengths_nm"),
    [("CdSe", 0.0, (480.0, 520.0, 560.0, 600.0, 635.0)), ("CdTe", 1.0, (600.0, 630.0, 660.0, 690.0, 715.0))],
)
def test_the_ends_are_the_published_sizing_curves(
    material: str, telluride: float, wavelengths_nm: tuple[float, ...]
) -> None:
    for nm in wavelengths_nm:
        diameter_nm = np.array(dot_diameter_nm(material, nm))
        found_nm = HC_EV_NM / float(alloy.exciton_ev(diameter_nm, np.array(telluride)))
        assert found_nm == pytest.approx(nm, rel=0.025)


@given(st.floats(2.0, 8.0), st.floats(0.05, 0.95))
def test_an_alloy_lies_below_the_line_between_its_ends(diameter_nm: float, telluride: float) -> None:
    size = np.array(diameter_nm)
    mixed, selenide, pure = (float(alloy.exciton_ev(size, np.array(y))) for y in (telluride, 0.0, 1.0))
    assert mixed < (1.0 - telluride) * selenide + telluride * pure


@given(st.floats(2.0, 8.0), st.floats(0.0, 1.0))
def test_larger_dots_have_lower_energies(diameter_nm: float, telluride: float) -> None:
    assert alloy.exciton_slope_ev_nm(np.array(diameter_nm), np.array(telluride)) < 0.0


def test_deep_in_the_continuum_dots_absorb_by_their_volume() -> None:
    diameters_nm = np.array([2.5, 4.0, 6.0])
    first_ev = alloy.exciton_ev(diameters_nm, np.full(3, 0.4))
    seen = alloy.absorption_m2_mol(np.array([alloy.REFERENCE_EV]), first_ev, np.full(3, 0.05), diameters_nm)
    assert seen[:, 0] == pytest.approx(alloy.ABSORPTION_M2_MOL, rel=0.01)


def test_populations_share_the_light_by_what_they_absorb() -> None:
    shares = np.array([0.3, 0.1])
    emitters = Emitters(
        lambda nm: shares[:, None] * np.ones_like(nm),
        np.array([2.0, 2.4]),
        np.array([0.03, 0.03]),
        np.array([0.8, 0.4]),
    )
    assert emitters.absorbance(NM) == pytest.approx(np.full(NM.shape, 0.4))
    assert emitters.mean_yield(365.0) == pytest.approx(0.7)
    emitted = emitters.emission(NM, 365.0).sum() * STEP_NM
    assert emitted == pytest.approx(0.7 * (1.0 - 10.0**-0.4), rel=1e-3)


def test_where_nothing_absorbs_nothing_is_emitted_and_no_yield_known() -> None:
    none = Emitters(lambda nm: np.zeros((1, nm.size)), np.array([2.0]), np.array([0.03]), np.array([0.8]))
    assert not none.emission(NM, 365.0).any()
    assert np.isnan(none.mean_yield(365.0))
