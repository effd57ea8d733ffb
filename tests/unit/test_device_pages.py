"""The pages on devices: all of them linked, and their rig files' parts hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from controller.config.rig import parse_rig
from controller.equipment.drivers import known_instruments

DEVICES = Path(__file__).parents[2] / "docs" / "devices"
INDEX = (DEVICES / "README.md").read_text(encoding="utf-8")
HEAD = """\
[rig]
name = "page"
[reactor]
volume = "60 uL"
"""


def test_every_page_is_linked_and_every_link_leads_somewhere() -> None:
    linked = set(re.findall(r"\]\(([^)]+)\)", INDEX))
    assert {page.name for page in DEVICES.glob("*.md")} - {"README.md"} <= linked
    assert all((DEVICES / link).exists() for link in linked)


@pytest.mark.parametrize("page", ["new-era"])
def test_the_example_of_a_page_is_a_rig(page: str) -> None:
    text = (DEVICES / f"{page}.md").read_text(encoding="utf-8")
    example = "\n".join(re.findall(r"```toml\n(.*?)```", text, re.DOTALL))
    plan = parse_rig(HEAD + example, page, {}, instruments=known_instruments())
    assert plan.channels
