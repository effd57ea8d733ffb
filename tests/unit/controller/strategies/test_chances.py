"""How probable one more trial is to reach the target: as honest as the trials allow."""

from __future__ import annotations

import pytest

from controller.campaign.outcomes import explain_chance
from controller.campaign.strategies.chances import Chance, best_chance
from controller.domain.campaign import (
    CampaignSpec,
    Condition,
    Objective,
    ObjectiveKind,
    Observation,
    Space,
    StrategySpec,
    SumConstraint,
)

SPACE = Space((Condition("flow", "uL/min", 0.0, 10.0), Condition("light", "%", 0.0, 100.0)))
GRID = [(flow, light) for flow in (0.5, 3.0, 5.0, 7.5, 9.5) for light in (10.0, 60.0, 90.0)]


def target(value: float, tolerance: float = 2.0, name: str = "peak") -> Objective:
    return Objective(name, ObjectiveKind.TARGET, "nm", value, tolerance)


def seen(noise: tuple[float, ...] = (0.0,)) -> list[Observation]:
    """Trials of peak = 500 + 10 flow, width = 50 + light, with noise that repeats."""
    return [
        Observation(
            {"flow": flow, "light": light},
            {"peak": 500.0 + 10.0 * flow + noise[number % len(noise)], "width": 50.0 + light},
        )
        for number, (flow, light) in enumerate(GRID)
    ]


def chance(objectives: list[Objective], history: list[Observation], space: Space = SPACE) -> Chance:
    found = best_chance(space, objectives, history, 1)
    assert found is not None
    return found


def test_a_target_between_the_trials_is_probable_and_where_the_chemistry_has_it() -> None:
    found = chance([target(560.0)], seen())
    assert found.probability > 0.9
    assert found.conditions["flow"] == pytest.approx(6.0, abs=0.3)


def test_a_target_beyond_the_limits_is_not_to_be_expected() -> None:
    assert chance([target(700.0)], seen()).probability < 0.01


def test_a_wider_tolerance_is_never_less_probable() -> None:
    narrow, wide = (chance([target(560.0, each)], seen((-6.0, 6.0))).probability for each in (0.5, 5.0))
    assert narrow < wide


def test_noise_of_the_measurement_makes_success_less_probable() -> None:
    assert chance([target(560.0)], seen((-8.0, 5.0, 8.0, -6.0))).probability < 0.7


def test_two_targets_are_less_probable_than_one_of_them() -> None:
    both = chance([target(560.0), target(105.0, name="width")], seen())
    assert both.probability <= chance([target(560.0)], seen()).probability + 0.01
    assert both.conditions["light"] == pytest.approx(55.0, abs=5.0)


def test_constraints_hold_for_what_is_named() -> None:
    space = Space(SPACE.conditions, (SumConstraint(("flow", "light"), 20.0),))
    found = chance([target(560.0)], seen(), space)
    assert sum(found.conditions.values()) <= 20.0


def test_equal_trials_give_an_equal_answer() -> None:
    assert chance([target(560.0)], seen()) == chance([target(560.0)], seen())


@pytest.mark.parametrize(
    ("objectives", "history"),
    [
        ([Objective("peak", ObjectiveKind.MAXIMISE, "nm")], seen()),
        ([target(560.0)], seen()[:2]),
        ([target(560.0)], [Observation({"flow": 1.0, "light": 1.0}, None)] * 9),
        ([target(560.0)], []),
    ],
)
def test_without_a_target_or_enough_trials_nothing_is_said(
    objectives: list[Objective], history: list[Observation]
) -> None:
    assert best_chance(SPACE, objectives, history, 1) is None


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        (0.72, "one more would reach it with 72 % at flow 6.02 uL/min"),
        (0.03, "one more would reach it with 3 % at best: not to be expected within these limits"),
        (0.0, "one more would reach it with less than 1 % at best: not to be expected within these limits"),
    ],
)
def test_the_chance_is_said_in_plain_words(probability: float, said: str) -> None:
    spec = CampaignSpec("x", 1, SPACE, (target(560.0),), StrategySpec("random", "random", 2), 9)
    words = explain_chance(Chance(probability, {"flow": 6.02}), spec)
    assert words == f"by a Gaussian process fitted to these trials, {said}"
