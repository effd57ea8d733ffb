"""What a loop does where it can't act: limits, rate limits, interlocks, sensors without a good reading."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.domain.commands import LoopMode, SetLoopMode
from controller.domain.readings import Quality


@given(st.lists(st.floats(0.0, 100.0), min_size=5, max_size=40), st.floats(1.0, 50.0))
@settings(max_examples=40)
def test_the_output_never_moves_faster_than_its_actuator_may(loop_bench, heating, readings, rate):
    bench = loop_bench(heating, rates_per_s={"heater": rate})
    bench.aim("heat", 50.0)
    last = 0.0
    for reading in readings:
        bench.show("reactor", reading)
        output = bench.tick()
        assert abs(output - last) <= rate * 0.1 + 1e-9
        # What the loop asks for is what is applied: nothing else changes it later.
        assert bench.state("heat").output == pytest.approx(output)
        last = output


def test_behind_a_slow_actuator_nothing_winds_up(loop_bench, heating, lag):
    plan = replace(heating, ramp_per_s=50.0)
    fast = loop_bench(plan, plant=lag(0.8, 50.0))
    slow = loop_bench(plan, plant=lag(0.8, 50.0), rates_per_s={"heater": 1.0})
    for bench in (fast, slow):
        bench.aim("heat", 45.0)
    assert max(slow.run(600.0)) < max(fast.run(600.0)) + 1.5
    assert slow.reading("reactor") == pytest.approx(45.0, abs=0.05)


def test_an_hour_against_a_limit_is_forgotten_at_once(loop_bench, heating, lag):
    bench = loop_bench(heating, plant=lag(0.2, 50.0), dt_s=1.0)
    bench.aim("heat", 60.0)
    bench.run(3600.0)
    assert bench.output("heater") == 100.0
    bench.aim("heat", 30.0)
    path = bench.run(60.0)
    assert bench.output("heater") < 100.0
    assert path[-1] < 40.0


def test_a_manual_output_is_approached_at_the_actuators_rate(loop_bench, heating):
    bench = loop_bench(heating, rates_per_s={"heater": 10.0})
    bench.do(SetLoopMode("heat", LoopMode.MANUAL, 50.0))
    assert [bench.tick() for _ in range(3)] == pytest.approx([1.0, 2.0, 3.0])


@pytest.mark.parametrize("quality", [quality for quality in Quality if quality is not Quality.GOOD])
def test_without_a_good_reading_the_actuator_is_safe_at_once(loop_bench, heating, lag, quality):
    bench = loop_bench(heating, plant=lag(0.8, 50.0))
    bench.aim("heat", 45.0)
    assert bench.tick(300) > 10.0
    bench.blind("reactor", quality)
    assert bench.tick() == 0.0
    assert math.isnan(bench.state("heat").setpoint)


def test_a_reading_that_is_no_number_is_not_a_good_one(loop_bench, heating):
    bench = loop_bench(heating)
    bench.aim("heat", 45.0)
    bench.tick(50)
    bench.show("reactor", math.nan)
    assert bench.tick() == 0.0


def test_a_short_loss_of_the_sensor_disturbs_the_reactor_hardly(loop_bench, heating, lag):
    bench = loop_bench(heating, plant=lag(0.8, 50.0))
    bench.aim("heat", 45.0)
    bench.run(600.0)
    before = bench.tick()
    bench.blind("reactor")
    bench.tick(10)
    bench.blind("reactor", Quality.GOOD)
    assert bench.tick() == pytest.approx(before, abs=0.5)
    assert min(bench.run(200.0)) > 44.0


def test_after_a_long_loss_the_loop_begins_anew_where_the_actuator_stands(loop_bench, heating, lag):
    bench = loop_bench(heating, plant=lag(0.8, 50.0))
    bench.aim("heat", 45.0)
    bench.run(600.0)
    bench.blind("reactor")
    bench.run(200.0)
    bench.blind("reactor", Quality.GOOD)
    assert bench.tick() == pytest.approx(0.0, abs=1.0)
    assert bench.state("heat").setpoint == pytest.approx(bench.reading("reactor"), abs=0.2)
    path = bench.run(500.0)
    assert max(path) < 46.5
    assert path[-1] == pytest.approx(45.0, abs=0.05)


def test_what_an_interlock_held_is_taken_over_from_there(loop_bench, heating, lag):
    bench = loop_bench(heating, plant=lag(0.8, 50.0))
    bench.aim("heat", 45.0)
    bench.run(600.0)
    bench.forced = {"heater": 0.0}
    bench.run(120.0)
    cold = bench.reading("reactor")
    bench.forced = {}
    assert bench.tick() == pytest.approx(0.0, abs=1.0)
    assert bench.state("heat").setpoint == pytest.approx(cold, abs=0.2)
    path = bench.run(500.0)
    assert max(path) < 46.5
    assert path[-1] == pytest.approx(45.0, abs=0.05)


def test_a_blind_loop_keeps_a_target_that_is_asked_of_it(loop_bench, heating):
    bench = loop_bench(heating)
    bench.aim("heat", 45.0)
    bench.tick()
    bench.blind("reactor")
    bench.tick()
    bench.aim("heat", 50.0)
    bench.blind("reactor", Quality.GOOD)
    bench.tick()
    assert bench.state("heat").target == 50.0
    assert bench.state("heat").setpoint == pytest.approx(20.1)
