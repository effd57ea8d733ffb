"""The rig files on the pages of circulators and hotplates work as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from controller.config.rig import parse_rig
from controller.equipment.drivers import known_instruments

PAGES = Path(__file__).parents[4] / "docs" / "devices"
HEAD = '[rig]\nname = "bench"\n\n[reactor]\nvolume = "60 uL"\n\n'


@pytest.mark.parametrize(
    ("page", "channel", "low", "high"),
    [
        ("julabo", "bath.setpoint", 5.0, 90.0),
        ("huber", "bath.setpoint", -20.0, 120.0),
        ("ika", "plate.setpoint", 0.0, 120.0),
    ],
)
def test_the_example_of_a_page_is_a_rig_file(page: str, channel: str, low: float, high: float) -> None:
    found = re.search(r"```toml\n(.*?)```", (PAGES / f"{page}.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    plan = parse_rig(HEAD + found[1], page, {}, instruments=known_instruments())
    parsed = {each.name: each for each in plan.channels}[channel]
    assert (parsed.low, parsed.high) == (low, high)
