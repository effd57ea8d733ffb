"""Judges that look back: a rate of change through noise, and a sensor that is stuck."""

from __future__ import annotations

import random
from itertools import pairwise
from math import isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.control.windows import BINS, RateMemory, StuckMemory
from controller.domain.conditions import RateOfChange, Stuck
from tests.unit.controller.control.judging import Watch, Zone, seen


def rate_watch(limit_per_s: float = 1.0, window_s: float = 4.0) -> Watch:
    return Watch(RateOfChange("zone", limit_per_s, window_s))


def slope(watch: Watch) -> float:
    assert isinstance(watch.memory, RateMemory)
    return watch.memory.slope_per_s


@pytest.mark.parametrize("dt_s", [0.001, 0.02, 0.1, 0.3, 1.0])
@pytest.mark.parametrize("rate_per_s", [-2.0, -0.5, 0.0, 0.5, 2.0])
def test_a_straight_line_has_the_slope_that_it_has_at_every_tick_rate(dt_s, rate_per_s) -> None:
    watch = rate_watch()
    for tick in range(int(6.0 / dt_s)):
        verdict = watch.look(seen(zone=40.0 + rate_per_s * tick * dt_s), dt_s)
    assert slope(watch) == pytest.approx(rate_per_s, abs=1e-9)
    assert verdict is (abs(rate_per_s) > 1.0)


def test_it_does_not_stand_before_it_has_seen_a_whole_window() -> None:
    watch = rate_watch()
    verdicts = [watch.look(seen(zone=5.0 * tick)) for tick in range(60)]
    first = verdicts.index(True)
    assert 4.0 <= first * 0.1 <= 4.0 + 2 * 4.0 / BINS
    assert all(verdicts[first:])


def test_noise_far_above_the_limit_tick_by_tick_averages_out() -> None:
    watch, noise = rate_watch(limit_per_s=0.5, window_s=10.0), random.Random(3)
    for _ in range(3000):
        # From one reading to the next some 10 degC/s.
        assert not watch.look(seen(zone=40.0 + noise.gauss(0.0, 1.0)))


def test_a_jump_stands_while_the_window_holds_it_and_then_no_more() -> None:
    watch = rate_watch(limit_per_s=1.0, window_s=4.0)
    readings = [40.0] * 60 + [60.0] * 100
    verdicts = [watch.look(seen(zone=value)) for value in readings]
    assert not any(verdicts[:60])
    assert any(verdicts[60:80])
    assert not any(verdicts[60 + 45 + 3 :])


def test_a_gap_as_long_as_the_window_forgets_what_was_before() -> None:
    watch = rate_watch()
    for tick in range(60):
        watch.look(seen(zone=2.0 * tick * 0.1))
    for _ in range(39):
        assert watch.look(seen(bad=("zone",))) is None
    assert not isnan(slope(watch))
    for _ in range(3):
        watch.look(seen(bad=("zone",)))
    assert isnan(slope(watch))
    assert watch.look(seen(zone=90.0)) is False, "what it reads after a gap is a new beginning"


def test_a_short_gap_keeps_the_slope_of_a_sensor_that_goes_on() -> None:
    watch = rate_watch()
    for tick in range(200):
        bad = ("zone",) if 100 <= tick < 110 else ()
        watch.look(seen(zone=0.2 * tick, bad=bad))
    assert slope(watch) == pytest.approx(2.0)


@given(st.lists(st.tuples(st.floats(-50, 150) | st.just(nan), st.floats(0.001, 2.0)), max_size=200))
def test_its_memory_is_bounded_and_in_the_order_of_time(story) -> None:
    watch = rate_watch()
    for value, dt_s in story:
        watch.look(seen(zone=value, bad=("zone",) if isnan(value) else ()), dt_s)
        assert isinstance(watch.memory, RateMemory)
        points = watch.memory.points
        assert len(points) <= BINS + 2
        assert all(earlier < later for (earlier, _), (later, _) in pairwise(points))


