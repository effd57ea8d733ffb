"""Spectra come onto a grid as their means, and what does not cover it is refused."""

from __future__ import annotations

from dataclasses import replace
from math import nan
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ostwald.bundle import BundleError, Input, Manifest
from ostwald.manifest import SOFT_SENSOR
from ostwald.spectral import SpectralGrid, SpectrumError
from ostwald.spectrum_file import parse_spectrum

if TYPE_CHECKING:
    from collections.abc import Sequence

GRID = SpectralGrid("absorbance", tuple(400.0 + 2.5 * index for index in range(10)))


@given(
    offset=st.floats(-5.0, 5.0),
    slope=st.floats(-0.1, 0.1),
    gaps=st.lists(st.floats(0.01, 20.0), min_size=8, max_size=40),
)
def test_a_line_stays_a_line_whatever_the_pixels(offset: float, slope: float, gaps: Sequence[float]) -> None:
    nm, total = [390.0], sum(gaps)
    for gap in gaps:
        nm.append(nm[-1] + gap * 50.0 / total)
    found = GRID.resample(nm, [offset + slope * each for each in nm], "test")
    assert found == pytest.approx([offset + slope * each for each in GRID.wavelengths_nm], abs=1e-9)


@given(values=st.lists(st.floats(-3.0, 3.0), min_size=121, max_size=121))
def test_a_mean_lies_between_the_least_and_the_most(values: list[float]) -> None:
    found = GRID.resample([385.0 + 0.5 * index for index in range(121)], values, "test")
    assert min(values) - 1e-9 <= min(found) <= max(found) <= max(values) + 1e-9


def test_noise_of_fine_pixels_is_averaged() -> None:
    nm = [395.0 + 0.05 * index for index in range(700)]
    found = GRID.resample(nm, [0.5 + (-1.0) ** index for index in range(700)], "test")
    assert found == pytest.approx([0.5] * 10, abs=0.05)


def test_where_nothing_was_measured_beyond_the_ends_the_half_step_inside_counts() -> None:
    found = GRID.resample([400.0, 422.5], [0.0, 22.5], "test")
    assert found[0] == pytest.approx(0.625)
    assert found[1] == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("nm", "values", "told"),
    [
        ([390.0, 420.0], [1.0, 1.0], "x.csv: reaches from 390 to 420 nm, the sensor needs 400 to 422.5 nm"),
        ([405.0, 450.0], [1.0, 1.0], "reaches from 405"),
        ([390.0, 410.0, 405.0, 450.0], [1.0] * 4, "405 nm comes after 410 nm"),
        ([390.0, nan, 450.0], [1.0] * 3, "nan nm comes after"),
        ([390.0, 410.0, 450.0], [1.0, nan, 1.0], "no value at 410 nm"),
        ([390.0, 450.0], [1.0], "2 wavelengths, 1 values"),
        ([400.0], [1.0], "1 points"),
    ],
)
def test_what_does_not_cover_the_grid_is_refused(nm: list[float], values: list[float], told: str) -> None:
    with pytest.raises(SpectrumError) as refused:
        GRID.resample(nm, values, "x.csv")
    assert told in str(refused.value)


def test_a_gap_outside_the_grid_does_no_harm() -> None:
    assert GRID.resample([300.0, 390.0, 450.0, 500.0], [nan, 1.0, 1.0, nan], "test") == pytest.approx(
        [1.0] * 10
    )


def test_a_grid_is_read_off_the_names_that_it_gives() -> None:
    assert SpectralGrid.from_names(GRID.names()) == GRID
    for names in (("flow", "ligand"), ("absorbance_400", "emission_405"), ()):
        with pytest.raises(SpectrumError, match="no spectrum"):
            SpectralGrid.from_names(names)


@pytest.fixture
def sensor(manifest: Manifest) -> Manifest:
    golden = replace(manifest.golden, conditions=(tuple([0.5] * 10),))
    inputs = tuple(Input(name, "1", 0.0, 1.0) for name in GRID.names())
    return replace(manifest, kind=SOFT_SENSOR, spectrum=GRID, inputs=inputs, golden=golden)


def test_a_soft_sensors_manifest_survives_the_way_to_json_and_back(sensor: Manifest) -> None:
    assert Manifest.from_json(sensor.to_json()) == sensor


def test_a_surrogates_manifest_says_nothing_of_spectra(manifest: Manifest) -> None:
    assert b"spectrum" not in manifest.to_json()


def test_a_grid_that_is_not_that_of_the_inputs_is_refused(sensor: Manifest) -> None:
    other = replace(sensor, spectrum=SpectralGrid("absorbance", tuple(500.0 + index for index in range(10))))
    with pytest.raises(BundleError, match=r"manifest\.json\.spectrum: its wavelengths are not those"):
        Manifest.from_json(other.to_json())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wavelength(nm),absorbance\n400,0.1\n401,0.2\n", ((400.0, 401.0), (0.1, 0.2))),
        ("nm;dark;absorbance (1)\n# lamp 2\n400;9;0.1\n\n401;9;0.2\n", ((400.0, 401.0), (0.1, 0.2))),
        ("400\t0.1\n401\t0.2\n", ((400.0, 401.0), (0.1, 0.2))),
    ],
)
def test_a_spectrum_is_read_from_text(text: str, expected: object) -> None:
    assert parse_spectrum(text, "absorbance", "x.csv") == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "x.csv: 0 lines"),
        ("nm,dark,reference\n400,1,2\n", "has 3 columns, none of them named 'absorbance'"),
        ("nm,emission(1/s)\n400,0.1\n401,0.2\n", "none of them named 'absorbance'"),
        ("nm,absorbance\n400,0.1\n401\n", "x.csv line 3"),
        ("nm,absorbance\n400,much\n", "x.csv line 2"),
    ],
)
def test_text_that_is_no_spectrum_is_refused(text: str, told: str) -> None:
    with pytest.raises(SpectrumError) as refused:
        parse_spectrum(text, "absorbance", "x.csv")
    assert told in str(refused.value)
