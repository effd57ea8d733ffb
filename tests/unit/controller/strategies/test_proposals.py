"""Strategies propose inside the space, deterministically, and the one that learns beats chance."""

from __future__ import annotations

import pytest

from controller.campaign.objectives import reached, score
from controller.campaign.strategies.registry import STRATEGIES, propose
from controller.domain.campaign import (
    Condition,
    Objective,
    ObjectiveKind,
    Observation,
    Space,
    StrategySpec,
    SumConstraint,
)

SPACE = Space(
    tuple(Condition(name, "%", 5.0, 40.0) for name in "abcd"), (SumConstraint(("a", "b", "c", "d"), 92.0),)
)
GOALS = (
    Objective("peak_wavelength", ObjectiveKind.TARGET, "nm", target=520.0, tolerance=3.0),
    Objective("fwhm", ObjectiveKind.MINIMISE, "nm", scale=100.0, weight=0.2),
)


def measure(conditions):
    peak = 420.0 + 4.0 * conditions["a"] - 2.0 * conditions["b"] + 0.05 * conditions["c"] * conditions["d"]
    return {"peak_wavelength": peak, "fwhm": 40.0 + 0.2 * abs(peak - 480.0)}


def trials_to_reach(name: str, seed: int, budget: int = 25) -> int:
    history: list[Observation] = []
    for number in range(1, budget + 1):
        spec = StrategySpec(name, "latin-hypercube", 5)
        proposal = propose(spec, SPACE, GOALS, history, seed, budget=budget)
        assert all(each.low <= proposal.conditions[each.name] <= each.high for each in SPACE.conditions)
        assert sum(proposal.conditions.values()) <= 92.0
        assert proposal == propose(spec, SPACE, GOALS, history, seed, budget=budget)
        # Every sixth spectrum is spoilt: a strategy must live with it.
        found = None if number % 6 == 0 else measure(proposal.conditions)
        history.append(Observation(proposal.conditions, found))
        if found is not None and reached(GOALS, found):
            return number
    return budget + 1


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_stays_inside_and_repeats_itself(name):
    assert trials_to_reach(name, seed=1, budget=12) >= 1


def test_learning_reaches_the_target_and_sooner_than_chance():
    learned = [trials_to_reach("bayesian", seed) for seed in range(4)]
    assert max(learned) <= 15
    assert sum(learned) < sum(trials_to_reach("random", seed) for seed in range(4))


def test_a_missing_property_is_never_good():
    assert score(GOALS, {"fwhm": 30.0}) == float("inf")
    assert not reached(GOALS, {"fwhm": 30.0})
