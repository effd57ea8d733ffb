"""The rig files on the pages of syringe drives, valves and flow sensors work as they stand."""

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
        ("cavro", "silver.flow", 0.0, 9000.0),
        ("vici", "ligand.port", 1.0, 10.0),
        ("sensirion-flow", "outlet.flow", -3250.0, 3250.0),
    ],
)
def test_the_example_of_a_page_is_a_rig_file(page: str, channel: str, low: float, high: float) -> None:
    found = re.search(r"```toml\n(.*?)```", (PAGES / f"{page}.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    plan = parse_rig(HEAD + found[1], page, {}, instruments=known_instruments())
    (parsed,) = plan.channels
    assert (parsed.name, parsed.low, parsed.high) == (channel, low, high)
