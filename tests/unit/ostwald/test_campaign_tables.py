"""Trials as rows: in a terminal, and in the CSV that a model is trained on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from ostwald.cli import trials as shown
from ostwald.cli.campaign_files import read_campaign
from ostwald.cli.export import grid_nm, table_of, usable_trials
from ostwald.cli.files import MAX_BYTES
from ostwald.cli.plot import plot
from ostwald.errors import OstwaldError
from ostwald.values import Campaign, Condition, Objective, Prediction, Spectrum, Trial

if TYPE_CHECKING:
    from pathlib import Path

NM = (400.0, 500.0, 600.0)
SAMPLE = Spectrum("s1", 1.0, NM, (9.0, 8.0, 7.0), (0.1, 0.3, 0.2), {}, ())
GLOW = Spectrum("e1", 1.0, NM, (90.0, 80.0, 70.0), (), {}, (), emission=(0.0, 4e5, 0.0))
CLASSIC = {"peak_wavelength": 519.44, "fwhm": 88.25, "absorbance": 0.3}
EMITTED = {"emission_peak": 531.26, "emission_energy": 2.33377, "emission_intensity": 4e5}
UNITS = {"peak_wavelength": "nm", "fwhm": "nm", "absorbance": "1"}
GLOWS = {**UNITS, "emission_peak": "nm", "emission_energy": "eV", "emission_intensity": "1/s"}


def campaign(*objectives: tuple[str, str], units: dict[str, str] | None = None) -> Campaign:
    return Campaign(
        "c1", "try", "running", "", False, "bayesian", "", 0, 1, 9, 1,
        (Condition("flow", "uL/min", 0.0, 9.0),),
        tuple(Objective(name, "target", unit, 1.0, 1.0) for name, unit in objectives),
        UNITS if units is None else units,
    )  # fmt: skip


def trial(number: int = 1, /, **properties: float) -> Trial:
    return Trial(
        number, "complete", "random", {"flow": 2.0}, {"flow": 1.9}, properties, {}, None, 1.25, "r1", "s1", ""
    )


def test_a_campaign_for_a_band_shows_peak_and_width() -> None:
    guess = {"peak_wavelength": Prediction(520.0, 3.0, "nm")}
    line = shown.line(campaign(("peak_wavelength", "nm")), replace(trial(**CLASSIC), predicted=guess))
    assert line == (
        "trial 1 (random): flow=2: predicted 520.0 ± 3.0 nm, peak 519.4 nm, FWHM 88.2 nm, score 1.25"
    )
    assert "peak - nm" in shown.line(campaign(("peak_wavelength", "nm")), trial())


def test_a_device_of_an_earlier_release_names_no_properties_and_shows_the_band() -> None:
    assert shown.shown(campaign(units={})) == [("peak_wavelength", "nm"), ("fwhm", "nm")]


@pytest.mark.parametrize(
    ("objectives", "names"),
    [
        ((), ["peak_wavelength", "fwhm"]),
        ((("absorbance", "1"),), ["peak_wavelength", "fwhm", "absorbance"]),
        ((("spectrum_distance", "1"),), ["peak_wavelength", "fwhm", "spectrum_distance"]),
        ((("emission_peak", "nm"), ("emission_energy", "eV")), ["emission_peak", "emission_energy"]),
        ((("fwhm", "nm"), ("emission_peak", "nm")), ["peak_wavelength", "fwhm", "emission_peak"]),
    ],
)
def test_what_a_campaign_is_about_has_a_column(objectives: tuple[tuple[str, str]], names: list[str]) -> None:
    assert [name for name, _ in shown.shown(campaign(*objectives, units=GLOWS))] == names


def test_what_emits_is_shown_in_its_units() -> None:
    about = campaign(("emission_peak", "nm"), ("emission_energy", "eV"), units=GLOWS)
    assert shown.line(about, trial(**EMITTED)) == (
        "trial 1 (random): flow=2: emission_peak 531.3 nm, emission_energy 2.334 eV, score 1.25"
    )
    table = shown.table(about, [trial(**EMITTED), trial(2)])
    heads = [column.header for column in table.columns]
    assert heads[3:6] == ["predicted\nnm", "emission_peak\nnm", "emission_energy\neV"]
    assert list(table.columns[4].cells) == ["531.3", "-"]


def test_the_best_trial_is_drawn_with_its_absorbance_and_its_emission() -> None:
    both = replace(trial(**CLASSIC), spectrum=SAMPLE, emission=GLOW)
    drawn = [(curves[0][0], ends) for curves, ends in shown.curves(both)]
    assert drawn == [("measured", (400.0, 800.0)), ("emission, counts/s", (400.0, 800.0))]
    far = replace(GLOW, wavelengths_nm=(900.0, 1200.0, 1700.0))
    assert [ends for _, ends in shown.curves(replace(trial(), emission=far))] == [(900.0, 1700.0)]
    assert "4e+05 |" in plot([("glow", "*", NM, GLOW.emission)], 400.0, 600.0)


def test_a_table_has_the_conditions_achieved_and_every_property_with_its_unit() -> None:
    trials, bins = [replace(trial(**CLASSIC), spectrum=SAMPLE)], ["absorbance_400 [1]", "absorbance_450 [1]"]
    assert table_of(campaign(), trials, 50.0, (400.0, 450.0)) == [
        ["flow [uL/min]", *(f"{name} [{unit}]" for name, unit in UNITS.items()), *bins],
        ["1.9", "519.44", "88.25", "0.3", "0.1", "0.2"],
    ]


def test_emission_has_columns_of_its_own_and_what_is_missing_is_empty() -> None:
    first = replace(trial(**CLASSIC, **EMITTED), spectrum=SAMPLE, emission=GLOW)
    header, full, bare = table_of(campaign(units=GLOWS), [first, trial(2, **CLASSIC)], 50.0, (450.0, 450.0))
    assert header[-2:] == ["absorbance_450 [1]", "emission_at_450 [1/s]"]
    assert full[4:] == ["531.26", "2.33377", "400000.0", "0.2", "200000.0"]
    assert bare[4:] == ["", "", "", "", ""]


def infrared(number: int, low: float, high: float) -> Trial:
    nm = (low, 1200.0, high)
    lit = replace(GLOW, wavelengths_nm=nm, emission=(low, 1200.0, high))
    return replace(trial(number, **EMITTED), emission=lit)


def test_spectra_have_columns_where_all_were_measured_and_nowhere_else() -> None:
    first, second = infrared(1, 799.6, 1700.3), infrared(2, 805.0, 1650.0)
    header, *rows = table_of(campaign(units=GLOWS), [first, second], 10.0)
    at = [float(name.removeprefix("emission_at_").removesuffix(" [1/s]")) for name in header[7:]]
    assert at == [float(nm) for nm in range(810, 1651, 10)]
    for row in rows:
        assert [float(cell) for cell in row[7:]] == pytest.approx(at)


@given(
    low=st.floats(200.0, 1000.0),
    width=st.floats(1.0, 900.0),
    step_nm=st.sampled_from([0.5, 1.0, 3.0, 10.0]),
)
def test_a_grid_lies_within_what_was_measured_at_multiples_of_its_step(
    low: float, width: float, step_nm: float
) -> None:
    at = grid_nm([((low, low + width), (0.0, 1.0))], step_nm)
    assert all(low - 1e-5 <= nm <= low + width + 1e-5 and nm % step_nm == 0.0 for nm in at)
    assert len(at) >= int(width / step_nm)


@pytest.mark.parametrize("window_nm", [(790.0, 1000.0), (900.0, 1701.0), (float("-inf"), float("inf"))])
def test_what_was_not_measured_is_not_made_up(window_nm: tuple[float, float]) -> None:
    with pytest.raises(OstwaldError, match="ask for 800:1700, which all have") as refused:
        table_of(campaign(units=GLOWS), [infrared(1, 799.6, 1700.3)], 10.0, window_nm)
    assert "nm" in refused.value.message


def test_without_a_spectrum_there_are_no_columns_of_one() -> None:
    assert table_of(campaign(), [trial(**CLASSIC)], 10.0)[0][-1] == "absorbance [1]"
    assert table_of(campaign(), [], 10.0, (400.0, 800.0)) == [
        ["flow [uL/min]", *(f"{name} [{unit}]" for name, unit in UNITS.items())]
    ]


def test_a_trial_is_usable_that_shows_every_objective_or_without_any_its_peak() -> None:
    trials = [trial(1, **CLASSIC), trial(2, **EMITTED), trial(3)]
    assert [each.number for each in usable_trials(campaign(), trials)] == [1]
    about = campaign(("emission_energy", "eV"), units=GLOWS)
    assert [each.number for each in usable_trials(about, trials)] == [2]
    measured = campaign(units={"impedance": "ohm"})
    assert [each.number for each in usable_trials(measured, [*trials, trial(4, impedance=3.0)])] == [4]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "recipe.toml").write_text("[recipe]")
    (tmp_path / "a.csv").write_text("400,1")
    (tmp_path / "b.csv").write_text("500,1")
    return tmp_path


def document(folder: Path, text: str) -> Path:
    path = folder / "campaign.toml"
    path.write_text(f'[campaign]\nrecipe = "recipe.toml"\n{text}')
    return path


def test_a_campaign_is_read_with_the_files_beside_it(folder: Path) -> None:
    path = document(folder, '[objectives.spectrum_distance]\ntarget_spectrum = "a.csv"\n')
    assert read_campaign(path, {}) == (path.read_text(), "[recipe]", {"a.csv": "400,1"})
    replaced = {"objectives.spectrum_distance.target_spectrum": "b.csv"}
    assert read_campaign(path, replaced)[2] == {"b.csv": "500,1"}


@pytest.mark.parametrize(
    "text", ["[objectives.peak_wavelength]\ntarget = 1\n", "objectives = 3\n", "[objectives]\nx = 2\n", ""]
)
def test_a_campaign_that_names_no_file_has_none(folder: Path, text: str) -> None:
    assert read_campaign(document(folder, text), {})[2] == {}


def test_a_file_that_is_not_there_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = document(folder, '[objectives.spectrum_distance]\ntarget_spectrum = "c.csv"\n')
    with pytest.raises(typer.Exit):
        read_campaign(path, {})
    assert "c.csv" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = " + "[" * 5000 + "]" * 5000, "nests too deeply"),
        ("x = " + "9" * 5000, "more digits than can be read"),
        ("x = [", "Invalid value (at end of document)"),
        ("[objectives.spectrum_distance]\ntarget_spectrum = 'large.csv'", "large.csv: is larger than 4 MiB"),
        ("[objectives.spectrum_distance]\ntarget_spectrum = 'latin.csv'", "latin.csv: byte 3 is no UTF-8"),
        ('[objectives.spectrum_distance]\ntarget_spectrum = "a\\u0000b"', "null byte"),
        ("[objectives.spectrum_distance]\ntarget_spectrum = '.'", "Is a directory"),
    ],
)
def test_a_campaign_that_cannot_be_read_is_told_of_in_one_line(
    folder: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "large.csv").write_bytes(b"0" * (MAX_BYTES + 1))
    (folder / "latin.csv").write_bytes(b"4,\xb5")
    with pytest.raises(typer.Exit) as left:
        read_campaign(document(folder, text + "\n"), {})
    error = capsys.readouterr().err
    assert (left.value.exit_code, error.count("\n")) == (1, 1)
    assert said in error
    assert str(folder) in error
