"""One tick of control: states, commands, interlocks, safe values."""

from __future__ import annotations

from dataclasses import fields, replace
from math import isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.control.model import compile_plan
from controller.control.state import ControlState, Outcome, initial_state, moved
from controller.control.step import step
from controller.domain.commands import EmergencyStop, LoopMode, MakeSafe, Request, Reset, SetTargets
from controller.domain.conditions import Limits
from controller.domain.plan import (
    ChannelPlan,
    InterlockPlan,
    LoopPlan,
    ReactorPlan,
    RigPlan,
)
from controller.domain.readings import Inputs, Quality, ReactorState

PLAN = RigPlan(
    name="bench",
    rate_hz=10.0,
    orphan_hold_s=1.0,
    reactor=ReactorPlan(60.0, 20.0),
    links=(),
    devices=(),
    channels=(
        ChannelPlan("zone", "board", "temperature.0", "degC", 0.0, 90.0),
        ChannelPlan("heater", "board", "heater.0", "%", 0.0, 100.0, safe_value=0.0),
        ChannelPlan("pump", "board", "pump.0", "uL/min", 0.0, 500.0, safe_value=5.0, rate_limit_per_s=100.0),
    ),
    loops=(LoopPlan("zone", "zone", "heater", gain=4.0, integral_s=20.0, derivative_s=0.0, ramp_per_s=1.0),),
    interlocks=(InterlockPlan("hot", Limits("zone", high=85.0), 0.25),),
)
MODEL = compile_plan(PLAN)
GOOD = Inputs(
    (25.0, 0.0, 5.0), (1, 1, 1), boards_ready=True, stop_cause="", stop_pressed=False, service_alive=True
)
HOT = replace(GOOD, values=(90.0, 0.0, 5.0))
SAFE_HEATER, SAFE_PUMP = 0.0, 5.0


def advance(state: ControlState, inputs: Inputs = GOOD, *commands, ticks: int = 1) -> Outcome:
    requests = [Request(command, "chemist") for command in commands]
    outcome = step(MODEL, state, inputs, requests, 0.1)
    for _ in range(ticks - 1):
        outcome = replace(step(MODEL, outcome.state, inputs, (), 0.1), replies=outcome.replies)
    return outcome


@pytest.fixture
def ready() -> ControlState:
    state = advance(initial_state(MODEL)).state
    assert state.state is ReactorState.READY
    return state


def test_nothing_moves_before_the_board_is_ready():
    waiting = replace(GOOD, boards_ready=False, values=(nan, nan, nan), qualities=(3, 3, 3))
    outcome = advance(initial_state(MODEL), waiting, SetTargets({"pump": 100.0}), ticks=50)
    assert outcome.replies[0].refused == "REACTOR_NOT_READY"
    assert outcome.state.state is ReactorState.STARTING
    assert outcome.state.outputs[1:] == (SAFE_HEATER, SAFE_PUMP)


def test_a_pump_moves_to_its_target_no_faster_than_its_rate_limit(ready):
    outcome = advance(ready, GOOD, SetTargets({"pump": 105.0}), ticks=5)
    assert outcome.state.outputs[2] == pytest.approx(55.0)
    assert advance(outcome.state, ticks=10).state.outputs[2] == 105.0


def test_a_move_keeps_all_but_outputs_and_loops():
    names = [field.name for field in fields(ControlState)]
    before = ControlState(**{name: object() for name in names})  # type: ignore[arg-type]
    after = moved(before, (1.0,), ())
    changed = {name for name in names if getattr(after, name) is not getattr(before, name)}
    assert changed == {"outputs", "loops"}
    assert (after.outputs, after.loops) == ((1.0,), ())


def test_a_refused_target_moves_none_of_the_others(ready):
    outcome = advance(ready, GOOD, SetTargets({"pump": 100.0, "heater": 120.0}), ticks=20)
    assert outcome.replies[0].refused == "OUT_OF_RANGE"
    assert outcome.state.outputs[2] == SAFE_PUMP


@pytest.mark.parametrize(("name", "reason"), [("nothing", "CHANNEL_UNKNOWN"), ("zone", "OUT_OF_RANGE")])
def test_a_wrong_target_is_refused_by_name(ready, name, reason):
    assert advance(ready, GOOD, SetTargets({name: 500.0})).replies[0].refused == reason


def test_a_loop_ramps_its_setpoint_from_where_the_zone_is(ready):
    state = advance(ready, GOOD, SetTargets({"zone": 45.0}), ticks=10).state
    assert state.loops[0].setpoint == pytest.approx(26.0)
    assert state.outputs[1] > 0.0


def test_writing_a_loops_actuator_takes_it_to_manual_without_a_bump(ready):
    state = advance(ready, GOOD, SetTargets({"zone": 45.0}), ticks=10).state
    manual = advance(state, GOOD, SetTargets({"heater": 12.0})).state
    assert manual.loops[0].mode is LoopMode.OFF
    back = advance(manual, GOOD, SetTargets({"zone": 25.0})).state
    assert back.outputs[1] == pytest.approx(12.0, abs=0.1)


def test_without_a_good_reading_the_heater_is_safe(ready):
    state = advance(ready, GOOD, SetTargets({"zone": 45.0}), ticks=10).state
    blind = replace(GOOD, values=(nan, 0.0, 5.0), qualities=(int(Quality.BAD), 1, 1))
    assert advance(state, blind).state.outputs[1] == SAFE_HEATER


