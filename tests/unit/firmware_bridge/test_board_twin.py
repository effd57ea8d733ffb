from __future__ import annotations

from dataclasses import replace
from math import nan
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.simulator.board import LOG_LENGTH, BoardModel, BoardTwin
from firmware_bridge.simulator.interfaces import Drive, Sensed
from firmware_bridge.wire import framing
from firmware_bridge.wire import messages as m
from firmware_bridge.wire.layout import Message

Reply = TypeVar("Reply", bound=Message)

WARM = Sensed((25.0, 30.0, 20.0, 20.0), (101.3, 102.0), stop_pressed=False)
CONFIGURE = m.Configure(
    deadman_ms=500,
    safe_pump_steps_s=(0.0, 50.0, 0.0, 0.0, 0.0, 0.0),
    safe_heater_duty=(0.0, 0.0),
    safe_lamp_duty=0.0,
    limit_c=(90.0, nan, nan, nan),
    limit_steps_s=(1000.0, 1000.0, 0.0, 0.0, 0.0, 0.0),
    limit_steps_s2=(2000, 2000, 0, 0, 0, 0),
    safe_frequency_hz=(0.0, 10.0),
    limit_hz=(300.0, 300.0),
    safe_duty=(0.0, 0.2),
)
WORK = m.Outputs((800.0, 200.0, 0.0, 0.0, 0.0, 0.0), (0.4, 0.0), 1.0, (120.5, 0.0), (0.0, 1.0))
OFF = Drive((0.0,) * 6, (0.0, 0.0), 0.0, (0.0, 0.0), (0.0, 0.0))
SAFE = Drive((0.0, 50.0, 0.0, 0.0, 0.0, 0.0), (0.0, 0.0), 0.0, (0.0, 10.0), (0.0, 0.2))
# What a board with one frequency and one duty output can carry out.
SPARE = replace(CONFIGURE, safe_frequency_hz=(0.0, 0.0), limit_hz=(300.0, 0.0), safe_duty=(0.0, 0.0))


class Bench:
    """A board twin with a hand on its wire, its sensors and its clock."""

    def __init__(self, model: BoardModel | None = None) -> None:
        self.twin = BoardTwin(model, seed=3)
        self.sensed = WARM
        self.drive = self.wait(0.1)

    def wait(self, seconds: float, step_s: float = 0.02) -> Drive:
        for _ in range(round(seconds / step_s)):
            self.drive = self.twin.advance(step_s)
            self.twin.sense(self.sensed)
        return self.drive

    def ask(self, message: Message, kind: type[Reply], sequence: int = 9) -> Reply:
        (frame,) = framing.FrameStream().feed(self.twin.feed(m.encode(sequence, message)))
        assert frame.sequence == sequence
        reply = m.decode(frame, m.BOARD_REPLIES)
        assert isinstance(reply, kind)
        return reply

    def work(self, seconds: float) -> m.Inputs:
        """Send OUTPUTS every 100 ms, as a host does."""
        for _ in range(round(seconds / 0.1)):
            inputs = self.ask(WORK, m.Inputs)
            self.wait(0.1)
        return inputs


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.ask(CONFIGURE, m.Configured)
    return bench


def texts(bench: Bench) -> list[str]:
    return [event.text for event in bench.twin.log]


def test_it_says_what_it_is_without_changing_anything() -> None:
    bench = Bench(BoardModel(serial_number="B-7", axes=3, heaters=1, frequencies=1, digitals=0))
    reply = bench.ask(m.Hello(1), m.HelloReply)
    assert (reply.serial_number, reply.axes, reply.heaters) == ("B-7", 3, 1)
    assert (reply.frequencies, reply.duties, reply.digitals) == (1, 2, 0)
    assert reply.reset_cause is m.ResetCause.POWER_ON
    assert not bench.twin.status & m.Status.CONFIGURED


def test_it_hears_nothing_while_it_boots() -> None:
    twin = BoardTwin(BoardModel(boot_s=1.0))
    twin.advance(0.9)
    assert twin.feed(m.encode(0, m.Hello(1))) == b""
    twin.advance(0.1)
    assert twin.feed(m.encode(0, m.Hello(1)))


def test_it_obeys_nobody_before_it_is_configured() -> None:
    bench = Bench()
    inputs = bench.ask(WORK, m.Inputs)
    assert not inputs.status & m.Status.CONFIGURED
    assert bench.wait(0.5) == OFF


