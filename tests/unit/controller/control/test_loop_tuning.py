"""Auto-tuning through the loops: begun, proposed, accepted, dismissed, failed; in each kind of loop."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from controller.control.loop_status import statuses
from controller.domain.commands import EndAutotune, LoopMode, Retune, SetLoopMode, StartAutotune
from controller.domain.plan import LoopPlan, ScheduledTuning
from controller.domain.readings import Quality

GAIN, LAG_S, DEAD_TIME_S = 0.8, 50.0, 2.0


def finish(bench, loop, longest_s=3000.0):
    """Run until the experiment in a loop has ended."""
    left_s = longest_s
    while bench.state(loop).autotune is not None:
        bench.tick()
        left_s -= bench.dt_s
        assert left_s > 0.0, "the experiment does not end"
    return bench.state(loop)


@pytest.fixture
def zone(loop_bench, heating, lag):
    """A loop over a zone, at rest at 45 degC in auto."""
    bench = loop_bench(heating, plant=lag(GAIN, LAG_S, DEAD_TIME_S))
    bench.aim("heat", 45.0)
    bench.run(600.0)
    return bench


def test_an_experiment_proposes_and_the_loop_goes_on_as_before_meanwhile(zone):
    zone.do(StartAutotune("heat", 45.0, 15.0))
    assert statuses(zone.model, zone.states)[0].tuning == "running"
    state = finish(zone, "heat")
    assert state.mode is LoopMode.AUTO
    assert state.target == 45.0
    assert state.tuning.gain == 4.0
    assert state.proposal.process_gain == pytest.approx(GAIN, rel=0.05)
    assert state.proposal.time_constant_s == pytest.approx(LAG_S, rel=0.05)
    assert state.proposal.dead_time_s == pytest.approx(DEAD_TIME_S, rel=0.1)
    assert "heat: auto-tune proposes gain" in zone.told()
    path = zone.run(600.0)
    assert path[-1] == pytest.approx(45.0, abs=0.05)


def test_an_accepted_proposal_is_in_force_without_a_bump(zone):
    zone.do(StartAutotune("heat", 45.0, 15.0))
    found = finish(zone, "heat").proposal
    zone.run(600.0)
    before = zone.tick()
    zone.do(EndAutotune("heat", accept=True))
    assert zone.tick() == pytest.approx(before, abs=0.05)
    state = zone.state("heat")
    assert (state.tuning.gain, state.tuning.integral_s) == (found.gain, found.integral_s)
    assert state.proposal is None
    assert statuses(zone.model, zone.states)[0].tuning == ""


def test_a_dismissed_proposal_changes_nothing(zone):
    zone.do(StartAutotune("heat", 45.0, 15.0))
    finish(zone, "heat")
    zone.do(EndAutotune("heat", accept=False))
    assert zone.state("heat").proposal is None
    assert zone.state("heat").tuning.gain == 4.0


def test_the_status_shows_the_proposal_and_what_it_rests_on(zone):
    zone.do(StartAutotune("heat", 45.0, 15.0))
    found = finish(zone, "heat").proposal
    status = statuses(zone.model, zone.states)[0]
    assert status.tuning == "proposed"
    assert status.proposal is not None
    assert (status.proposal.gain, status.proposal.integral_s) == (found.gain, found.integral_s)
    assert "plant: gain 0.8" in status.proposal.summary
    assert "degC per %" in status.proposal.summary
    assert "dead time" in status.proposal.summary


def test_the_status_of_a_running_experiment_shows_its_target(zone):
    zone.do(StartAutotune("heat", 50.0, 15.0))
    status = statuses(zone.model, zone.states)[0]
    assert status.target == 50.0
    assert math.isnan(status.setpoint)
    assert zone.state("heat").target == 45.0


def test_the_status_of_a_loop_shows_what_it_does(zone):
    status = statuses(zone.model, zone.states)[0]
    assert (status.name, status.mode, status.target, status.setpoint) == ("heat", LoopMode.AUTO, 45.0, 45.0)
    assert status.output == zone.output("heater")
    assert (status.gain, status.integral_s, status.derivative_s) == (4.0, 50.0, 0.0)


def test_a_failed_experiment_says_why_until_the_next_one(zone):
    zone.do(StartAutotune("heat", 45.0, 15.0))
    zone.tick(100)
    zone.blind("reactor")
    zone.tick()
    zone.blind("reactor", Quality.GOOD)
    zone.run(100.0)
    status = statuses(zone.model, zone.states)[0]
    assert (status.tuning, status.problem) == ("failed", "no good reading of reactor")
    assert "auto-tune failed: no good reading of reactor" in zone.told()
    zone.do(SetLoopMode("heat", LoopMode.MANUAL))
    zone.do(SetLoopMode("heat", LoopMode.AUTO))
    zone.tick()
    assert statuses(zone.model, zone.states)[0].tuning == "failed"
    zone.do(StartAutotune("heat", 45.0, 15.0))
    status = statuses(zone.model, zone.states)[0]
    assert (status.tuning, status.problem) == ("running", "")


def test_an_experiment_that_gives_up_by_itself_is_failed_too(loop_bench, heating):
    bench = loop_bench(heating, dt_s=1.0)
    bench.do(StartAutotune("heat", 45.0, 15.0))
    finish(bench, "heat")
    status = statuses(bench.model, bench.states)[0]
    assert status.tuning == "failed"
    assert "did not answer" in status.problem
    assert status.proposal is None


def test_without_a_reading_the_heater_is_safe_and_the_loop_is_back_in_its_mode(zone):
    zone.do(StartAutotune("heat", 45.0, 15.0))
    zone.tick(100)
    zone.blind("reactor")
    assert zone.tick() == 0.0
    assert zone.state("heat").mode is LoopMode.AUTO


def test_an_interlock_ends_the_experiment(zone):
    zone.do(StartAutotune("heat", 45.0, 15.0))
    zone.tick(100)
    zone.forced = {"heater": 0.0}
    zone.tick(2)
    assert zone.state("heat").autotune is None
    assert zone.state("heat").problem == "its output was overruled"


def test_switched_off_or_ended_on_request_it_stops_at_once(zone):
    zone.do(StartAutotune("heat", 45.0, 15.0))
    zone.tick(10)
    zone.do(EndAutotune("heat", accept=False))
    assert zone.state("heat").mode is LoopMode.AUTO
    zone.do(StartAutotune("heat", 45.0, 15.0))
    zone.do(SetLoopMode("heat", LoopMode.OFF))
    assert zone.tick() == 0.0
    assert "ended on request" in zone.told()
    assert "the loop was switched off" in zone.told()


def test_from_off_it_returns_to_off(loop_bench, heating, lag):
    bench = loop_bench(heating, plant=lag(GAIN, LAG_S, DEAD_TIME_S))
    bench.do(StartAutotune("heat", 40.0, 20.0))
    state = finish(bench, "heat")
    assert state.proposal is not None
    assert state.mode is LoopMode.OFF
    assert bench.tick() == 0.0


def test_from_manual_it_returns_to_the_held_output(loop_bench, heating, lag):
    bench = loop_bench(heating, plant=lag(GAIN, LAG_S, DEAD_TIME_S))
    bench.do(SetLoopMode("heat", LoopMode.MANUAL, 25.0))
    bench.run(500.0)
    bench.do(StartAutotune("heat", 40.0, 15.0))
    assert finish(bench, "heat").proposal is not None
    assert bench.tick() == 25.0


@pytest.mark.parametrize("rate_per_s", [2.0, 5.0, 20.0])
def test_behind_a_slow_actuator_the_same_plant_is_found(loop_bench, heating, lag, rate_per_s):
    plant = lag(GAIN, LAG_S, DEAD_TIME_S)
    bench = loop_bench(heating, plant=plant, rates_per_s={"heater": rate_per_s})
    bench.aim("heat", 45.0)
    bench.run(600.0)
    bench.do(StartAutotune("heat", 45.0, 15.0))
    found = finish(bench, "heat").proposal
    assert found.process_gain == pytest.approx(GAIN, rel=0.1)
    assert found.time_constant_s == pytest.approx(LAG_S, rel=0.1)
    assert found.dead_time_s == pytest.approx(DEAD_TIME_S, abs=0.4)


def test_a_cooling_loop_is_proposed_a_gain_below_zero(loop_bench, lag):
    cooling = LoopPlan("cool", "reactor", "cooler", -4.0, 50.0, 0.0, ramp_per_s=1.0)
    plant = lag(0.5, 40.0, 2.0, base=60.0, drive={"cooler": -1.0})
    bench = loop_bench(cooling, plant=plant)
    bench.show("reactor", 60.0)
    bench.do(StartAutotune("cool", 40.0, 20.0))
    found = finish(bench, "cool").proposal
    assert found.process_gain == pytest.approx(-0.5, rel=0.05)
    bench.do(EndAutotune("cool", accept=True))
    bench.aim("cool", 35.0)
    path = bench.run(300.0)
    assert path[-1] == pytest.approx(35.0, abs=0.1)
    assert min(path) > 34.5


def test_a_split_range_is_tuned_on_its_heating_side(loop_bench, heating, lag):
    plan = replace(heating, cooler="cooler", cooler_ratio=2.0)
    plant = lag(GAIN, LAG_S, DEAD_TIME_S, drive={"heater": 1.0, "cooler": -0.5})
    bench = loop_bench(plan, plant=plant)
    bench.do(StartAutotune("heat", 40.0, 15.0))
    found = finish(bench, "heat").proposal
    assert found.process_gain == pytest.approx(GAIN, rel=0.05)
    assert found.dead_time_s == pytest.approx(DEAD_TIME_S, rel=0.1)


def test_a_cascade_is_tuned_from_the_inside_out(loop_bench, cascade, lag):
    jacket = lag(0.8, 10.0, 0.5, sensor="jacket")
    reactor = lag(1.0, 60.0, 4.0, drive={"jacket": 1.0})

    def plant(bench):
        jacket(bench)
        reactor(bench)

    bench = loop_bench(*cascade, plant=plant)
    bench.do(StartAutotune("inner", 45.0, 10.0))
    assert finish(bench, "inner").proposal is not None
    bench.do(EndAutotune("inner", accept=True))
    bench.aim("outer", 40.0)
    bench.run(900.0)
    bench.do(StartAutotune("outer", 40.0, 8.0))
    found = finish(bench, "outer").proposal
    assert found.process_gain == pytest.approx(1.0, rel=0.1)
    bench.do(EndAutotune("outer", accept=True))
    bench.run(300.0)
    bench.aim("outer", 45.0)
    path = bench.run(600.0)
    assert max(path) < 45.0 + 0.05 * 5.0
    assert path[-1] == pytest.approx(45.0, abs=0.05)


def test_an_outer_experiment_ends_when_the_inner_loop_no_longer_follows(loop_bench, cascade):
    bench = loop_bench(*cascade)
    bench.do(StartAutotune("outer", 40.0, 8.0))
    bench.tick(10)
    bench.do(SetLoopMode("inner", LoopMode.OFF))
    bench.tick()
    assert bench.state("outer").problem == "loop inner does not follow"


@pytest.mark.parametrize(
    "command",
    [
        Retune("heat", 2.0, 30.0, 0.0),
        SetLoopMode("heat", LoopMode.MANUAL),
        SetLoopMode("heat", LoopMode.AUTO),
        StartAutotune("heat", 40.0, 10.0),
        EndAutotune("heat", accept=True),
    ],
)
def test_nothing_but_an_end_is_taken_meanwhile(zone, command):
    zone.do(StartAutotune("heat", 45.0, 15.0))
    before = zone.states
    assert zone.ask(command).refused == "AUTOTUNE_RUNNING"
    assert zone.try_aim("heat", 50.0).refused == "AUTOTUNE_RUNNING"
    assert zone.states is before


@pytest.mark.parametrize(
    ("command", "refused", "words"),
    [
        (StartAutotune("heat", 400.0, 15.0), "OUT_OF_RANGE", "reactor: 400 is outside 0 to 100 degC"),
        (StartAutotune("heat", 45.0, 0.0), "OUT_OF_RANGE", "amplitude of 0 is not above 0"),
        (StartAutotune("heat", 45.0, math.nan), "OUT_OF_RANGE", "not above 0"),
        (StartAutotune("heat", 45.0, 60.0), "OUT_OF_RANGE", "up to half of the range 0 to 100"),
        (EndAutotune("heat", accept=True), "NOTHING_PROPOSED", "start an experiment first"),
    ],
)
def test_what_can_not_be_done_is_refused_with_a_remedy(zone, command, refused, words):
    before = zone.states
    reply = zone.ask(command)
    assert reply.refused == refused
    assert words in reply.detail
    assert zone.states is before


@pytest.mark.parametrize("mode", [LoopMode.OFF, LoopMode.AUTO])
def test_it_does_not_begin_blind(zone, mode):
    zone.do(SetLoopMode("heat", mode))
    zone.blind("reactor")
    assert zone.ask(StartAutotune("heat", 45.0, 15.0)).refused == "NO_GOOD_READING"


def test_a_proposal_for_a_scheduled_loop_belongs_in_the_rig_file(loop_bench, heating, lag):
    plan = replace(heating, schedule=(ScheduledTuning(20.0, 4.0, 50.0, 0.0),))
    bench = loop_bench(plan, plant=lag(GAIN, LAG_S, DEAD_TIME_S))
    bench.do(StartAutotune("heat", 40.0, 15.0))
    assert finish(bench, "heat").proposal is not None
    assert bench.ask(EndAutotune("heat", accept=True)).refused == "SCHEDULED"
    assert statuses(bench.model, bench.states)[0].tuning == "proposed"
