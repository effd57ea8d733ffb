"""What docs/devices says of syringe pumps is so: tables, options, signals, the example of a calibration."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from controller.__main__ import app
from firmware_bridge.devices.instruments.base import InstrumentSettings
from firmware_bridge.devices.instruments.calibration import read_calibration
from firmware_bridge.devices.instruments.syringe_pair import SyringePair
from firmware_bridge.devices.instruments.syringes import SYRINGES
from firmware_bridge.devices.registry import find_instrument_driver

DOCS = Path(__file__).parents[4] / "docs" / "devices"


def options_of(example: str) -> dict[str, str]:
    return dict(re.findall(r'^(\w+) = "(.*)"$', example, re.MULTILINE))


@pytest.mark.parametrize("name", ["harvard", "chemyx", "syringe-pair", "new-era"])
def test_the_example_of_a_page_makes_a_driver_that_reaches_its_channels_range(name):
    device = re.search(r"\[devices\.silver\]\n(.*?)\n\n", (DOCS / f"{name}.md").read_text(), re.DOTALL)
    assert device is not None
    options = options_of(device[1])
    assert options.pop("driver") == name
    del options["link"]
    address = options.pop("address", "")
    driver = find_instrument_driver(name).make(InstrumentSettings(address, options, ("flow",), {"flow": 0.0}))
    assert driver.signals["flow"].high >= 1000.0


@pytest.mark.parametrize("name", ["harvard", "chemyx", "syringe-pair"])
def test_every_option_and_signal_is_explained(name):
    text = (DOCS / f"{name}.md").read_text() + (DOCS / "syringes.md").read_text()
    driver = find_instrument_driver(name).load()
    if name != "syringe-pair":  # its page leaves its pumps' options to theirs
        for key in driver.OPTIONS:
            assert f"`{key}`" in text, key
    for key in ("flow", "volume"):
        assert f"`{key}`" in text


def test_the_table_of_syringes_is_the_one_in_the_code():
    pattern = re.compile(r"^\| ([A-Z][^|(]*?) (?:\([^|]*\) )?\| (\d[^|]*?) \|$", re.MULTILINE)
    told = set()
    for kind, sizes in pattern.findall((DOCS / "syringes.md").read_text()):
        for part in sizes.split("; "):
            volumes, unit = part.rsplit(" ", 1)
            told |= {f"{kind} {volume} {unit}" for volume in volumes.split(", ")}
    assert told == set(SYRINGES)


def test_the_largest_flows_that_the_page_of_a_pair_names_are_right():
    def most(syringe, refill):
        options = {"syringe": syringe, "refill": refill}
        return SyringePair(InstrumentSettings("1+2", options)).signals["flow"].high

    text = (DOCS / "syringe-pair.md").read_text()
    assert f"{most('BD Plastic 10 mL', '4 mL/min'):.0f} uL/min with two 10 mL" in text
    assert f"{most('BD Plastic 1 mL', '0.6 mL/min'):.0f} with two of 1 mL" in text


def test_the_example_of_a_calibration_gives_what_the_page_prints():
    text = (DOCS / "syringes.md").read_text()
    command = re.search(r"^ostwaldd (devices calibrate .*)$", text, re.MULTILINE)
    written = re.search(r'`calibration = "(.*?)"`', text)
    assert command is not None
    assert written is not None
    printed = CliRunner().invoke(app, shlex.split(command[1])).stdout
    assert printed.splitlines()[0] == written[0].strip("`")
    assert read_calibration(written[1]).factor == pytest.approx(0.985, abs=1e-3)
