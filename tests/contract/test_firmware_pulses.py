"""Pulses of the firmware, timed at the pins of the simulated ATmega2560 to the CPU cycle, in simulated time.

A rate is (rises - 1) / (last rise - first rise): what a counter at the motor's driver would read. No rounding
anywhere in it: the simulator's cycle is the crystal's, and the crystal's own tolerance is not the firmware's.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from firmware_bridge.firmware.pinout import TICK_HZ
from firmware_bridge.wire import messages as m
from tests.contract.board_hand import MEGA, NO_LIMITS, WORK, Hand, firmware_of, make_board

if TYPE_CHECKING:
    from collections.abc import Sequence

    from firmware_bridge.simulator.avr.board import AvrBoard

LARGEST_ERROR = 1e-3
TICK_CYCLES = 16_000_000 // TICK_HZ
STILL = m.Outputs((0.0,) * 6, (0.0, 0.0), 0.0, (0.0, 0.0), (0.0, 0.0))
PATIENT = replace(
    NO_LIMITS,
    deadman_ms=10_000,
    safe_pump_steps_s=(0.0,) * 6,
    limit_steps_s=(6000.0,) * 6,
    limit_steps_s2=(4_000_000_000,) * 6,
)
KEEP_ALIVE_S = 9.0
FIRST_STEP_S = 0.03
"""From rest to the first step at 2000 steps/s2, about sqrt(2 / a)."""


@pytest.fixture
def hand() -> Hand:
    return ready()


def ready() -> Hand:
    hand = Hand(make_board(MEGA))
    hand.ask(PATIENT, m.Configured)
    return hand


def run(hand: Hand, rates: Sequence[float], seconds: float, others: m.Outputs = WORK) -> list[float | None]:
    """Drive all axes at once; return each rate as it is measured, None where it has made no two steps."""
    board = firmware_of(hand)
    outputs = replace(others, pump_steps_s=(*rates, *(0.0,) * (m.PUMP_AXES - len(rates))))
    hand.ask(outputs, m.Inputs)
    before = _counts(board)
    pieces = ceil(seconds / KEEP_ALIVE_S)
    for _ in range(pieces):
        board.feed(m.encode(1, outputs))
        board.advance(seconds / pieces)
    after = _counts(board)
    hand.tell(b"")  # the answers to what was sent here
    return [_rate_hz(*each) for each in zip(before, after, strict=True)]


def _counts(board: AvrBoard) -> list[tuple[int, int]]:
    """Rises so far and the cycle of the last, of each axis."""
    counts = [board.meters.count(step) for step in board.meters.steps]
    return [(count.rises, count.last_rise) for count in counts]


def _rate_hz(before: tuple[int, int], after: tuple[int, int]) -> float | None:
    rises = after[0] - before[0]
    if not before[0] or not rises:
        return None
    return rises * 16e6 / (after[1] - before[1])


def test_rates_from_a_hundredth_to_five_thousand_are_exact_on_all_axes_at_once(hand: Hand) -> None:
    rates = (0.01, 5000.0, 0.1, 4999.999, 1.234, 333.333)
    # One step of the slowest lasts 100 s; its first is made at once, its second ends the measurement.
    measured = run(hand, rates, 100.5)
    for rate, found in zip(rates, measured, strict=True):
        assert found == pytest.approx(rate, rel=LARGEST_ERROR)
    assert firmware_of(hand).controller.line.overrun == 0


def test_six_axes_at_five_thousand_leave_time_for_everything_else(hand: Hand) -> None:
    others = replace(WORK, frequency_hz=(300.0, 299.0), duty=(0.5, 0.5))
    measured = run(hand, (5000.0,) * 6, 2.0, others)
    assert measured == pytest.approx([5000.0] * 6, rel=1e-4)
    first = hand.ask(STILL, m.Inputs)
    begin_s = hand.time_s
    last = hand.work(1.0, STILL)
    assert (last.tick_ms - first.tick_ms) / 1000.0 == pytest.approx(hand.time_s - begin_s - 0.05, abs=0.02)


@settings(max_examples=8, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.floats(1.0, 5000.0).map(lambda rate: round(rate, 3)), min_size=4, max_size=6))
@example([1.0, 1.001, 1.002, 1.003])
@example([4999.997, 4999.998, 4999.999, 5000.0])
def test_any_rates_at_once_are_exact(rates: list[float]) -> None:
    measured = run(ready(), rates, 2.5)
    for rate, found in zip(rates, measured, strict=False):
        # The two rises at the ends may each be a tick early: far below what is allowed.
        assert found == pytest.approx(rate, rel=2.0 / TICK_HZ)


def test_pulses_are_evenly_spaced_to_a_tick_and_wide_enough(hand: Hand) -> None:
    board = firmware_of(hand)
    rates = (5000.0, 3333.333, 777.0, 100.0, 4321.0, 1234.5)
    run(hand, rates, 0.2)
    for step in board.meters.steps:
        board.controller.log_edges(step, logged=True)
    board.advance(1.0)
    edges = board.controller.edges()
    for step, rate in zip(board.meters.steps, rates, strict=True):
        mine = [(cycle, level) for cycle, pin, level in edges if pin == step]
        gaps = [later - earlier for (earlier, _), (later, _) in pairwise([e for e in mine if e[1]])]
        widths = [later - earlier for (earlier, level), (later, _) in pairwise(mine) if level]
        assert max(abs(gap - 16e6 / rate) for gap in gaps) < 1.1 * TICK_CYCLES
        assert min(widths) > 0.9 * TICK_CYCLES  # drivers ask for 1 to 2 us


def test_the_count_follows_every_change_of_rate(hand: Hand) -> None:
    board = firmware_of(hand)
    wanted = 0.0
    for rate in (5000.0, 0.5, 1234.567, 10.0, 0.0, 4000.0):
        hand.tell(m.encode(1, replace(STILL, pump_steps_s=(rate, 0.0, 0.0, 0.0, 0.0, 0.0))), 0.5)
        wanted += rate * 0.5
    hand.tell(m.encode(1, STILL), 0.1)
    # Each change comes into force within the same few milliseconds of its frame: they do not add up.
    assert board.meters.count(board.meters.steps[0]).rises == pytest.approx(wanted, abs=7 + 5000.0 * 0.001)


def test_a_pump_accelerates_and_brakes_as_it_is_allowed(hand: Hand) -> None:
    slope = 2000
    hand.ask(replace(PATIENT, limit_steps_s2=(slope,) * 6), m.Configured)
    board = firmware_of(hand)
    step = board.meters.steps[2]
    board.controller.log_edges(step, logged=True)
    fast = replace(STILL, pump_steps_s=(0.0, 0.0, 1000.0, 0.0, 0.0, 0.0))
    hand.tell(m.encode(1, fast), 0.8)
    hand.tell(m.encode(1, STILL), 0.8)
    rises = [cycle / 16e6 for cycle, _, level in board.controller.edges() if level]
    start_s, end_s = rises[0], rises[-1]
    # n = a t^2 / 2 from rest: the count at any time, up to the ms in which the ramp moves and one step.
    for number, at_s in enumerate(rises):
        for steps, ramp_s in ((number, at_s - start_s), (len(rises) - 1 - number, end_s - at_s)):
            if ramp_s < 0.45:
                assert steps == pytest.approx(slope * (ramp_s + FIRST_STEP_S) ** 2 / 2, abs=3 + slope * 0.015)
    speeds = [(at_s, 1.0 / (later - at_s)) for at_s, later in pairwise(rises)]
    for (early_s, slow), (late_s, quick) in pairwise(speeds[10:-10]):
        assert abs(quick - slow) <= slope * (late_s - early_s) * 1.5 + quick * quick * 3.0 / TICK_HZ


def test_frequencies_are_exact_and_change_without_a_glitch(hand: Hand) -> None:
    board = firmware_of(hand)
    wave = board.meters.frequencies[0]
    board.controller.log_edges(wave, logged=True)
    for hertz in (100.0, 250.125, 37.5, 300.0):
        hand.tell(m.encode(1, replace(STILL, frequency_hz=(hertz, 0.0))), 1.0)
    hand.tell(m.encode(1, STILL), 0.1)
    edges = [cycle for cycle, _, _ in board.controller.edges()]
    halves = [later - earlier for earlier, later in pairwise(edges)]
    # No half wave is shorter than one of the highest frequency asked for; the last is cut by switching off.
    assert min(halves[:-1]) > 16e6 / 600.0 - 1.1 * TICK_CYCLES
    steady = [half for half in halves if abs(half - 8e6 / 250.125) < 1.1 * TICK_CYCLES]
    assert len(steady) == pytest.approx(2 * 250.125, abs=3)
    assert sum(steady) / len(steady) == pytest.approx(8e6 / 250.125, rel=1e-3)


def test_a_heater_is_switched_in_slots_and_its_duty_is_exact(hand: Hand) -> None:
    board = firmware_of(hand)
    heater = board.meters.switched[0]
    hand.tell(m.encode(1, replace(STILL, heater_duty=(0.3, 0.0))), 0.1)
    board.controller.log_edges(heater, logged=True)
    high = board.meters.count(heater).high_cycles
    board.advance(8.0)
    assert (board.meters.count(heater).high_cycles - high) / (8.0 * 16e6) == pytest.approx(0.3, abs=0.003)
    edges = [cycle for cycle, _, _ in board.controller.edges()]
    assert min(later - earlier for earlier, later in pairwise(edges)) > 0.018 * 16e6
