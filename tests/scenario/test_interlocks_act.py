"""Every interlock that watches a value: a fault in the plant, and the outputs at the board safe in time.

A stated time is derived, never fitted: what the rule itself takes (delay, window), and `REACTION_S`.
"""

from __future__ import annotations

import pytest

from controller.domain.commands import Reset, SetReagent, SetTargets
from controller.domain.readings import ReactorState
from firmware_bridge.simulator.plant import faults
from tests.scenario.bench import running
from tests.scenario.safe_in_time import (
    REACTION_S,
    assert_reset_is_granted,
    assert_reset_waits_for,
    assert_trips,
)

MIXER, REACTOR, CELL = 0, 1, 2
SEED_AXIS = 3


@pytest.fixture
def bench(tmp_path):
    bench = running(tmp_path, "whole")
    yield bench
    bench.close()


def test_too_hot(bench):
    bench.faults.set(faults.TemperatureOffset(REACTOR, 60.0))
    assert_trips(bench, "reactor_hot", "reactor.temperature is ", within_s=0.5 + REACTION_S)
    assert_reset_waits_for(bench, "reactor_hot", "degC; bring it back to not above 70 degC")
    bench.faults.clear_all()
    bench.run(0.5)
    assert_reset_is_granted(bench)


def test_too_cold(bench):
    bench.faults.set(faults.TemperatureOffset(CELL, -30.0))
    assert_trips(bench, "cell_cold", "cell.temperature is -", within_s=0.2 + REACTION_S)
    assert_reset_waits_for(bench, "cell_cold", "bring it back to not below 5 degC")
    bench.faults.clear_all()
    bench.run(0.5)
    assert_reset_is_granted(bench)


def test_changing_too_fast(bench):
    bench.faults.set(faults.TemperatureOffset(MIXER, 0.0, drift_c_s=2.0))
    window_s = 4.0
    assert_trips(bench, "mixer_racing", "moving by ", within_s=window_s + window_s / 16 + REACTION_S)
    assert_reset_waits_for(bench, "mixer_racing", "wait until it is steady for 4 s")
    bench.faults.clear_all()
    bench.run(2 * window_s)
    assert_reset_is_granted(bench)


def test_a_reading_that_is_gone(bench):
    bench.faults.set(faults.TemperatureOpen(CELL))
    assert_trips(bench, "cell_silent", "cell.temperature has no good reading", within_s=0.1 + REACTION_S)
    assert_reset_waits_for(bench, "cell_silent", "mend the sensor or its wire")
    bench.faults.clear_all()
    bench.run(0.5)
    # What can't be judged counts as standing: the limits on this sensor tripped, too.
    assert bench.told("cell_cold")[0].startswith("tripped: cell.temperature has no good reading")
    assert_reset_is_granted(bench)


def test_a_reading_that_is_stuck(bench):
    bench.faults.set(faults.TemperatureStuck(REACTOR))
    window_s = 6.0
    assert_trips(bench, "reactor_stuck", "reactor.temperature is ", within_s=window_s + REACTION_S)
    assert_reset_waits_for(bench, "reactor_stuck", "see why the sensor shows no change")
    bench.faults.clear_all()
    bench.run(0.5)
    assert_reset_is_granted(bench)


def test_a_heater_that_does_not_heat(bench):
    bench.faults.set(faults.HeaterOpen(REACTOR))
    # The setpoint rises at 0.5 degC/s: past the hysteresis the sensor must gain 1 degC in the gain time, else
    # the error counts, which by then is more than the 30 degC s that are forgiven.
    hysteresis_c, ramp_c_s, gain_time_s = 2.0, 0.5, 12.0
    within_s = hysteresis_c / ramp_c_s + gain_time_s + REACTION_S
    assert_trips(bench, "reactor_heater", "reactor.heater at ", within_s=within_s)
    # With the loop off nothing is implausible: the latch alone waits for a person.
    assert_reset_is_granted(bench)


def test_a_heater_that_does_not_stop_is_cut_off_by_its_relay(bench):
    bench.until(lambda: bench.reads("reactor.temperature") > 39.0, 90.0)
    bench.run(10.0)
    bench.faults.set(faults.HeaterStuckOn(REACTOR))
    bench.until(lambda: bench.reads("reactor.temperature") > 45.0, 30.0)
    # It rises by the heating gain of 1 degC, at no less than 0.3 degC/s, before it counts as a runaway.
    assert_trips(bench, "reactor_heater", "reactor.heater at 0 %", within_s=1.0 / 0.3 + REACTION_S)
    assert_reset_waits_for(bench, "reactor_heater", "cut the heater's supply if it still heats")
    hottest_c = bench.reads("reactor.temperature")
    bench.run(30.0)
    assert bench.reads("reactor.temperature") < hottest_c - 5.0
    assert_reset_is_granted(bench)


