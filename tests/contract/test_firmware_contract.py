"""One suite for the board's behaviour, over the Python twin and the firmware in a simulated ATmega2560."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_bridge.simulator.interfaces import Drive, Sensed
from firmware_bridge.wire import framing
from firmware_bridge.wire import messages as m
from tests.contract.board_hand import (
    ANSWER_S,
    BOARDS,
    CONFIGURE,
    SENSE_S,
    STEP_S,
    WARM,
    WORK,
    Hand,
    make_board,
    with_temperature,
)

SAFE = Drive((0.0, 50.0, 0.0, 0.0, 0.0, 0.0), (0.0, 0.0), 0.0, (0.0, 10.0), (0.0, 0.2))
OFF = Drive((0.0,) * 6, (0.0, 0.0), 0.0, (0.0, 0.0), (0.0, 0.0))
MILLISECONDS = 1e-3


@pytest.fixture(params=BOARDS)
def blank(request: pytest.FixtureRequest) -> Hand:
    """A board that has booted and knows nothing."""
    return Hand(make_board(request.param))


@pytest.fixture
def hand(blank: Hand) -> Hand:
    """A board that has been configured."""
    blank.ask(CONFIGURE, m.Configured)
    return blank


def is_near(drive: Drive, wanted: Drive, seconds: float) -> bool:
    """Whether what was counted over so long is what was wanted: within a step, a slot or a tick of each."""
    step, share = 1.01 / seconds, 0.021 / seconds
    return (
        drive.pump_steps_s == pytest.approx(wanted.pump_steps_s, abs=step)
        and drive.heater_duty == pytest.approx(wanted.heater_duty, abs=share)
        and drive.lamp_duty == pytest.approx(wanted.lamp_duty, abs=share)
        and drive.frequency_hz == pytest.approx(wanted.frequency_hz, rel=0.02)
        and drive.duty == pytest.approx(wanted.duty, abs=share)
    )


def is_safe(hand: Hand, wanted: Drive = SAFE) -> bool:
    hand.wait(0.25)  # two periods of the slowest wave
    return is_near(hand.wait(0.5), wanted, 0.5)


def test_it_says_what_it_is_and_changes_nothing(blank: Hand) -> None:
    reply = blank.ask(m.Hello(m.PROTOCOL_VERSION), m.HelloReply)
    assert reply.protocol == m.PROTOCOL_VERSION
    assert reply.reset_cause is m.ResetCause.POWER_ON
    assert (reply.axes, reply.heaters, reply.temperatures, reply.pressures) == (6, 2, 4, 2)
    assert (reply.lamps, reply.frequencies, reply.duties, reply.digitals) == (1, 2, 2, 4)
    assert reply.firmware
    assert reply.serial_number
    assert blank.ask(m.Hello(m.PROTOCOL_VERSION), m.HelloReply) == reply
    assert not blank.look().status & m.Status.CONFIGURED


@pytest.mark.parametrize("version", [0, 1, 99])
def test_a_host_of_another_version_is_told_ours(blank: Hand, version: int) -> None:
    assert blank.ask(m.Hello(version), m.HelloReply).protocol == m.PROTOCOL_VERSION


def test_it_obeys_nobody_before_it_is_configured(blank: Hand) -> None:
    assert not blank.work(0.3).status & m.Status.CONFIGURED
    assert blank.wait(0.5) == OFF


def test_it_acknowledges_a_configuration_with_its_digest_and_goes_safe(blank: Hand) -> None:
    assert blank.ask(CONFIGURE, m.Configured).digest == m.digest(CONFIGURE)
    assert is_safe(blank)


def test_a_second_configuration_replaces_the_first(hand: Hand) -> None:
    hand.work(0.5)
    slow = replace(CONFIGURE, limit_steps_s=(100.0, 100.0, 0.0, 0.0, 0.0, 0.0))
    assert hand.ask(slow, m.Configured).digest == m.digest(slow)
    assert is_safe(hand)
    assert hand.work(1.0).pump_steps_s[:2] == (100.0, 100.0)


@pytest.mark.parametrize(
    "impossible",
    [
        replace(CONFIGURE, deadman_ms=19),
        replace(CONFIGURE, deadman_ms=10_001),
        replace(CONFIGURE, safe_pump_steps_s=(1000.001, 0.0, 0.0, 0.0, 0.0, 0.0)),
        replace(CONFIGURE, limit_steps_s2=(0, 2000, 0, 0, 0, 0)),
        replace(CONFIGURE, safe_frequency_hz=(300.001, 0.0)),
    ],
)
def test_it_refuses_a_configuration_that_it_cannot_carry_out(blank: Hand, impossible: m.Configure) -> None:
    assert blank.ask(impossible, m.Refused) == m.Refused(0x02, m.Refusal.OUT_OF_RANGE)
    assert not blank.look().status & m.Status.CONFIGURED


def test_a_refused_configuration_leaves_the_one_in_force(hand: Hand) -> None:
    hand.work(0.5)
    hand.ask(replace(CONFIGURE, deadman_ms=0), m.Refused)
    assert hand.work(0.5).pump_steps_s[0] == 800.0


@pytest.mark.parametrize("deadman_ms", [20, 10_000])
def test_the_ends_of_the_deadmans_range_are_taken(blank: Hand, deadman_ms: int) -> None:
    blank.ask(replace(CONFIGURE, deadman_ms=deadman_ms), m.Configured)


def test_what_is_asked_reaches_the_pins(hand: Hand) -> None:
    inputs = hand.work(0.6)
    assert inputs.pump_steps_s == WORK.pump_steps_s
    assert inputs.heater_duty == pytest.approx(WORK.heater_duty, abs=1e-5)
    assert (inputs.lamp_duty, inputs.frequency_hz, inputs.duty) == (1.0, (120.5, 0.0), (0.0, 1.0))
    hand.tell(m.encode(1, WORK))
    work = Drive(WORK.pump_steps_s, WORK.heater_duty, 1.0, (120.5, 0.0), (0.0, 1.0))
    assert is_near(hand.wait(0.4), work, 0.4)


def test_frequencies_and_duties_do_not_wait_for_ramps(hand: Hand) -> None:
    hand.tell(m.encode(1, WORK), 0.04)
    assert hand.drive.frequency_hz[0] == pytest.approx(120.5, rel=0.02)
    assert hand.drive.duty == (0.0, 1.0)
    assert hand.drive.lamp_duty == 1.0


def test_pumps_ramp_at_their_acceleration(hand: Hand) -> None:
    hand.work(0.1, replace(WORK, pump_steps_s=(0.0,) * 6))
    begin, counted = hand.time_s, hand.steps[0]
    hand.tell(m.encode(1, WORK), 0.2)
    ramp_s = hand.time_s - begin
    # The twin is a step ahead, bytes on a line are a few ms behind: what was counted lies between the two.
    earliest, latest = 1000.0 * (ramp_s + STEP_S) ** 2, 1000.0 * (ramp_s - STEP_S) ** 2
    assert latest - 1.0 <= hand.steps[0] - counted <= earliest + 1.0
    assert hand.ask(WORK, m.Inputs).pump_steps_s[0] == pytest.approx(2000.0 * 0.2, abs=2000.0 * 0.03)
    assert hand.work(0.3).pump_steps_s[0] == 800.0
    hand.tell(m.encode(1, replace(WORK, pump_steps_s=(600.0, 200.0, 0.0, 0.0, 0.0, 0.0))), 0.05)
    assert 690.0 < hand.look().pump_steps_s[0] <= 740.0


def test_a_rate_above_the_limit_is_held_there_and_told(hand: Hand) -> None:
    inputs = hand.work(0.9, replace(WORK, pump_steps_s=(5000.0, 0.0, 0.0, 0.0, 0.0, 70.0)))
    assert inputs.pump_steps_s == (1000.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert inputs.status & m.Status.LIMITED
    assert hand.wait(0.3).pump_steps_s[0] == pytest.approx(1000.0, abs=4.0)
    assert not hand.ask(WORK, m.Inputs).status & m.Status.LIMITED


def test_a_frequency_above_the_limit_is_held_there_and_told(hand: Hand) -> None:
    inputs = hand.ask(replace(WORK, frequency_hz=(300.001, 299.999)), m.Inputs)
    assert inputs.frequency_hz == (300.0, 299.999)
    assert inputs.status & m.Status.LIMITED
    assert hand.wait(0.1).frequency_hz == pytest.approx((300.0, 299.999), rel=0.01)
    assert not hand.ask(WORK, m.Inputs).status & m.Status.LIMITED


@pytest.mark.parametrize("wave_hz", [0.5, 10.0, 120.5, 299.9])
@pytest.mark.parametrize("duty", [0.001, 0.25, 0.999])
def test_waves_and_duties_are_what_was_asked_over_time(hand: Hand, wave_hz: float, duty: float) -> None:
    wanted = replace(WORK, frequency_hz=(wave_hz, wave_hz), duty=(duty, duty), lamp_duty=duty)
    hand.work(4.1, wanted)
    driven = hand.wait(0.4)
    assert driven.frequency_hz == pytest.approx((wave_hz, wave_hz), rel=0.02)
    assert driven.duty == pytest.approx((duty, duty), abs=4e-4)
    assert driven.lamp_duty == pytest.approx(duty, abs=4e-4)


def test_silence_for_the_deadman_time_drives_it_safe(hand: Hand) -> None:
    hand.work(1.0)
    assert hand.wait(0.4).heater_duty[0] > 0.0
    hand.wait(0.07)
    assert is_safe(hand)
    faults = hand.faults()
    assert (faults.deadman_trips, faults.last_trip) == (1, m.TripCause.DEADMAN)
    assert hand.look().status & m.TRIPS == m.Status.DEADMAN


def test_the_deadman_trips_on_time(hand: Hand) -> None:
    hand.work(0.5)
    before = hand.look()
    hand.wait(1.0)
    late_s = (hand.faults().last_trip_ms - before.tick_ms) * MILLISECONDS
    assert late_s == pytest.approx(0.5, abs=STEP_S + 0.002)


def test_a_host_that_only_chats_does_not_hold_the_heaters_on(hand: Hand) -> None:
    hand.work(0.2)
    for _ in range(6):
        hand.ask(m.Hello(1), m.HelloReply)
        hand.ask(m.Faults(), m.FaultsReply)
    assert hand.look().status & m.Status.DEADMAN
    assert hand.wait(0.1).heater_duty == (0.0, 0.0)


def test_a_deadman_trip_lasts_until_it_is_cleared(hand: Hand) -> None:
    hand.work(0.2)
    hand.wait(0.6)
    assert hand.work(0.3).status & m.Status.DEADMAN
    assert hand.wait(0.1).heater_duty == (0.0, 0.0)
    assert not hand.ask(m.Clear(), m.Inputs).status & m.TRIPS
    hand.work(0.2)
    assert hand.wait(0.2).heater_duty[0] > 0.0


def test_a_board_never_commanded_has_no_deadman_to_trip(hand: Hand) -> None:
    hand.wait(2.0)
    assert hand.faults().last_trip is m.TripCause.NONE


def test_a_stop_without_a_configuration_leaves_all_off(blank: Hand) -> None:
    assert blank.ask(m.Estop(), m.Inputs).status & m.Status.ESTOPPED
    assert blank.wait(0.2) == OFF


def test_a_stop_halts_the_pumps_at_once_and_holds(hand: Hand) -> None:
    hand.work(1.0)
    hand.tell(m.encode(1, m.Estop()), 0.01)
    assert hand.wait(0.1).pump_steps_s[:2] == pytest.approx((0.0, 50.0), abs=11.0)
    assert hand.work(0.3).status & m.Status.ESTOPPED
    assert hand.faults().last_trip is m.TripCause.HOST_STOP
    assert is_safe(hand)


def test_after_a_clear_the_outputs_wait_safe_for_the_next_command(hand: Hand) -> None:
    hand.work(0.5)
    hand.ask(m.Estop(), m.Inputs)
    assert not hand.ask(m.Clear(), m.Inputs).status & m.TRIPS
    assert is_safe(hand)
    assert hand.faults().deadman_trips == 0


def test_a_pressed_stop_input_stops_and_cannot_be_cleared_while_pressed(hand: Hand) -> None:
    hand.work(0.3)
    hand.sensed = replace(WARM, stop_pressed=True)
    hand.wait(0.02)
    assert hand.wait(0.05).heater_duty == (0.0, 0.0)
    assert hand.look().status & m.Status.STOP_PRESSED
    assert hand.ask(m.Clear(), m.Refused) == m.Refused(0x05, m.Refusal.CAUSE_STANDS)
    hand.sensed = WARM
    hand.wait(0.02)
    inputs = hand.look()
    assert inputs.status & m.Status.ESTOPPED
    assert not inputs.status & m.Status.STOP_PRESSED
    assert hand.faults().last_trip is m.TripCause.STOP_INPUT
    assert is_safe(hand)
    assert not hand.ask(m.Clear(), m.Inputs).status & m.TRIPS


@pytest.mark.parametrize("sensor", range(m.TEMPERATURES))
@pytest.mark.parametrize(
    ("reading_c", "flag", "cause"),
    [
        (91.5, m.Status.OVER_TEMPERATURE, m.TripCause.OVER_TEMPERATURE),
        (nan, m.Status.SENSOR_FAULT, m.TripCause.SENSOR_FAULT),
    ],
)
def test_it_guards_every_limited_temperature_by_itself(
    hand: Hand, sensor: int, reading_c: float, flag: m.Status, cause: m.TripCause
) -> None:
    hand.work(0.3)
    hand.sensed = with_temperature(sensor, reading_c)
    hand.work(0.4)
    assert hand.look().status & m.TRIPS == flag
    assert hand.wait(0.1).heater_duty == (0.0, 0.0)
    assert hand.faults().last_trip is cause
    assert hand.ask(m.Clear(), m.Refused) == m.Refused(0x05, m.Refusal.CAUSE_STANDS)
    hand.sensed = WARM
    hand.wait(SENSE_S)
    assert not hand.ask(m.Clear(), m.Inputs).status & m.TRIPS


def test_an_unlimited_temperature_trips_nothing(blank: Hand) -> None:
    blank.ask(replace(CONFIGURE, limit_c=(nan, 90.0, nan, nan)), m.Configured)
    blank.sensed = replace(WARM, temperatures_c=(120.0, 30.0, nan, 140.0))
    assert not blank.work(0.6).status & m.TRIPS


@pytest.mark.parametrize("celsius", [-20.0, 0.0, 25.0, 60.0, 85.0, 120.0])
def test_temperatures_and_pressures_are_read_as_they_are(hand: Hand, celsius: float) -> None:
    hand.sensed = Sensed((celsius,) * 4, (10.0 + celsius, 3.0 * (celsius + 20.0)), stop_pressed=False)
    hand.wait(SENSE_S)
    inputs = hand.look()
    assert inputs.temperatures_c == pytest.approx((celsius,) * 4, abs=0.3)
    if celsius > -10.0:
        assert inputs.pressures_kpa == pytest.approx((10.0 + celsius, 3.0 * (celsius + 20.0)), abs=1.0)


@pytest.mark.parametrize(
    ("digitals", "bits"), [((), 0), ((True,), 1), ((False, True, False, True), 10), ((True,) * 4, 15)]
)
def test_digital_inputs_come_as_bits(hand: Hand, digitals: tuple[bool, ...], bits: int) -> None:
    hand.sensed = replace(WARM, digitals=digitals)
    hand.wait(0.02)
    assert hand.look().digital_bits == bits


@pytest.mark.parametrize("cause", [m.ResetCause.EXTERNAL, m.ResetCause.BROWN_OUT, m.ResetCause.WATCHDOG])
def test_a_reboot_turns_all_off_and_has_a_new_identity_and_its_cause(hand: Hand, cause: m.ResetCause) -> None:
    before = hand.ask(m.Hello(1), m.HelloReply)
    hand.work(0.5)
    hand.board.reboot(cause)
    hand.wait(0.02)
    assert hand.wait(0.3) == OFF
    inputs = hand.look()
    assert not inputs.status & (m.Status.CONFIGURED | m.TRIPS)
    assert inputs.tick_ms < 500
    after = hand.ask(m.Hello(1), m.HelloReply)
    assert after.boot_id != before.boot_id
    assert after.reset_cause is cause
    assert is_safe(hand, OFF)


def test_the_boards_clock_keeps_time_under_load(hand: Hand) -> None:
    first = hand.look()
    begin_s = hand.time_s
    last = hand.work(3.0)
    # From one request to the other: the answers to both took equally long.
    passed_s = hand.time_s - begin_s - 0.1 + ANSWER_S
    assert (last.tick_ms - first.tick_ms) * MILLISECONDS == pytest.approx(passed_s, abs=2 * STEP_S)


def test_every_fault_of_the_line_is_counted(hand: Hand) -> None:
    crc = bytearray(m.encode(1, WORK))
    crc[-2] ^= 0x40
    hand.tell(bytes(crc) + b"\x09\x01\0" + b"\x01" * 300 + b"\0", 0.1)
    assert hand.ask(m.Identify(), m.Refused) == m.Refused(0x41, m.Refusal.UNKNOWN_TYPE)
    (refused,) = hand.tell(framing.encode(9, 0x03, b"short"))
    assert m.decode(refused, m.BOARD_REPLIES) == m.Refused(0x03, m.Refusal.MALFORMED)
    faults = hand.faults()
    assert (faults.bad_crc, faults.bad_cobs, faults.overruns) == (1, 1, 1)
    assert (faults.unknown_type, faults.malformed) == (1, 1)


@pytest.mark.parametrize(
    ("number", "size"),
    [
        (n, layout.size + by)
        for n, layout in m.BOARD_REQUESTS.items()
        for by in (-1, 1)
        if layout.size + by >= 0
    ],
)
def test_a_payload_of_the_wrong_length_is_malformed(hand: Hand, number: int, size: int) -> None:
    (frame,) = hand.tell(framing.encode(9, number, bytes(size)))
    assert m.decode(frame, m.BOARD_REPLIES) == m.Refused(number, m.Refusal.MALFORMED)


def test_frames_on_end_are_answered_in_their_order(hand: Hand) -> None:
    asked = [m.encode(number, m.Hello(2)) for number in range(5)]
    assert [frame.sequence for frame in hand.tell(b"".join(asked), 0.2)] == [0, 1, 2, 3, 4]


def test_its_own_replies_echoed_back_start_no_endless_talk(hand: Hand) -> None:
    echo = [framing.encode(*frame) for frame in hand.tell(m.encode(1, WORK) + m.encode(2, m.Identify()))]
    assert len(echo) == 2
    assert hand.tell(b"".join(echo)) == []


@pytest.mark.parametrize("name", BOARDS)
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(noise=st.binary(max_size=600))
def test_noise_never_breaks_it_nor_moves_an_output(name: str, noise: bytes) -> None:
    hand = Hand(make_board(name))
    hand.ask(CONFIGURE, m.Configured)
    before = hand.ask(WORK, m.Inputs)
    hand.tell(noise + b"\0", 0.05)
    after = hand.ask(m.Estop(), m.Inputs)
    assert before.status == m.Status.CONFIGURED
    assert after.status == m.Status.CONFIGURED | m.Status.ESTOPPED
    assert after.frequency_hz == CONFIGURE.safe_frequency_hz
