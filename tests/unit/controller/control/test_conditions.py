"""Conditions that need no memory: when they stand, when they can't be judged, and how they are said."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.control.interlocks import describe
from controller.domain import conditions as c
from controller.domain.plan import InterlockPlan, LoopPlan
from tests.unit.controller.control.judging import INDEX, STALE, Watch, rig, seen

PRESSURE = c.PressureResidual(
    "pressure", ("silver", "seed"), resistance=0.5, offset=100.0, tolerance=30.0, least_flow=50.0
)
ALWAYS_JUDGED = (c.Stale("zone"), c.LeaseLost(), c.BoardLost("board"))


@pytest.mark.parametrize(
    ("condition", "inside", "outside"),
    [
        (c.Limits("zone", high=80.0), (-300.0, 80.0), (80.000001, nan)),
        (c.Limits("zone", low=5.0), (5.0, 300.0), (4.999999, nan)),
        (c.Limits("zone", low=5.0, high=80.0), (5.0, 80.0), (4.9, 80.1, nan)),
    ],
)
def test_a_limit_stands_beyond_it_and_not_at_it(condition, inside, outside) -> None:
    for value in inside:
        assert Watch(condition).look(seen(zone=value)) is False
    for value in outside:
        assert Watch(condition).look(seen(zone=value)) is True


def test_a_limit_once_passed_stands_until_the_deadband_is_left_too() -> None:
    watch = Watch(c.Limits("zone", low=10.0, high=80.0, deadband=2.0))
    readings = (79.0, 80.5, 79.0, 78.1, 78.0, 79.0, 9.9, 11.0, 12.0, 11.0)
    verdicts = [watch.look(seen(zone=value)) for value in readings]
    assert verdicts == [False, True, True, True, False, False, True, True, False, False]


@given(st.lists(st.floats(0.0, 100.0), max_size=40), st.floats(0.0, 10.0))
def test_a_limit_with_a_deadband_stands_exactly_from_the_limit_to_the_deadbands_end(values, deadband) -> None:
    watch = Watch(c.Limits("zone", high=50.0, deadband=deadband))
    standing = False
    for value in values:
        standing = value > (50.0 - deadband if standing else 50.0)
        assert watch.look(seen(zone=value)) is standing


def test_what_has_no_good_reading_can_not_be_judged_and_keeps_its_deadband() -> None:
    watch = Watch(c.Limits("zone", high=80.0, deadband=2.0))
    assert watch.look(seen(zone=81.0)) is True
    assert watch.look(seen(zone=20.0, bad=("zone",))) is None
    assert watch.look(seen(zone=79.0)) is True


@pytest.mark.parametrize(
    "condition",
    [
        c.Limits("zone", high=80.0),
        c.RateOfChange("zone", 1.0, 4.0),
        c.Stuck("zone", 0.1, 4.0),
        c.Deviation("zone", 5.0),
        c.HeaterImplausible("zone", 2.0, 2.0, 20.0, 60.0),
    ],
)
@pytest.mark.parametrize("quality", [STALE, 3])
def test_a_reading_that_is_stale_or_bad_is_none(condition, quality) -> None:
    sight = seen(zone=20.0, setpoint=40.0, heater=50.0)
    qualities = tuple(
        quality if place == INDEX["zone"] else each for place, each in enumerate(sight.qualities)
    )
    watch = Watch(condition)
    assert watch.look(replace(sight, qualities=qualities)) is None
    assert watch.judge.cannot == "no good reading"
    assert watch.remedy(replace(sight, qualities=qualities)) == "mend the sensor or its wire"


def test_a_stale_sensor_stands_until_it_reads_well_again() -> None:
    watch = Watch(c.Stale("zone"))
    assert [watch.look(seen(bad=bad)) for bad in ((), ("zone",), ("wall",))] == [False, True, False]
    assert watch.explain(seen(bad=("zone",))) == "zone has no good reading"
    assert watch.remedy(seen(bad=("zone",))) == "mend the sensor or its wire"


@pytest.mark.parametrize(("on", "verdicts"), [(True, [False, True]), (False, [True, False])])
def test_an_input_stands_when_it_is_on_or_for_a_closed_contact_off(on, verdicts) -> None:
    watch = Watch(c.DigitalInput("leak", on))
    assert [watch.look(seen(leak=level)) for level in (0.0, 1.0)] == verdicts
    assert watch.look(seen(leak=1.0, bad=("leak",))) is None


def test_an_input_is_said_as_on_or_off() -> None:
    watch = Watch(c.DigitalInput("leak"))
    assert watch.explain(seen(leak=1.0)) == "leak is on"
    assert watch.explain(seen(leak=0.0)) == "leak is off"
    assert watch.explain(seen(bad=("leak",))) == "leak has no good reading"
    assert watch.remedy(seen(leak=1.0)) == "see what turned it on"


@pytest.mark.parametrize(
    ("silver", "seed", "kpa", "verdict"),
    [
        (100.0, 0.0, 150.0, False),
        (100.0, 0.0, 180.0, False),
        (100.0, 0.0, 180.1, True),
        (100.0, 100.0, 180.1, False),
        (100.0, 100.0, 169.9, True),
        (20.0, 20.0, 500.0, False),
        (25.0, 25.0, 500.0, True),
    ],
    ids=["fits", "edge", "clog", "of both pumps", "leak", "too little flow to tell", "least flow"],
)
def test_a_pressure_that_the_flow_does_not_explain_stands(silver, seed, kpa, verdict) -> None:
    assert Watch(PRESSURE).look(seen(silver=silver, seed=seed, pressure=kpa)) is verdict


def test_a_pressure_is_said_beside_what_the_flow_takes() -> None:
    watch, clogged = Watch(PRESSURE), seen(silver=80.0, seed=20.0, pressure=400.0)
    assert watch.explain(clogged) == "pressure is 400 kPa where 100 uL/min take 150 kPa"
    assert "clog" in watch.remedy(clogged)
    assert watch.look(seen(silver=100.0, bad=("pressure",))) is None
    assert watch.look(seen(bad=("pressure",))) is False, "without a flow there is nothing to judge"
    assert watch.remedy(seen(silver=100.0, bad=("pressure",))) == "mend the sensor or its wire"


def test_a_deviation_stands_away_from_the_ramped_setpoint_and_never_while_the_loop_is_off() -> None:
    watch = Watch(c.Deviation("zone", 5.0))
    sights = [
        seen(zone=20.0),
        seen(zone=35.0, setpoint=40.0),
        seen(zone=34.9, setpoint=40.0),
        seen(zone=45.1, setpoint=40.0),
    ]
    assert [watch.look(sight) for sight in sights] == [False, False, True, True]
    assert watch.explain(sights[2]) == "zone is 34.9 degC at a setpoint of 40 degC"
    assert watch.explain(sights[0]) == "zone is 20 degC, its loop off"
    assert watch.remedy(sights[2]) == "see what keeps the loop from its setpoint"


@pytest.mark.parametrize(
    ("condition", "sight", "text", "over"),
    [
        (c.LeaseLost(), seen(lease_lost=True), "a lease ran out", "no lost lease is missed"),
        (c.ServiceLost(), seen(service=False), "the service is not connected", "the service is connected"),
        (c.BoardLost("board"), seen(lost=True), "device board is lost", "device board answers"),
        (c.StopPressed(), seen(stop=True), "a stop button is pressed", "no stop button is pressed"),
        (c.Tripped("cold"), seen(trips=0b10), "interlock cold has tripped", "interlock cold has not tripped"),
    ],
)
def test_a_flag_stands_and_goes_and_both_are_said(condition, sight, text, over) -> None:
    limits = c.Limits("zone", low=5.0)
    watch = Watch(condition, rig(InterlockPlan("hot", limits), InterlockPlan("cold", limits)))
    calm = seen(trips=0b01)
    assert [watch.look(each) for each in (calm, sight, calm)] == [False, True, False]
    assert (watch.judge.describe(), watch.explain(sight), watch.explain(calm)) == (text, text, over)
    assert watch.judge.cannot == ""
    assert watch.remedy(sight)


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (c.Limits("zone", high=85.0), "zone above 85 degC"),
        (c.Limits("zone", 5.0, 85.0), "zone below 5 degC or above 85 degC"),
        (
            c.RateOfChange("zone", 0.5, 10.0),
            "zone moving faster than 0.5 degC/s over 10 s",
        ),
        (c.Stale("zone"), "zone has no good reading"),
        (c.Stuck("zone", 0.02, 30.0), "zone within 0.02 degC for 30 s"),
        (c.DigitalInput("leak"), "leak on"),
        (c.DigitalInput("leak", on=False), "leak off"),
        (
            c.HeaterImplausible("zone", 2.0, 2.0, 20.0, 60.0),
            "heater heats and zone does not follow",
        ),
        (
            c.HeaterImplausible("wall", 2.0, 2.0, 20.0, 60.0, runaway=8.0),
            "heater heats and wall does not follow, or rises 8 degC past its setpoint without heat",
        ),
        (PRESSURE, "pressure more than 30 kPa off what the flow takes"),
        (c.Deviation("zone", 5.0), "zone further than 5 degC from its setpoint"),
        (c.LeaseLost(), "a lease ran out"),
        (c.BoardLost("board"), "device board is lost"),
    ],
)
def test_every_kind_of_rule_is_said_in_words(condition, text) -> None:
    rule = InterlockPlan("rule", condition)
    unjudged = "" if condition in ALWAYS_JUDGED else ", or no good reading"
    assert describe(rule, rig(rule)) == text + unjudged


def test_a_rule_says_its_delay_what_it_forces_and_that_it_releases_by_itself() -> None:
    rule = InterlockPlan("rule", c.Limits("zone", high=85.0), 0.5, latching=False, forces=("heater", "seed"))
    said = "zone above 85 degC, or no good reading, for 0.5 s; makes heater, seed safe; releases by itself"
    assert describe(rule, rig(rule)) == said


def test_a_heater_behind_two_loops_is_found_at_the_end_of_the_cascade() -> None:
    outermost = LoopPlan("bath", "pressure", "zone", 1.0, 60.0, 0.0, 1.0)
    plan = replace(rig(), loops=(*rig().loops, outermost))
    watch = Watch(c.HeaterImplausible("bath", 2.0, 2.0, 20.0, 60.0), plan)
    assert watch.judge.describe() == "heater heats and pressure does not follow"
