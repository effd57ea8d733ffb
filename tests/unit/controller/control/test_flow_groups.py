"""Ratio control: what a total and fractions ask of the pumps, and what is shown of them."""

from __future__ import annotations

from math import isnan, nan

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from controller.control import flows
from tests.unit.controller.control.flow_rigs import HIGHS, PART, rig

GOOD, STALE, BAD = 1, 2, 3


class Feed:
    """One group of pumps under requests; refused ones are raised by `ask`."""

    def __init__(self, *highs: float, high: float | None = None) -> None:
        self.model = flows.compile_flows(rig(highs, high=high))
        self.group = self.model.groups[0]
        self.fractions = flows.initial(self.model)
        self.targets = [0.0] * len(highs) + [nan] * (1 + len(highs))

    @property
    def pumps(self) -> list[float]:
        return self.targets[: len(self.group.pumps)]

    def try_(self, total: float | None = None, pumps: dict[int, float] | None = None, **shares: float):
        """Ask for a total, for fractions by number (`f0=0.5`) and for pumps by number."""
        flowing = {self.group.fractions[int(name[1:])]: value for name, value in shares.items()}
        if total is not None:
            flowing[self.group.total] = total
        targets = list(self.targets)
        for number, value in (pumps or {}).items():
            targets[number] = value
        before = list(targets)
        fractions, reply = flows.aim(self.model, self.fractions, targets, flowing, set(pumps or {}))
        if reply.refused:
            assert fractions is self.fractions
            assert str(targets) == str(before)
        else:
            self.fractions, self.targets = fractions, targets
        return reply

    def ask(self, total: float | None = None, pumps: dict[int, float] | None = None, **shares: float) -> None:
        reply = self.try_(total, pumps, **shares)
        assert not reply.refused, reply.detail

    def shown(self) -> tuple[float, ...]:
        """The total and the fractions, as setpoints."""
        return tuple(value for _, value in flows.setpoints(self.model, self.fractions, self.targets))


def test_total_and_fractions_become_the_flows_of_the_pumps():
    feed = Feed(500.0, 500.0, 500.0)
    feed.ask(total=200.0, f0=0.5, f1=0.3, f2=0.2)
    assert feed.pumps == pytest.approx([100.0, 60.0, 40.0])


def test_a_total_alone_keeps_the_fractions():
    feed = Feed(500.0, 500.0)
    feed.ask(total=100.0, f0=0.25, f1=0.75)
    feed.ask(total=400.0)
    assert feed.pumps == pytest.approx([100.0, 300.0])


def test_fractions_are_remembered_while_nothing_flows():
    feed = Feed(500.0, 500.0)
    feed.ask(f0=0.25, f1=0.75)
    assert feed.pumps == [0.0, 0.0]
    feed.ask(total=400.0)
    feed.ask(total=0.0)
    assert feed.pumps == [0.0, 0.0]
    feed.ask(total=40.0)
    assert feed.pumps == pytest.approx([10.0, 30.0])


def test_one_fraction_leaves_the_rest_to_the_others_in_their_proportion():
    feed = Feed(500.0, 500.0, 500.0)
    feed.ask(total=100.0, f0=0.4, f1=0.4, f2=0.2)
    feed.ask(f0=0.1)
    assert feed.pumps == pytest.approx([10.0, 60.0, 30.0])


def test_of_two_pumps_one_fraction_says_all():
    feed = Feed(500.0, 500.0)
    feed.ask(total=100.0, f1=0.3)
    assert feed.pumps == pytest.approx([70.0, 30.0])


def test_a_fraction_of_one_stops_the_others():
    feed = Feed(500.0, 500.0, 500.0)
    feed.ask(total=100.0, f1=1.0)
    assert feed.pumps == [0.0, 100.0, 0.0]


def test_without_known_fractions_a_total_is_refused_but_zero_stops():
    feed = Feed(500.0, 500.0)
    assert str(feed.shown()) == "(0.0, nan, nan)"
    reply = feed.try_(total=100.0)
    assert reply.refused == "FRACTIONS_UNKNOWN"
    assert reply.detail == "the ratio of feed.0, feed.1 is not known: set them in the same request"
    feed.ask(total=0.0)
    assert feed.pumps == [0.0, 0.0]
    assert all(isnan(share) for share in feed.fractions[0])


