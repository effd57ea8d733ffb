"""Every example rig loads, and says of its twin what the twin says of itself."""

from __future__ import annotations

import tomllib
from math import isfinite
from pathlib import Path

import pytest

from controller.config.rig import load_rig
from controller.domain.conditions import Limits
from controller.domain.plan import RigPlan
from controller.equipment.drivers import known_instruments
from firmware_bridge.simulator.syntheses import build

EXAMPLES = Path(__file__).parents[2] / "examples"
DRIVERS = {"ostwald-board": "board", "ostwald-spectrometer": "spectrometer"}


@pytest.mark.parametrize("path", sorted((EXAMPLES / "rigs").glob("*.toml")), ids=lambda path: path.stem)
def test_an_example_rig_loads_and_survives_its_way_to_other_processes(path: Path) -> None:
    plan = load_rig(path, known_drivers=DRIVERS, instruments=known_instruments())
    assert RigPlan.from_json(plan.to_json()) == plan


def test_the_silver_rig_agrees_with_its_twin() -> None:
    plan = load_rig(EXAMPLES / "rigs" / "silver-twin.toml", known_drivers=DRIVERS)
    assert plan.twin is not None
    facts = build(plan.twin.synthesis, plan.twin.seed).facts
    pumps = [channel for channel in plan.channels if channel.signal.startswith("pump.")]
    assert tuple(channel.name for channel in pumps) == tuple(f"pump.{name}" for name in facts.pumps)
    assert all(channel.scale == pytest.approx(facts.steps_per_ul / 60.0) for channel in pumps)
    assert plan.reactor.volume_ul == facts.reactor_volume_ul
    assert plan.reactor.washout_volume_ul == facts.dead_volume_ul
    rules = [rule.condition for rule in plan.interlocks if isinstance(rule.condition, Limits)]
    limits = {rule.channel: rule.high for rule in rules if isfinite(rule.high)}
    assert limits["reactor.pressure"] <= facts.safe_pressure_kpa
    assert limits["reactor.temperature"] <= facts.safe_temperature_c
    assert limits["mixer.temperature"] <= facts.safe_temperature_c


def test_the_rig_of_instruments_offers_all_that_recipes_and_campaigns_set() -> None:
    board, bench = (
        load_rig(EXAMPLES / "rigs" / name, known_drivers=DRIVERS, instruments=known_instruments())
        for name in ("silver-twin.toml", "silver-instruments.toml")
    )
    names = {channel.name for channel in bench.channels if bench.takes_setpoints(channel)}
    # A controller drives its heater by itself.
    heaters = {"mixer.heater", "reactor.heater"}
    assert {each.name for each in board.channels if board.takes_setpoints(each)} - heaters <= names


@pytest.mark.parametrize("path", sorted((EXAMPLES / "campaigns").glob("*.toml")), ids=lambda path: path.stem)
def test_a_campaign_varies_what_its_recipe_lets_it(path: Path) -> None:
    campaign = tomllib.loads(path.read_text())
    recipe = tomllib.loads((path.parent / campaign["campaign"]["recipe"]).read_text())
    assert set(campaign["conditions"]) == set(recipe["parameters"])
    for name, span in campaign["conditions"].items():
        parameter = recipe["parameters"][name]
        low, high = (float(span[end].split()[0]) for end in ("low", "high"))
        assert parameter["low"] <= low < high <= parameter["high"]
