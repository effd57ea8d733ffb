"""Cascades: the outer loop's output is the inner one's setpoint; it waits while that is not followed."""

from __future__ import annotations

import math

import pytest

from controller.domain.commands import LoopMode, SetLoopMode
from controller.domain.readings import Quality


@pytest.fixture
def jacketed(loop_bench, cascade, lag):
    """A reactor in a jacket in the room, under both loops."""
    jacket = lag(0.8, 10.0, 0.5, sensor="jacket")
    reactor = lag(1.0, 60.0, 3.0, drive={"jacket": 1.0})

    def plant(bench):
        jacket(bench)
        reactor(bench)

    return loop_bench(*cascade, plant=plant)


def test_the_reactor_settles_and_both_loops_are_on(jacketed):
    jacketed.aim("outer", 45.0)
    path = jacketed.run(900.0)
    assert path[-1] == pytest.approx(45.0, abs=0.05)
    assert max(path) < 46.5
    assert [state.mode for state in jacketed.states] == [LoopMode.AUTO, LoopMode.AUTO]


def test_switching_the_cascade_on_moves_neither_setpoint_nor_heater(jacketed):
    jacketed.aim("inner", 50.0)
    jacketed.run(600.0)
    heater = jacketed.tick()
    jacketed.do(SetLoopMode("outer", LoopMode.AUTO))
    assert jacketed.tick() == pytest.approx(heater, abs=0.05)
    assert jacketed.state("inner").setpoint == pytest.approx(50.0, abs=0.01)
    assert jacketed.state("outer").target == pytest.approx(jacketed.reading("reactor"), abs=0.1)


def test_the_inner_setpoint_moves_no_faster_than_the_inner_ramp(jacketed):
    jacketed.aim("outer", 80.0)
    jacketed.tick()
    last = jacketed.state("inner").setpoint
    for _ in range(2000):
        jacketed.tick()
        now = jacketed.state("inner").setpoint
        assert abs(now - last) <= 0.2 + 1e-9
        last = now


def test_while_the_inner_loop_is_at_its_limit_the_outer_one_does_not_wind_up(jacketed):
    # The jacket reaches 100 degC at most, so the reactor never 99.
    jacketed.aim("inner", 95.0)
    jacketed.run(300.0)
    jacketed.aim("outer", 100.0)
    jacketed.run(3600.0)
    assert jacketed.state("inner").setpoint <= 100.0
    jacketed.aim("outer", 60.0)
    path = jacketed.run(900.0)
    assert path[-1] == pytest.approx(60.0, abs=0.1)
    assert min(path) > 57.0


def test_an_inner_loop_at_full_power_holds_its_setpoint_near_what_it_reaches(jacketed, lag):
    jacketed.aim("outer", 90.0)
    jacketed.run(60.0)
    weak = lag(0.3, 10.0, 0.5, sensor="jacket")
    weak.line.extend([100.0] * 5)
    jacketed.plant = weak
    jacketed.run(1200.0)
    assert jacketed.output("heater") == 100.0
    stuck = jacketed.state("inner").setpoint
    jacketed.run(600.0)
    assert jacketed.state("inner").setpoint == pytest.approx(stuck, abs=0.01)


def test_aiming_at_the_inside_breaks_the_cascade(jacketed):
    jacketed.aim("outer", 45.0)
    jacketed.run(100.0)
    jacketed.aim("inner", 60.0)
    assert jacketed.state("outer").mode is LoopMode.OFF
    jacketed.run(400.0)
    assert jacketed.reading("jacket") == pytest.approx(60.0, abs=0.1)


def test_switching_the_outer_loop_off_leaves_the_inner_one_where_it_was_sent(jacketed):
    jacketed.aim("outer", 45.0)
    jacketed.run(900.0)
    sent = jacketed.state("inner").target
    heater = jacketed.tick()
    jacketed.do(SetLoopMode("outer", LoopMode.OFF))
    assert jacketed.tick() == pytest.approx(heater, abs=0.05)
    assert jacketed.state("inner").target == pytest.approx(sent, abs=0.01)


def test_a_manual_outer_loop_holds_the_inner_setpoint(jacketed):
    jacketed.do(SetLoopMode("outer", LoopMode.MANUAL, 55.0))
    jacketed.run(300.0)
    assert jacketed.state("inner").setpoint == pytest.approx(55.0)
    jacketed.do(SetLoopMode("outer", LoopMode.MANUAL))
    jacketed.tick()
    assert jacketed.state("outer").held == pytest.approx(55.0)


def test_while_the_inner_loop_is_manual_the_outer_one_waits_and_returns_without_a_bump(jacketed):
    jacketed.aim("outer", 45.0)
    jacketed.run(900.0)
    jacketed.do(SetLoopMode("inner", LoopMode.MANUAL, 60.0))
    jacketed.run(300.0)
    assert math.isnan(jacketed.state("outer").output)
    jacketed.do(SetLoopMode("inner", LoopMode.AUTO))
    assert jacketed.tick() == pytest.approx(60.0, abs=2.0)
    assert jacketed.state("inner").setpoint == pytest.approx(jacketed.reading("jacket"), abs=0.5)
    assert jacketed.run(1500.0)[-1] == pytest.approx(45.0, abs=0.05)


@pytest.mark.parametrize("sensor", ["reactor", "jacket"])
def test_without_either_reading_the_heater_is_safe_and_the_cascade_comes_back(jacketed, sensor):
    jacketed.aim("outer", 45.0)
    jacketed.run(900.0)
    jacketed.blind(sensor)
    assert jacketed.tick() == 0.0
    jacketed.run(200.0)
    assert jacketed.output("heater") == 0.0
    jacketed.blind(sensor, Quality.GOOD)
    jacketed.tick()
    assert jacketed.state("inner").setpoint == pytest.approx(jacketed.reading("jacket"), abs=0.5)
    path = jacketed.run(1500.0)
    assert path[-1] == pytest.approx(45.0, abs=0.05)
    assert max(path) < 46.5


def test_an_interlock_on_the_heater_winds_neither_loop_up(jacketed):
    jacketed.aim("outer", 45.0)
    jacketed.run(900.0)
    jacketed.forced = {"heater": 0.0}
    jacketed.run(600.0)
    assert jacketed.state("inner").setpoint == pytest.approx(jacketed.reading("jacket"), abs=0.5)
    jacketed.forced = {}
    path = jacketed.run(1500.0)
    # The outer setpoint has stayed at 45 degC meanwhile: a step of 25 degC, no ramp.
    assert max(path) < 45.0 + 0.1 * 25.0
    assert path[-1] == pytest.approx(45.0, abs=0.05)