def test_others_whose_ratio_was_never_asked_or_is_lost_are_not_guessed():
    feed = Feed(500.0, 500.0, 500.0)
    reply = feed.try_(total=100.0, f0=0.5)
    assert (reply.refused, "feed.1, feed.2" in reply.detail) == ("FRACTIONS_UNKNOWN", True)
    feed.ask(total=100.0, f0=1.0)
    assert feed.try_(f0=0.5).refused == "FRACTIONS_UNKNOWN"


@pytest.mark.parametrize(
    ("shares", "told"),
    [
        ({"f0": 0.5, "f1": 0.5, "f2": 0.1}, "feed.0 + feed.1 + feed.2 is 1.1: let them sum to 1"),
        ({"f0": 0.5, "f1": 0.2, "f2": 0.2}, "feed.0 + feed.1 + feed.2 is 0.9: let them sum to 1"),
        ({"f0": 0.7, "f1": 0.5}, "feed.0 + feed.1 is 1.2: leave them 1 at most"),
    ],
)
def test_fractions_that_do_not_sum_to_one_are_refused(shares, told):
    reply = Feed(500.0, 500.0, 500.0).try_(total=100.0, **shares)
    assert (reply.refused, reply.detail) == ("FRACTIONS_SUM", told)


def test_fractions_may_be_written_with_six_digits():
    feed = Feed(500.0, 500.0, 500.0)
    feed.ask(total=300.0, f0=0.333333, f1=0.333333, f2=0.333334)
    feed.ask(total=300.0, f0=0.3333333, f1=0.3333333, f2=0.3333333)
    assert feed.pumps == pytest.approx([100.0, 100.0, 100.0], rel=1e-12)


def test_a_flow_beyond_its_pump_is_refused_with_pump_flow_and_limit():
    reply = Feed(100.0, 500.0).try_(total=400.0, f0=0.5)
    assert reply.refused == "OUT_OF_RANGE"
    assert reply.detail == (
        "feed.pump.0: 200 is outside 0 to 100 uL/min; set another fraction, or another feed.total than 400"
    )


def test_rounding_refuses_no_flow_at_the_limit_and_lifts_none_above_it():
    # Worked out in doubles, the third flow is 1 part in 10^16 too large.
    feed = Feed(0.1, 0.1, 0.6)
    feed.ask(total=0.8, f0=0.1 / 0.8, f1=0.1 / 0.8, f2=0.6 / 0.8)
    assert feed.pumps[2] == 0.6
    assert feed.pumps == pytest.approx([0.1, 0.1, 0.6])


def test_rounding_shows_no_total_above_its_limit():
    feed = Feed(600.0, 600.0, 600.0, high=600.0)
    feed.ask(total=600.0, f0=0.02, f1=0.17, f2=0.81)
    assert sum(feed.pumps) > 600.0
    assert feed.shown()[0] == 600.0


def test_pumps_that_are_written_set_the_fractions():
    feed = Feed(500.0, 500.0)
    feed.ask(pumps={0: 30.0, 1: 10.0})
    assert feed.shown() == (40.0, 0.75, 0.25)
    feed.ask(total=80.0)
    assert feed.pumps == [60.0, 20.0]


def test_pumps_that_are_stopped_leave_the_fractions():
    feed = Feed(500.0, 500.0)
    feed.ask(total=40.0, f0=0.75)
    feed.ask(pumps={0: 0.0, 1: 0.0})
    assert feed.shown() == (0.0, 0.75, 0.25)


def test_pumps_may_not_pass_the_groups_total_together():
    feed = Feed(500.0, 500.0, high=600.0)
    feed.ask(pumps={0: 400.0})
    reply = feed.try_(pumps={1: 300.0})
    assert reply.refused == "OUT_OF_RANGE"
    assert reply.detail == "feed.total: 700 is outside 0 to 600 uL/min; ask less of its pumps"


def test_a_group_and_one_of_its_pumps_in_one_request_are_refused():
    feed = Feed(500.0, 500.0)
    reply = feed.try_(total=40.0, f0=0.75, pumps={1: 5.0})
    assert reply.refused == "CONFLICTING_TARGETS"
    assert (
        reply.detail
        == "set feed.total and its fractions, or its pumps feed.pump.0, feed.pump.1, not both at once"
    )