def test_it_acknowledges_a_configuration_with_its_digest() -> None:
    assert Bench().ask(CONFIGURE, m.Configured).digest == m.digest(CONFIGURE)


@pytest.mark.parametrize(
    "impossible",
    [
        replace(SPARE, deadman_ms=0),
        replace(SPARE, deadman_ms=60_000),
        replace(SPARE, safe_pump_steps_s=(1001.0, 0.0, 0.0, 0.0, 0.0, 0.0)),
        replace(SPARE, limit_steps_s2=(0, 1, 0, 0, 0, 0)),
        replace(SPARE, limit_steps_s=(1.0, 50.0, 1.0, 0.0, 0.0, 0.0), limit_steps_s2=(1, 1, 1, 0, 0, 0)),
        replace(SPARE, limit_c=(90.0, 90.0, nan, nan)),
        replace(SPARE, safe_heater_duty=(0.0, 0.1)),
        replace(SPARE, safe_lamp_duty=0.1),
        replace(SPARE, safe_frequency_hz=(301.0, 0.0)),
        replace(SPARE, limit_hz=(300.0, 1.0)),
        replace(SPARE, safe_duty=(0.0, 0.1)),
    ],
)
def test_it_refuses_a_configuration_that_it_cannot_carry_out(impossible: m.Configure) -> None:
    bench = Bench(BoardModel(axes=2, heaters=1, temperatures=1, lamps=0, frequencies=1, duties=1))
    assert bench.ask(SPARE, m.Configured)
    bench.twin.reboot(m.ResetCause.EXTERNAL)
    bench.wait(0.1)
    assert bench.ask(impossible, m.Refused) == m.Refused(0x02, m.Refusal.OUT_OF_RANGE)
    assert not bench.twin.status & m.Status.CONFIGURED


def test_pumps_ramp_at_their_acceleration_and_stop_at_the_goal(bench: Bench) -> None:
    bench.ask(WORK, m.Inputs)
    assert bench.wait(0.1).pump_steps_s[:2] == pytest.approx((200.0, 200.0))
    bench.ask(WORK, m.Inputs)
    bench.work(0.4)
    assert bench.drive.pump_steps_s[:2] == (800.0, 200.0)
    assert bench.drive.heater_duty[0] == pytest.approx(0.4, abs=1e-5)
    assert bench.drive.lamp_duty == 1.0


