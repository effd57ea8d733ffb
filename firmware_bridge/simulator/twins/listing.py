"""The twins as plain data: what `ostwaldd twins --json` and `ostwald-trainer simulate --list` say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from firmware_bridge.simulator.twins.base import Twin


def describe(twin: Twin) -> dict[str, Any]:
    """Give name, title, paper, inputs with units and ranges, properties with units, and the files."""
    return {
        "name": twin.name,
        "title": twin.title,
        "paper": twin.paper,
        "inputs": [
            {
                "name": each.name,
                "unit": each.unit,
                "low": each.low,
                "high": each.high,
                "typical": each.typical,
                "meaning": each.meaning,
            }
            for each in twin.inputs
        ],
        "properties": [
            {"name": each.name, "unit": each.unit, "meaning": each.meaning} for each in twin.properties
        ],
        "rig": str(twin.rig_file),
        "recipe": str(twin.recipe_file),
        "campaigns": [str(path) for path in twin.campaign_files],
    }
