"""Modes of a loop: off, manual, auto; switching and retuning without a bump; setpoint ramps; letting go."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.control import loop_state, loops
from controller.domain.commands import EndAutotune, LoopMode, Retune, SetLoopMode, StartAutotune
from controller.domain.plan import LoopPlan

percents = st.floats(0.0, 100.0)


def test_while_no_loop_is_active_a_tick_makes_nothing_new(loop_bench, heating):
    bench = loop_bench(heating)
    wanted = list(bench.outputs)
    states, events = loops.drive(
        bench.model, bench.states, bench.values, bench.qualities, wanted, bench.outputs, 0.1
    )
    assert states is bench.states
    assert events == ()
    assert wanted[3:] == bench.outputs[3:]


def test_a_loop_follows_its_target_and_settles_there(loop_bench, heating, lag):
    bench = loop_bench(heating, plant=lag(0.8, 50.0, 2.0))
    bench.aim("heat", 45.0)
    assert bench.run(400.0)[-1] == pytest.approx(45.0, abs=0.05)


def test_the_setpoint_starts_at_the_measurement_and_moves_no_faster_than_its_ramp(loop_bench, heating):
    bench = loop_bench(replace(heating, ramp_per_s=0.5))
    bench.aim("heat", 45.0)
    setpoints = []
    for _ in range(600):
        bench.tick()
        setpoints.append(bench.state("heat").setpoint)
    assert setpoints[0] == pytest.approx(20.05)
    assert all(0.0 <= after - before <= 0.05 + 1e-9 for before, after in pairwise(setpoints))
    assert setpoints[-1] == 45.0


def test_a_new_target_on_the_way_is_approached_from_where_the_setpoint_is(loop_bench, heating):
    bench = loop_bench(heating)
    bench.aim("heat", 45.0)
    bench.tick(100)
    bench.aim("heat", 20.0)
    bench.tick()
    assert bench.state("heat").setpoint == pytest.approx(30.0 - 0.1)


@given(held=percents, reading=st.floats(5.0, 95.0), gain=st.floats(0.01, 50.0))
def test_from_manual_to_auto_the_output_stays(loop_bench, heating, held, reading, gain):
    bench = loop_bench(replace(heating, gain=gain))
    bench.show("reactor", reading)
    bench.do(SetLoopMode("heat", LoopMode.MANUAL, held))
    assert bench.tick() == held
    bench.do(SetLoopMode("heat", LoopMode.AUTO))
    assert bench.tick(10) == pytest.approx(held, abs=1e-6)
    assert bench.state("heat").target == reading


@given(target=st.floats(0.0, 100.0), ticks=st.integers(1, 300))
@settings(max_examples=30)
def test_from_auto_to_manual_the_output_stays(loop_bench, heating, lag, target, ticks):
    bench = loop_bench(heating, plant=lag(0.8, 50.0))
    bench.aim("heat", target)
    before = bench.tick(ticks)
    bench.do(SetLoopMode("heat", LoopMode.MANUAL))
    assert bench.tick(50) == before


def test_a_loop_that_is_switched_on_takes_over_where_the_actuator_stands(loop_bench, heating):
    bench = loop_bench(heating)
    bench.hold("heater", 37.0)
    bench.do(SetLoopMode("heat", LoopMode.AUTO))
    assert bench.tick() == pytest.approx(37.0)


def test_a_loop_that_is_off_lets_go_of_its_actuator(loop_bench, heating):
    bench = loop_bench(heating)
    bench.do(SetLoopMode("heat", LoopMode.MANUAL, 40.0))
    bench.tick()
    assert loop_state.held_actuators(bench.model, bench.states) == (3,)
    bench.do(SetLoopMode("heat", LoopMode.OFF))
    assert loop_state.held_actuators(bench.model, bench.states) == ()
    assert bench.tick() == 0.0


def test_switching_to_auto_twice_changes_nothing(loop_bench, heating):
    bench = loop_bench(heating)
    bench.aim("heat", 45.0)
    bench.tick(10)
    before = bench.states
    bench.do(SetLoopMode("heat", LoopMode.AUTO))
    assert bench.states == before


@given(gain=st.floats(0.1, 40.0), integral_s=st.floats(1.0, 500.0), derivative_s=st.floats(0.0, 5.0))
@settings(max_examples=40)
def test_another_tuning_leaves_the_output_where_it_is(
    loop_bench, heating, lag, gain, integral_s, derivative_s
):
    bench = loop_bench(replace(heating, derivative_s=1.0), plant=lag(0.8, 50.0, 2.0))
    bench.aim("heat", 45.0)
    before = bench.tick(300)
    assert 0.0 < before < 100.0
    bench.do(Retune("heat", gain, integral_s, derivative_s))
    state = bench.state("heat")
    # No more than the plant's own movement in one tick, seen by the new tuning.
    moved = abs(bench.reading("reactor") - state.memory.measurement) + 0.1
    most = gain * moved * (1.0 + 0.1 / integral_s + 10.0) + 0.1 * gain * 30.0 / integral_s
    after = bench.tick()
    assert abs(after - before) <= most
    assert bench.state("heat").tuning.gain == gain


def test_at_rest_another_tuning_changes_nothing_at_all(loop_bench, heating, lag):
    bench = loop_bench(heating, plant=lag(0.8, 50.0))
    bench.aim("heat", 45.0)
    bench.run(600.0)
    before = bench.tick()
    bench.do(Retune("heat", 20.0, 10.0, 2.0))
    assert bench.tick(200) == pytest.approx(before, abs=0.01)


def test_a_loop_that_is_off_or_blind_takes_a_tuning_too(loop_bench, heating):
    bench = loop_bench(heating)
    bench.do(Retune("heat", 2.0, 30.0, 1.0))
    bench.aim("heat", 45.0)
    bench.tick(5)
    bench.blind("reactor")
    bench.tick(5)
    bench.do(Retune("heat", 3.0, 30.0, 1.0))
    assert bench.state("heat").tuning.gain == 3.0
    assert bench.tick() == 0.0


def test_writing_an_actuator_switches_its_loop_off_and_any_around_it(loop_bench, cascade):
    bench = loop_bench(*cascade)
    bench.aim("outer", 40.0)
    bench.tick()
    bench.states = loop_state.release(bench.model, bench.states, 3)
    assert [state.mode for state in bench.states] == [LoopMode.OFF, LoopMode.OFF]


def test_writing_an_actuator_that_no_active_loop_drives_changes_nothing(loop_bench, heating):
    bench = loop_bench(heating)
    assert loop_state.release(bench.model, bench.states, 3) is bench.states
    assert loop_state.release(bench.model, bench.states, 5) is bench.states
    assert loop_state.all_off(bench.states) is bench.states


def test_a_trip_ends_an_experiment_and_says_so_until_the_next(loop_bench, heating):
    bench = loop_bench(heating)
    bench.do(StartAutotune("heat", 40.0, 20.0))
    bench.tick()
    bench.states = loop_state.all_off(bench.states)
    assert bench.state("heat").autotune is None
    assert bench.state("heat").problem == "interrupted: the loop was let go; begin again"
    bench.do(StartAutotune("heat", 40.0, 20.0))
    assert bench.state("heat").problem == ""


def test_setpoints_are_told_of_loops_that_regulate(loop_bench, heating):
    bench = loop_bench(heating)
    assert math.isnan(loop_state.setpoints(bench.states)[0])
    bench.aim("heat", 45.0)
    bench.tick()
    assert loop_state.setpoints(bench.states)[0] == pytest.approx(20.1)
    bench.do(SetLoopMode("heat", LoopMode.MANUAL))
    bench.tick()
    assert math.isnan(loop_state.setpoints(bench.states)[0])
    bench.do(StartAutotune("heat", 40.0, 20.0))
    assert math.isnan(loop_state.setpoints(bench.states)[0])
    bench.do(EndAutotune("heat", accept=False))
    assert bench.state("heat").mode is LoopMode.MANUAL


def test_a_loop_whose_actuator_cools_has_a_gain_below_zero_and_settles(loop_bench, lag):
    cooling = LoopPlan("cool", "reactor", "cooler", -4.0, 50.0, 0.0, ramp_per_s=1.0)
    bench = loop_bench(cooling, plant=lag(0.5, 40.0, 1.0, base=60.0, drive={"cooler": -1.0}))
    bench.show("reactor", 60.0)
    bench.aim("cool", 30.0)
    assert bench.run(500.0)[-1] == pytest.approx(30.0, abs=0.05)
