"""The demo rig with the board's own firmware, run in simavr, in place of the Python twin."""

from __future__ import annotations

import json
import re

import pytest

from tests.contract.toolchain import make_firmware, need_simulator
from tests.scenario.conftest import EXAMPLES, until

pytestmark = pytest.mark.scenario
CAMPAIGN = EXAMPLES / "campaigns" / "silver-explore.toml"
BOARD = "simavr:mega2560"


@pytest.fixture(autouse=True)
def _firmware() -> None:
    need_simulator()
    make_firmware()


def test_a_whole_trial_runs_through_the_firmware(start) -> None:
    daemon = start("--clock", "lockstep", "--board", BOARD)
    told = daemon.ostwald(
        "campaign", "start", str(CAMPAIGN), "--set", "budget.trials=1", "--seed", "5", "--wait", "--json"
    )
    (trial,) = json.loads(told)["trials"]
    assert trial["state"] == "complete"
    assert trial["properties"]["peak_wavelength"] > 380.0
    for name, asked in trial["asked"].items():
        # Flows are exact to a thousandth of a step; the temperature is a loop's, and its sensor has a noise.
        tolerance = 1.5 if name == "temperature" else 0.001 * asked
        assert trial["achieved"][name] == pytest.approx(asked, abs=tolerance), name


def test_the_firmware_behind_a_pseudo_terminal_works_and_goes_safe_alone(start) -> None:
    daemon = start("--clock", "realtime", "--board", BOARD)
    daemon.ostwald("set", "reactor.temperature", "50 degC", "pump.seed", "50 uL/min")
    until(lambda: json.loads(daemon.ostwald("read", "reactor.heater", "--json"))[0]["value"] > 0.0)
    until(lambda: json.loads(daemon.ostwald("read", "pump.seed", "--json"))[0]["value"] > 49.0)
    daemon.kill("control")
    until(lambda: re.search(r"control ended with code", daemon.log.read_text()))
    daemon.ostwald("status", "--wait", "30")
    said = until(lambda: re.search(r"twin: t=.* board .*deadman: outputs safe", daemon.log.read_text()))
    assert said
    assert json.loads(daemon.ostwald("read", "reactor.heater", "--json"))[0]["value"] == 0.0
