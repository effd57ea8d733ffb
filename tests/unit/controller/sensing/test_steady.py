"""Steadiness: neither trend nor scatter, over a full window."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sensing.steady import MOST_SAMPLES, Criteria, Trail, Verdict, judge, observe

CRITERIA = Criteria(tolerance=0.5, window_s=15.0)


def watch(values: list[float], interval_s: float = 1.0, criteria: Criteria = CRITERIA) -> Verdict:
    trail = Trail()
    for index, value in enumerate(values):
        trail = observe(trail, criteria, index * interval_s, value)
    return judge(trail, criteria)


@given(st.floats(-1e4, 1e4))
def test_a_constant_is_steady_once_the_window_is_full_and_not_before(value: float) -> None:
    assert not watch([value] * 15).steady
    assert watch([value] * 16).steady


def test_a_slow_ramp_is_judged_by_how_far_it_goes_in_a_window() -> None:
    assert watch([0.03 * second for second in range(40)]).steady
    verdict = watch([0.04 * second for second in range(40)])
    assert not verdict.steady
    assert verdict.drift == pytest.approx(0.6)
    assert verdict.scatter == pytest.approx(0.0, abs=1e-9)


def test_scatter_without_trend_is_not_steady() -> None:
    verdict = watch([(-1.0) ** second for second in range(40)])
    assert not verdict.steady
    assert abs(verdict.drift) < 0.5 < verdict.scatter


def test_an_exponential_approach_becomes_steady_only_near_its_end() -> None:
    approach = [500.0 + 50.0 * math.exp(-second / 20.0) for second in range(200)]
    assert not watch(approach[:60]).steady
    assert watch(approach).steady


def test_a_lost_value_or_a_clock_that_began_anew_starts_over() -> None:
    full = Trail(tuple((float(second), 1.0) for second in range(16)))
    assert observe(full, CRITERIA, 16.0, math.nan) == Trail()
    assert observe(full, CRITERIA, 3.0, 1.0) == Trail(((3.0, 1.0),))


def test_a_fast_signal_keeps_a_bounded_trail() -> None:
    trail = Trail()
    for index in range(20_000):
        trail = observe(trail, CRITERIA, index * 0.001, 1.0)
    assert len(trail.samples) <= MOST_SAMPLES + 2
    assert judge(trail, CRITERIA).steady


@pytest.mark.parametrize(("tolerance", "window_s"), [(0.0, 1.0), (1.0, 0.0), (math.nan, 1.0)])
def test_criteria_without_meaning_are_refused(tolerance: float, window_s: float) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        Criteria(tolerance, window_s)
