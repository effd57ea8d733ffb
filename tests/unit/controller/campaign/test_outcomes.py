"""When a campaign ends, and what it says of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.campaign import objectives, outcomes
from controller.domain.campaign import (
    CampaignSpec,
    CampaignState,
    Condition,
    Objective,
    ObjectiveKind,
    Observation,
    Space,
    StrategySpec,
    Trial,
    TrialState,
    Until,
)

TARGET = Objective("peak_wavelength", ObjectiveKind.TARGET, "nm", 560.0, 2.0)
SPEC = CampaignSpec(
    "silver",
    1,
    Space((Condition("flow", "uL/min", 0.0, 10.0),)),
    (TARGET,),
    StrategySpec("random", "random", 2),
    trials_budget=4,
    time_budget_s=100.0,
)

AT_LIMIT = "the best trial stands at a limit of flow: widen it"


def trial(number: int, peak_nm: float | None, flow: float = 5.0) -> Trial:
    if peak_nm is None:
        return Trial(number, TrialState.FAILED, "random", {"flow": flow}, 0.0, detail="no flow")
    properties = {"peak_wavelength": peak_nm}
    score = objectives.score(SPEC.objectives, properties)
    return Trial(
        number, TrialState.COMPLETE, "random", {"flow": flow}, 0.0, properties=properties, score=score
    )


def test_a_campaign_goes_on_while_it_has_budget_and_has_not_reached_its_target() -> None:
    assert outcomes.judge(SPEC, [], 0.0) is None
    assert outcomes.judge(SPEC, [trial(1, 500.0)], 99.0) is None


def test_the_last_trial_decides_whether_the_target_is_reached() -> None:
    ending = outcomes.judge(SPEC, [trial(1, 500.0), trial(2, 559.0)], 1.0)
    assert ending == outcomes.Ending(
        CampaignState.COMPLETE, "reached: peak 559.0 nm (target 560 nm) in 2 trials", reached=True
    )


@pytest.mark.parametrize(("count", "elapsed_s"), [(4, 0.0), (1, 100.5)])
def test_a_spent_budget_ends_it_with_the_best_trial(count: int, elapsed_s: float) -> None:
    done = [trial(number, 500.0 + number, flow=9.9) for number in range(1, count + 1)]
    ending = outcomes.judge(SPEC, done, elapsed_s)
    assert ending is not None
    assert (ending.state, ending.reached) == (CampaignState.COMPLETE, False)
    assert ending.reason.startswith(f"not reached: best peak {500.0 + count:.1f} nm (target 560 nm)")
    assert ending.reason.endswith(AT_LIMIT)


def test_three_failures_at_the_end_hold_it_and_the_last_says_why() -> None:
    done = [trial(1, 500.0), trial(2, None), trial(3, None)]
    assert outcomes.judge(SPEC, done, 0.0) is None
    roomy = replace(SPEC, trials_budget=9)
    held = outcomes.judge(roomy, [*done, trial(4, None)], 0.0)
    assert held == outcomes.Ending(CampaignState.HELD, "held: 3 trials in a row failed, the last: no flow")


@pytest.mark.parametrize(
    ("peaks", "flow", "said"),
    [
        ([], 5.0, "no trial gave a usable spectrum"),
        ([500.0, 540.0], 5.0, "peak_wavelength was seen from 500.0 to 540.0 nm"),
        ([500.0, 600.0], 5.0, "trials lie on both sides of 560 nm: more trials would help"),
        (
            [540.0],
            0.1,
            f"peak_wavelength was seen from 540.0 to 540.0 nm; {AT_LIMIT}",
        ),
    ],
)
def test_why_a_target_was_missed_is_told_from_what_was_seen(
    peaks: list[float], flow: float, said: str
) -> None:
    history = [Observation({"flow": flow}, {"peak_wavelength": peak}) for peak in peaks]
    assert objectives.explain_not_reached(SPEC.space, SPEC.objectives, history) == said


BRIGHT = replace(
    SPEC, objectives=(TARGET, Objective("light", ObjectiveKind.MAXIMISE, "1/s", scale=100.0)), trials_budget=5
)

ON = replace(BRIGHT, until=Until.SPENT)


def lit(number: int, peak_nm: float, light: float) -> Trial:
    properties = {"peak_wavelength": peak_nm, "light": light}
    score = objectives.score(BRIGHT.objectives, properties)
    return replace(trial(number, peak_nm), properties=properties, score=score)


# The second has the lowest score of all, and misses the target.
LIT = [lit(1, 500.0, 99.0), lit(2, 562.1, 150.0), lit(3, 558.0, 10.0), lit(4, 558.0, 80.0)]


def test_beyond_its_targets_a_campaign_goes_on_until_its_budget_is_spent() -> None:
    assert outcomes.judge(BRIGHT, LIT[:3], 0.0) is not None
    assert outcomes.judge(ON, LIT[:3], 0.0) is None
    assert outcomes.judge(ON, [*LIT, lit(5, 510.0, 90.0)], 0.0) == outcomes.Ending(
        CampaignState.COMPLETE,
        "reached: peak 558.0 nm (target 560 nm), light 80 1/s in trial 4;"
        " 2 of 5 trials met every target, trial 3 first",
        reached=True,
    )


def test_a_campaign_that_spends_its_budget_without_reaching_says_so() -> None:
    ending = outcomes.judge(ON, LIT[:2], 100.5)
    assert ending is not None
    assert (ending.reached, ending.reason[:12]) == (False, "not reached:")


def test_the_best_of_a_campaign_that_goes_on_meets_its_targets_once_one_does() -> None:
    assert outcomes.best_number(BRIGHT, LIT) == 2
    assert outcomes.best_number(ON, LIT[:2]) == 2
    assert outcomes.best_number(ON, LIT) == 4
    assert outcomes.best_number(ON, [trial(1, None)]) == 0


def test_what_goes_on_says_so_while_it_does() -> None:
    assert outcomes.standing(BRIGHT, LIT) == ""
    assert outcomes.standing(ON, LIT[:2]) == "goes on until its budget is spent"
    assert outcomes.standing(ON, LIT) == (
        "goes on until its budget is spent; trial 3 was the first to meet every target"
    )
