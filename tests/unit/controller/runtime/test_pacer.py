"""Deadlines on injected time: the grid is kept, what was missed is skipped and counted, `dt_s` is true."""

from __future__ import annotations

import signal
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.runtime.pacer import LONGEST_GAP_S, AbsoluteSleep, Pacer

MS = 1_000_000


class World:
    """A clock that a sleep moves on: exactly to the deadline, plus what the test adds."""

    def __init__(self) -> None:
        self.now_ns = 5_000 * MS
        self.oversleep_ns = 0
        # What reading the clock takes.
        self.step_ns = 0
        self.interrupted_after_ns: int | None = None
        self.slept_until_ns: list[int] = []

    def clock_ns(self) -> int:
        self.now_ns += self.step_ns
        return self.now_ns

    def sleep_until(self, until_ns: int) -> None:
        self.slept_until_ns.append(until_ns)
        if self.interrupted_after_ns is not None:
            self.now_ns += self.interrupted_after_ns
            return
        self.now_ns = max(self.now_ns, until_ns) + self.oversleep_ns

    def pacer(self, period_s: float, speed: float = 1.0, early_ns: int = 0) -> Pacer:
        return Pacer(period_s, speed, clock_ns=self.clock_ns, sleep_until=self.sleep_until, early_ns=early_ns)


@pytest.fixture
def world():
    return World()


def test_ticks_in_time_are_one_period_apart_and_no_deadline_is_missed(world):
    pacer = world.pacer(0.02)
    for _ in range(50):
        assert pacer.wait() == 0.02
        world.now_ns += 3 * MS
    assert pacer.overruns == 0
    assert pacer.lost_s == 0.0


def test_what_is_left_after_an_early_wake_up_is_waited_for_awake(world):
    world.step_ns = 1_000
    pacer = world.pacer(0.01, early_ns=20_000)
    start_ns = world.now_ns
    for number in range(1, 4):
        assert pacer.wait() == 0.01
        assert world.slept_until_ns[-1] == start_ns + number * 10 * MS - 20_000
        assert 0 <= pacer.late_ns <= world.step_ns
    assert pacer.overruns == 0


def test_a_wake_up_late_by_less_than_it_was_early_costs_nothing(world):
    world.step_ns, world.oversleep_ns = 1_000, 15_000
    pacer = world.pacer(0.01, early_ns=20_000)
    pacer.wait()
    assert 0 <= pacer.late_ns <= world.step_ns


def test_of_a_short_period_only_a_small_part_is_waited_for_awake(world):
    world.step_ns = 10
    pacer = world.pacer(0.0005, early_ns=20_000)
    start_ns = world.now_ns
    pacer.wait()
    assert world.slept_until_ns[-1] == pytest.approx(start_ns + 490_000, abs=world.step_ns)


def test_a_late_wake_up_does_not_shift_the_deadlines_after_it(world):
    pacer = world.pacer(0.01)
    start_ns = world.now_ns
    world.oversleep_ns = 4 * MS
    for _ in range(5):
        pacer.wait()
    assert world.slept_until_ns == [start_ns + n * 10 * MS for n in range(1, 6)]
    assert pacer.late_ns == 4 * MS
    assert pacer.overruns == 0


def test_a_tick_longer_than_its_period_skips_the_deadlines_it_ran_over(world):
    pacer = world.pacer(0.01)
    pacer.wait()
    world.now_ns += 25 * MS
    assert pacer.wait() == pytest.approx(0.03)
    assert pacer.overruns == 2
    assert pacer.wait() == 0.01


def test_a_process_that_is_always_too_slow_still_sleeps_before_every_tick(world):
    pacer = world.pacer(0.01)
    for _ in range(10):
        pacer.wait()
        assert world.slept_until_ns[-1] == world.now_ns
        world.now_ns += 12 * MS
    assert len(world.slept_until_ns) == 10


def test_a_wake_up_later_than_a_period_skips_and_counts(world):
    pacer = world.pacer(0.01)
    world.oversleep_ns = 37 * MS
    assert pacer.wait() == pytest.approx(0.04)
    assert pacer.overruns == 3
    assert pacer.late_ns == 37 * MS
    world.oversleep_ns = 0
    assert pacer.wait() == 0.01


def test_a_signal_ends_the_wait_and_leaves_the_deadline_standing(world):
    pacer = world.pacer(1.0)
    world.interrupted_after_ns = 300 * MS
    assert pacer.wait() == 0.0
    assert pacer.wait() == 0.0
    world.interrupted_after_ns = None
    assert pacer.wait() == 1.0
    assert len(set(world.slept_until_ns)) == 1
    assert pacer.overruns == 0


def test_after_an_hour_away_one_tick_is_bounded_and_the_rest_is_said_to_be_lost(world):
    pacer = world.pacer(0.02)
    pacer.wait()
    world.now_ns += 3600 * 1000 * MS
    assert pacer.wait() == pytest.approx(LONGEST_GAP_S)
    assert pacer.lost_s == pytest.approx(3600.0 + 0.02 - LONGEST_GAP_S)
    assert pacer.overruns == 3600 * 50
    assert pacer.wait() == 0.02


def test_at_one_hertz_a_single_skipped_tick_is_made_up_in_full(world):
    pacer = world.pacer(1.0)
    pacer.wait()
    world.now_ns += 1500 * MS
    assert pacer.wait() == 2.0
    assert pacer.lost_s == 0.0


def test_scaled_time_passes_faster_between_the_same_ticks(world):
    pacer = world.pacer(0.1, speed=10.0)
    before_ns = world.now_ns
    assert pacer.wait() == 0.1
    assert world.now_ns - before_ns == 10 * MS


@given(
    rate_hz=st.floats(1.0, 1000.0),
    delays=st.lists(st.tuples(st.integers(0, 400 * MS), st.integers(0, 400 * MS)), min_size=1, max_size=50),
)
def test_whatever_is_late_reactor_time_follows_the_clock_to_within_a_period(rate_hz, delays):
    world = World()
    start_ns = world.now_ns
    pacer = world.pacer(1.0 / rate_hz)
    elapsed_s, ticks = 0.0, 0
    for work_ns, oversleep_ns in delays:
        world.now_ns += work_ns
        world.oversleep_ns = oversleep_ns
        elapsed_s += pacer.wait()
        ticks += 1
    real_s = (world.now_ns - start_ns) / 1e9
    # A period is rounded to whole nanoseconds of real time.
    slack_s = 1e-9 * (ticks + pacer.overruns) + 1e-6
    assert real_s - 1.0 / rate_hz - slack_s <= elapsed_s + pacer.lost_s <= real_s + slack_s
    assert elapsed_s + pacer.lost_s == pytest.approx((ticks + pacer.overruns) / rate_hz)


def test_a_deadline_that_has_passed_is_not_waited_for():
    sleep = AbsoluteSleep()
    sleep(0)
    sleep(time.monotonic_ns() - MS)


def test_the_kernels_sleep_returns_when_a_signal_has_come():
    heard: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: heard.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.001)
        # Ten minutes: without the signal the test would not end.
        AbsoluteSleep()(time.monotonic_ns() + 600_000 * MS)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert heard == [signal.SIGALRM]


def test_a_time_that_the_kernel_refuses_is_an_error():
    with pytest.raises(OSError, match="clock_nanosleep"):
        AbsoluteSleep()(-1_000_000_000)
