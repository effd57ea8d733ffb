"""Feed-forward and gain schedules: what is known beforehand, and tunings that hold in their places."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.control.pid import Tuning
from controller.control.schedule import tuning_at
from controller.domain.commands import LoopMode, Retune, SetLoopMode
from controller.domain.plan import FeedForward, ScheduledTuning
from controller.domain.readings import Quality

POINTS = (ScheduledTuning(20.0, 2.0, 60.0, 0.0), ScheduledTuning(60.0, 6.0, 20.0, 0.0))
SCHEDULE = tuple((point.at, Tuning(point.gain, point.integral_s, point.derivative_s)) for point in POINTS)


def dip(bench):
    """Settle at 45 degC, let the room become colder at once, and return how far the reactor falls."""
    bench.aim("heat", 45.0)
    bench.run(600.0)
    bench.show("room", 10.0)
    return 45.0 - min(bench.run(300.0))


def test_a_disturbance_that_is_fed_forward_is_felt_much_less(loop_bench, heating, lag):
    plant = {"gain": 0.8, "lag_s": 50.0, "drive": {"heater": 1.0, "room": 1.25}}
    blind = dip(loop_bench(heating, plant=lag(**plant)))
    told = replace(heating, feed_forward=(FeedForward("room", -1.25, 20.0),))
    assert dip(loop_bench(told, plant=lag(**plant))) < 0.1 * blind


def test_the_setpoint_itself_can_be_fed_forward(loop_bench, heating, lag):
    slow = replace(heating, gain=0.5, ramp_per_s=0.1)
    told = replace(slow, feed_forward=(FeedForward("setpoint", 1.25, 20.0),))
    behind = []
    for plan in (slow, told):
        bench = loop_bench(plan, plant=lag(0.8, 50.0))
        bench.aim("heat", 45.0)
        bench.run(200.0)
        behind.append(bench.state("heat").setpoint - bench.reading("reactor"))
    assert behind[1] < 0.8 * behind[0]


def test_an_actuators_last_output_can_be_fed_forward(loop_bench, heating):
    bench = loop_bench(replace(heating, feed_forward=(FeedForward("pump", 0.5),)))
    bench.hold("heater", 20.0)
    bench.do(SetLoopMode("heat", LoopMode.AUTO))
    bench.tick()
    bench.forced = {"pump": 40.0}
    bench.tick()
    assert bench.tick() == pytest.approx(20.0 + 0.5 * 40.0)


def test_what_is_fed_forward_makes_no_bump_at_the_beginning(loop_bench, heating):
    bench = loop_bench(replace(heating, feed_forward=(FeedForward("room", -3.0),)))
    bench.hold("heater", 37.0)
    bench.do(SetLoopMode("heat", LoopMode.AUTO))
    assert bench.tick() == pytest.approx(37.0)


def test_it_stands_still_while_its_channel_has_no_good_reading(loop_bench, heating):
    bench = loop_bench(replace(heating, feed_forward=(FeedForward("room", -1.0, 20.0),)))
    bench.hold("heater", 37.0)
    bench.do(SetLoopMode("heat", LoopMode.AUTO))
    bench.tick()
    bench.blind("room")
    bench.show("room", 90.0)
    assert bench.tick() == pytest.approx(37.0)
    bench.blind("room", Quality.GOOD)
    bench.show("room", 15.0)
    assert bench.tick() == pytest.approx(37.0 + 5.0)


@given(st.floats(-50.0, 150.0))
def test_between_two_points_the_tuning_is_interpolated_and_beyond_them_held(value):
    found = tuning_at(SCHEDULE, value)
    share = min(max((value - 20.0) / 40.0, 0.0), 1.0)
    assert found.gain == pytest.approx(2.0 + 4.0 * share)
    assert found.integral_s == pytest.approx(60.0 - 40.0 * share)


def test_the_tuning_in_force_follows_the_schedule(loop_bench, heating):
    bench = loop_bench(replace(heating, schedule_on="reactor", schedule=POINTS))
    bench.aim("heat", 60.0)
    for reading, gain in ((20.0, 2.0), (40.0, 4.0), (80.0, 6.0)):
        bench.show("reactor", reading)
        bench.tick()
        assert bench.state("heat").tuning.gain == pytest.approx(gain)


def test_a_schedule_that_moves_makes_no_bump(loop_bench, heating):
    bench = loop_bench(replace(heating, schedule_on="room", schedule=POINTS))
    bench.hold("heater", 50.0)
    bench.do(SetLoopMode("heat", LoopMode.AUTO))
    bench.aim("heat", 21.0)
    before = bench.tick(20)
    bench.show("room", 60.0)
    # Ten times the gain at an error of 1 degC would be a jump of 4 %.
    assert bench.tick() == pytest.approx(before, abs=0.1)
    assert bench.state("heat").tuning.gain == 6.0


def test_it_can_follow_the_setpoint_and_keeps_still_without_a_good_reading(loop_bench, heating):
    bench = loop_bench(replace(heating, ramp_per_s=10.0, schedule_on="setpoint", schedule=POINTS))
    bench.aim("heat", 60.0)
    bench.tick(100)
    assert bench.state("heat").tuning.gain == 6.0
    other = loop_bench(replace(heating, schedule_on="room", schedule=POINTS))
    other.aim("heat", 60.0)
    other.tick()
    other.blind("room")
    other.show("room", 60.0)
    other.tick()
    assert other.state("heat").tuning.gain == 2.0


def test_a_scheduled_loop_settles_where_the_plants_gain_changes(loop_bench, heating, lag):
    plan = replace(heating, schedule_on="setpoint", schedule=POINTS)
    bench = loop_bench(plan, plant=lag(0.8, 50.0, 1.0))
    for target in (30.0, 70.0):
        bench.aim("heat", target)
        assert bench.run(600.0)[-1] == pytest.approx(target, abs=0.05)


def test_its_tuning_is_not_taken_from_elsewhere(loop_bench, heating):
    bench = loop_bench(replace(heating, schedule=POINTS))
    reply = bench.ask(Retune("heat", 3.0, 30.0, 0.0))
    assert reply.refused == "SCHEDULED"
    assert "edit loops.heat.schedule in the rig file" in reply.detail
