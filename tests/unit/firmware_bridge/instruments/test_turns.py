"""Two syringes as one pump: the sum never has a gap, whatever is asked and however late it is done."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.devices.instruments.turns import PairFacts, Turn, take_turns
from firmware_bridge.devices.interfaces import DeviceError

FACTS = PairFacts(
    bottom_ul=100.0,
    top_ul=900.0,
    refill_ul_min=4000.0,
    overlap_s=4.0,
    fastest_ul_min=10000.0,
    late_s=0.5,
)


def run(flows_ul_min, *, facts=FACTS, left_ul=(900.0, 900.0), step_s=0.25):
    """Follow the plan for a list of wanted flows, one a step; yield what was wanted and what each did."""
    turn, left = Turn(), list(left_ul)
    for wanted_ul_min in flows_ul_min:
        turn, flows = take_turns(turn, (left[0], left[1]), wanted_ul_min, facts)
        left = [content - flow / 60.0 * step_s for content, flow in zip(left, flows, strict=True)]
        yield wanted_ul_min, flows, tuple(left)


def delivered(flows):
    return sum(max(flow, 0.0) for flow in flows)


@given(st.floats(min_value=1.0, max_value=FACTS.most_ul_min))
@settings(max_examples=30)
def test_any_flow_within_the_limit_runs_for_ever_without_a_gap(flow_ul_min):
    for wanted, flows, left in run([flow_ul_min] * 3000):
        assert delivered(flows) == pytest.approx(wanted, rel=1e-12)
        assert all(0.0 < each < 1000.0 for each in left)


@given(st.lists(st.tuples(st.floats(0.0, FACTS.most_ul_min), st.integers(1, 200)), min_size=1, max_size=25))
@settings(max_examples=60)
def test_the_sum_is_what_is_wanted_whenever_it_changes(plan):
    wanted = [flow for flow, steps in plan for _ in range(steps)]
    for flow_ul_min, flows, left in run(wanted):
        assert delivered(flows) == pytest.approx(flow_ul_min, rel=1e-12)
        assert all(flow <= flow_ul_min for flow in flows)
        assert all(0.0 < each < 1000.0 for each in left)


def test_both_syringes_share_the_work():
    given_ul = [0.0, 0.0]
    for _, flows, _ in run([1500.0] * 4000):
        given_ul = [total + max(flow, 0.0) for total, flow in zip(given_ul, flows, strict=True)]
    assert given_ul[0] == pytest.approx(given_ul[1], rel=0.1)


def test_one_hands_over_to_the_other_on_a_straight_line():
    crossing = [flows for _, flows, _ in run([1200.0] * 400) if min(flows) > 0.0]
    assert len(crossing) >= 14
    shares = [flows[1] / 1200.0 for flows in crossing[:15]]
    steps = [after - before for before, after in pairwise(shares) if after > before]
    assert steps == pytest.approx([steps[0]] * len(steps))
    assert steps[0] == pytest.approx(0.25 / 4.0)


def test_nothing_moves_while_nothing_is_wanted_not_even_a_refill():
    turn = Turn(giver=0, filling=True)
    assert take_turns(turn, (500.0, 200.0), 0.0, FACTS) == (turn, (0.0, 0.0))


def test_a_hand_over_that_was_stopped_goes_on_where_it_was():
    turn = Turn(giver=1, sum_ul=1000.0, overlap_ul=100.0)
    _, before = take_turns(turn, (870.0, 100.0), 600.0, FACTS)
    turn, stopped = take_turns(turn, (870.0, 100.0), 0.0, FACTS)
    _, after = take_turns(turn, (870.0, 100.0), 600.0, FACTS)
    assert stopped == (0.0, 0.0)
    assert before == after
    assert after == pytest.approx((180.0, 420.0))


def test_a_flow_beyond_the_limit_is_told_before_the_syringe_is_driven_to_its_end():
    following = run([FACTS.most_ul_min * 1.5] * 3000)
    lefts: list[tuple[float, ...]] = []
    with pytest.raises(DeviceError, match="refill faster"):
        lefts.extend(left for _, _, left in following)
    assert min(map(min, lefts), default=1.0) > 0.0


def test_a_bottle_that_was_never_drawn_from_is_told():
    with pytest.raises(DeviceError, match="fill both"):
        list(run([1000.0] * 3000, left_ul=(101.0, 101.0)))


def test_the_limit_is_the_slower_of_pump_and_refill():
    slow = PairFacts(100.0, 900.0, refill_ul_min=1e6, overlap_s=0.0, fastest_ul_min=500.0, late_s=0.0)
    assert slow.most_ul_min == 500.0
    endless = PairFacts(100.0, 900.0, refill_ul_min=4000.0, overlap_s=0.0, fastest_ul_min=1e9, late_s=0.0)
    assert endless.most_ul_min == pytest.approx(4000.0)
    assert FACTS.most_ul_min < 4000.0
