"""What a hold stops and what brings it back, by the kinds of things that drive an output."""

from __future__ import annotations

from dataclasses import replace
from math import nan

from hypothesis import given
from hypothesis import strategies as st

from controller.campaign.holding import moving, to_restore, to_safe
from controller.domain.plan import ChannelPlan, LoopPlan
from controller.domain.readings import ReactorState, Snapshot
from controller.domain.recipe import Hold
from tests.unit.controller.campaign.glowing import GLOWING
from tests.unit.controller.campaign.simulated_rig import BOOT, PLAN, with_group

EVERYTHING = Hold(keeps_flows=False, keeps_temperatures=False)
# A jacket whose setpoint another loop moves, heated and cooled.
CASCADE = replace(
    PLAN,
    channels=(
        *PLAN.channels,
        ChannelPlan("jacket.temperature", "board", "temperature.1", "degC", 0.0, 100.0),
        ChannelPlan("jacket.heater", "board", "heater.1", "%", 0.0, 100.0, safe_value=0.0),
        ChannelPlan("jacket.cooler", "board", "heater.2", "%", 0.0, 100.0, safe_value=0.0),
    ),
    loops=(
        LoopPlan("inside", "reactor.temperature", "jacket.temperature", 1.0, 10.0, 0.0, 0.0),
        LoopPlan(
            "jacket", "jacket.temperature", "jacket.heater", 1.0, 10.0, 0.0, 0.0, cooler="jacket.cooler"
        ),
    ),
)


def snapshot(plan=PLAN, **setpoints: float) -> Snapshot:
    """Channels that are not named: outputs 0, sensors without a setpoint. Dots are written as __."""
    asked = tuple(
        setpoints.get(each.name.replace(".", "__"), 0.0 if each.is_actuator else nan)
        for each in plan.channels
    )
    size = len(plan.channels)
    return Snapshot(BOOT, 1, 1.0, ReactorState.READY, 0, -1, 0, (0.0,) * size, (1,) * size, asked)


def test_pumps_and_lamps_stop_and_what_a_loop_drives_does_not() -> None:
    regulating = snapshot(reactor__temperature=40.0, reactor__heater=30.0, pump__silver=50.0)
    assert set(to_safe(PLAN, regulating, Hold())) == {"pump.silver", "pump.water", "lamp.power"}
    assert "reactor.heater" in to_safe(PLAN, regulating, EVERYTHING)
    assert set(to_safe(PLAN, regulating, Hold(keeps_flows=True))) == {"lamp.power"}


def test_a_heater_that_is_set_by_hand_stops() -> None:
    assert "reactor.heater" in to_safe(PLAN, snapshot(reactor__heater=30.0), Hold())


def test_outputs_come_back_as_they_were_asked_rather_than_as_far_as_they_had_come() -> None:
    before = snapshot(pump__silver=20.0, lamp__power=80.0)
    stopped = to_safe(PLAN, before, Hold())
    assert to_restore(PLAN, before, stopped, {"pump.silver": 50.0}) == {
        "pump.silver": 50.0, "pump.water": 0.0, "lamp.power": 80.0, "reactor.heater": 0.0,
    }  # fmt: skip


def test_a_loop_that_lost_its_heater_gets_its_setpoint_and_not_its_output_back() -> None:
    before = snapshot(reactor__temperature=33.0, reactor__heater=30.0)
    stopped = to_safe(PLAN, before, EVERYTHING)
    restored = to_restore(PLAN, before, stopped, {"reactor.temperature": 40.0})
    assert restored["reactor.temperature"] == 40.0
    assert "reactor.heater" not in restored


def test_a_loop_that_was_off_stays_off() -> None:
    before = snapshot()
    assert "reactor.temperature" not in to_restore(PLAN, before, to_safe(PLAN, before, EVERYTHING), {})


def test_of_a_cascade_the_outermost_setpoint_comes_back() -> None:
    before = snapshot(CASCADE, reactor__temperature=40.0, jacket__temperature=55.0, jacket__heater=20.0)
    assert {"jacket.heater", "jacket.cooler"}.isdisjoint(to_safe(CASCADE, before, Hold()))
    stopped = to_safe(CASCADE, before, EVERYTHING)
    restored = to_restore(CASCADE, before, stopped, {})
    assert restored["reactor.temperature"] == 40.0
    assert {"jacket.temperature", "jacket.heater", "jacket.cooler"}.isdisjoint(restored)


def test_of_a_cascade_whose_outer_loop_is_off_the_inner_setpoint_comes_back() -> None:
    before = snapshot(CASCADE, jacket__temperature=55.0)
    restored = to_restore(CASCADE, before, to_safe(CASCADE, before, EVERYTHING), {})
    assert restored["jacket.temperature"] == 55.0
    assert "reactor.temperature" not in restored


def test_a_flow_group_comes_back_by_its_total_and_ratio_never_by_its_pumps_too() -> None:
    plan = with_group()
    before = snapshot(
        plan, flow__total=400.0, flow__silver=0.25, flow__water=0.75, pump__silver=60.0, pump__water=180.0
    )
    restored = to_restore(
        plan, before, to_safe(plan, before, Hold()), {"pump.silver": 7.0, "flow.total": 9.0}
    )
    assert restored["flow.total"] == 400.0
    assert (restored["flow.silver"], restored["flow.water"]) == (0.25, 0.75)
    assert moving(plan) & set(restored) == {"flow.total", "flow.silver", "flow.water"}


def test_a_flow_group_whose_ratio_nobody_knows_comes_back_at_rest() -> None:
    plan = with_group()
    before = snapshot(plan, flow__total=0.0)
    restored = to_restore(plan, before, to_safe(plan, before, Hold()), {})
    assert {name: restored[name] for name in moving(plan) & set(restored)} == {"flow.total": 0.0}


@given(
    st.sampled_from([PLAN, CASCADE, with_group()]),
    st.booleans(),
    st.booleans(),
    st.lists(st.one_of(st.just(nan), st.floats(0.0, 90.0)), min_size=8, max_size=8),
)
def test_only_what_stopped_comes_back_and_a_hold_asks_for_safe_values_alone(
    plan, keeps_flows, keeps_temperatures, asked
) -> None:
    sensors = [nan if each.is_actuator else value for each, value in zip(plan.channels, asked, strict=False)]
    before = replace(snapshot(plan), setpoints=tuple(
        0.0 if each.is_actuator else sensor for each, sensor in zip(plan.channels, sensors, strict=False)
    ))  # fmt: skip
    hold = Hold(keeps_flows, keeps_temperatures)
    stopped = to_safe(plan, before, hold)
    channels = {each.name: each for each in plan.channels}
    assert all(channels[name].safe_value == value for name, value in stopped.items())
    restored = to_restore(plan, before, stopped, {})
    assert all(plan.takes_setpoints(channels[name]) for name in restored)
    if keeps_flows:
        assert moving(plan).isdisjoint(stopped)
        assert moving(plan).isdisjoint(restored)
    if keeps_temperatures:
        assert {loop.sensor for loop in plan.loops}.isdisjoint(restored)


def test_a_diode_that_shone_for_an_exposure_stays_off_but_not_one_that_the_recipe_asked_for() -> None:
    before = snapshot(GLOWING, diode=60.0, lamp__power=80.0)
    stopped = to_safe(GLOWING, before, EVERYTHING)
    assert "diode" in stopped
    assert to_restore(GLOWING, before, ["diode", "lamp.power"], {}) == {"lamp.power": 80.0}
    assert to_restore(GLOWING, before, ["diode"], {"diode": 20.0}) == {"diode": 20.0}
