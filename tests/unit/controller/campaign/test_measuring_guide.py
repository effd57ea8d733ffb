"""The examples of docs/measuring.md load, each on the rig or in the recipe that it belongs to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from controller.campaign.recipes import parse_recipe
from controller.campaign.specs import parse_campaign
from controller.config.rig import parse_rig
from controller.domain.campaign import ObjectiveKind, Until
from tests.unit.controller.config.test_rig import DRIVERS, RIG

PAGE = Path(__file__).parents[4] / "docs" / "measuring.md"
BLOCKS = re.findall(
    r"```toml\n# (rig|steps|objectives|budget)(?:: [^\n]*)?\n(.*?)```", PAGE.read_text(), re.DOTALL
)
GLOW, SENSOR = (text for kind, text in BLOCKS if kind == "rig")
STEPS = next(text for kind, text in BLOCKS if kind == "steps")
BUDGET = next(text for kind, text in BLOCKS if kind == "budget")
LIGHT, SPECTRUM = (text for kind, text in BLOCKS if kind == "objectives")
PLAN = parse_rig(RIG + GLOW + SENSOR, "docs/measuring.md", DRIVERS)
HEAD = '[recipe]\nname = "try"\n[parameters.flow]\nunit = "uL/min"\nlow = 1\nhigh = 9\n'
BOTH = '[[steps]]\nacquire = {kind = "sample"}\n[[steps]]\nacquire = {kind = "emission"}\n'
CAMPAIGN = '[campaign]\nname = "try"\n[conditions.flow]\n[budget]\ntrials = 2\n'
CSV = "".join(f"{nm},{nm / 1000}\n" for nm in range(400, 800, 5))


def test_every_example_is_tried() -> None:
    assert len(BLOCKS) == PAGE.read_text().count("```toml") == 6


def test_the_steps_yield_every_property_of_the_table() -> None:
    recipe = parse_recipe(HEAD + BOTH + STEPS, PLAN)
    named = re.findall(r"`(\w+)` \((\S+)\)", PAGE.read_text().partition("## Emission")[0])
    assert {**recipe.yields, "spectrum_distance": "1"} == {**dict(named), "impedance": "ohm"}


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (LIGHT, [ObjectiveKind.TARGET, ObjectiveKind.MAXIMISE]),
        (SPECTRUM, [ObjectiveKind.MINIMISE]),
    ],
)
def test_the_objectives_are_read(text: str, kinds: list[ObjectiveKind]) -> None:
    spec = parse_campaign(CAMPAIGN + text, parse_recipe(HEAD + BOTH, PLAN), {}, {"prisms.csv": CSV})
    assert [each.kind for each in spec.objectives] == kinds


def test_the_budget_is_read() -> None:
    text = CAMPAIGN.replace("[budget]\ntrials = 2\n", BUDGET) + LIGHT
    spec = parse_campaign(text, parse_recipe(HEAD + BOTH, PLAN), {})
    assert (spec.trials_budget, spec.until) == (20, Until.SPENT)
    assert parse_campaign(CAMPAIGN + LIGHT, parse_recipe(HEAD + BOTH, PLAN), {}).until is Until.REACHED


def test_a_current_loop_over_the_resistor_of_the_page_is_within_the_pin_s_span() -> None:
    for milliampere, kpa in ((4.0, 95.0), (20.0, 975.0)):
        assert (milliampere * 0.22 - 0.5) * 250.0 == pytest.approx(kpa)
