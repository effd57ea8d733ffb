"""The firmware of the small board, in a simulated ATmega328P: what it has, and says of what it has not."""

from __future__ import annotations

from dataclasses import replace
from math import isnan, nan

import pytest

from firmware_bridge.simulator.interfaces import Sensed
from firmware_bridge.wire import messages as m
from tests.contract.board_hand import CONFIGURE, SENSE_S, Hand, firmware_of, make_board

UNO = "simavr:uno328p"
AXES = 3
TIMSK1 = 0x6F
AT_EASE = Sensed((25.0, 30.0), (101.3,), stop_pressed=False)
KNOWN = replace(
    CONFIGURE,
    safe_frequency_hz=(10.0, 0.0),
    limit_hz=(300.0, 0.0),
    safe_duty=(0.0, 0.0),
    limit_c=(90.0, 90.0, nan, nan),
    limit_steps_s=(6000.0, 6000.0, 6000.0, 0.0, 0.0, 0.0),
    limit_steps_s2=(4_000_000_000, 4_000_000_000, 4_000_000_000, 0, 0, 0),
)
WORK = m.Outputs((800.0, 200.0, 100.0, 0.0, 0.0, 0.0), (0.4, 0.0), 1.0, (120.5, 0.0), (0.0, 0.0))


@pytest.fixture
def blank() -> Hand:
    hand = Hand(make_board(UNO))
    hand.sensed = AT_EASE
    hand.wait(SENSE_S)
    return hand


@pytest.fixture
def hand(blank: Hand) -> Hand:
    blank.ask(KNOWN, m.Configured)
    return blank


def test_it_says_what_it_has(blank: Hand) -> None:
    reply = blank.ask(m.Hello(m.PROTOCOL_VERSION), m.HelloReply)
    assert (reply.axes, reply.heaters, reply.temperatures, reply.pressures) == (AXES, 1, 2, 1)
    assert (reply.lamps, reply.frequencies, reply.duties, reply.digitals) == (1, 1, 0, 1)


def test_it_reads_its_sensors_and_drives_its_pins(hand: Hand) -> None:
    inputs = hand.work(0.6, WORK)
    assert inputs.status & m.TRIPS == 0
    assert inputs.temperatures_c[:2] == pytest.approx((25.0, 30.0), abs=0.3)
    assert inputs.pressures_kpa[0] == pytest.approx(101.3, abs=1.0)
    hand.tell(m.encode(1, WORK))
    driven = hand.wait(0.4)
    assert driven.pump_steps_s == pytest.approx(WORK.pump_steps_s[:AXES], abs=3.0)
    assert driven.heater_duty == pytest.approx((0.4,), abs=0.06)
    assert driven.lamp_duty == 1.0
    assert driven.frequency_hz == pytest.approx((120.5,), rel=0.02)


def test_an_output_that_it_has_not_stays_at_nothing_and_is_told(hand: Hand) -> None:
    inputs = hand.work(0.3, replace(WORK, pump_steps_s=(100.0, 0.0, 0.0, 50.0, 0.0, 0.0), duty=(0.5, 0.0)))
    assert inputs.status & m.Status.LIMITED
    assert inputs.pump_steps_s == (100.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert inputs.duty == (0.0, 0.0)


def test_rates_from_a_hundredth_to_five_thousand_are_exact_on_all_axes_at_once(hand: Hand) -> None:
    """Counted at the pins, to the CPU's cycle: (rises - 1) / (last rise - first rise)."""
    hand.ask(replace(KNOWN, deadman_ms=10_000), m.Configured)
    board = firmware_of(hand)
    rates = (0.01, 5000.0, 333.333)
    outputs = replace(WORK, pump_steps_s=(*rates, 0.0, 0.0, 0.0))
    hand.ask(outputs, m.Inputs)
    before = [board.meters.count(step) for step in board.meters.steps]
    for _ in range(12):
        board.feed(m.encode(1, outputs))
        board.advance(8.4)
    after = [board.meters.count(step) for step in board.meters.steps]
    for rate, first, last in zip(rates, before, after, strict=True):
        rises, cycles = last.rises - first.rises, last.last_rise - first.last_rise
        assert first.rises
        assert rises * 16e6 / cycles == pytest.approx(rate, rel=1e-3)
    assert board.controller.line.overrun == 0


def test_silence_drives_it_safe_until_it_is_cleared(hand: Hand) -> None:
    hand.work(0.5, WORK)
    hand.wait(0.6)
    assert hand.ask(WORK, m.Inputs).status & m.TRIPS == m.Status.DEADMAN
    driven = hand.wait(0.5)
    assert (driven.heater_duty, driven.lamp_duty) == ((0.0,), 0.0)
    assert driven.pump_steps_s == pytest.approx((0.0, 50.0, 0.0), abs=3.0)
    assert not hand.ask(m.Clear(), m.Inputs).status & m.TRIPS


def test_its_stop_input_stops_it(hand: Hand) -> None:
    hand.work(0.3, WORK)
    hand.sensed = replace(AT_EASE, stop_pressed=True)
    hand.wait(0.1)
    assert hand.wait(0.1).heater_duty == (0.0,)
    assert hand.ask(WORK, m.Inputs).status & m.Status.STOP_PRESSED
    assert hand.ask(m.Clear(), m.Refused) == m.Refused(0x05, m.Refusal.CAUSE_STANDS)


@pytest.mark.parametrize("temperatures_c", [(91.5, 30.0), (25.0, 91.5), (nan, 30.0), (25.0, nan)])
def test_it_guards_both_its_temperatures(hand: Hand, temperatures_c: tuple[float, float]) -> None:
    hand.work(0.3, WORK)
    hand.sensed = replace(AT_EASE, temperatures_c=temperatures_c)
    hand.work(0.5, WORK)
    over = m.Status.SENSOR_FAULT if any(map(isnan, temperatures_c)) else m.Status.OVER_TEMPERATURE
    assert hand.ask(WORK, m.Inputs).status & m.TRIPS == over
    assert hand.wait(0.1).heater_duty == (0.0,)


def test_a_tick_that_dies_is_bitten_by_its_watchdog(hand: Hand) -> None:
    hand.work(0.5, WORK)
    firmware_of(hand).controller.poke(TIMSK1, 0)
    hand.wait(0.5)
    assert firmware_of(hand).controller.resets == 1
    driven = hand.wait(0.2)
    assert (driven.pump_steps_s, driven.heater_duty) == ((0.0,) * AXES, (0.0,))
    assert hand.ask(m.Hello(m.PROTOCOL_VERSION), m.HelloReply).reset_cause is m.ResetCause.WATCHDOG
