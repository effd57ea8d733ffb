"""The rig-file examples of docs/control.md load, each in place of the silver rig's loop on its reactor."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from controller.config.rig import parse_rig
from controller.control.loop_model import compile_loops

ROOT = Path(__file__).parents[4]
DRIVERS = {"ostwald-board": "board", "ostwald-spectrometer": "spectrometer"}
PAGE = (ROOT / "docs" / "control.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
RIG = (ROOT / "examples" / "rigs" / "silver-twin.toml").read_text(encoding="utf-8")
WITHOUT_LOOP = re.sub(r"^\[loops\.reactor\]\n(?:[^\[\n].*\n)*", "", RIG, flags=re.MULTILINE)


def test_there_are_examples_and_the_rig_has_lost_its_own_loop():
    assert len(EXAMPLES) == 5
    assert "[loops.reactor]" in RIG
    assert "[loops.reactor]" not in WITHOUT_LOOP


@pytest.mark.parametrize("example", EXAMPLES, ids=["plain", "cascade", "split", "feed-forward", "schedule"])
def test_an_example_is_part_of_a_rig_that_loads(example):
    plan = parse_rig(f"{WITHOUT_LOOP}\n{example}", "control.md", DRIVERS)
    model = compile_loops(plan)
    named = re.findall(r"^\[loops\.(\w+)\]", example, re.MULTILINE)
    assert {loop.name for loop in model.loops} == {"mixer", *named}
