"""What is done to spectra before a model sees them, against bands whose features are known."""

from __future__ import annotations

import numpy as np
import pytest
from ostwald.errors import BundleError
from ostwald.spectral import SpectralGrid

from trainer.errors import UsageError
from trainer.soft.bands import NAMES, band_features
from trainer.soft.novelty import SpectralNovelty
from trainer.soft.treatments import TRIED, treatment

GRID = SpectralGrid("absorbance", tuple(400.0 + 4.0 * index for index in range(120)))
NM = np.array(GRID.wavelengths_nm)


def band(centre_nm: float, sigma_nm: float, height: float = 0.8, base: float = 0.1) -> np.ndarray:
    return base + height * np.exp(-0.5 * ((NM - centre_nm) / sigma_nm) ** 2)


def features(x: np.ndarray) -> dict[str, float]:
    return dict(zip(NAMES, band_features(GRID).transform(x[None, :])[0], strict=True))


@pytest.mark.parametrize(("centre_nm", "sigma_nm"), [(520.7, 20.0), (611.3, 35.0), (700.2, 60.0)])
def test_a_gaussian_band_has_the_features_that_it_was_made_with(centre_nm, sigma_nm):
    found = features(band(centre_nm, sigma_nm))
    assert found["peak_nm"] == pytest.approx(centre_nm, abs=0.05)
    assert found["fwhm_nm"] == pytest.approx(sigma_nm * 2.0 * np.sqrt(2.0 * np.log(2.0)), rel=0.005)
    assert found["height"] == pytest.approx(0.8, rel=0.005)
    assert found["base"] == pytest.approx(0.1, abs=0.005)
    assert found["area"] == pytest.approx(0.8 * sigma_nm * np.sqrt(2.0 * np.pi), rel=0.01)
    assert found["centroid_nm"] == pytest.approx(centre_nm, abs=0.5)
    assert found["spread_nm"] == pytest.approx(sigma_nm, rel=0.02)
    assert found["skewness"] == pytest.approx(0.0, abs=0.05)
    assert found["asymmetry"] == pytest.approx(0.0, abs=0.01)


def test_a_band_cut_off_by_the_end_has_twice_its_half_width():
    assert features(band(870.0, 30.0))["fwhm_nm"] == pytest.approx(70.6, rel=0.05)


def test_the_tail_of_a_skew_band_shows_its_side():
    towards_red = np.where(NM < 550.0, band(550.0, 15.0), band(550.0, 45.0))
    found = features(towards_red)
    assert found["asymmetry"] > 0.3
    assert found["skewness"] > 0.3


@pytest.mark.parametrize("spectrum", [np.zeros(120), np.full(120, 3.0), np.linspace(0.0, 1.0, 120)])
def test_spectra_without_a_band_give_finite_features(spectrum):
    assert all(np.isfinite(value) for value in features(spectrum).values())


def test_snv_takes_dilution_and_offset_out():
    snv = treatment("snv", GRID)
    assert snv.transform(band(500.0, 30.0)[None, :] * 3.0 + 7.0) == pytest.approx(
        snv.transform(band(500.0, 30.0)[None, :])
    )


def test_a_baseline_that_is_a_line_goes():
    baseline = treatment("baseline", GRID)
    tilted = band(500.0, 30.0) + 0.3 - 0.002 * (NM - 400.0)
    assert baseline.transform(tilted[None, :]) == pytest.approx(
        baseline.transform(band(500.0, 30.0)[None, :])
    )


def test_a_derivative_of_a_parabola_is_its_slope():
    found = treatment("derivative", GRID).transform((NM**2)[None, :])[0]
    assert found == pytest.approx(2.0 * NM[3:-3] * GRID.step_nm)


def test_every_treatment_is_as_wide_as_it_says_and_finite_for_darkness():
    for name in TRIED:
        front = treatment(name, GRID)
        values = front.transform(np.zeros((2, 120)))
        assert values.shape == (2, front.width)
        assert np.isfinite(values).all()


def test_a_step_named_twice_is_refused():
    with pytest.raises(UsageError, match="names a step twice"):
        treatment("snv+snv", GRID)


def test_novelty_is_low_for_the_kind_that_was_learned_and_high_for_others():
    rng = np.random.default_rng(0)
    learned = np.array([band(rng.uniform(500.0, 560.0), 30.0) for _ in range(200)])
    learned += rng.normal(0.0, 0.002, learned.shape)
    novelty = SpectralNovelty.fit(learned[:150], 0)
    assert (novelty.measure(learned[150:]) > 1.0).mean() < 0.1
    others = np.array([band(700.0, 30.0), band(530.0, 8.0), band(530.0, 30.0) + 0.3, np.zeros(120)])
    assert (novelty.measure(others) > 1.0).all()


def test_equal_training_spectra_leave_no_room_for_others():
    novelty = SpectralNovelty.fit(np.tile(band(520.0, 30.0), (20, 1)), 0)
    assert novelty.measure(band(520.0, 30.0)[None, :])[0] <= 1.0
    assert novelty.measure(band(530.0, 30.0)[None, :])[0] > 1.0


def test_errors_of_a_grid_are_of_ostwald_and_no_bundle_error():
    with pytest.raises(Exception, match="equal steps") as caught:
        SpectralGrid("absorbance", (*GRID.wavelengths_nm, 1000.0))
    assert not isinstance(caught.value, BundleError)
