"""Emission under a diode, and a whole spectrum as the aim, through a real daemon and its twin's frames."""

from __future__ import annotations

import csv
import json
import shutil

import pytest

from tests.scenario.conftest import EXAMPLES, until

pytestmark = pytest.mark.scenario


def options(name: str) -> tuple[str, ...]:
    return ("--rig", str(EXAMPLES / "rigs" / f"{name}-twin.toml"), "--clock", "lockstep")


def test_a_trial_sees_emission_and_leaves_the_diode_off(tmp_path, start):
    daemon = start(*options("cdsete"))
    campaign = str(EXAMPLES / "campaigns" / "cdsete-target.toml")
    told = daemon.ostwald("campaign", "start", campaign, "--set", "budget.trials=1", "--wait", "--json")
    (trial,) = json.loads(told)["trials"]
    seen = trial["properties"]
    assert 480.0 < seen["emission_peak"] < 840.0
    assert 20.0 < seen["emission_fwhm"] < 150.0
    assert seen["emission_energy"] * seen["emission_peak"] == pytest.approx(1239.84, abs=0.01)
    assert seen["emission_intensity"] > 1000.0
    assert {"peak_wavelength", "absorbance"} < set(seen)
    assert trial["emission_id"] not in ("", trial["spectrum_id"])
    lights = json.loads(daemon.ostwald("read", "excitation.power", "--json"))
    assert lights[0]["value"] == 0.0
    table = tmp_path / "trials.csv"
    daemon.ostwald("campaign", "export", "cdsete-target", "--out", str(table), "--spectrum-range", "480:840")
    header, row = csv.reader(table.read_text().splitlines())
    glow = {name: float(value) for name, value in zip(header, row, strict=True) if "emission_at" in name}
    assert max(glow.values()) == pytest.approx(seen["emission_intensity"], rel=0.1)


def test_a_calibrated_sensor_in_the_line_is_a_property_of_a_run(tmp_path, start):
    # The gauge shows 1 bar where the board says 0 kPa, and 7 bar where it says 600 kPa.
    gauge = (
        'unit = "bar"\nrange = ["0 bar", "9 bar"]\ncalibration = [["0 kPa", "1 bar"], ["600 kPa", "7 bar"]]'
    )
    text = (EXAMPLES / "rigs" / "cdsete-twin.toml").read_text()
    text = text.replace('unit = "kPa"\nrange = ["0 kPa", "600 kPa"]', gauge)
    rig = tmp_path / "rig.toml"
    rig.write_text(text)
    assert gauge in text
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        '[recipe]\nname = "gauge"\n[[steps]]\n'
        'measure = {channel = "reactor.pressure", as = "gauge_pressure", window = "5 s"}\n'
    )
    daemon = start("--rig", str(rig), "--clock", "lockstep")
    run = json.loads(daemon.ostwald("run", "start", str(recipe), "--wait", "--json"))
    # Nothing flows, so that the board says 0 kPa to the noise of its sensor.
    assert run["properties"]["gauge_pressure"] == pytest.approx(1.0, abs=0.02)


def test_a_campaign_toward_a_spectrum_goes_on_without_its_file(tmp_path, start):
    for file in ("campaigns/silver-spectrum-target.toml", "recipes/silver-spectrum.toml"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy(EXAMPLES / file, tmp_path / file)
    target = tmp_path / "campaigns" / "silver-spectrum-target.csv"
    shutil.copy(EXAMPLES / "campaigns" / target.name, target)
    daemon = start(*options("silver-spectrum"))
    document = str(tmp_path / "campaigns" / "silver-spectrum-target.toml")
    daemon.ostwald("campaign", "start", document, "--set", "budget.trials=2")
    target.unlink()

    def told():
        return json.loads(daemon.ostwald("campaign", "show", "silver-spectrum-target", "--json"))

    until(lambda: told()["campaign"]["trials_complete"] >= 1, 60)
    daemon.kill("service")
    daemon.ostwald("status", "--wait", "30")
    until(lambda: told()["campaign"]["state"] == "complete", 90)
    complete = [trial for trial in told()["trials"] if trial["state"] == "complete"]
    assert len(complete) == 2
    for trial in complete:
        assert 0.0 < trial["properties"]["spectrum_distance"] < 1.0
        assert trial["score"] is not None
