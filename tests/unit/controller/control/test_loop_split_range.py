"""Split range: one loop, a heater above the middle and a cooler below it, never both."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.control.actuation import Actuator, SplitRange
from controller.domain.commands import LoopMode, SetLoopMode
from controller.domain.plan import LoopPlan

BOTH = LoopPlan(
    "both",
    "reactor",
    "heater",
    gain=4.0,
    integral_s=40.0,
    derivative_s=0.0,
    ramp_per_s=5.0,
    cooler="cooler",
    cooler_ratio=2.0,
    split_gap=0.1,
)
closed_or_not = st.one_of(st.just(0.0), st.floats(0.0, 100.0))


def split(ratio=2.0, gap=0.1, heater_rate=0.0, cooler_rate=0.0):
    return SplitRange(
        Actuator(0, 0.0, 100.0, 0.0, heater_rate), Actuator(1, 0.0, 100.0, 0.0, cooler_rate), ratio, gap
    )


@given(st.floats(-100.0, 100.0), st.floats(0.1, 10.0), st.floats(0.0, 0.5))
def test_never_are_both_on_and_the_position_tells_the_output(output, ratio, gap):
    actuation, wanted = split(ratio, gap), [0.0, 0.0]
    asked = max(output, actuation.low)
    actuation.write(asked, wanted)
    assert min(wanted) == 0.0
    assert all(0.0 <= value <= 100.0 for value in wanted)
    assert not actuation.overruled(asked, wanted)
    if max(wanted) > 1e-6:
        assert actuation.position(wanted) == pytest.approx(asked, abs=1e-6)


@given(st.floats(-100.0, 100.0), st.floats(0.0, 100.0), st.floats(1.0, 50.0), st.floats(1.0, 50.0))
def test_what_is_in_reach_moves_neither_faster_than_it_may(output, start, heater_rate, cooler_rate):
    actuation = split(heater_rate=heater_rate, cooler_rate=cooler_rate)
    before = [start, 0.0]
    low, high = actuation.reach(before, 0.1)
    assert low <= high
    wanted = [0.0, 0.0]
    actuation.write(min(max(output, low), high), wanted)
    assert abs(wanted[0] - before[0]) <= 0.1 * heater_rate + 1e-6
    assert abs(wanted[1] - before[1]) <= 0.1 * cooler_rate + 1e-6
    assert min(wanted) == 0.0


def test_in_the_gap_nothing_is_on(loop_bench):
    bench = loop_bench(BOTH)
    for held in (-5.0, 0.0, 5.0):
        bench.do(SetLoopMode("both", LoopMode.MANUAL, held))
        bench.tick()
        assert (bench.output("heater"), bench.output("cooler")) == (0.0, 0.0)


def test_the_coolers_share_is_multiplied_by_its_ratio(loop_bench):
    bench = loop_bench(BOTH)
    bench.do(SetLoopMode("both", LoopMode.MANUAL, -24.0))
    bench.tick()
    assert bench.output("cooler") == pytest.approx(100.0 * 2.0 * (0.24 - 0.05) / 0.95)
    assert bench.output("heater") == 0.0


def test_one_loop_holds_above_and_below_the_room(loop_bench, lag):
    # The cooler is half as strong as the heater: its ratio makes up for it.
    bench = loop_bench(BOTH, plant=lag(0.8, 40.0, 1.0, base=30.0, drive={"heater": 1.0, "cooler": -0.5}))
    bench.show("reactor", 30.0)
    for target in (60.0, 15.0, 45.0):
        bench.aim("both", target)
        path = bench.run(500.0)
        assert path[-1] == pytest.approx(target, abs=0.1)
        assert min(bench.output("heater"), bench.output("cooler")) == 0.0
    bench.aim("both", 15.0)
    path = bench.run(500.0)
    assert min(path) > 15.0 - 0.05 * 30.0


def test_with_slow_actuators_one_closes_before_the_other_opens(loop_bench, lag):
    plant = lag(0.8, 40.0, 1.0, base=30.0, drive={"heater": 1.0, "cooler": -0.5})
    bench = loop_bench(BOTH, plant=plant, rates_per_s={"heater": 5.0, "cooler": 5.0})
    bench.show("reactor", 30.0)
    for target in (60.0, 12.0):
        bench.aim("both", target)
        for _ in range(6000):
            bench.tick()
            assert min(bench.output("heater"), bench.output("cooler")) == 0.0
        assert bench.reading("reactor") == pytest.approx(target, abs=0.1)


@given(heating=closed_or_not, cooling=closed_or_not)
@settings(max_examples=40)
def test_it_takes_over_where_the_actuators_stand(loop_bench, heating, cooling):
    bench = loop_bench(BOTH)
    cooling = 0.0 if heating > 0.0 else cooling
    bench.hold("heater", heating)
    bench.hold("cooler", cooling)
    bench.do(SetLoopMode("both", LoopMode.AUTO))
    bench.tick()
    assert bench.output("heater") == pytest.approx(heating, abs=1e-6)
    assert bench.output("cooler") == pytest.approx(cooling, abs=1e-6)


def test_an_interlock_on_one_of_them_makes_the_loop_begin_anew(loop_bench):
    bench = loop_bench(BOTH)
    bench.aim("both", 90.0)
    bench.tick(300)
    assert bench.output("heater") == 100.0
    bench.forced = {"heater": 0.0}
    bench.tick(300)
    bench.forced = {}
    assert bench.tick() < 5.0


def test_without_a_good_reading_both_are_safe(loop_bench):
    bench = loop_bench(BOTH)
    bench.show("reactor", 80.0)
    bench.aim("both", 20.0)
    bench.tick(300)
    assert bench.output("cooler") > 0.0
    bench.show("reactor", math.nan)
    bench.tick()
    assert (bench.output("heater"), bench.output("cooler")) == (0.0, 0.0)
