from __future__ import annotations

from dataclasses import replace
from math import isnan, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.control import alarms
from controller.control.alarm_states import TRANSITIONS
from controller.control.seen import GOOD, Names, Seen
from controller.domain import plain
from controller.domain.alarms import AlarmPlan, AlarmStatus, Priority
from controller.domain.alarms import AlarmState as S
from controller.domain.commands import DONE, AcknowledgeAlarm, SetAlarmService, ShelveAlarm
from controller.domain.conditions import LeaseLost, Limits
from controller.domain.events import Event, EventKind
from controller.domain.plan import ChannelPlan, InterlockPlan, ReactorPlan, RigPlan
from controller.domain.readings import Quality

DT_S = 0.1
ALARM = AlarmPlan("warm", Limits("reactor.temperature", high=60.0, deadband=2.0), Priority.HIGH)


def rig(*declared: AlarmPlan) -> RigPlan:
    return RigPlan(
        name="bench",
        rate_hz=10.0,
        orphan_hold_s=10.0,
        reactor=ReactorPlan(100.0, 20.0),
        links=(),
        devices=(),
        channels=(
            ChannelPlan("reactor.temperature", "board", "temperature.0", "degC", 0.0, 100.0),
            ChannelPlan("reactor.pressure", "board", "pressure.0", "bar", 0.0, 10.0),
        ),
        interlocks=(
            InterlockPlan("hot", Limits("reactor.temperature", high=85.0)),
            InterlockPlan("abandoned", LeaseLost()),
        ),
        alarms=declared,
    )


class Bench:
    """Alarms of a small rig, stepped tick by tick at 10 Hz."""

    def __init__(self, *declared: AlarmPlan) -> None:
        plan = rig(*(declared or (ALARM,)))
        self.model = alarms.compile_alarms(plan, Names.of(plan))
        self.state = alarms.initial(self.model)
        self.seen = Seen(
            time_s=0.0,
            values=(25.0, 1.0),
            qualities=(GOOD, GOOD),
            outputs=(nan, nan),
            setpoints=(),
            boards_lost=(),
            stop_pressed=False,
            service_alive=True,
            lease_lost=False,
            trips=0,
        )
        self.events: list[Event] = []

    def tick(self, times: int = 1, **changes: Any) -> None:
        for _ in range(times):
            self.seen = replace(self.seen, time_s=self.seen.time_s + DT_S, **changes)
            self.state, events = alarms.step(self.state, self.model, self.seen, DT_S)
            self.events += events

    def warm_up(self, degrees_c: float = 70.0, times: int = 1) -> None:
        self.tick(times, values=(degrees_c, 1.0))

    def ask(self, command: AcknowledgeAlarm | ShelveAlarm | SetAlarmService) -> str:
        self.state, reply, events = alarms.take(self.state, self.model, command, "chemist", self.seen)
        self.events += events
        assert bool(events) == (reply == DONE)
        return reply.refused

    def reset(self) -> None:
        self.state, events = alarms.on_reset(self.state, self.model, "chemist", self.seen)
        self.events += events

    def status(self, name: str = "warm") -> AlarmStatus:
        return next(each for each in alarms.statuses(self.state, self.model) if each.name == name)

    @property
    def texts(self) -> list[str]:
        return [each.text for each in self.events]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_nothing_to_tell_keeps_the_very_same_state(bench: Bench) -> None:
    before = bench.state
    bench.tick(3)
    assert bench.state is before
    assert bench.events == []


def test_an_alarm_says_what_it_saw_and_when(bench: Bench) -> None:
    bench.tick(4)
    bench.warm_up(70.0)
    status = bench.status()
    assert (status.state, status.active, status.value) == (S.UNACKNOWLEDGED, True, 70.0)
    assert status.since_s == pytest.approx(0.5)
    assert [(each.kind, each.subject, each.actor) for each in bench.events] == [(EventKind.ALARM, "warm", "")]
    assert bench.texts[0].startswith("high alarm: ")
    assert bench.texts[0].endswith("; it reads 70 degC")


