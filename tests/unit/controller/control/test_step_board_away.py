"""A lost board is one trip, not one for every reading that went with it."""

from __future__ import annotations

from dataclasses import replace
from math import nan

from controller.control.model import compile_plan
from controller.control.state import initial_state
from controller.control.step import step
from controller.domain import conditions as c
from controller.domain.commands import Request, Reset
from controller.domain.plan import InterlockPlan
from controller.domain.readings import Inputs, ReactorState
from tests.unit.controller.control.judging import BAD, CHANNELS, GOOD, rig

PLAN = rig(
    InterlockPlan("lost", c.BoardLost("board")), InterlockPlan("hot", c.Limits("zone", high=85.0), 0.5)
)
MODEL = compile_plan(PLAN)
WIDTH = len(CHANNELS)
WELL = Inputs((25.0,) * WIDTH, (GOOD,) * WIDTH, True, "", False, True, (False,))
AWAY = replace(WELL, values=(nan,) * WIDTH, qualities=(BAD,) * WIDTH, boards_ready=False, boards_lost=(True,))


def test_while_a_lost_board_is_away_its_readings_trip_nothing_more() -> None:
    state = initial_state(MODEL)
    told: list[str] = []
    for inputs in (*[WELL] * 3, *[AWAY] * 100, *[WELL] * 3):
        outcome = step(MODEL, state, inputs, (), 0.1)
        state = outcome.state
        told += [event.subject for event in outcome.events]
    assert state.state is ReactorState.TRIPPED
    assert told == ["reactor", "lost", "lost", "reactor"], "ready, the trip and its alarm, tripped"
    outcome = step(MODEL, state, WELL, [Request(Reset())], 0.1)
    assert outcome.replies[0].refused == ""


def test_what_stands_when_the_board_is_back_trips_even_though_the_reactor_has_tripped() -> None:
    state = initial_state(MODEL)
    hot = replace(WELL, values=(90.0,) * WIDTH)
    for inputs in (*[WELL] * 3, *[AWAY] * 10, *[hot] * 7):
        state = step(MODEL, state, inputs, (), 0.1).state
    assert state.interlocks.tripped == 0b11
