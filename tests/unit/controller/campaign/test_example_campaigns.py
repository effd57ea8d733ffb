"""Every example campaign is taken by the rig that it is for, with its recipe and the files that it names."""

from __future__ import annotations

from pathlib import Path

import pytest
from ostwald.cli.campaign_files import read_campaign

from controller.campaign.recipes import parse_recipe
from controller.campaign.specs import parse_campaign
from controller.config.rig import load_rig
from controller.domain.readings import SPECTRUM_DISTANCE

EXAMPLES = Path(__file__).parents[4] / "examples"
DRIVERS = {"ostwald-board": "board", "ostwald-spectrometer": "spectrometer"}
RIGS = {path.stem.removesuffix("-twin"): path for path in (EXAMPLES / "rigs").glob("*-twin.toml")}


@pytest.mark.parametrize("path", sorted((EXAMPLES / "campaigns").glob("*.toml")), ids=lambda path: path.stem)
def test_an_example_campaign_is_taken_by_its_rig(path: Path) -> None:
    rig = RIGS[max((name for name in RIGS if path.stem.startswith(name)), key=len)]
    text, recipe_toml, files = read_campaign(path, {})
    recipe = parse_recipe(recipe_toml, load_rig(rig, known_drivers=DRIVERS))
    spec = parse_campaign(text, recipe, {}, files)
    aims = {each.property_name for each in spec.objectives}
    assert aims <= {*recipe.yields, SPECTRUM_DISTANCE}
    assert (spec.target_spectrum is not None) == (SPECTRUM_DISTANCE in aims)