def test_an_alarm_goes_its_way_from_raised_to_normal(bench: Bench) -> None:
    bench.warm_up(70.0)
    assert bench.ask(AcknowledgeAlarm("warm")) == ""
    assert (bench.status().state, bench.status().by) == (S.ACKNOWLEDGED, "chemist")
    bench.warm_up(25.0)
    assert bench.status().state is S.NORMAL
    assert bench.texts[1:] == ["acknowledged", "returned to normal"]
    assert [each.actor for each in bench.events] == ["", "chemist", ""]


def test_an_alarm_that_came_and_went_still_waits_for_a_person(bench: Bench) -> None:
    bench.warm_up(70.0)
    bench.warm_up(25.0)
    assert bench.status().state is S.RETURNED
    assert alarms.summary(bench.state) == (False, True)
    bench.ask(AcknowledgeAlarm(""))
    assert alarms.summary(bench.state) == (False, False)


def test_an_alarm_once_raised_needs_the_deadband_to_go(bench: Bench) -> None:
    bench.warm_up(61.0)
    bench.warm_up(59.0)
    assert bench.status().active
    bench.warm_up(57.9)
    assert not bench.status().active


def test_a_spike_shorter_than_the_on_delay_raises_nothing() -> None:
    bench = Bench(replace(ALARM, on_delay_s=0.45))
    bench.warm_up(70.0, times=4)
    bench.warm_up(57.0)
    bench.warm_up(70.0, times=4)
    assert bench.status().state is S.NORMAL
    bench.warm_up(70.0)
    assert bench.status().state is S.UNACKNOWLEDGED


def test_a_gap_shorter_than_the_off_delay_clears_nothing() -> None:
    bench = Bench(replace(ALARM, off_delay_s=0.45))
    bench.warm_up(70.0)
    bench.warm_up(25.0, times=4)
    bench.warm_up(70.0)
    bench.warm_up(25.0, times=4)
    assert bench.status().state is S.UNACKNOWLEDGED
    bench.warm_up(25.0)
    assert bench.status().state is S.RETURNED


@given(
    delay_s=st.floats(0.0, 5.0),
    ticks=st.lists(st.tuples(st.floats(0.001, 0.5), st.booleans()), min_size=1, max_size=60),
)
def test_an_alarm_stands_only_after_its_condition_stood_for_the_whole_delay(
    delay_s: float, ticks: list[tuple[float, bool]]
) -> None:
    bench = Bench(replace(ALARM, on_delay_s=delay_s))
    stood_s = 0.0
    for dt_s, warm in ticks:
        seen = replace(bench.seen, values=(70.0 if warm else 25.0, 1.0))
        bench.state, _ = alarms.step(bench.state, bench.model, seen, dt_s)
        stood_s = stood_s + dt_s if warm else 0.0
        assert bench.status().active == (warm and stood_s > delay_s)


def test_without_a_good_reading_an_alarm_stays_what_it_was(bench: Bench) -> None:
    bad = (int(Quality.BAD), GOOD)
    bench.tick(3, values=(70.0, 1.0), qualities=bad)
    assert bench.status().state is S.NORMAL
    bench.tick(1, qualities=(GOOD, GOOD))
    bench.tick(3, values=(25.0, 1.0), qualities=bad)
    assert bench.status().state is S.UNACKNOWLEDGED


def test_time_without_a_reading_does_not_count_to_a_delay() -> None:
    bench = Bench(replace(ALARM, on_delay_s=0.25))
    bench.warm_up(70.0, times=2)
    bench.tick(5, qualities=(int(Quality.STALE), GOOD))
    bench.tick(2, qualities=(GOOD, GOOD))
    assert not bench.status().active
    bench.tick(1)
    assert bench.status().active


def test_a_latching_alarm_needs_reset_and_acknowledgement() -> None:
    bench = Bench(replace(ALARM, latching=True))
    bench.warm_up(70.0)
    bench.reset()
    assert bench.status().state is S.UNACKNOWLEDGED
    bench.warm_up(25.0)
    assert bench.status().state is S.LATCHED_UNACKNOWLEDGED
    assert alarms.summary(bench.state) == (True, True)
    bench.ask(AcknowledgeAlarm("warm"))
    assert alarms.summary(bench.state) == (True, False)
    bench.reset()
    assert bench.status().state is S.NORMAL
    assert bench.events[-1] == Event(EventKind.ALARM, "warm", "latch reset", "chemist")


