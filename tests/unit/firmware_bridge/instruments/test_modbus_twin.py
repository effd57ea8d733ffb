"""The simulated serial side of Modbus instruments, from the specification."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.simulator.instruments.interfaces import TwinSettings
from firmware_bridge.simulator.instruments.modbus_server import crc16
from firmware_bridge.simulator.instruments.omega_cn7500 import OmegaCN7500Twin
from firmware_bridge.simulator.instruments.registry import make_twin
from firmware_bridge.simulator.instruments.zone import HeatedZone


def rtu(text: str) -> bytes:
    body = bytes.fromhex(text)
    return body + crc16(body)


def eurotherm():
    return make_twin("eurotherm-3200", TwinSettings("1"))


def test_the_crc_is_the_specifications() -> None:
    # Watlow's Controls Communications Guide, page 17.
    assert rtu("01 06 00 07 2E E0") == bytes.fromhex("01 06 00 07 2E E0 24 23")
    assert rtu("01 02 00 01 00 02") == bytes.fromhex("01 02 00 01 00 02 A8 0B")
    assert rtu("01 86 02") == bytes.fromhex("01 86 02 C3 A1")


def test_unknown_functions_addresses_and_values_are_refused_by_their_codes() -> None:
    twin = eurotherm()
    assert twin.feed(rtu("01 07 00 00 00 00")) == rtu("01 87 01")
    assert twin.feed(rtu("01 03 0F 00 00 01")) == rtu("01 83 02")
    assert twin.feed(rtu("01 03 00 01 00 7E")) == rtu("01 83 03")
    assert twin.feed(rtu("01 06 01 14 00 02")) == rtu("01 86 03")
    assert twin.feed(rtu("01 06 00 01 00 02")) == rtu("01 86 02")


def test_half_a_float_is_not_written() -> None:
    twin = eurotherm()
    assert twin.feed(rtu("01 10 80 34 00 01 02 42 70")) == rtu("01 90 02")
    assert twin.log == []


def test_what_is_for_another_unit_or_damaged_stays_unanswered_and_undone() -> None:
    twin = eurotherm()
    assert twin.feed(rtu("02 06 01 14 00 01")) == b""
    assert twin.feed(bytes.fromhex("01 06 01 14 00 01 00 00")) == b""
    assert twin.log == []


def test_a_broadcast_is_obeyed_without_an_answer() -> None:
    twin = eurotherm()
    assert twin.feed(rtu("00 06 01 14 00 01")) == b""
    assert "selects the remote setpoint" in twin.log[-1]


def test_a_frame_in_pieces_is_one_and_a_pause_ends_it() -> None:
    twin = eurotherm()
    frame = rtu("01 03 00 4B 00 01")
    assert [twin.feed(bytes((byte,))) for byte in frame[:-1]] == [b""] * 7
    assert twin.feed(frame[-1:]) == rtu("01 03 02 00 00")
    twin.feed(frame[:4])
    twin.advance(0.1)
    assert twin.feed(frame) == rtu("01 03 02 00 00")


def test_ascii_takes_up_again_at_the_next_colon() -> None:
    twin = OmegaCN7500Twin(TwinSettings("1"))
    assert twin.feed(b"xx:0103:01031000") == b""
    assert twin.feed(b"0002EA\r\n") == b":010304" + b"00FA0000" + b"FE\r\n"
    assert twin.feed(b":010310000002EB\r\n:zz\r\n") == b""


def test_faults_can_be_had() -> None:
    twin = eurotherm()
    request = rtu("01 03 00 4B 00 01")
    twin.faults.refuse = 6
    assert twin.feed(request) == rtu("01 83 06")
    twin.faults.refuse, twin.faults.garble = None, True
    assert twin.feed(request) not in (b"", rtu("01 03 02 00 00"))
    twin.faults.garble, twin.faults.silent = False, True
    assert twin.feed(request) == b""


@given(st.lists(st.binary(max_size=40), max_size=20), st.booleans())
def test_no_bytes_break_it_or_grow_its_memory(chunks: list[bytes], ascii_frames: bool) -> None:
    twin = OmegaCN7500Twin(TwinSettings("1", {"frame": "ascii" if ascii_frames else "rtu"}))
    for chunk in chunks:
        assert len(twin.feed(chunk * 20)) < 2000
    twin.advance(1.0)
    if not ascii_frames:
        assert twin.feed(rtu("01 03 10 2F 00 01")) == rtu("01 03 02 01 00")


def test_the_zone_settles_at_its_setpoint_with_little_overshoot() -> None:
    zone = HeatedZone()
    hottest_c = 0.0
    for _ in range(6000):
        zone.advance(0.1, 60.0)
        hottest_c = max(hottest_c, zone.temperature_c)
    assert zone.temperature_c == pytest.approx(60.0, abs=0.1)
    assert hottest_c < 62.0
    assert 0.0 < zone.power < 1.0


def test_a_broken_sensor_takes_the_power_off() -> None:
    zone = HeatedZone()
    zone.advance(0.1, 60.0)
    assert zone.power == 1.0
    zone.broken = True
    zone.advance(0.1, 60.0)
    assert zone.power == 0.0


def test_the_zone_follows_the_plant_once_it_is_shown() -> None:
    zone = HeatedZone()
    zone.sense(float("nan"))
    zone.sense(80.0)
    for _ in range(100):
        zone.advance(0.1, 60.0)
    assert zone.filtered_c == pytest.approx(80.0)
    assert zone.power == 0.0
