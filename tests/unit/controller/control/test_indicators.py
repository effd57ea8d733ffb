"""What the stack light and the relay show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.control.indicators import BLINK_PERIOD_S, indicate
from controller.domain.readings import ReactorState

if TYPE_CHECKING:
    from controller.domain.pins import PinOutputs

LIT_S, DARK_S = 0.1, 0.4
HALTED = (ReactorState.TRIPPED, ReactorState.STOPPED)
STATES = st.sampled_from(ReactorState)
TIMES = st.floats(0.0, 1e6)


def shown(outputs: PinOutputs) -> set[str]:
    return {name for name in ("red", "amber", "green", "buzzer") if getattr(outputs, name)}


def show(
    state: ReactorState, *, unacknowledged: bool = False, alarm: bool = False, at_s: float = 0.0
) -> set[str]:
    return shown(indicate(state, unacknowledged=unacknowledged, alarm=alarm, time_s=at_s))


@pytest.mark.parametrize("at_s", [LIT_S, DARK_S])
def test_a_reactor_that_is_ready_shows_steady_green(at_s):
    assert show(ReactorState.READY, at_s=at_s) == {"green"}


@pytest.mark.parametrize("at_s", [LIT_S, DARK_S])
def test_an_acknowledged_alarm_is_steady_amber_and_silent(at_s):
    assert show(ReactorState.READY, alarm=True, at_s=at_s) == {"amber"}


@pytest.mark.parametrize("alarm", [True, False])
def test_an_unacknowledged_alarm_blinks_amber_and_sounds_even_after_its_cause(alarm):
    assert show(ReactorState.READY, alarm=alarm, unacknowledged=True, at_s=LIT_S) == {"amber", "buzzer"}
    assert show(ReactorState.READY, alarm=alarm, unacknowledged=True, at_s=DARK_S) == {"buzzer"}


@pytest.mark.parametrize("state", HALTED)
def test_a_halt_blinks_red_until_it_is_acknowledged(state):
    assert show(state, alarm=True, unacknowledged=True, at_s=LIT_S) == {"red", "buzzer"}
    assert show(state, alarm=True, unacknowledged=True, at_s=DARK_S) == {"buzzer"}
    assert show(state, alarm=True, at_s=DARK_S) == {"red"}


@pytest.mark.parametrize("state", [ReactorState.STARTING, ReactorState.ORPHANED])
def test_a_reactor_that_is_not_ready_for_work_shows_amber(state):
    assert show(state) == {"amber"}


@given(state=STATES, unacknowledged=st.booleans(), alarm=st.booleans(), time_s=TIMES)
def test_heaters_have_their_supply_only_when_ready(state, unacknowledged, alarm, time_s):
    outputs = indicate(state, unacknowledged=unacknowledged, alarm=alarm, time_s=time_s)
    assert outputs.relay is (state is ReactorState.READY)


@given(state=STATES, unacknowledged=st.booleans(), alarm=st.booleans(), time_s=TIMES)
def test_there_is_one_colour_at_a_time_and_never_darkness_without_sound(state, unacknowledged, alarm, time_s):
    outputs = indicate(state, unacknowledged=unacknowledged, alarm=alarm, time_s=time_s)
    colours = shown(outputs) - {"buzzer"}
    assert len(colours) == 1 or (not colours and outputs.buzzer)


@pytest.mark.parametrize("rate_hz", [*range(1, 21), 50, 100, 1000])
def test_blinking_is_seen_at_every_rate_of_ticks(rate_hz):
    blink = [
        show(ReactorState.STOPPED, unacknowledged=True, at_s=tick / rate_hz) for tick in range(4 * rate_hz)
    ]
    assert {"red", "buzzer"} in blink
    assert {"buzzer"} in blink


def test_the_rate_of_blinking_is_that_of_the_standard():
    assert 1.4 <= 1.0 / BLINK_PERIOD_S <= 2.8