def test_a_reset_with_nothing_latched_keeps_the_very_same_state(bench: Bench) -> None:
    before = bench.state
    bench.reset()
    assert bench.state is before


def test_a_shelved_alarm_is_quiet_and_comes_back_raised_when_its_time_is_over(bench: Bench) -> None:
    assert bench.ask(ShelveAlarm("warm", 0.55, "cleaning")) == ""
    bench.warm_up(70.0, times=5)
    status = bench.status()
    assert (status.state, status.active, status.by) == (S.SHELVED, True, "chemist")
    assert status.shelved_left_s == pytest.approx(0.05)
    assert alarms.summary(bench.state) == (False, False)
    bench.tick()
    status = bench.status()
    assert (status.state, status.shelved_left_s, status.value) == (S.UNACKNOWLEDGED, 0.0, 70.0)
    assert bench.texts[:2] == ["shelved for 0.55 s: cleaning", "shelf time is over"]
    assert [each.actor for each in bench.events] == ["chemist", "", ""]


def test_an_alarm_whose_cause_went_with_its_shelf_time_comes_back_normal(bench: Bench) -> None:
    bench.warm_up(70.0)
    bench.ask(ShelveAlarm("warm", 0.15, "cleaning"))
    bench.tick()
    bench.warm_up(25.0)
    assert bench.status().state is S.NORMAL
    assert bench.texts[-1] == "shelf time is over"


def test_an_alarm_may_come_back_early_and_be_shelved_longer(bench: Bench) -> None:
    bench.ask(ShelveAlarm("warm", 1.0, "cleaning"))
    bench.ask(ShelveAlarm("warm", 60.0, "still cleaning"))
    bench.tick(20)
    assert bench.status().state is S.SHELVED
    assert bench.ask(ShelveAlarm("warm", 0.0, "")) == ""
    assert bench.status().state is S.NORMAL
    assert bench.texts[-1] == "unshelved"
    assert bench.ask(ShelveAlarm("warm", 0.0, "")) == "ALARM_NOT_SHELVED"


@pytest.mark.parametrize("duration_s", [86_400.1, -1.0, nan, float("inf")])
def test_an_alarm_is_shelved_for_a_day_at_most(bench: Bench, duration_s: float) -> None:
    assert bench.ask(ShelveAlarm("warm", duration_s, "holiday")) == "SHELF_TOO_LONG"
    assert bench.ask(ShelveAlarm("warm", 86_400.0, "a day")) == ""


def test_an_alarm_out_of_service_stays_out_until_it_is_put_back(bench: Bench) -> None:
    bench.ask(ShelveAlarm("warm", 1.0, "cleaning"))
    assert bench.ask(SetAlarmService("warm", in_service=False, reason="sensor sent in")) == ""
    bench.warm_up(70.0, times=20)
    assert bench.status().state is S.OUT_OF_SERVICE
    assert bench.status().shelved_left_s == 0.0
    assert bench.ask(ShelveAlarm("warm", 1.0, "cleaning")) == "ALARM_OUT_OF_SERVICE"
    assert bench.ask(SetAlarmService("warm", in_service=False, reason="again")) == "ALARM_OUT_OF_SERVICE"
    assert bench.ask(SetAlarmService("warm", in_service=True, reason="")) == ""
    assert bench.status().state is S.UNACKNOWLEDGED
    assert bench.ask(SetAlarmService("warm", in_service=True, reason="")) == "ALARM_IN_SERVICE"


