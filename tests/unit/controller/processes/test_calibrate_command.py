"""`ostwaldd devices calibrate`: weighed runs in, the line for the rig file out."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from controller.processes.devices import app
from firmware_bridge.devices.instruments.calibration import read_calibration

RUNS = ["100 uL/min, 20 min, 1.9641 g", "300 uL/min, 600 s, 2957.3 mg", "1 mL/min, 5 min, 4.9102 g"]


def calibrate(*arguments: str):
    return CliRunner().invoke(app, ["calibrate", *arguments])


def test_three_runs_give_the_line_for_the_rig_file_and_how_sure_it_is():
    said = calibrate(*RUNS).stdout.splitlines()
    option = said[0].removeprefix('calibration = "').removesuffix('"')
    assert read_calibration(option).factor == pytest.approx(0.985, abs=0.002)
    assert said[1].startswith("factor +- ")


def test_one_run_gives_a_factor_and_admits_that_nobody_knows_how_good_it_is():
    told = json.loads(calibrate("300 uL/min, 10 min, 2.9573 g", "--json").stdout)
    assert told["factor"] == pytest.approx(2.9573 / 0.9982 / 3.0, rel=1e-4)
    assert told["factor_error"] is None
    assert "too few runs" in calibrate("300 uL/min, 10 min, 2.9573 g").stdout


def test_a_pump_on_a_board_gets_its_steps():
    told = json.loads(calibrate(*RUNS[:2], "--steps-per-ul", "200", "--json").stdout)
    assert told["steps_per_ul"] == pytest.approx(200.0 / told["factor"], rel=1e-5)
    assert calibrate(*RUNS[:2], "--steps-per-ul", "200").stdout.startswith("steps_per_ul = 202.9")
    refused = calibrate(*RUNS[:2], "--steps-per-ul", "0")
    assert (refused.exit_code, "what the rig file says now" in refused.stderr) == (1, True)


def test_another_liquid_has_another_density():
    plain, heavy = (
        json.loads(calibrate(*RUNS, "--json", "--density", density).stdout)["factor"]
        for density in ("0.9982 g/mL", "1.1 kg/L")
    )
    assert heavy == pytest.approx(plain * 0.9982 / 1.1, rel=1e-6)


@pytest.mark.parametrize(
    ("run", "complaint"),
    [
        ("300 uL/min, 10 min", "no weighed run"),
        ("300, 10 min, 3 g", "has no unit"),
        ("300 uL/min, 10 min, 3 mL", "does not convert"),
        ("0 uL/min, 10 min, 3 g", "above zero"),
        ("300 uL/min, 10 min, 30 g", "check the syringe"),
    ],
)
def test_what_is_no_run_is_refused_in_a_line(run, complaint):
    done = calibrate(run)
    assert done.exit_code == 1
    assert complaint in done.stderr
    assert "Traceback" not in done.output