def test_the_rate_is_said_once_it_is_known() -> None:
    watch = rate_watch()
    watch.look(seen(zone=20.0))
    assert watch.explain(seen(zone=20.0)) == "zone is 20 degC"
    for tick in range(60):
        watch.look(seen(zone=20.0 + 0.25 * tick))
    assert watch.explain(seen(zone=34.75)) == "zone is 34.75 degC, moving by 2.5 degC/s"
    assert watch.remedy(seen()) == "wait until it is steady for 4 s"


def stuck_watch(span: float = 0.05, window_s: float = 30.0) -> Watch:
    return Watch(Stuck("zone", span, window_s))


def test_a_sensor_that_stands_still_is_stuck_after_the_window_and_not_before() -> None:
    watch = stuck_watch()
    verdicts = [watch.look(seen(zone=40.0)) for _ in range(400)]
    assert verdicts.index(True) == 300
    assert all(verdicts[300:])


def test_a_live_sensor_on_a_steady_zone_is_never_stuck() -> None:
    zone, watch = Zone(noise_c=0.02), stuck_watch()
    for _ in range(20_000):
        assert not watch.look(seen(zone=zone.advance(0.5, 0.1)))


def test_a_reading_that_flickers_by_less_than_the_span_is_stuck_all_the_same() -> None:
    watch = stuck_watch()
    verdicts = [watch.look(seen(zone=40.0 + 0.02 * (tick % 3))) for tick in range(400)]
    assert verdicts[-1] is True


def test_moving_on_ends_it_at_once_and_the_window_begins_anew() -> None:
    watch = stuck_watch()
    for _ in range(400):
        watch.look(seen(zone=40.0))
    assert watch.look(seen(zone=40.06)) is False
    verdicts = [watch.look(seen(zone=40.06)) for _ in range(301)]
    assert verdicts.index(True) == 299


def test_a_slow_drift_is_life_when_it_crosses_the_span_within_the_window() -> None:
    fast, slow = stuck_watch(), stuck_watch()
    # 0.05 degC in 25 s, and in 50 s.
    assert not any(fast.look(seen(zone=40.0 + 0.0002 * tick)) for tick in range(5000))
    assert any(slow.look(seen(zone=40.0 + 0.0001 * tick)) for tick in range(5000))


def test_bad_readings_neither_count_nor_end_it() -> None:
    watch = stuck_watch()
    for _ in range(200):
        watch.look(seen(zone=40.0))
    for _ in range(500):
        assert watch.look(seen(zone=99.0, bad=("zone",))) is None
    verdicts = [watch.look(seen(zone=40.0)) for _ in range(101)]
    assert verdicts.index(True) == 100


def test_a_memory_that_does_not_change_stays_the_same_object() -> None:
    watch = stuck_watch(window_s=1.0)
    for _ in range(20):
        watch.look(seen(zone=40.0))
    before = watch.memory
    watch.look(seen(zone=40.0))
    assert watch.memory is before


@given(st.lists(st.integers(0, 6), min_size=1, max_size=120))
def test_it_stands_only_if_the_whole_window_lay_within_the_span(readings) -> None:
    watch = stuck_watch(span=3.0, window_s=1.0)
    for tick, value in enumerate(readings):
        stands = watch.look(seen(zone=float(value)))
        window = readings[max(0, tick - 10) : tick + 1]
        if stands:
            assert len(window) == 11
            assert max(window) - min(window) < 3
        assert isinstance(watch.memory, StuckMemory)


@given(st.lists(st.integers(0, 6), max_size=30), st.integers(0, 6))
def test_whatever_was_before_a_sensor_that_stops_is_found_stuck_after_a_window(before, last) -> None:
    watch = stuck_watch(span=3.0, window_s=1.0)
    for value in [*before, *[last] * 11]:
        stands = watch.look(seen(zone=float(value)))
    assert stands is True