def test_a_clogged_tube(bench):
    bench.faults.set(faults.Clog(3.0))
    assert_trips(bench, "clogged", "kPa where 300 uL/min take 25.5 kPa", within_s=2.0 + REACTION_S)
    # Without a flow there is nothing to compare: it trips again, should it still be clogged.
    assert_reset_is_granted(bench)


def test_a_reagent_that_ran_out_unnoticed_is_missed_by_the_pressure(bench):
    for axis in (0, 2, SEED_AXIS):
        bench.faults.set(faults.ReagentEmpty(axis))
    # The syringes' elasticity goes on delivering for about 2 s, five times its 0.4 s.
    assert_trips(bench, "clogged", "where 300 uL/min take 25.5 kPa", within_s=2.0 + 2.0 + REACTION_S)


def test_a_leak_at_the_board(bench):
    bench.faults.set(faults.Leak(0.3))
    assert_trips(bench, "leaking", "fittings.leak is on", within_s=0.2 + REACTION_S)
    assert_reset_waits_for(bench, "leaking", "see what turned it on")
    bench.faults.clear_all()
    bench.run(0.5)
    assert_reset_is_granted(bench)


def test_a_leak_on_the_pins(bench):
    bench.chip.drive(5, False)
    debounce_s = 0.05
    assert_trips(bench, "tray_wet", "tray.leak is on", within_s=debounce_s + REACTION_S)
    assert_reset_waits_for(bench, "tray_wet", "see what turned it on")
    bench.chip.drive(5, True)
    bench.run(0.5)
    assert_reset_is_granted(bench)


def test_a_reagent_used_up_by_count(bench):
    assert not bench.ask(SetReagent("seed", 105.0)).refused
    # Seed flows at 150 uL/min, so that 5 uL last for 2 s.
    assert_trips(bench, "seed_empty", "reagent.seed is 99.8", within_s=2.0 + REACTION_S)
    assert_reset_waits_for(bench, "seed_empty", "bring it back to not below 100 uL")
    assert not bench.ask(SetReagent("seed", 900.0)).refused
    assert_reset_is_granted(bench)


def test_a_loop_that_is_far_from_its_setpoint(bench):
    bench.faults.set(faults.HeaterOpen(MIXER))
    # The setpoint leaves the sensor behind at 0.5 degC/s, and the zone does not warm.
    within_s = 8.0 / 0.5 + 1.0 + REACTION_S
    assert_trips(bench, "mixer_astray", "at a setpoint of ", within_s=within_s)
    assert_reset_is_granted(bench)


def test_of_two_trips_the_first_in_time_is_first_out_and_stays_so(bench):
    bench.faults.set(faults.TemperatureOffset(CELL, -30.0))
    bench.run(0.1)
    bench.faults.set(faults.TemperatureOffset(REACTOR, 60.0))
    assert_trips(bench, "cell_cold", "cell.temperature is -", within_s=0.2 + REACTION_S)
    assert bench.told("reactor_hot")[0].startswith("tripped: reactor.temperature is ")
    reply = bench.ask(Reset())
    assert "reactor_hot: " in reply.detail
    assert "cell_cold: " in reply.detail


def test_of_two_trips_in_one_tick_the_first_declared_is_first_out(bench):
    bench.faults.set(faults.Leak(0.3))
    bench.faults.set(faults.TemperatureOffset(CELL, -30.0))
    assert_trips(bench, "cell_cold", "cell.temperature is -", within_s=0.2 + REACTION_S)
    assert bench.told("leaking")[0].startswith("tripped: fittings.leak is on")
    assert len({each.time_s for each in bench.service.events if each.event.text.startswith("tripped")}) == 1


def test_a_fault_shorter_than_the_delay_trips_nothing(bench):
    bench.faults.set(faults.TemperatureOffset(REACTOR, 60.0))
    bench.run(0.4)
    bench.faults.clear_all()
    bench.run(2.0)
    assert bench.is_in(ReactorState.READY)
    assert bench.told("reactor_hot") == []


def test_a_tripped_reactor_takes_no_setpoint(bench):
    bench.faults.set(faults.Leak(0.3))
    assert_trips(bench, "leaking", "fittings.leak is on", within_s=0.2 + REACTION_S)
    reply = bench.ask(SetTargets({"reactor.heater": 20.0}))
    assert reply.refused == "REACTOR_NOT_READY"
    assert "interlock leaking" in reply.detail
    bench.run(0.5)
    assert bench.is_safe()
