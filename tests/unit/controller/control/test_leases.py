from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.control.leases import FREE, SHORTEST_S, LeaseState, cleared, permits, status, step, take
from controller.domain.commands import (
    AcknowledgeAlarm,
    Command,
    EmergencyStop,
    EndAutotune,
    HoldLease,
    LoopMode,
    MakeSafe,
    ReleaseLease,
    ReportDevice,
    Reset,
    Retune,
    SetAlarmService,
    SetLoopMode,
    SetReagent,
    SetTargets,
    ShelveAlarm,
    StartAutotune,
)
from controller.domain.events import EventKind

LONGEST_S = 300.0
ACTUATING: tuple[Command, ...] = (
    SetTargets({"pump": 1.0}),
    SetLoopMode("heat", LoopMode.AUTO),
    Retune("heat", 1.0, 10.0, 0.0),
    StartAutotune("heat", 40.0, 10.0),
    EndAutotune("heat", accept=True),
    Reset(),
)
FREE_TO_ALL: tuple[Command, ...] = (
    MakeSafe(),
    EmergencyStop("smoke"),
    AcknowledgeAlarm("hot"),
    ShelveAlarm("hot", 60.0, "known"),
    SetAlarmService("hot", in_service=True, reason="mended"),
    HoldLease("bob", "other", 60.0),
    ReleaseLease("other"),
    SetReagent("silver", 1e4),
    ReportDevice("eye", lost=True),
)


def held(ttl_s: float = 60.0) -> LeaseState:
    state, reply, _ = take(FREE, HoldLease("ann", "secret", ttl_s), "ann@bench", LONGEST_S)
    assert not reply.refused
    return state


def test_a_free_lease_is_acquired_and_the_log_says_by_whom() -> None:
    state, reply, events = take(FREE, HoldLease("ann", "secret", 60.0), "ann@bench", LONGEST_S)
    assert not reply.refused
    assert (status(state).holder, status(state).left_s, status(state).lost) == ("ann", 60.0, False)
    assert [(each.kind, each.actor) for each in events] == [(EventKind.LEASE, "ann@bench")]
    assert "secret" not in repr(events)


def test_another_client_is_told_who_holds_it_and_for_how_long() -> None:
    state, _ = step(held(60.0), 18.0)
    after, reply, events = take(state, HoldLease("bob", "other", 10.0), "bob@desk", LONGEST_S)
    assert (after, reply.refused, events) == (state, "LEASE_HELD", ())
    assert "ann" in reply.detail
    assert "42 s" in reply.detail


def test_the_holder_renews_without_changing_anything_else() -> None:
    state, _ = step(held(60.0), 50.0)
    for holder in ("ann", ""):
        after, reply, events = take(state, HoldLease(holder, "secret", 60.0), "ann@bench", LONGEST_S)
        assert (after, reply.refused, events) == (held(60.0), "", ())


@pytest.mark.parametrize("state", [FREE, held()])
def test_a_lease_that_is_gone_is_not_renewed(state: LeaseState) -> None:
    after, reply, _ = take(state, HoldLease("", "gone", 60.0), "ann@bench", LONGEST_S)
    assert (after, reply.refused) == (state, "LEASE_UNKNOWN")


@pytest.mark.parametrize("ttl_s", [0.0, -1.0, SHORTEST_S / 2, LONGEST_S + 1.0, float("inf"), float("nan")])
def test_a_lease_has_a_bounded_life(ttl_s: float) -> None:
    after, reply, _ = take(FREE, HoldLease("ann", "secret", ttl_s), "ann@bench", LONGEST_S)
    assert (after, reply.refused) == (FREE, "OUT_OF_RANGE")


def test_a_lease_that_runs_out_is_lost_once_and_frees_the_reactor() -> None:
    state, events = step(held(1.0), 1.0)
    assert (state.held, state.lost) == (False, True)
    assert (events[0].text, events[0].actor) == ("the lease of ann ran out", "")
    assert step(state, 1.0) == (state, ())
    assert permits(state, SetTargets({}), "") is None


def test_what_was_lost_is_forgotten_with_the_next_lease_and_with_a_reset() -> None:
    lost, _ = step(held(1.0), 2.0)
    assert cleared(lost) == FREE
    again, _, _ = take(lost, HoldLease("bob", "other", 60.0), "bob@desk", LONGEST_S)
    assert (again.holder, again.lost) == ("bob", False)


def test_a_released_lease_is_not_lost() -> None:
    state, reply, events = take(held(), ReleaseLease("secret"), "ann@bench", LONGEST_S)
    assert (state, reply.refused) == (FREE, "")
    assert "released" in events[0].text


@pytest.mark.parametrize("state", [FREE, held()])
def test_only_its_holder_releases_a_lease(state: LeaseState) -> None:
    after, reply, events = take(state, ReleaseLease("guessed"), "bob@desk", LONGEST_S)
    assert (after, reply.refused, events) == (state, "LEASE_UNKNOWN", ())


@pytest.mark.parametrize("command", ACTUATING)
def test_only_the_holder_actuates(command: Command) -> None:
    assert permits(held(), command, "secret") is None
    for token in ("", "guessed"):
        refusal = permits(held(), command, token)
        assert refusal is not None
        assert refusal.refused == "LEASE_HELD"


@pytest.mark.parametrize("command", FREE_TO_ALL)
def test_going_safe_needs_no_lease_nor_does_what_moves_nothing(command: Command) -> None:
    assert permits(held(), command, "") is None


@pytest.mark.parametrize("command", ACTUATING)
def test_without_a_lease_anybody_actuates(command: Command) -> None:
    assert permits(FREE, command, "") is None


def test_every_command_is_judged_here() -> None:
    assert {type(each) for each in ACTUATING + FREE_TO_ALL} == set(get_args(Command))


ACTIONS = st.one_of(
    st.tuples(st.just("tick"), st.floats(0.0, 400.0)),
    st.tuples(st.just("hold"), st.sampled_from(["a", "b"])),
    st.tuples(st.just("release"), st.sampled_from(["a", "b"])),
)


@given(st.lists(ACTIONS, max_size=30))
def test_never_do_two_clients_hold_the_lease_nor_one_for_longer_than_it_may(
    actions: list[tuple[str, float | str]],
) -> None:
    state = FREE
    for kind, what in actions:
        if isinstance(what, float):
            state, _ = step(state, what)
        elif kind == "hold":
            state, _, _ = take(state, HoldLease(what, what, 60.0), what, LONGEST_S)
        else:
            state, _, _ = take(state, ReleaseLease(what), what, LONGEST_S)
        may = [token for token in ("a", "b") if permits(state, Reset(), token) is None]
        assert may == ([state.holder] if state.held else ["a", "b"])
        assert 0.0 <= state.left_s <= 60.0
        assert state.held == (state.left_s > 0.0)
        assert not (state.held and state.lost)
