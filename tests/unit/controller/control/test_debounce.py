"""Contacts without their bounce."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.control.debounce import Contact, at_rest, debounce

ON_S, OFF_S, TICK_S = 0.01, 0.5, 0.001
LEVELS = st.lists(st.booleans(), max_size=60)
DELAYS = st.floats(0.0, 0.1)


def look(contact: Contact, levels: list[bool], *, on_s: float = ON_S, off_s: float = OFF_S) -> Contact:
    for level in levels:
        contact = debounce(contact, level, TICK_S, on_s=on_s, off_s=off_s)
    return contact


def test_the_first_level_is_taken_as_it_is():
    assert at_rest(True).active
    assert not at_rest(False).active


def test_a_press_counts_once_it_has_held_for_its_time():
    # The first look begins the press; each further one adds a tick.
    assert not look(at_rest(False), [True] * 10).active
    assert look(at_rest(False), [True] * 11).active


def test_a_glitch_of_one_look_is_no_press():
    assert not look(at_rest(False), [False, True, False] * 100).active


def test_without_a_delay_one_look_is_enough():
    pressed = look(at_rest(False), [True], on_s=0.0)
    assert pressed.active
    assert not look(pressed, [False], off_s=0.0).active


def test_a_release_takes_longer_than_a_press():
    pressed = look(at_rest(False), [True] * 11)
    assert look(pressed, [False] * 500).active
    assert not look(pressed, [False] * 501).active


def test_a_slow_tick_still_asks_for_two_looks():
    once = debounce(at_rest(False), True, 0.1, on_s=ON_S, off_s=OFF_S)
    assert not once.active
    assert debounce(once, True, 0.1, on_s=ON_S, off_s=OFF_S).active


def test_a_worn_contact_that_chatters_becomes_active():
    assert look(at_rest(False), [True, True, False] * 20).active


@given(levels=LEVELS, on_s=DELAYS, off_s=DELAYS)
def test_the_integrator_stays_within_its_ends(levels, on_s, off_s):
    contact = at_rest(False)
    for level in levels:
        contact = look(contact, [level], on_s=on_s, off_s=off_s)
        assert 0.0 <= contact.fill <= 1.0


@given(levels=LEVELS, on_s=DELAYS, off_s=DELAYS)
def test_holding_a_level_long_enough_always_wins(levels, on_s, off_s):
    contact = look(at_rest(False), levels, on_s=on_s, off_s=off_s)
    assert look(contact, [True] * 102, on_s=on_s, off_s=off_s).active
    assert not look(contact, [False] * 102, on_s=on_s, off_s=off_s).active


@given(levels=LEVELS)
def test_a_contact_changes_only_towards_what_is_seen(levels):
    contact = at_rest(False)
    for level in levels:
        after = look(contact, [level], off_s=0.005)
        assert after.active is contact.active or after.active is level
        contact = after