def test_an_interlock_trips_after_its_delay_and_names_itself(ready):
    state = advance(ready, GOOD, SetTargets({"zone": 80.0, "pump": 200.0}), ticks=10).state
    assert advance(state, HOT, ticks=3).state.state is ReactorState.READY
    tripped = advance(state, HOT, ticks=4)
    assert tripped.state.state is ReactorState.TRIPPED
    assert tripped.state.outputs[1:] == (SAFE_HEATER, SAFE_PUMP)
    assert "hot" in tripped.state.reason
    assert tripped.state.interlocks.first_out == 0
    assert [event.subject for event in tripped.events] == ["hot", "hot", "reactor"]
    assert "first out" in tripped.events[0].text


def test_reset_is_refused_while_the_cause_stands_and_then_granted(ready):
    tripped = advance(ready, HOT, ticks=4).state
    assert advance(tripped, HOT, Reset()).replies[0].refused == "CAUSE_STANDS"
    granted = advance(tripped, GOOD, Reset())
    assert granted.replies[0].refused == ""
    again = advance(granted.state).state
    assert again.state is ReactorState.READY
    assert again.outputs[1:] == (SAFE_HEATER, SAFE_PUMP)


def test_a_trip_outlives_its_cause(ready):
    tripped = advance(ready, HOT, ticks=4).state
    assert advance(tripped, GOOD, ticks=100).state.state is ReactorState.TRIPPED


def test_an_emergency_stop_is_taken_in_every_state(ready):
    for state in (initial_state(MODEL), ready, advance(ready, HOT, ticks=4).state):
        stopped = advance(state, GOOD, EmergencyStop("smoke")).state
        assert stopped.state is ReactorState.STOPPED
        assert "smoke" in stopped.reason


def test_a_stop_button_stops_and_holds_reset_back(ready):
    pressed = replace(GOOD, stop_pressed=True, stop_cause="stop button pressed", boards_ready=False)
    stopped = advance(ready, pressed)
    assert stopped.state.state is ReactorState.STOPPED
    assert advance(stopped.state, pressed, Reset()).replies[0].refused == "CAUSE_STANDS"


def test_a_latched_board_is_cleared_by_reset_alone(ready):
    latched = replace(GOOD, stop_cause="the board is stopped", boards_ready=False)
    stopped = advance(ready, latched).state
    clearing = advance(stopped, latched, Reset()).state
    assert clearing.clearing
    assert advance(clearing, latched, ticks=5).state.state is ReactorState.STARTING
    done = advance(clearing, GOOD).state
    assert (done.state, done.clearing) == (ReactorState.READY, False)


def test_a_lost_board_makes_all_targets_safe(ready):
    state = advance(ready, GOOD, SetTargets({"pump": 200.0}), ticks=30).state
    lost = advance(state, replace(GOOD, boards_ready=False)).state
    assert lost.state is ReactorState.STARTING
    assert advance(lost, ticks=30).state.outputs[2] == SAFE_PUMP


def test_without_a_service_the_outputs_hold_and_then_go_safe(ready):
    state = advance(ready, GOOD, SetTargets({"pump": 200.0}), ticks=30).state
    alone = replace(GOOD, service_alive=False)
    assert advance(state, alone, ticks=10).state.outputs[2] == 200.0
    orphaned = advance(state, alone, ticks=12).state
    assert orphaned.state is ReactorState.ORPHANED
    assert orphaned.outputs[2] == SAFE_PUMP
    assert advance(orphaned, GOOD).state.state is ReactorState.READY


def test_making_safe_latches_nothing(ready):
    state = advance(ready, GOOD, SetTargets({"pump": 200.0, "zone": 60.0}), ticks=30).state
    safe = advance(state, GOOD, MakeSafe(), ticks=30).state
    assert safe.state is ReactorState.READY
    assert safe.outputs[1:] == (SAFE_HEATER, SAFE_PUMP)
    assert isnan(safe.loops[0].target)


commands = st.one_of(
    st.builds(
        SetTargets,
        st.dictionaries(
            st.sampled_from(["zone", "heater", "pump", "none"]), st.floats(-1e4, 1e4), max_size=3
        ),
    ),
    st.just(MakeSafe()),
    st.just(EmergencyStop("test")),
    st.just(Reset()),
)
inputs = st.builds(
    Inputs,
    st.tuples(st.floats(-50, 200) | st.just(nan), st.floats(0, 100), st.floats(0, 500)),
    st.tuples(st.sampled_from([1, 2, 3]), st.just(1), st.just(1)),
    boards_ready=st.booleans(),
    stop_cause=st.sampled_from(["", "board hot"]),
    stop_pressed=st.booleans(),
    service_alive=st.booleans(),
)


@given(st.lists(st.tuples(inputs, st.lists(commands, max_size=2)), max_size=40))
def test_no_story_drives_an_output_outside_its_limits_or_on_in_a_safe_state(story):
    state = initial_state(MODEL)
    for seen, asked in story:
        outcome = step(MODEL, state, seen, [Request(command) for command in asked], 0.1)
        state = outcome.state
        assert len(outcome.replies) == len(asked)
        assert 0.0 <= state.outputs[1] <= 100.0
        assert 0.0 <= state.outputs[2] <= 500.0
        if state.state is not ReactorState.READY:
            assert state.outputs[1:] == (SAFE_HEATER, SAFE_PUMP)
        assert step(MODEL, state, seen, (), 0.1) == step(MODEL, state, seen, (), 0.1) or isnan(seen.values[0])