def test_other_actuators_leave_a_group_alone():
    feed = Feed(500.0, 500.0)
    fractions, reply = flows.aim(feed.model, feed.fractions, feed.targets, {}, {17})
    assert not reply.refused
    assert fractions[0] is feed.fractions[0]


def test_a_refused_group_keeps_the_other_from_moving_too():
    model = flows.compile_flows(rig([100.0, 500.0], names=("a", "b")))
    first, second = model.groups
    targets = [0.0] * 10
    flowing = {first.total: 50.0, first.fractions[0]: 0.5, second.total: 150.0, second.fractions[0]: 0.9}
    before = flows.initial(model)
    fractions, reply = flows.aim(model, before, targets, flowing, ())
    assert reply.refused == "OUT_OF_RANGE"
    assert "b.pump.0: 135 is outside 0 to 100 uL/min" in reply.detail
    assert fractions is before
    assert targets == [0.0] * 10


def measured(readings: list[float], qualities: list[int]) -> tuple[list[float], list[int]]:
    model = flows.compile_flows(rig([500.0] * len(readings)))
    values = [*readings, *[nan] * (1 + len(readings))]
    judged = [*qualities, *[BAD] * (1 + len(readings))]
    flows.measure(model, values, judged)
    return values[len(readings) :], judged[len(readings) :]


def test_total_and_fractions_are_measured_at_the_pumps():
    assert measured([30.0, 10.0], [GOOD, GOOD]) == ([40.0, 0.75, 0.25], [GOOD, GOOD, GOOD])


def test_what_is_measured_is_as_good_as_the_worst_pump():
    assert measured([30.0, 10.0], [STALE, GOOD]) == ([40.0, 0.75, 0.25], [STALE, STALE, STALE])
    values, qualities = measured([30.0, nan], [GOOD, BAD])
    assert all(isnan(value) for value in values)
    assert qualities == [BAD, BAD, BAD]


def test_while_nothing_flows_the_total_is_zero_and_fractions_are_undefined():
    values, qualities = measured([0.0, 0.0], [GOOD, GOOD])
    assert values[0] == 0.0
    assert isnan(values[1])
    assert isnan(values[2])
    assert qualities == [GOOD, BAD, BAD]


@given(HIGHS, st.data())
def test_whatever_is_asked_fractions_sum_to_one_and_pumps_stay_in_range(highs, data):
    feed = Feed(*highs, high=sum(highs) * data.draw(st.floats(0.5, 1.0)))
    names = [f"f{number}" for number in range(len(highs))]
    totals = st.one_of(st.none(), st.floats(0.0, feed.group.total_channel.high))
    for _ in range(6):
        if data.draw(st.booleans()):
            written = data.draw(st.dictionaries(st.sampled_from(range(len(highs))), PART, min_size=1))
            feed.try_(pumps={number: highs[number] * part for number, part in written.items()})
        else:
            shares = data.draw(st.dictionaries(st.sampled_from(names), PART))
            whole = max(sum(shares.values()), 1.0)
            feed.try_(data.draw(totals), **{name: share / whole for name, share in shares.items()})
        (fractions,) = feed.fractions
        assert isnan(fractions[0]) or sum(fractions) == pytest.approx(1.0, abs=1e-12)
        assert all(0.0 <= flow <= high for flow, high in zip(feed.pumps, highs, strict=True))
        assert sum(feed.pumps) <= feed.group.total_channel.high * (1.0 + 1e-9)


@given(HIGHS, st.data())
def test_to_ask_for_all_that_is_shown_is_granted_and_changes_nothing(highs, data):
    feed = Feed(*highs)
    feed.ask(pumps={number: high * data.draw(PART) for number, high in enumerate(highs)})
    before = feed.pumps
    assume(sum(before) == 0.0 or sum(before) > 1e-3)
    total, *shares = feed.shown()
    known = {f"f{number}": share for number, share in enumerate(shares) if not isnan(share)}
    feed.ask(total, None, **known)
    assert feed.pumps == pytest.approx(before, rel=1e-12, abs=1e-12)
