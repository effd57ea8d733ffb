"""What is refused of a loop, and how it says what to do instead."""

from __future__ import annotations

import math

import pytest

from controller.domain.commands import LoopMode, Retune, SetLoopMode
from controller.domain.plan import LoopPlan


@pytest.mark.parametrize(
    ("command", "refused", "words"),
    [
        (SetLoopMode("heta", LoopMode.AUTO), "LOOP_UNKNOWN", "no loop heta; known: heat"),
        (SetLoopMode("heat", LoopMode.AUTO, 20.0), "OUTPUT_NOT_HELD", "switch heat to manual"),
        (SetLoopMode("heat", LoopMode.OFF, 20.0), "OUTPUT_NOT_HELD", "switch heat to manual"),
        (SetLoopMode("heat", LoopMode.MANUAL, 101.0), "OUT_OF_RANGE", "outside 0 to 100 %"),
        (SetLoopMode("heat", LoopMode.MANUAL, math.nan), "OUT_OF_RANGE", "outside 0 to 100 %"),
        (Retune("heat", -1.0, 30.0, 0.0), "OUT_OF_RANGE", "must lie in 0 to 10000 % per degC"),
        (Retune("heat", 0.0, 30.0, 0.0), "OUT_OF_RANGE", "not 0 itself"),
        (Retune("heat", math.inf, 30.0, 0.0), "OUT_OF_RANGE", "the gain inf"),
        (Retune("heat", 1.0, -1.0, 0.0), "OUT_OF_RANGE", "the integral time -1"),
        (Retune("heat", 1.0, 30.0, math.nan), "OUT_OF_RANGE", "the derivative time nan"),
    ],
)
def test_a_command_that_can_not_be_done_is_refused_with_a_remedy(
    loop_bench, heating, command, refused, words
):
    bench = loop_bench(heating)
    before = bench.states
    reply = bench.ask(command)
    assert reply.refused == refused
    assert words in reply.detail
    assert bench.states is before


@pytest.mark.parametrize("target", [-1.0, 100.5, math.nan, math.inf])
def test_a_target_outside_the_sensors_range_is_refused(loop_bench, heating, target):
    reply = loop_bench(heating).try_aim("heat", target)
    assert reply.refused == "OUT_OF_RANGE"
    assert "outside 0 to 100 degC; ask within" in reply.detail


def test_a_loop_that_does_not_see_is_not_switched_on(loop_bench, heating):
    bench = loop_bench(heating)
    bench.blind("reactor")
    for reply in (bench.try_aim("heat", 45.0), bench.ask(SetLoopMode("heat", LoopMode.AUTO))):
        assert reply.refused == "NO_GOOD_READING"
        assert "mend the sensor, then switch heat on" in reply.detail
    bench.do(SetLoopMode("heat", LoopMode.MANUAL, 10.0))
    assert bench.tick() == 10.0


def test_a_cascade_needs_both_sensors(loop_bench, cascade):
    bench = loop_bench(*cascade)
    bench.blind("jacket")
    assert bench.try_aim("outer", 45.0).refused == "NO_GOOD_READING"
    for held in (None, 50.0):
        reply = bench.ask(SetLoopMode("outer", LoopMode.MANUAL, held))
        assert reply.refused == "NO_GOOD_READING"
        assert "jacket has no good reading" in reply.detail


def test_a_manual_outer_loop_is_not_taken_over_from_a_setpoint_that_nothing_shows(loop_bench, cascade):
    bench = loop_bench(*cascade)
    bench.aim("outer", 45.0)
    bench.tick()
    bench.blind("jacket")
    bench.show("jacket", math.nan)
    bench.tick()
    assert bench.ask(SetLoopMode("outer", LoopMode.MANUAL)).refused == "NO_GOOD_READING"


def test_a_rig_without_loops_says_so(loop_bench):
    assert loop_bench().ask(SetLoopMode("heat", LoopMode.AUTO)).detail.endswith("known: none")


def test_a_cooling_loop_takes_gains_below_zero_alone(loop_bench):
    bench = loop_bench(LoopPlan("cool", "reactor", "cooler", -4.0, 50.0, 0.0, ramp_per_s=1.0))
    assert bench.ask(Retune("cool", 2.0, 30.0, 0.0)).refused == "OUT_OF_RANGE"
    bench.do(Retune("cool", -2.0, 30.0, 0.0))
    assert bench.state("cool").tuning.gain == -2.0