def test_each_interlock_has_an_alarm_that_follows_its_trip(bench: Bench) -> None:
    assert [each.name for each in alarms.statuses(bench.state, bench.model)] == ["warm", "hot", "abandoned"]
    bench.tick(trips=0b11)
    hot, abandoned = bench.status("hot"), bench.status("abandoned")
    assert hot.state is abandoned.state is S.UNACKNOWLEDGED
    assert hot.priority is Priority.CRITICAL
    assert hot.value == 25.0
    assert isnan(abandoned.value)
    bench.tick(trips=0b10)
    assert (bench.status("hot").state, bench.status("abandoned").state) == (S.RETURNED, S.UNACKNOWLEDGED)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (ShelveAlarm("hot", 60.0, "in the way"), "TRIP_NOT_SHELVABLE"),
        (SetAlarmService("hot", in_service=False, reason="in the way"), "TRIP_STAYS_IN_SERVICE"),
    ],
)
def test_nobody_keeps_a_trip_quiet(bench: Bench, command: ShelveAlarm | SetAlarmService, reason: str) -> None:
    bench.tick(trips=1)
    before = bench.state
    assert bench.ask(command) == reason
    assert bench.state is before


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (AcknowledgeAlarm("worm"), "ALARM_UNKNOWN"),
        (ShelveAlarm("", 60.0, "all of them"), "ALARM_UNKNOWN"),
        (SetAlarmService("worm", in_service=False, reason="lost"), "ALARM_UNKNOWN"),
        (AcknowledgeAlarm("warm"), "NOTHING_TO_ACKNOWLEDGE"),
        (AcknowledgeAlarm(""), "NOTHING_TO_ACKNOWLEDGE"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    bench: Bench, command: AcknowledgeAlarm | ShelveAlarm | SetAlarmService, reason: str
) -> None:
    before = bench.state
    assert bench.ask(command) == reason
    assert bench.state is before


def test_all_that_wait_are_acknowledged_at_once(bench: Bench) -> None:
    bench.tick(values=(70.0, 1.0), trips=0b10)
    bench.ask(AcknowledgeAlarm(""))
    assert alarms.summary(bench.state) == (True, False)
    assert [each.subject for each in bench.events if each.text == "acknowledged"] == ["warm", "abandoned"]


REQUESTS = st.one_of(
    st.builds(AcknowledgeAlarm, st.sampled_from(["", "warm", "hot"])),
    st.builds(
        ShelveAlarm, st.sampled_from(["warm", "hot"]), st.sampled_from([0.0, 0.15, 60.0]), st.just("why")
    ),
    st.builds(SetAlarmService, st.sampled_from(["warm", "hot"]), st.booleans(), st.just("why")),
    st.just(None),
)


@given(
    latching=st.booleans(),
    moves=st.lists(
        st.tuples(st.sampled_from([25.0, 59.0, 70.0]), st.sampled_from([0, 1]), REQUESTS, st.booleans()),
        max_size=40,
    ),
)
def test_whatever_happens_states_follow_the_table_and_trips_are_heard(
    latching: bool, moves: list[tuple[float, int, Any, bool]]
) -> None:
    bench = Bench(replace(ALARM, on_delay_s=0.15, latching=latching))
    edges = {(frm, to) for (frm, _), to in TRANSITIONS.items()}
    # A return that finds the condition standing is raised in the same tick.
    edges |= {(S.SHELVED, S.UNACKNOWLEDGED), (S.OUT_OF_SERVICE, S.UNACKNOWLEDGED)}
    for value, trips, command, resets in moves:
        before = alarms.statuses(bench.state, bench.model)
        bench.tick(values=(value, 1.0), trips=trips)
        between = alarms.statuses(bench.state, bench.model)
        if command is not None:
            bench.ask(command)
        elif resets:
            bench.reset()
        after = alarms.statuses(bench.state, bench.model)
        for old, new in (*zip(before, between, strict=True), *zip(between, after, strict=True)):
            assert old.state is new.state or (old.state, new.state) in edges
            assert (new.state is S.SHELVED) == (new.shelved_left_s > 0.0)
            assert new.state is not S.NORMAL or not new.active
        assert bench.status("hot").active == bool(trips)
        assert bench.status("hot").state not in (S.SHELVED, S.OUT_OF_SERVICE)
        assert plain.from_json(alarms.AlarmsState, plain.to_json(bench.state)).records is not None
