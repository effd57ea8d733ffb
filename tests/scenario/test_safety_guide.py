"""The rig file of the safety guide loads as it stands, and shows every kind of interlock."""

from __future__ import annotations

import re
from pathlib import Path

from controller.config.conditions import INTERLOCK_KINDS
from controller.config.rig import parse_rig
from firmware_bridge.devices.registry import DRIVERS
from tests.scenario.bench import RIGS

GUIDE = (Path(__file__).parents[2] / "docs" / "safety.md").read_text()


def test_every_example_of_the_guide_loads():
    blocks = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    text = "\n".join(((RIGS / "bench.toml").read_text(), *blocks))
    plan = parse_rig(text, "docs/safety.md", {name: driver.kind.value for name, driver in DRIVERS.items()})
    assert len(plan.interlocks) == 2 + len(INTERLOCK_KINDS)


def test_every_kind_of_interlock_has_its_row_and_its_keys():
    rows = {cells[0].split("`")[1]: cells[2] for line in GUIDE.splitlines() if (cells := _cells(line))}
    for kind, table in INTERLOCK_KINDS.items():
        keys = re.findall(r"`(\w+)`", rows[kind])
        assert keys == list(table.model_fields), kind


def _cells(line: str) -> list[str]:
    """Split a row of the table of kinds; other lines are empty."""
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    return cells if len(cells) == 4 and cells[0].startswith("`") else []
