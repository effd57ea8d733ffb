"""Interlocks from tick to tick: when they trip, what they force, what releases them, what is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.control import interlocks
from controller.control.seen import Names
from controller.domain import conditions as c
from controller.domain.events import Event, EventKind
from controller.domain.plan import InterlockPlan
from tests.unit.controller.control.judging import INDEX, rig, seen

if TYPE_CHECKING:
    from controller.control.interlocks import InterlockState
    from controller.control.seen import Seen

HOT = c.Limits("zone", high=85.0, deadband=2.0)
CALM, WARM, COOL = seen(zone=25.0), seen(zone=90.0), seen(zone=84.0)
BLIND = seen(bad=("zone",))
LEAK = c.DigitalInput("leak")


class Guard:
    """Interlocks of the bench from tick to tick, with what they told."""

    def __init__(self, *rules: InterlockPlan) -> None:
        self.plan = rig(*rules)
        self.model = interlocks.compile_interlocks(self.plan, Names.of(self.plan))
        self.state: InterlockState = interlocks.initial(self.model)
        self.told: list[Event] = []

    def see(self, sight: Seen, times: int = 1, *, dt_s: float = 0.1, readings: bool = True) -> set[str]:
        for _ in range(times):
            self.state, events = interlocks.step(self.state, self.model, sight, dt_s, readings=readings)
            self.told += events
        return self.tripped

    @property
    def tripped(self) -> set[str]:
        return {rule.name for place, rule in enumerate(self.model.plans) if self.state.tripped >> place & 1}

    @property
    def first_out(self) -> str:
        return "" if self.state.first_out < 0 else self.model.plans[self.state.first_out].name

    @property
    def trips_reactor(self) -> bool:
        return interlocks.trips_reactor(self.model, self.state)

    @property
    def reason(self) -> str:
        return interlocks.reason(self.model, self.state)

    @property
    def forced(self) -> tuple[int, ...]:
        return interlocks.forced(self.model, self.state)

    def causes(self, sight: Seen) -> tuple[str, ...]:
        return interlocks.standing_causes(self.state, self.model, sight)

    def reset(self) -> set[str]:
        self.state = interlocks.reset(self.state, self.model)
        return self.tripped


def hot(name: str = "hot", **changes) -> InterlockPlan:
    return InterlockPlan(name, HOT, **changes)


def test_while_nothing_happens_the_state_is_the_same_object_and_nothing_is_told() -> None:
    guard = Guard(hot(delay_s=1.0), InterlockPlan("leak", LEAK))
    before = guard.state
    guard.see(CALM, 10)
    assert guard.state is before
    assert guard.told == []


def test_without_a_delay_it_trips_at_first_sight() -> None:
    guard = Guard(hot())
    assert guard.see(WARM) == {"hot"}
    assert guard.trips_reactor


@pytest.mark.parametrize("dt_s", [0.001, 0.1, 0.3])
def test_it_trips_when_the_delay_has_passed_since_the_first_sight(dt_s) -> None:
    guard = Guard(hot(delay_s=0.9))
    guard.see(CALM, 5, dt_s=dt_s)
    ticks = round(0.9 / dt_s)
    assert guard.see(WARM, ticks, dt_s=dt_s) == set()
    assert guard.see(WARM, dt_s=dt_s) == {"hot"}


def test_a_break_begins_the_delay_anew() -> None:
    guard = Guard(hot(delay_s=0.5))
    for _ in range(20):
        guard.see(WARM, 5)
        assert guard.see(CALM) == set()


def test_what_can_not_be_judged_counts_as_standing() -> None:
    guard = Guard(hot(delay_s=0.5))
    assert guard.see(BLIND, 3) == set()
    assert guard.see(WARM, 2) == set()
    assert guard.see(BLIND) == {"hot"}
    assert "zone has no good reading" in guard.told[0].text


def test_a_latching_trip_outlives_its_cause_until_reset() -> None:
    guard = Guard(hot())
    guard.see(WARM)
    assert guard.see(CALM, 1000) == {"hot"}
    assert guard.reset() == set()
    assert guard.see(CALM, 10) == set()
    assert guard.first_out == ""


def test_one_that_does_not_latch_releases_itself_once_the_deadband_is_left() -> None:
    guard = Guard(hot(latching=False))
    guard.see(WARM)
    assert guard.see(COOL, 10) == {"hot"}
    assert guard.see(BLIND, 10) == {"hot"}
    assert guard.see(CALM) == set()
    assert not guard.trips_reactor
    assert guard.first_out == ""
    assert [event.text for event in guard.told][1:] == ["released: zone is 25 degC"]


def test_the_first_out_is_the_one_that_tripped_first() -> None:
    guard = Guard(hot(delay_s=0.3), InterlockPlan("leak", LEAK))
    guard.see(seen(zone=90.0))
    guard.see(seen(zone=90.0, leak=1.0))
    assert guard.see(seen(zone=90.0, leak=1.0), 5) == {"hot", "leak"}
    assert guard.first_out == "leak"
    assert [("first out" in event.text, event.subject) for event in guard.told] == [
        (True, "leak"),
        (False, "hot"),
    ]
    assert guard.reason == "interlock leak: leak on, or no good reading"


def test_of_two_in_one_tick_the_one_declared_first_is_the_first_out() -> None:
    both = seen(zone=90.0, leak=1.0)
    for rules in ((hot(), InterlockPlan("leak", LEAK)), (InterlockPlan("leak", LEAK), hot())):
        guard = Guard(*rules)
        assert guard.see(both) == {"hot", "leak"}
        assert guard.first_out == rules[0].name
        assert [event.subject for event in guard.told] == [rule.name for rule in rules]


def test_the_first_out_stays_as_long_as_anything_is_tripped() -> None:
    guard = Guard(hot(latching=False), InterlockPlan("leak", LEAK))
    guard.see(WARM)
    guard.see(seen(zone=90.0, leak=1.0))
    assert guard.see(CALM) == {"leak"}
    assert guard.first_out == "hot"
    assert guard.reason.startswith("interlock leak: ")
    guard.reset()
    guard.see(seen(leak=1.0))
    assert guard.first_out == "leak"


def test_one_over_some_outputs_forces_them_and_leaves_the_reactor_running() -> None:
    guard = Guard(hot(forces=("seed", "heater")), InterlockPlan("leak", LEAK, forces=("silver", "seed")))
    assert guard.forced == ()
    guard.see(seen(zone=90.0, leak=1.0))
    assert guard.forced == tuple(sorted(INDEX[name] for name in ("heater", "silver", "seed")))
    assert not guard.trips_reactor
    assert guard.reason == ""
    guard.reset()
    assert guard.forced == ()


def test_a_whole_trip_gives_the_reason_even_if_one_over_some_outputs_was_first() -> None:
    guard = Guard(InterlockPlan("leak", LEAK, forces=("silver",)), hot(delay_s=0.5))
    guard.see(seen(zone=90.0, leak=1.0), 10)
    assert guard.first_out == "leak"
    assert guard.reason == "interlock hot: zone above 85 degC, or no good reading, for 0.5 s"


def test_a_cause_that_stands_is_said_with_its_value_and_remedy() -> None:
    guard = Guard(hot(), InterlockPlan("leak", LEAK))
    guard.see(seen(zone=90.5, leak=1.0))
    assert guard.causes(seen(zone=90.5, leak=1.0)) == (
        "hot: zone is 90.5 degC; bring it back to not above 83 degC",
        "leak: leak is on; see what turned it on",
    )
    guard.see(BLIND)
    assert guard.causes(BLIND) == ("hot: zone has no good reading; mend the sensor or its wire",)
    guard.see(CALM)
    assert guard.causes(CALM) == ()


def test_a_cause_that_has_not_tripped_yet_hinders_a_reset_too() -> None:
    guard = Guard(hot(), InterlockPlan("leak", LEAK, delay_s=60.0))
    guard.see(WARM)
    guard.see(seen(leak=1.0))
    assert [cause.partition(":")[0] for cause in guard.causes(seen(leak=1.0))] == ["leak"]


def test_one_that_holds_some_outputs_and_lets_go_by_itself_hinders_no_reset_and_outlives_it() -> None:
    guard = Guard(hot(latching=False, forces=("heater",)), InterlockPlan("leak", LEAK))
    guard.see(seen(zone=90.0, leak=1.0))
    guard.see(WARM)
    assert guard.causes(WARM) == ()
    assert guard.reset() == {"hot"}
    assert guard.first_out == "hot"
    assert guard.forced == (INDEX["heater"],)
    assert guard.see(CALM) == set()


def test_a_reset_leaves_the_delay_of_what_has_not_tripped_running() -> None:
    guard = Guard(hot(delay_s=1.0, latching=False, forces=("heater",)), InterlockPlan("leak", LEAK))
    guard.see(seen(zone=90.0, leak=1.0))
    guard.see(WARM, 5)
    assert guard.reset() == set()
    assert guard.see(WARM, 4) == set()
    assert guard.see(WARM) == {"hot"}


def test_after_a_reset_the_condition_is_looked_at_afresh() -> None:
    guard = Guard(hot(delay_s=0.5))
    guard.see(WARM, 10)
    guard.see(CALM)
    guard.reset()
    # Within the deadband, which holds only for what stands.
    assert guard.see(COOL, 20) == set()
    assert guard.see(WARM, 5) == set()
    assert guard.see(WARM) == {"hot"}


def test_a_judge_that_looks_back_begins_afresh_after_a_reset() -> None:
    guard = Guard(InterlockPlan("fast", c.RateOfChange("zone", 1.0, 4.0)))
    for tick in range(60):
        guard.see(seen(zone=25.0 + 0.5 * tick))
    assert guard.tripped == {"fast"}
    assert "moving by 5 degC/s" in guard.told[0].text
    guard.reset()
    assert guard.see(seen(zone=90.0), 40) == set()


LOST = InterlockPlan("lost", c.BoardLost("board"), delay_s=0.5)


def test_without_readings_only_what_needs_none_is_judged() -> None:
    guard = Guard(hot(), InterlockPlan("stale", c.Stale("zone")), LOST)
    away = seen(lost=True, bad=("zone", "wall"))
    assert guard.see(away, 5, readings=False) == set()
    assert guard.see(away, readings=False) == {"lost"}
    assert guard.see(away, 100, readings=False) == {"lost"}
    assert guard.see(away) == {"hot", "stale", "lost"}


@pytest.mark.parametrize("latching", [True, False])
def test_without_readings_what_has_tripped_stays_tripped(latching) -> None:
    guard = Guard(hot(latching=latching))
    guard.see(WARM)
    assert guard.see(CALM, 100, readings=False) == {"hot"}
    assert guard.causes(BLIND) == ("hot: zone has no good reading; mend the sensor or its wire",)
    assert guard.see(CALM) == ({"hot"} if latching else set())


def test_without_readings_a_delay_that_had_begun_begins_anew() -> None:
    guard = Guard(hot(delay_s=0.5))
    guard.see(WARM, 5)
    assert guard.see(WARM, 100, readings=False) == set()
    assert guard.causes(WARM) == ()
    assert guard.see(WARM, 5) == set()
    assert guard.see(WARM) == {"hot"}


def test_the_deadband_of_what_stood_before_the_readings_went_ends_when_it_is_seen_inside() -> None:
    guard = Guard(hot(delay_s=60.0))
    guard.see(WARM)
    guard.see(WARM, readings=False)
    guard.see(CALM)
    guard.see(COOL)
    assert guard.causes(COOL) == (), "it has been well inside: 84 degC is no cause any more"


def test_a_trip_is_told_with_its_value_its_rule_and_whether_it_was_first() -> None:
    guard = Guard(hot(delay_s=0.5))
    guard.see(WARM, 10)
    assert guard.told == [
        Event(
            EventKind.TRIP,
            "hot",
            "tripped, first out: zone is 90 degC; "
            "the rule is zone above 85 degC, or no good reading, for 0.5 s",
        )
    ]


def test_a_flag_that_released_itself_is_told_as_it_is_now() -> None:
    guard = Guard(InterlockPlan("alone", c.ServiceLost(), latching=False, forces=("heater",)))
    guard.see(seen(service=False))
    guard.see(CALM)
    assert guard.told[-1].text == "released: the service is connected"


SIGHTS = st.sampled_from([CALM, COOL, WARM, BLIND])
RULES = st.builds(
    hot,
    delay_s=st.sampled_from([0.0, 0.1, 0.25, 1.0]),
    latching=st.booleans(),
    forces=st.sampled_from([(), ("heater",)]),
)


@given(RULES, st.lists(st.tuples(SIGHTS, st.sampled_from([0.05, 0.1, 0.2])), max_size=60))
def test_it_trips_exactly_when_it_has_been_seen_to_stand_without_a_break_for_its_delay(rule, story) -> None:
    guard = Guard(rule)
    inside, stood_s, tripped = True, None, False
    for sight, dt_s in story:
        blind = sight is BLIND
        if not blind:
            value = sight.values[INDEX["zone"]]
            inside = value <= (85.0 if inside else 83.0)
        standing = blind or not inside
        stood_s = (0.0 if stood_s is None else stood_s + dt_s) if standing else None
        due = stood_s is not None and stood_s >= rule.delay_s - 1e-6
        tripped = due or (tripped and (rule.latching or standing))
        assert (guard.see(sight, dt_s=dt_s) == {"hot"}) is tripped


@given(st.lists(st.tuples(SIGHTS, st.booleans()), max_size=60))
def test_nothing_but_a_reset_clears_a_latched_trip(story) -> None:
    guard = Guard(hot())
    guard.see(WARM)
    for sight, readings in story:
        assert guard.see(sight, readings=readings) == {"hot"}
        assert guard.first_out == "hot"
    assert guard.reset() == set()


@given(
    st.lists(
        st.tuples(st.sampled_from([25.0, 90.0]), st.sampled_from([0.0, 1.0]), st.booleans(), st.booleans()),
        max_size=60,
    )
)
def test_there_is_a_first_out_if_and_only_if_something_has_tripped(story) -> None:
    guard = Guard(hot(latching=False), InterlockPlan("leak", LEAK, delay_s=0.3))
    for zone, leak, readings, reset in story:
        guard.see(seen(zone=zone, leak=leak), readings=readings)
        if reset:
            guard.reset()
        assert bool(guard.first_out) is bool(guard.tripped)
        assert bool(guard.reason) is guard.trips_reactor
