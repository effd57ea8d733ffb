"""The table against the state model of ANSI/ISA-TR88.00.02-2022, written down a second time."""

from __future__ import annotations

from itertools import product

import pytest

from controller.domain.modes import ACTING, TABLE, State, Trigger, advance
from controller.domain.run import ENDED

# One row a state: what each trigger leads to. Where a trigger is not named, nothing happens.
MODEL = """
STOPPED       RESET:RESETTING ABORT:ABORTING
STARTING      STOP:STOPPING ABORT:ABORTING DONE:EXECUTE
IDLE          START:STARTING STOP:STOPPING ABORT:ABORTING
SUSPENDED     STOP:STOPPING HOLD:HOLDING UNSUSPEND:UNSUSPENDING ABORT:ABORTING COMPLETE:COMPLETING
EXECUTE       STOP:STOPPING HOLD:HOLDING SUSPEND:SUSPENDING ABORT:ABORTING COMPLETE:COMPLETING DONE:COMPLETING
STOPPING      ABORT:ABORTING DONE:STOPPED
ABORTING      DONE:ABORTED
ABORTED       CLEAR:CLEARING
HOLDING       STOP:STOPPING ABORT:ABORTING DONE:HELD
HELD          STOP:STOPPING UNHOLD:UNHOLDING ABORT:ABORTING COMPLETE:COMPLETING
UNHOLDING     STOP:STOPPING ABORT:ABORTING DONE:EXECUTE
SUSPENDING    STOP:STOPPING ABORT:ABORTING DONE:SUSPENDED
UNSUSPENDING  STOP:STOPPING ABORT:ABORTING DONE:EXECUTE
RESETTING     STOP:STOPPING ABORT:ABORTING DONE:IDLE
COMPLETING    STOP:STOPPING ABORT:ABORTING DONE:COMPLETE
COMPLETE      RESET:RESETTING STOP:STOPPING ABORT:ABORTING
CLEARING      ABORT:ABORTING DONE:STOPPED
"""


def stated() -> dict[str, dict[str, str]]:
    rows = [line.split() for line in MODEL.strip().splitlines()]
    return {state: dict(cell.split(":") for cell in cells) for state, *cells in rows}


CELLS = stated()


def reached_from(state: State, triggers: frozenset[Trigger]) -> set[State]:
    seen, ahead = {state}, [state]
    while ahead:
        now = ahead.pop()
        for trigger in triggers:
            after = advance(now, trigger)
            if after is not None and after not in seen:
                seen.add(after)
                ahead.append(after)
    return seen


@pytest.mark.parametrize(("state", "trigger"), list(product(State, Trigger)))
def test_every_trigger_does_in_every_state_what_the_standard_says(state: State, trigger: Trigger) -> None:
    after = advance(state, trigger)
    assert (after.name if after else None) == CELLS[state.name].get(trigger.name)


def test_the_standards_model_names_our_states_and_triggers_and_no_others() -> None:
    assert set(CELLS) == {state.name for state in State}
    assert {name for row in CELLS.values() for name in row} == {trigger.name for trigger in Trigger}
    assert sum(len(row) for row in CELLS.values()) == len(TABLE)


@pytest.mark.parametrize("state", State)
def test_every_state_is_reached_from_every_other(state: State) -> None:
    assert reached_from(state, frozenset(Trigger)) == set(State)


@pytest.mark.parametrize("state", State)
def test_abort_works_from_everywhere_but_where_it_leads(state: State) -> None:
    after = advance(state, Trigger.ABORT)
    assert after is (None if state in (State.ABORTING, State.ABORTED) else State.ABORTING)


@pytest.mark.parametrize("state", State)
def test_acting_states_and_no_others_end_by_themselves(state: State) -> None:
    assert (advance(state, Trigger.DONE) is not None) == (state in ACTING)


def test_work_that_is_done_never_leads_in_a_circle() -> None:
    for state in State:
        seen = [state]
        while (after := advance(seen[-1], Trigger.DONE)) is not None:
            assert after not in seen
            seen.append(after)


def test_no_state_is_a_dead_end() -> None:
    for state in State:
        assert any(advance(state, trigger) for trigger in Trigger)


def test_a_run_sees_the_states_that_the_table_says_it_does() -> None:
    commands = {Trigger.START, Trigger.HOLD, Trigger.UNHOLD, Trigger.ABORT, Trigger.DONE}
    assert reached_from(State.IDLE, frozenset(commands)) == {
        State.IDLE, State.STARTING, State.EXECUTE, State.COMPLETING, State.COMPLETE,
        State.HOLDING, State.HELD, State.UNHOLDING, State.ABORTING, State.ABORTED,
    }  # fmt: skip
    assert reached_from(State.HELD, frozenset(commands)) >= ENDED


def test_what_journals_of_the_first_release_hold_keeps_its_meaning() -> None:
    names = ("STARTING", "EXECUTE", "COMPLETING", "COMPLETE", "ABORTING", "ABORTED")
    assert [State(number).name for number in range(1, 7)] == list(names)


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        TABLE[State.ABORTED, Trigger.START] = State.EXECUTE  # type: ignore[index]
