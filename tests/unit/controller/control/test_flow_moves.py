"""How the pumps of a flow group get to where they were asked."""

from __future__ import annotations

from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from controller.control import flows
from tests.unit.controller.control.flow_rigs import HIGHS, PART, rig

if TYPE_CHECKING:
    from controller.domain.plan import RigPlan

SPEED = st.one_of(st.just(0.0), st.floats(0.1, 1e3))
WEIGHT = st.floats(0.01, 1.0)


def moved(
    model: flows.FlowsModel, start: list[float], wanted: list[float], dt_s: float = 0.02
) -> list[float]:
    outputs = list(start)
    flows.move(model, outputs, wanted, dt_s)
    return outputs


def ticks(model: flows.FlowsModel, start: list[float], wanted: list[float], dt_s: float) -> list[list[float]]:
    """The way from start to wanted, both included."""
    way = [start]
    while way[-1] != wanted:
        way.append(moved(model, way[-1], wanted, dt_s))
        assert len(way) < 100
    return way


def test_the_slowest_pump_sets_the_pace():
    model = flows.compile_flows(rig([500.0, 500.0], [100.0, 10.0]))
    assert moved(model, [0.0, 0.0], [100.0, 100.0], 1.0) == pytest.approx([10.0, 10.0])


def test_the_ramp_of_the_total_sets_the_pace():
    model = flows.compile_flows(rig([500.0, 500.0], [100.0, 0.0], ramp_per_s=20.0))
    assert moved(model, [0.0, 0.0], [100.0, 300.0], 1.0) == pytest.approx([5.0, 15.0])


def test_without_limits_pumps_jump():
    model = flows.compile_flows(rig([500.0, 500.0]))
    assert moved(model, [0.0, 7.0], [100.0, 300.0]) == [100.0, 300.0]


def test_a_changed_ratio_at_an_unchanged_total_is_not_held_up_by_the_ramp():
    model = flows.compile_flows(rig([500.0, 500.0], [100.0, 50.0], ramp_per_s=1.0))
    assert moved(model, [60.0, 40.0], [40.0, 60.0], 0.2) == pytest.approx([50.0, 50.0])


def test_a_pump_whose_flow_stays_is_not_stirred_by_rounding():
    model = flows.compile_flows(rig([500.0, 500.0], [1.0, 1.0]))
    # In doubles, 500 * (1 - 0.02 / 5) + 500 * (0.02 / 5) lies above 500.
    assert moved(model, [500.0, 0.0], [500.0, 5.0])[0] == 500.0


@pytest.mark.parametrize(("start", "rate", "tick_s"), [([1.0, 3.0], 2.0, 0.1), ([1.0, 9.0], 10.0, 0.02)])
def test_the_ratio_holds_down_to_the_last_drop(start, rate, tick_s):
    # In these, rounding leaves a last flow of some 1e-16 before zero.
    model = flows.compile_flows(rig([500.0, 500.0], ramp_per_s=rate))
    for outputs in ticks(model, start, [0.0, 0.0], tick_s)[:-1]:
        assert outputs[1] / outputs[0] == pytest.approx(start[1] / start[0], rel=1e-9)


@st.composite
def rigs(draw: st.DrawFn) -> RigPlan:
    highs = draw(HIGHS)
    rates = [draw(SPEED) for _ in highs]
    ramp_per_s = draw(SPEED)
    assume(ramp_per_s or any(rates))
    return rig(highs, rates, ramp_per_s=ramp_per_s)


def needed_s(plan: RigPlan, start: list[float], wanted: list[float]) -> float:
    """The least time for the whole way."""
    deltas = [end - begin for begin, end in zip(start, wanted, strict=True)]
    times = [
        abs(delta) / channel.rate_limit_per_s
        for delta, channel in zip(deltas, plan.channels, strict=False)
        if channel.rate_limit_per_s
    ]
    if plan.flows[0].ramp_per_s:
        times.append(abs(sum(deltas)) / plan.flows[0].ramp_per_s)
    return max(times)


@given(rigs(), st.data(), st.floats(0.02, 1.5))
def test_the_ratio_holds_at_every_tick_of_a_ramp_of_the_total(plan, data, tick):
    count = len(plan.flows[0].members)
    weights = [data.draw(WEIGHT) for _ in range(count)]
    shares = [weight / sum(weights) for weight in weights]
    highs = [channel.high for channel in plan.channels[:count]]
    most = min(high / share for high, share in zip(highs, shares, strict=True))
    before, after = most * data.draw(PART), most * data.draw(PART)
    start, wanted = [before * share for share in shares], [after * share for share in shares]
    dt_s = tick * needed_s(plan, start, wanted)
    assume(dt_s > 1e-9)
    for outputs in ticks(flows.compile_flows(plan), start, wanted, dt_s):
        total = sum(outputs)
        if total > 1e-300:
            assert [each / total for each in outputs] == pytest.approx(shares, abs=1e-9)


@given(rigs(), st.data(), st.floats(0.02, 1.5))
def test_pumps_go_straight_within_their_limits_and_arrive_at_once(plan, data, tick):
    count = len(plan.flows[0].members)
    highs = [channel.high for channel in plan.channels[:count]]
    start, wanted = ([high * data.draw(PART) for high in highs] for _ in range(2))
    least_s = needed_s(plan, start, wanted)
    dt_s = tick * least_s
    assume(dt_s > 1e-6)
    way = ticks(flows.compile_flows(plan), start, wanted, dt_s)
    assert len(way) - 1 - ceil(1.0 / tick) in (-1, 0, 1)
    for number, outputs in enumerate(way[:-1]):
        assert outputs == pytest.approx(
            [begin + (end - begin) * number * tick for begin, end in zip(start, wanted, strict=True)],
            rel=1e-9,
            abs=1e-9 * max(highs),
        )
    for last, outputs in pairwise(way):
        assert needed_s(plan, last, outputs) <= dt_s * (1.0 + 1e-9) + 1e-9
        assert all(0.0 <= flow <= high for flow, high in zip(outputs, highs, strict=True))


@given(rigs(), st.data())
def test_pumps_overshoot_nothing_when_the_target_changes_on_the_way(plan, data):
    count = len(plan.flows[0].members)
    highs = [channel.high for channel in plan.channels[:count]]
    model, outputs = flows.compile_flows(plan), [0.0] * count
    for _ in range(8):
        wanted = [high * data.draw(PART) for high in highs]
        after = moved(model, outputs, wanted, data.draw(st.floats(0.001, 10.0)))
        for last, flow, end in zip(outputs, after, wanted, strict=True):
            assert min(last, end) <= flow <= max(last, end)
        outputs = after
