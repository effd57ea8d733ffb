from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.simulator.optics import sphere, spheroid
from firmware_bridge.simulator.optics.constants import silver_permittivity, surface_damping_ev, water_index
from firmware_bridge.simulator.optics.peak import main_peak
from firmware_bridge.simulator.optics.population import Particles, PopulationOptics

WAVELENGTHS_NM = np.linspace(350.0, 850.0, 512)


@pytest.fixture(scope="module")
def optics() -> PopulationOptics:
    return PopulationOptics(WAVELENGTHS_NM)


def population(
    *,
    aspect: float = 3.0,
    radius_nm: float = 9.0,
    spread: float = 0.1,
    plates: float = 1e-7,
    spheres: float = 0.0,
) -> Particles:
    return Particles(
        plate_volume=np.array([plates]),
        plate_radius_nm=np.array([radius_nm]),
        plate_aspect=np.array([aspect]),
        plate_spread=np.array([spread]),
        sphere_volume=np.array([spheres]),
        sphere_radius_nm=np.array([5.0]),
        sphere_spread=0.25,
    )


def spectrum(optics: PopulationOptics, particles: Particles) -> np.ndarray:
    return optics.extinction_per_mm(particles, np.ones(1))


def test_water_has_its_index_at_the_sodium_line() -> None:
    assert water_index(np.array([589.3]))[0] == pytest.approx(1.3334, abs=2e-4)


def test_silver_absorbs_at_every_wavelength() -> None:
    assert silver_permittivity(WAVELENGTHS_NM).imag.min() > 0.2


def test_collisions_at_the_surface_are_as_kreibig_has_them() -> None:
    # hbar v_F / L with v_F = 1.39e6 m/s and L = 10 nm is 91.5 meV.
    assert surface_damping_ev(10.0, 1.0) == pytest.approx(0.0915, abs=1e-4)


@given(st.floats(1.0, 20.0))
def test_depolarisation_factors_sum_to_one(aspect: float) -> None:
    in_plane, out_of_plane = spheroid.depolarisation(np.array([aspect]))
    assert 2.0 * in_plane[0] + out_of_plane[0] == pytest.approx(1.0, abs=1e-12)
    assert 0.0 < in_plane[0] <= 1.0 / 3.0 + 1e-9


def test_depolarisation_is_that_of_known_bodies() -> None:
    in_plane, _ = spheroid.depolarisation(np.array([1.0, 1.0 + 1e-4, 2.0, 1e4]))
    # Osborn, Phys. Rev. 67, 351 (1945): 0.2364 at aspect 2; a flat disc has none in its plane.
    assert in_plane == pytest.approx([1 / 3, 1 / 3, 0.2364, 0.0], abs=1e-4)


def test_depolarisation_has_no_step_where_its_series_takes_over() -> None:
    aspects = 1.0 + np.linspace(1e-6, 2e-4, 400)
    assert np.abs(np.diff(spheroid.depolarisation(aspects)[0])).max() < 1e-6


def test_mean_path_of_a_round_particle_is_four_thirds_of_its_radius() -> None:
    assert spheroid.mean_path_nm(6.0, np.array([1.0, 1.01])) == pytest.approx([8.0, 8.0], rel=1e-3)


def test_a_ten_nanometre_silver_sphere_in_water_peaks_in_the_violet() -> None:
    for radius_nm in (5.0, 10.0):
        peak = main_peak(WAVELENGTHS_NM, sphere.extinction_per_volume(WAVELENGTHS_NM, radius_nm, 1.0))
        assert 385.0 <= peak.peak_nm <= 400.0


def test_a_small_round_spheroid_agrees_with_mie() -> None:
    round_one = spheroid.extinction_per_volume(WAVELENGTHS_NM, 4.0, np.array(1.0), 0.5)
    mie = sphere.extinction_per_volume(WAVELENGTHS_NM, 4.0, 0.5)
    assert np.abs(round_one - mie).max() < 0.02 * mie.max()


def test_flatter_and_larger_particles_are_redder(optics: PopulationOptics) -> None:
    by_aspect = [
        main_peak(WAVELENGTHS_NM, spectrum(optics, population(aspect=a))).peak_nm for a in (1.5, 3, 5, 7)
    ]
    assert by_aspect == sorted(by_aspect)
    assert by_aspect[-1] - by_aspect[0] > 150.0
    by_size = [
        main_peak(WAVELENGTHS_NM, spectrum(optics, population(radius_nm=r))).peak_nm for r in (8, 15, 25)
    ]
    assert by_size == sorted(by_size)


def test_a_wider_distribution_widens_the_band(optics: PopulationOptics) -> None:
    widths = [
        main_peak(WAVELENGTHS_NM, spectrum(optics, population(spread=s))).fwhm_nm for s in (0.06, 0.12, 0.2)
    ]
    assert widths == sorted(widths)
    assert widths[-1] > 1.3 * widths[0]


def test_extinction_is_linear_in_silver(optics: PopulationOptics) -> None:
    mixed = spectrum(optics, population(plates=2e-7, spheres=3e-7))
    apart = 2.0 * spectrum(optics, population(plates=1e-7)) + spectrum(
        optics, population(plates=0.0, spheres=3e-7)
    )
    assert mixed == pytest.approx(apart, rel=1e-12)


def test_the_table_equals_a_fine_integral_over_the_distribution(optics: PopulationOptics) -> None:
    log_aspect = np.log(4.0) + np.linspace(-6.0, 6.0, 401) * 0.06
    weight = np.exp(-0.5 * ((log_aspect - np.log(4.0)) / 0.06) ** 2)
    rows = spheroid.extinction_per_volume(WAVELENGTHS_NM, 9.0, np.exp(log_aspect)[:, None], 0.5)
    exact = weight / weight.sum() @ rows * 1e6 * 1e-7
    table = spectrum(optics, population(aspect=4.0, spread=0.06))
    assert np.abs(table - exact).max() < 0.01 * exact.max()


def test_main_peak_of_a_sampled_bell_is_its_own() -> None:
    bell = 0.7 * np.exp(-0.5 * ((WAVELENGTHS_NM - 521.3) / 20.0) ** 2)
    peak = main_peak(WAVELENGTHS_NM, bell)
    assert peak.peak_nm == pytest.approx(521.3, abs=0.01)
    assert peak.height == pytest.approx(0.7, rel=1e-3)
    assert peak.fwhm_nm == pytest.approx(20.0 * 2.3548, abs=0.05)


def test_a_band_cut_by_the_end_of_the_spectrum_has_no_width() -> None:
    assert np.isnan(main_peak(WAVELENGTHS_NM, np.exp(-(WAVELENGTHS_NM - 350.0) / 100.0)).fwhm_nm)
