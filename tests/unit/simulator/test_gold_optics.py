"""Gold spheres and rods in water against what is known of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.simulator.optics import sphere, spheroid
from firmware_bridge.simulator.optics.constants import GOLD, SILVER, gold_permittivity
from firmware_bridge.simulator.optics.peak import main_peak
from firmware_bridge.simulator.optics.spheres import SphereOptics

NM = np.linspace(360.0, 900.0, 541)


def peak_nm(diameter_nm: float, metal=GOLD) -> float:
    extinction = sphere.extinction_per_volume(NM, diameter_nm / 2.0, metal.scattering, metal)
    return main_peak(NM, extinction).peak_nm


def test_a_twenty_nanometre_gold_sphere_in_water_peaks_at_518_to_525_nm() -> None:
    assert 518.0 < peak_nm(20.0) < 525.0


def test_a_ten_nanometre_silver_sphere_in_water_peaks_at_385_to_400_nm() -> None:
    assert 385.0 < peak_nm(10.0, SILVER) < 400.0


def test_larger_gold_spheres_are_redder() -> None:
    peaks = [peak_nm(diameter_nm) for diameter_nm in (20.0, 40.0, 60.0, 80.0, 100.0)]
    assert peaks == sorted(peaks)
    # Haiss et al., Anal. Chem. 79, 4215 (2007), measured about 573 nm at 100 nm.
    assert 560.0 < peaks[-1] < 580.0


def test_gold_absorbs_at_every_wavelength_and_small_gold_more() -> None:
    wide_nm = np.linspace(300.0, 1050.0, 1501)
    bulk, small = gold_permittivity(wide_nm), gold_permittivity(wide_nm, 0.1)
    assert bulk.imag.min() > 0.0
    assert (small.imag > bulk.imag).all()


@given(st.floats(1.0, 20.0))
def test_depolarisation_of_prolates_sums_to_one(aspect: float) -> None:
    along, across = spheroid.prolate_depolarisation(np.array(aspect))
    assert along + 2.0 * across == pytest.approx(1.0)
    assert 0.0 < along <= 1.0 / 3.0 + 1e-9


def test_a_needle_has_no_depolarisation_along_it() -> None:
    along, across = spheroid.prolate_depolarisation(np.array(200.0))
    assert along < 1e-3
    assert across == pytest.approx(0.5, abs=1e-3)


def test_a_round_rod_agrees_with_mie() -> None:
    rod = spheroid.rod_extinction_per_volume(NM, 5.0, np.array(1.0))
    assert rod == pytest.approx(sphere.extinction_per_volume(NM, 5.0, GOLD.scattering, GOLD), rel=0.02)


def test_the_long_axis_band_of_rods_moves_linearly_to_the_red_by_about_95_nm_per_aspect_ratio() -> None:
    """Link & El-Sayed, J. Phys. Chem. B 109, 10531 (2005), erratum to 103, 3073 (1999): 95 nm."""
    aspects = np.array([2.0, 3.0, 4.0])
    peaks = [
        main_peak(NM, spheroid.rod_extinction_per_volume(NM, 8.0, np.array(aspect))).peak_nm
        for aspect in aspects
    ]
    slope_nm = np.polyfit(aspects, peaks, 1)[0]
    assert 85.0 < slope_nm < 110.0


@pytest.mark.parametrize(("diameter_nm", "spread"), [(20.0, 0.12), (60.0, 0.25)])
def test_the_table_equals_a_fine_integral_over_the_distribution(diameter_nm: float, spread: float) -> None:
    nm = np.linspace(400.0, 800.0, 81)
    table = SphereOptics(nm, GOLD)
    seen = table.extinction_per_mm(np.array([1e-6]), np.array([np.log(diameter_nm)]), np.array([spread]))
    steps = np.linspace(-4.0, 4.0, 161)
    diameters = diameter_nm * np.exp(spread * steps)
    volumes = np.exp(-0.5 * steps**2) * diameters**3
    rows = np.array([sphere.extinction_per_volume(nm, d / 2.0, GOLD.scattering, GOLD) for d in diameters])
    fine = 1e-6 * 1e6 * (volumes @ rows) / volumes.sum()
    assert np.abs(seen - fine).max() < 0.02 * fine.max()
