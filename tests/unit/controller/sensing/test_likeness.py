"""How far a spectrum is from the one that is wanted: its shape counts, its amplitude does not."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sensing.likeness import spectrum_distance

if TYPE_CHECKING:
    from numpy.typing import NDArray

NM = np.linspace(380.0, 850.0, 900)
TARGET_NM = np.arange(400.0, 801.0, 5.0)
WINDOW = (400.0, 800.0)


def band(nm: NDArray[np.float64], peak_nm: float, height: float = 1.0) -> NDArray[np.float64]:
    shape: NDArray[np.float64] = height * np.exp(-0.5 * ((nm - peak_nm) / 40.0) ** 2)
    return shape


def distance(seen: NDArray[np.float64], window: tuple[float, float] = WINDOW) -> float:
    return spectrum_distance(NM, seen, TARGET_NM, band(TARGET_NM, 600.0), window)


@given(st.floats(0.01, 3.0))
def test_the_same_shape_is_no_distance_away_whatever_its_amplitude(height: float) -> None:
    assert distance(band(NM, 600.0, height)) == pytest.approx(0.0, abs=1e-4)


@given(st.floats(1.0, 70.0), st.floats(5.0, 50.0))
def test_the_further_a_band_is_off_the_larger_the_distance(off_nm: float, more_nm: float) -> None:
    for side in (-1.0, 1.0):
        near, far = (
            distance(band(NM, 600.0 + side * off_nm)),
            distance(band(NM, 600.0 + side * (off_nm + more_nm))),
        )
        assert 0.0 < near < far <= 1.0


def test_a_shifted_gaussian_has_the_distance_that_follows_from_its_overlap() -> None:
    assert distance(band(NM, 620.0)) == pytest.approx(1.0 - math.exp(-((20.0 / 40.0) ** 2) / 4.0), rel=5e-3)


def test_nothing_in_the_cell_is_as_far_as_can_be() -> None:
    assert distance(np.zeros_like(NM)) == 1.0


def test_a_few_pixels_without_light_do_not_matter_but_many_do() -> None:
    few, many = band(NM, 600.0), band(NM, 600.0)
    few[::20] = math.nan
    many[::3] = math.nan
    assert distance(few) == pytest.approx(0.0, abs=1e-4)
    assert math.isnan(distance(many))


def test_what_lies_outside_the_window_does_not_count() -> None:
    seen = band(NM, 600.0) + np.where(NM > 800.0, 5.0, 0.0)
    assert distance(seen) == pytest.approx(0.0, abs=1e-4)
    assert math.isnan(distance(seen, (900.0, 950.0)))
