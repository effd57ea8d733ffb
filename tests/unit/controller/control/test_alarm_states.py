from __future__ import annotations

import pytest

from controller.control.alarm_states import STANDING, TRANSITIONS, WAITING, Trigger, after
from controller.domain.alarms import AlarmState as S

QUIET = {S.SHELVED, S.OUT_OF_SERVICE}


def reachable(start: S) -> set[S]:
    found, open_ = {start}, [start]
    while open_:
        state = open_.pop()
        new = {to for (frm, _), to in TRANSITIONS.items() if frm is state} - found
        found |= new
        open_ += new
    return found


def test_every_state_but_suppression_is_reached_from_normal_and_leads_back() -> None:
    used = set(S) - {S.SUPPRESSED}
    assert reachable(S.NORMAL) == used
    assert all(S.NORMAL in reachable(state) for state in used)


@pytest.mark.parametrize("state", WAITING)
def test_acknowledging_ends_the_waiting(state: S) -> None:
    assert after(state, Trigger.ACKNOWLEDGED) not in WAITING


@pytest.mark.parametrize("state", set(S) - WAITING)
def test_acknowledging_means_nothing_where_nothing_waits(state: S) -> None:
    assert after(state, Trigger.ACKNOWLEDGED) is state


@pytest.mark.parametrize("state", QUIET)
def test_a_quiet_alarm_hears_of_no_condition_and_no_person_but_by_its_own_way_back(state: S) -> None:
    quiet = {trigger for trigger in Trigger if after(state, trigger) in QUIET}
    way_back = {S.SHELVED: Trigger.UNSHELVED, S.OUT_OF_SERVICE: Trigger.PUT_BACK}[state]
    assert quiet == set(Trigger) - {way_back}


@pytest.mark.parametrize("state", set(S) - QUIET - {S.SUPPRESSED})
def test_what_is_raised_anew_waits_anew_unless_it_stood_without_a_break(state: S) -> None:
    broken = state not in (S.UNACKNOWLEDGED, S.ACKNOWLEDGED)
    assert after(state, Trigger.RAISED) is (S.UNACKNOWLEDGED if broken else state)


def test_a_latch_is_released_by_reset_and_acknowledgement_in_either_order() -> None:
    latched = S.LATCHED_UNACKNOWLEDGED
    assert after(after(latched, Trigger.ACKNOWLEDGED), Trigger.RESET) is S.NORMAL
    assert after(after(latched, Trigger.RESET), Trigger.ACKNOWLEDGED) is S.NORMAL
    assert after(latched, Trigger.CLEARED) is latched


def test_a_latched_alarm_still_stands() -> None:
    assert {S.LATCHED_ACKNOWLEDGED, S.LATCHED_UNACKNOWLEDGED} < STANDING