def test_a_rate_above_the_limit_is_held_there_and_told(bench: Bench) -> None:
    fast = replace(WORK, pump_steps_s=(5000.0, 0.0, 0.0, 0.0, 0.0, 70.0))
    for _ in range(20):
        bench.ask(fast, m.Inputs)
        bench.wait(0.1)
    inputs = bench.ask(fast, m.Inputs)
    assert inputs.pump_steps_s == (1000.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert inputs.status & m.Status.LIMITED
    assert not bench.ask(WORK, m.Inputs).status & m.Status.LIMITED


def test_a_frequency_above_the_limit_is_held_there_and_told(bench: Bench) -> None:
    inputs = bench.ask(replace(WORK, frequency_hz=(300.001, 299.999)), m.Inputs)
    assert inputs.frequency_hz == (300.0, 299.999)
    assert inputs.status & m.Status.LIMITED
    assert bench.wait(0.02).frequency_hz == (300.0, 299.999)
    assert not bench.ask(WORK, m.Inputs).status & m.Status.LIMITED


def test_frequencies_and_duties_reach_the_pins_at_once(bench: Bench) -> None:
    inputs = bench.ask(WORK, m.Inputs)
    drive = bench.twin.advance(0.001)
    assert (drive.frequency_hz, drive.duty) == ((120.5, 0.0), (0.0, 1.0))
    assert (inputs.frequency_hz, inputs.duty) == ((120.5, 0.0), (0.0, 1.0))


@pytest.mark.parametrize(
    ("digitals", "bits"),
    [((), 0), ((True,), 1), ((False, True, False, True), 10), ((True,) * 9, 15)],
)
def test_digital_inputs_come_as_bits(bench: Bench, digitals: tuple[bool, ...], bits: int) -> None:
    bench.sensed = replace(WARM, digitals=digitals)
    bench.wait(0.02)
    assert bench.ask(WORK, m.Inputs).digital_bits == bits


def test_outputs_a_board_lacks_stay_off() -> None:
    bench = Bench(BoardModel(axes=2, heaters=1, lamps=0, frequencies=1, duties=1))
    bench.ask(SPARE, m.Configured)
    inputs = bench.ask(replace(WORK, heater_duty=(0.5, 0.5), frequency_hz=(5.0, 5.0)), m.Inputs)
    assert (inputs.heater_duty[1], inputs.lamp_duty) == (0.0, 0.0)
    assert (inputs.frequency_hz, inputs.duty) == ((5.0, 0.0), (0.0, 0.0))
    assert inputs.status & m.Status.LIMITED
    assert bench.wait(0.1).heater_duty == pytest.approx((0.5,), abs=1e-5)


def test_silence_for_the_deadman_time_drives_it_safe(bench: Bench) -> None:
    bench.work(1.0)
    bench.wait(0.4)
    assert bench.drive.heater_duty[0] > 0.0
    bench.wait(0.12)
    assert bench.drive == SAFE
    faults = bench.ask(m.Faults(), m.FaultsReply)
    assert (faults.deadman_trips, faults.last_trip) == (1, m.TripCause.DEADMAN)
    assert str(bench.twin.log[-1]) == "t=1.520 s board dead-man: no frame for 500 ms, outputs safe"


def test_a_host_that_only_chats_does_not_hold_the_heaters_on(bench: Bench) -> None:
    bench.work(0.2)
    for _ in range(10):
        bench.ask(m.Hello(1), m.HelloReply)
        bench.ask(m.Faults(), m.FaultsReply)
        bench.wait(0.1)
    assert bench.twin.status & m.Status.DEADMAN
    assert bench.drive.heater_duty == (0.0, 0.0)


def test_a_deadman_trip_lasts_until_it_is_cleared(bench: Bench) -> None:
    bench.work(0.2)
    bench.wait(1.0)
    assert bench.work(0.5).status & m.Status.DEADMAN
    assert bench.drive.heater_duty == (0.0, 0.0)
    assert not bench.ask(m.Clear(), m.Inputs).status & m.TRIPS
    bench.work(0.5)
    assert bench.drive.heater_duty[0] > 0.0


def test_a_board_never_commanded_has_no_deadman_to_trip(bench: Bench) -> None:
    bench.wait(5.0)
    assert not bench.twin.status & m.TRIPS


@pytest.mark.parametrize("configured", [True, False])
def test_a_stop_needs_no_configuration(configured: bool) -> None:
    bench = Bench()
    if configured:
        bench.ask(CONFIGURE, m.Configured)
        bench.work(1.0)
    assert bench.ask(m.Estop(), m.Inputs).status & m.Status.ESTOPPED
    assert bench.twin.advance(0.02) == (SAFE if configured else OFF)
    assert bench.work(0.3).status & m.Status.ESTOPPED
    assert bench.ask(m.Faults(), m.FaultsReply).last_trip is m.TripCause.HOST_STOP


def test_a_stop_halts_the_pumps_at_once_not_along_their_ramp(bench: Bench) -> None:
    bench.work(1.0)
    bench.ask(m.Estop(), m.Inputs)
    assert bench.twin.advance(0.001) == SAFE


def test_after_a_clear_the_outputs_wait_safe_for_the_next_command(bench: Bench) -> None:
    bench.work(1.0)
    bench.ask(m.Estop(), m.Inputs)
    bench.ask(m.Clear(), m.Inputs)
    assert bench.wait(2.0).heater_duty == (0.0, 0.0)
    assert not bench.twin.status & m.TRIPS


def test_a_pressed_stop_input_stops_and_cannot_be_cleared_while_pressed(bench: Bench) -> None:
    bench.work(0.3)
    bench.sensed = replace(WARM, stop_pressed=True)
    bench.wait(0.02)
    assert bench.twin.status & m.Status.STOP_PRESSED
    assert bench.ask(m.Clear(), m.Refused) == m.Refused(0x05, m.Refusal.CAUSE_STANDS)
    bench.sensed = WARM
    bench.wait(0.02)
    inputs = bench.ask(WORK, m.Inputs)
    assert inputs.status & m.Status.ESTOPPED
    assert not inputs.status & m.Status.STOP_PRESSED
    assert not bench.ask(m.Clear(), m.Inputs).status & m.TRIPS
    assert bench.ask(m.Faults(), m.FaultsReply).last_trip is m.TripCause.STOP_INPUT


@pytest.mark.parametrize(
    ("reading_c", "flag", "text"),
    [
        (90.5, m.Status.OVER_TEMPERATURE, "over-temperature: sensor 0 at 90.50 degC, limit 90.00 degC"),
        (nan, m.Status.SENSOR_FAULT, "sensor fault: sensor 0 has a limit and cannot be read"),
    ],
)
def test_it_guards_a_limited_temperature_by_itself(
    bench: Bench, reading_c: float, flag: m.Status, text: str
) -> None:
    bench.work(0.3)
    bench.sensed = replace(WARM, temperatures_c=(reading_c, 300.0, nan, nan))
    bench.wait(0.02)
    assert bench.twin.status & m.TRIPS == flag
    assert bench.wait(0.02).heater_duty == (0.0, 0.0)
    assert f"{text}, outputs safe" in texts(bench)
    bench.ask(m.Clear(), m.Refused)
    bench.sensed = WARM
    bench.wait(0.02)
    assert not bench.ask(m.Clear(), m.Inputs).status & m.TRIPS


def test_readings_beyond_its_converters_saturate(bench: Bench) -> None:
    bench.sensed = Sensed((20.0, 900.0, -900.0), (1e6, -5.0), stop_pressed=False)
    bench.wait(0.02)
    inputs = bench.ask(WORK, m.Inputs)
    assert inputs.temperatures_c == pytest.approx((20.0, 327.67, -327.67, nan), nan_ok=True)
    assert inputs.pressures_kpa == (6553.4, 0.0)


def test_a_reboot_forgets_everything_and_has_a_new_identity(bench: Bench) -> None:
    before = bench.ask(m.Hello(1), m.HelloReply)
    bench.work(0.5)
    bench.twin.reboot(m.ResetCause.WATCHDOG)
    assert bench.twin.advance(0.02) == OFF
    bench.wait(0.1)
    inputs = bench.ask(WORK, m.Inputs)
    assert not inputs.status & m.Status.CONFIGURED
    assert inputs.tick_ms < 200
    after = bench.ask(m.Hello(1), m.HelloReply)
    assert after.boot_id != before.boot_id
    assert after.reset_cause is m.ResetCause.WATCHDOG


def test_every_fault_of_the_line_is_counted(bench: Bench) -> None:
    crc = bytearray(m.encode(1, WORK))
    crc[-2] ^= 0x40
    bench.twin.feed(bytes(crc) + b"\x09\x01\0" + b"\x01" * 300 + b"\0")
    assert bench.ask(m.Identify(), m.Refused) == m.Refused(0x41, m.Refusal.UNKNOWN_TYPE)
    short = framing.encode(9, 0x03, b"short")
    assert bench.twin.feed(short) == m.encode(9, m.Refused(0x03, m.Refusal.MALFORMED))
    faults = bench.ask(m.Faults(), m.FaultsReply)
    assert (faults.bad_crc, faults.bad_cobs, faults.overruns) == (1, 1, 1)
    assert (faults.unknown_type, faults.malformed) == (1, 1)


def test_its_own_replies_echoed_back_start_no_endless_talk(bench: Bench) -> None:
    echo = bench.twin.feed(m.encode(1, WORK) + m.encode(2, m.Identify()))
    assert bench.twin.feed(echo) == b""


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_noise_never_breaks_it_nor_moves_an_output(chunks: list[bytes]) -> None:
    bench = Bench()
    bench.ask(CONFIGURE, m.Configured)
    before = bench.twin.commanded
    for chunk in chunks:
        bench.twin.feed(chunk)
    bench.twin.feed(b"\0")
    assert bench.twin.commanded == before
    bench.ask(WORK, m.Inputs)


def test_its_log_is_bounded_and_numbered() -> None:
    bench = Bench()
    for _ in range(LOG_LENGTH + 5):
        bench.twin.reboot(m.ResetCause.EXTERNAL)
    assert len(bench.twin.log) == LOG_LENGTH
    newest = bench.twin.log[-1].index
    assert [event.index for event in bench.twin.events_after(newest - 2)] == [newest - 1, newest]


def test_equal_seeds_boot_with_equal_ids() -> None:
    assert texts(Bench()) == texts(Bench())
