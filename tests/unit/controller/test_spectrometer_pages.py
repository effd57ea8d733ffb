"""The rig files on the pages of spectrometers work as they stand, and their options are checked on load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from controller.config.rig import parse_rig
from controller.domain.errors import DocumentError
from controller.equipment.drivers import known_instruments
from firmware_bridge.devices.registry import DRIVERS

PAGES = Path(__file__).parents[3] / "docs" / "devices"
KINDS = {name: driver.kind.value for name, driver in DRIVERS.items()}
HEAD = """\
[rig]
name = "bench"
[reactor]
volume = "60 uL"
[links.board]
url = "/dev/ttyACM0"
[devices.board]
driver = "ostwald-board"
link = "board"
[channels.lamp]
device = "board"
signal = "lamp"
unit = "%"
range = ["0 %", "100 %"]
safe = "0 %"
"""


def example(page: str) -> str:
    found = re.search(r"```toml\n(.*?)```", (PAGES / f"{page}.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return HEAD + found[1]


@pytest.mark.parametrize("page", ["ocean", "text-spectrometer"])
def test_the_example_of_a_page_is_a_rig_file(page: str) -> None:
    plan = parse_rig(example(page), page, KINDS, instruments=known_instruments())
    (device,) = (each for each in plan.devices if each.driver == page)
    assert plan.spectrometer is not None
    assert plan.spectrometer.device == device.name
    assert device.options


def test_an_option_that_cannot_be_is_told_with_its_place() -> None:
    text = example("text-spectrometer").replace("INT {us}", "INT")
    with pytest.raises(DocumentError, match="integration_ask 'INT'"):
        parse_rig(text, "rig.toml", KINDS, instruments=known_instruments())
