"""What is left in a syringe, whatever happens to the pump's counters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices.instruments.volumes import RisingCounter, VolumeAccount

moves_ul = st.floats(min_value=0.0, max_value=500.0)


def test_what_a_counter_shows_first_is_somebody_elses():
    account = VolumeAccount(1000.0, 800.0)
    account.infused.show(5000.0)
    assert account.settle() == 800.0
    account.infused.show(5100.0)
    assert account.settle() == 700.0


def test_a_counter_that_was_cleared_counts_on_from_zero():
    counter = RisingCounter()
    assert [counter.show(each) for each in (10.0, 30.0, 5.0, 6.0)] == [0.0, 20.0, 25.0, 26.0]


def test_a_run_that_restarts_its_count_loses_nothing():
    counter = RisingCounter()
    counter.restart()
    counter.show(40.0)
    counter.restart()
    # Without the restart, 50 after 40 would look like 10 more of the same run.
    assert counter.show(50.0) == 90.0


@given(st.lists(st.tuples(st.booleans(), moves_ul), max_size=60))
def test_the_content_stays_between_empty_and_full(moves):
    account = VolumeAccount(1000.0, 500.0)
    shown = {True: 0.0, False: 0.0}
    account.infused.restart()
    account.withdrawn.restart()
    expected_ul = 500.0
    for infuses, moved_ul in moves:
        shown[infuses] += moved_ul
        (account.infused if infuses else account.withdrawn).show(shown[infuses])
        expected_ul = min(max(expected_ul + (-moved_ul if infuses else moved_ul), 0.0), 1000.0)
        assert account.settle() == pytest.approx(expected_ul, abs=1e-6)


@given(st.lists(moves_ul, min_size=1, max_size=30), st.sets(st.integers(0, 29)))
def test_a_counter_never_falls_whenever_it_is_cleared(moves, cleared_at):
    counter, shown_ul, moved_ul, before_ul = RisingCounter(), 0.0, 0.0, 0.0
    counter.restart()
    for index, each in enumerate(moves):
        if index in cleared_at:
            shown_ul = 0.0
            counter.show(shown_ul)
        shown_ul += each
        moved_ul += each
        total_ul = counter.show(shown_ul)
        assert total_ul >= before_ul
        before_ul = total_ul
    assert before_ul == pytest.approx(moved_ul)
