"""What only real firmware has: a watchdog, memory that outlives a reset, a stack."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import pytest

from firmware_bridge.firmware.pinout import MEGA2560, UNO328P
from firmware_bridge.simulator.boards import build_board
from firmware_bridge.wire import messages as m
from tests.contract.board_hand import (
    BOOT_S,
    CONFIGURE,
    MEGA,
    WARM,
    WORK,
    Hand,
    firmware_of,
    make_board,
    prepare,
    with_temperature,
)

TIMSK1 = 0x6F
ADCSRA = 0x7A
WATCHDOG_S = 0.25
"""Of the hardware watchdog; the first of its bites may come a check of the sensors later."""
STACK_BYTES = {MEGA2560.name: 400, UNO328P.name: 400}


@pytest.fixture
def hand() -> Hand:
    hand = Hand(make_board(MEGA))
    hand.ask(CONFIGURE, m.Configured)
    hand.wait(0.5)  # until the configuration is in EEPROM
    return hand


def last_boot(hand: Hand) -> m.ResetCause:
    return hand.ask(m.Hello(m.PROTOCOL_VERSION), m.HelloReply).reset_cause


def test_a_tick_that_dies_is_bitten_by_the_watchdog_and_all_is_off(hand: Hand) -> None:
    hand.work(0.5)
    firmware_of(hand).controller.poke(TIMSK1, 0)  # no more timer interrupts: no pulses, no milliseconds
    hand.wait(2 * WATCHDOG_S)
    assert firmware_of(hand).controller.resets == 1
    drive = hand.wait(0.2)
    assert (drive.pump_steps_s, drive.heater_duty, drive.lamp_duty) == ((0.0,) * 6, (0.0, 0.0), 0.0)
    assert not hand.look().status & m.Status.CONFIGURED
    assert last_boot(hand) is m.ResetCause.WATCHDOG


def test_a_converter_that_stops_is_bitten_by_the_watchdog(hand: Hand) -> None:
    hand.work(0.5)
    for _ in range(60):  # switched off again and again, as a broken one would stay
        firmware_of(hand).controller.poke(ADCSRA, 1 << 6)
        hand.wait(0.01)
    assert firmware_of(hand).controller.resets >= 1
    hand.wait(0.5)
    assert last_boot(hand) is m.ResetCause.WATCHDOG


def test_a_stack_that_reached_the_variables_is_bitten_by_the_watchdog(hand: Hand) -> None:
    controller = firmware_of(hand).controller
    controller.poke(controller.stack_floor, 0)
    hand.wait(2 * WATCHDOG_S)
    assert controller.resets == 1
    assert last_boot(hand) is m.ResetCause.WATCHDOG


def test_a_healthy_board_is_never_bitten(hand: Hand) -> None:
    hand.work(3.0)
    hand.wait(2.0)
    assert firmware_of(hand).controller.resets == 0


def test_temperature_limits_hold_after_a_reset_before_any_host(hand: Hand) -> None:
    hand.board.reboot(m.ResetCause.BROWN_OUT)
    hand.sensed = with_temperature(0, 95.0)
    hand.wait(BOOT_S)
    status = hand.look().status
    assert status & m.Status.OVER_TEMPERATURE
    assert not status & m.Status.CONFIGURED


@pytest.mark.parametrize("offset", [100, 140, 200])
def test_a_damaged_memory_of_limits_is_not_believed(hand: Hand, offset: int) -> None:
    controller = firmware_of(hand).controller
    controller.write_eeprom(offset, bytes((controller.eeprom()[offset] ^ 0x10,)))
    hand.board.reboot(m.ResetCause.BROWN_OUT)
    hand.sensed = with_temperature(0, 95.0)
    hand.wait(BOOT_S)
    assert not hand.look().status & m.TRIPS
    hand.sensed = WARM
    hand.wait(0.1)
    assert hand.ask(CONFIGURE, m.Configured).digest == m.digest(CONFIGURE)


def test_a_configuration_wears_only_the_cells_that_it_changes(hand: Hand) -> None:
    controller = firmware_of(hand).controller
    before = controller.eeprom()
    hand.ask(replace(CONFIGURE, limit_c=(80.0, nan, nan, nan)), m.Configured)
    hand.wait(0.8)
    changed = [a for a, (old, new) in enumerate(zip(before, controller.eeprom(), strict=True)) if old != new]
    assert 0 < len(changed) <= 2 * m.TEMPERATURES + 2  # its limits, and their CRC


def test_boot_ids_never_repeat_over_resets(hand: Hand) -> None:
    boots = set()
    for _ in range(12):
        hand.board.reboot(m.ResetCause.EXTERNAL)
        hand.wait(0.1)
        boots.add(hand.ask(m.Hello(m.PROTOCOL_VERSION), m.HelloReply).boot_id)
    assert len(boots) == 12


@pytest.mark.parametrize("pinout", [MEGA2560, UNO328P], ids=lambda pinout: pinout.name)
def test_the_stack_stays_far_from_the_variables(pinout) -> None:
    prepare()
    hand = Hand(build_board(f"simavr:{pinout.name}", 1))
    spare = m.PUMP_AXES - len(pinout.axes)
    fits = replace(
        CONFIGURE,
        safe_frequency_hz=(0.0, 0.0),
        limit_hz=(300.0, 0.0),
        safe_duty=(0.0, 0.0),
        limit_c=(90.0, 90.0, nan, nan),
        limit_steps_s=(1000.0,) * len(pinout.axes) + (0.0,) * spare,
        limit_steps_s2=(2000,) * m.PUMP_AXES,
    )
    assert hand.ask(fits, m.Configured).digest == m.digest(fits)
    inputs = hand.work(1.0, replace(WORK, heater_duty=(0.5, 0.0), duty=(0.0, 0.0)))
    assert inputs.pump_steps_s[:2] == (800.0, 200.0)
    hand.tell(b"\x05\x01noise" * 40 + b"\0")
    hand.faults()
    hand.ask(m.Estop(), m.Inputs)
    controller = firmware_of(hand).controller
    assert 0 < controller.stack_bytes <= STACK_BYTES[pinout.name] <= controller.stack_limit_bytes
