"""The rig files on the pages of the Modbus instruments are ones that Ostwald takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from controller.config.rig import parse_rig
from controller.equipment.drivers import known_instruments
from firmware_bridge.devices.registry import find_instrument_driver

PAGES = Path(__file__).parents[4] / "docs" / "devices"
DRIVERS = ("eurotherm-3200", "omega-cn7500", "watlow-ez-zone-pm", "modbus-map")
HEAD = """\
[rig]
name = "ovens"
[reactor]
volume = "100 uL"
[interlocks.hot]
channel = "oven.temperature"
high = "200 degC"
"""


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_example_of_the_page_is_a_rig(driver: str) -> None:
    text = (PAGES / f"{driver}.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    plan = parse_rig(HEAD + example, "rig.toml", {}, instruments=known_instruments())
    assert [device.driver for device in plan.devices] == [driver]
    assert {channel.name for channel in plan.channels} == {"oven.temperature", "oven.setpoint"}


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_page_explains_every_option_and_signal(driver: str) -> None:
    text = (PAGES / f"{driver}.md").read_text(encoding="utf-8")
    loaded = find_instrument_driver(driver).load()
    for option in loaded.OPTIONS:
        assert f"| `{option}` |" in text
    if driver != "modbus-map":
        for signal in ("temperature", "setpoint", "output_power", "alarm"):
            assert f"| `{signal}` |" in text
