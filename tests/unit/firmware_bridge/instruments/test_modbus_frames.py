"""Modbus on the wire: every answer that is not the one asked for is damage, never data."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices.instruments.base import Ask, InstrumentSettings
from firmware_bridge.devices.instruments.modbus import Table, Unit, read_unit
from firmware_bridge.devices.instruments.registers import Kind, Order, decode, encode
from firmware_bridge.devices.interfaces import DeviceError
from firmware_bridge.simulator.instruments.modbus_server import crc16

RTU = Unit(1, ascii=False, baud=9600)
ASCII = Unit(1, ascii=True, baud=9600)


def rtu(text: str) -> bytes:
    body = bytes.fromhex(text)
    return body + crc16(body)


def ask_of(script) -> Ask:
    ask = next(script)
    assert isinstance(ask, Ask)
    return ask


def result_of(script, answer: bytes):
    ask = next(script)
    assert ask.ends(answer) == len(answer)
    with pytest.raises(StopIteration) as ended:
        script.send(answer)
    return ended.value.value


def test_a_read_is_framed_as_watlows_guide_prints_it() -> None:
    # Controls Communications Guide, page 15: model number of the controller at address 1.
    assert ask_of(RTU.read_registers(0)).data == bytes.fromhex("01 03 00 00 00 01 84 0A")
    assert result_of(RTU.read_registers(0), bytes.fromhex("01 03 02 03 DC B9 2D")) == (988,)


def test_a_write_is_framed_as_watlows_guide_prints_it() -> None:
    frame = bytes.fromhex("09 06 00 07 00 C8 38 D5")
    unit = Unit(9, ascii=False, baud=9600)
    assert ask_of(unit.write_register(7, 200)).data == frame
    assert result_of(unit.write_register(7, 200), frame) is None


def test_ascii_is_framed_as_deltas_manual_prints_it() -> None:
    # DT3 user manual, page 20.
    assert ask_of(ASCII.read_registers(0x1000, 2)).data == b":010310000002EA\r\n"
    assert result_of(ASCII.read_registers(0x1000, 2), b":01030401F4000003\r\n") == (500, 0)
    assert ask_of(ASCII.write_register(0x1001, 1000)).data == b":0106100103E8FD\r\n"
    assert ask_of(ASCII.write_bit(0x0810, on=True)).data == b":01050810FF00E3\r\n"
    bits = result_of(ASCII.read_bits(0x0810, 9, Table.DISCRETE), b":0102021701E3\r\n")
    assert bits == (True, True, True, False, True, False, False, False, True)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (rtu("02 03 02 00 01"), "unit 2 answers, 1 was asked"),
        (rtu("01 04 02 00 01"), "function 4 is answered, 3 was asked"),
        (rtu("01 03 04 00 01 00 02"), "another request"),
        (bytes.fromhex("01 03 02 00 01 00 00"), "wrong CRC"),
        (bytes.fromhex("00") + rtu("01 03 02 00 01"), "unit 0 answers"),
    ],
)
def test_another_answer_than_the_one_asked_for_is_damage(answer: bytes, why: str) -> None:
    ask = ask_of(RTU.read_registers(0))
    assert ask.ends is not None
    with pytest.raises(ValueError, match=why):
        ask.ends(answer)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"0103020001F9\r\n", "not with a colon"),
        (b":0103020001F8\r\n", "wrong LRC"),
        (b":02030200 1F8\r\n", "hexadecimal"),
        (b":0203020001F8\r\n", "unit 2 answers"),
        (b":01030400010002F5\r\n", "another request"),
        (b":0103020001000000\r\n", "wrong LRC"),
        (b":" + b"0" * 40, "no end"),
    ],
)
def test_another_ascii_answer_is_damage(answer: bytes, why: str) -> None:
    ask = ask_of(ASCII.read_registers(0))
    assert ask.ends is not None
    with pytest.raises(ValueError, match=why):
        ask.ends(answer)


def test_an_echoed_write_must_say_what_was_written() -> None:
    ask = ask_of(RTU.write_register(7, 200))
    assert ask.ends is not None
    with pytest.raises(ValueError, match="another request"):
        ask.ends(rtu("01 06 00 07 00 C9"))
    ask = ask_of(RTU.write_registers(7, (1, 2)))
    assert ask.ends is not None
    with pytest.raises(ValueError, match="another request"):
        ask.ends(rtu("01 10 00 07 00 01"))


@pytest.mark.parametrize(
    ("code", "why"),
    [(1, "function"), (2, "no such address"), (3, "refuses this value"), (4, "failed"), (99, "says no")],
)
def test_an_exception_is_told_with_its_function_and_address(code: int, why: str) -> None:
    script = RTU.read_registers(0x1000)
    next(script)
    with pytest.raises(
        DeviceError, match=rf"function 3 at address 4096 \(0x1000\): .*{why}.*\(exception {code}\)"
    ):
        script.send(rtu(f"01 83 {code:02x}"))


def test_a_busy_unit_is_left_alone_for_a_while_and_asked_again() -> None:
    script = RTU.read_registers(0)
    first = next(script)
    again = script.send(rtu("01 83 06"))
    assert again.data == first.data
    assert again.quiet_s > first.quiet_s
    with pytest.raises(StopIteration) as ended:
        script.send(rtu("01 03 02 00 2A"))
    assert ended.value.value == (42,)


@pytest.mark.parametrize(
    ("baud", "quiet_s"), [(9600, 3.5 * 11 / 9600), (1200, 3.5 * 11 / 1200), (115200, 1.75e-3)]
)
def test_rtu_wants_silence_of_three_and_a_half_characters(baud: int, quiet_s: float) -> None:
    assert ask_of(Unit(1, ascii=False, baud=baud).read_registers(0)).quiet_s == pytest.approx(quiet_s)
    assert ask_of(Unit(1, ascii=True, baud=baud).read_registers(0)).quiet_s == 0.0


def test_a_slow_line_is_waited_for() -> None:
    slow, fast = (ask_of(Unit(1, ascii=True, baud=baud).read_registers(0, 8)) for baud in (1200, 38400))
    # 17 characters asked and 43 answered, at 11 bits.
    assert slow.timeout_s - fast.timeout_s == pytest.approx((17 + 43) * 11 * (1 / 1200 - 1 / 38400))


@given(st.binary(max_size=600), st.booleans(), st.sampled_from([1, 3, 6]))
def test_no_bytes_do_more_than_be_damage(data: bytes, ascii_frames: bool, function: int) -> None:
    unit = ASCII if ascii_frames else RTU
    scripts = {1: unit.read_bits(0, 9), 3: unit.read_registers(0, 4), 6: unit.write_register(0, 1)}
    ask = next(scripts[function])
    assert ask.ends is not None
    with suppress(ValueError):
        assert 0 <= ask.ends(data or b"\0") <= max(len(data), 1)


@given(st.integers(0, 0xFFFF), st.integers(1, 125), st.data())
def test_every_frame_that_a_unit_sends_is_understood(address: int, count: int, data: st.DataObject) -> None:
    words = data.draw(st.lists(st.integers(0, 0xFFFF), min_size=count, max_size=count))
    payload = b"".join(word.to_bytes(2, "big") for word in words)
    body = bytes((1, 3, 2 * count)) + payload
    assert result_of(RTU.read_registers(address, count), body + crc16(body)) == tuple(words)
    text = body + bytes((-sum(body) & 0xFF,))
    assert result_of(
        ASCII.read_registers(address, count), b":" + text.hex().upper().encode() + b"\r\n"
    ) == tuple(words)


@given(st.sampled_from(Kind), st.sampled_from(Order), st.integers(-32768, 32767))
def test_numbers_survive_their_registers(kind: Kind, order: Order, value: int) -> None:
    if kind in (Kind.UINT16, Kind.UINT32):
        value = abs(value)
    words = encode(float(value), kind, order)
    assert len(words) == kind.words
    assert decode(words, kind, order) == value


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (40000.0, Kind.INT16),
        (-1.0, Kind.UINT16),
        (1e10, Kind.INT32),
        (1e39, Kind.FLOAT32),
        (float("nan"), Kind.INT16),
    ],
)
def test_a_number_that_does_not_fit_is_refused(value: float, kind: Kind) -> None:
    with pytest.raises(DeviceError, match=f"does not fit into {kind.value}"):
        encode(value, kind)


def test_a_nan_is_never_sent() -> None:
    with pytest.raises(DeviceError, match="does not fit"):
        encode(float("nan"), Kind.FLOAT32)
    with pytest.raises(DeviceError, match="does not fit"):
        encode(float("inf"), Kind.FLOAT32)


def test_the_low_word_may_come_first() -> None:
    # Watlow's communications manual, chapter 2: 75.0.
    assert encode(75.0, Kind.FLOAT32, Order.LOW_FIRST) == (0x0000, 0x4296)
    assert decode((0x0000, 0x4296), Kind.FLOAT32, Order.LOW_FIRST) == 75.0


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (InstrumentSettings("0"), "address '0'"),
        (InstrumentSettings("248"), "address '248'"),
        (InstrumentSettings("1", {"frame": "tcp"}), "frame 'tcp': choose one of rtu, ascii"),
        (InstrumentSettings("1", {"baud": "31250"}), "baud '31250'"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(settings: InstrumentSettings, why: str) -> None:
    with pytest.raises(DeviceError, match=why):
        read_unit(settings, frames=("rtu", "ascii"))
