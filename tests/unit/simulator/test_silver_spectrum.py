"""The silver twin toward a whole spectrum: the target, its file, and the distance from it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from controller.campaign.recipes import parse_recipe
from controller.campaign.specs import parse_campaign
from controller.config.rig import load_rig
from controller.sensing.likeness import spectrum_distance
from firmware_bridge.simulator.twins import prism_target, silver
from firmware_bridge.simulator.twins.base import LIBRARY
from firmware_bridge.simulator.twins.silver_spectrum import TWIN

FILE = LIBRARY / "campaigns" / "silver-spectrum-target.csv"
NM = np.linspace(350.0, 850.0, 512)


def test_the_campaigns_file_is_what_theory_says() -> None:
    assert FILE.read_text() == prism_target.as_csv()


def test_the_campaign_takes_the_file_within_the_window_of_its_rig() -> None:
    drivers = {"ostwald-board": "board", "ostwald-spectrometer": "spectrometer"}
    recipe = parse_recipe(TWIN.recipe_file.read_text(), load_rig(TWIN.rig_file, known_drivers=drivers))
    spec = parse_campaign(TWIN.campaign_files[0].read_text(), recipe, {}, {FILE.name: FILE.read_text()})
    assert spec.target_spectrum is not None
    assert (spec.target_spectrum.low_nm, spec.target_spectrum.high_nm) == prism_target.WINDOW_NM


def test_the_command_writes_that_file() -> None:
    command = [sys.executable, "-m", "firmware_bridge.simulator.twins.prism_target"]
    written = subprocess.run(command, capture_output=True, text=True, check=True)
    assert written.stdout == prism_target.as_csv()


def test_the_target_is_one_band_of_height_one_in_the_middle_of_the_window() -> None:
    target = prism_target.target_spectrum(NM)
    assert target.max() == pytest.approx(1.0, abs=0.01)
    assert 500.0 < NM[target.argmax()] < 650.0


def test_the_distance_is_that_of_the_controller() -> None:
    model = TWIN.model()
    rows = [line.split(",") for line in FILE.read_text().splitlines()[2:]]
    target_nm, target = np.array(rows, dtype=np.float64).T
    for conditions in (TWIN.typical(), TWIN.typical(seed=2.0), TWIN.typical(citrate=2.0)):
        outcome = model.settle(conditions)
        ours = spectrum_distance(
            outcome.wavelengths_nm, outcome.absorbance, target_nm, target, prism_target.WINDOW_NM
        )
        assert outcome.properties["spectrum_distance"] == pytest.approx(ours, abs=0.005)


def test_the_target_is_no_distance_from_itself_whatever_its_height() -> None:
    assert prism_target.distance(NM, 0.3 * prism_target.target_spectrum(NM)) == pytest.approx(0.0, abs=1e-12)
    assert prism_target.distance(NM, np.zeros_like(NM)) == 1.0


def test_it_is_the_silver_twin_at_one_temperature() -> None:
    conditions = TWIN.typical()
    ours = TWIN.model().settle(conditions)
    theirs = silver.SilverModel().settle({**conditions, "temperature": 40.0})
    assert np.array_equal(ours.absorbance, theirs.absorbance)
    assert {name: ours.properties[name] for name in theirs.properties} == theirs.properties
