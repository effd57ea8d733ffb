from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.wire import framing
from firmware_bridge.wire import messages as m
from firmware_bridge.wire.framing import Frame
from firmware_bridge.wire.layout import C_TYPES, Layout, Message, MessageError, Wire

OUTPUTS = m.Outputs((0.0,) * 6, (0.0, 0.0), 0.0, (0.0, 0.0), (0.0, 0.0))
INPUTS = m.Inputs(
    0, m.Status(0), (0.0,) * 4, (0.0,) * 2, (0.0,) * 6, (0.0, 0.0), 0.0, (0.0, 0.0), (0.0, 0.0), 0
)
TABLES = (m.BOARD_REQUESTS, m.BOARD_REPLIES, m.SPECTROMETER_REQUESTS, m.SPECTROMETER_REPLIES)

OUTPUTS_ANY = st.builds(
    m.Outputs,
    st.tuples(*[st.floats(0.0, 4294967.0)] * 6),
    st.tuples(*[st.floats(0.0, 1.0)] * 2),
    st.floats(0.0, 1.0),
    st.tuples(*[st.floats(0.0, 4294967.0)] * 2),
    st.tuples(*[st.floats(0.0, 1.0)] * 2),
)


def carry(message: m.Outputs) -> m.Outputs:
    layout = m.BOARD_REQUESTS[0x03]
    read = layout.unpack(layout.pack(message))
    assert isinstance(read, m.Outputs)
    return read


@given(OUTPUTS_ANY)
def test_outputs_cross_the_wire_within_half_a_step(outputs: m.Outputs) -> None:
    read = carry(outputs)
    assert read.pump_steps_s == pytest.approx(outputs.pump_steps_s, abs=0.5e-3)
    assert read.heater_duty == pytest.approx(outputs.heater_duty, abs=0.5 / 65535)
    assert read.lamp_duty == pytest.approx(outputs.lamp_duty, abs=0.5 / 65535)
    assert read.frequency_hz == pytest.approx(outputs.frequency_hz, abs=0.5e-3)
    assert read.duty == pytest.approx(outputs.duty, abs=0.5 / 65535)


@given(OUTPUTS_ANY)
def test_what_has_crossed_the_wire_once_crosses_it_unchanged(outputs: m.Outputs) -> None:
    once = carry(outputs)
    assert carry(once) == once


@pytest.mark.parametrize("table", TABLES)
@given(payload=st.binary(max_size=framing.MAX_PAYLOAD), number=st.integers(0, 255))
def test_any_payload_is_a_message_or_is_refused(
    table: dict[int, Layout], payload: bytes, number: int
) -> None:
    try:
        message = m.decode(Frame(0, number, payload), table)
    except MessageError:
        return
    message_class = table[number].message_class
    assert type(message) is message_class
    if message_class.FIRST_SIZE is None:
        assert len(payload) == table[number].size
    else:
        assert len(payload) >= message_class.FIRST_SIZE


def test_a_greeting_is_understood_whatever_a_later_version_added_to_it() -> None:
    layout = m.BOARD_REPLIES[0x81]
    reply = m.HelloReply(9, 7, m.ResetCause.POWER_ON, 6, 2, 4, 2, 1, "firmware", "B-1", 2, 2, 4)
    payload = layout.pack(reply)
    assert layout.unpack(payload + b"more") == reply
    assert layout.unpack(payload[:43]) == replace(reply, frequencies=0, duties=0, digitals=0)
    with pytest.raises(MessageError, match="HelloReply: 42 bytes of payload, not 46"):
        layout.unpack(payload[:42])


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        (replace(OUTPUTS, heater_duty=(1.5, 0.0)), r"Outputs\.heater_duty"),
        (replace(OUTPUTS, heater_duty=(-0.1, 0.0)), r"Outputs\.heater_duty"),
        (replace(OUTPUTS, lamp_duty=nan), r"Outputs\.lamp_duty"),
        (replace(OUTPUTS, frequency_hz=(0.0, -1.0)), r"Outputs\.frequency_hz"),
        (replace(OUTPUTS, frequency_hz=(0.0, 4294968.0)), r"Outputs\.frequency_hz"),
        (replace(OUTPUTS, duty=(1.1, 0.0)), r"Outputs\.duty"),
        (replace(OUTPUTS, pump_steps_s=(inf, 0.0, 0.0, 0.0, 0.0, 0.0)), r"Outputs\.pump_steps_s"),
        # One too many here and one too few there would fill the frame exactly.
        (replace(OUTPUTS, pump_steps_s=(0.0,) * 7, heater_duty=(0.0,)), r"Outputs\.pump_steps_s"),
        (m.Hello(256), r"Hello\.protocol: 256 does not fit 1 x uint8_t"),
        (m.Identity("far too long a name", "", 1, (0.0,) * 4, 1, 1, 1), r"Identity\.model"),
        (m.Identity("µ", "", 1, (0.0,) * 4, 1, 1, 1), r"Identity\.model"),
    ],
)
def test_a_value_that_does_not_fit_is_named(wrong: Message, place: str) -> None:
    with pytest.raises(MessageError, match=place):
        m.encode(0, wrong)


def test_a_broken_sensor_is_nan_on_both_sides_of_the_wire() -> None:
    inputs = replace(INPUTS, temperatures_c=(20.0, nan, nan, nan), pressures_kpa=(nan, 100.0))
    layout = m.BOARD_REPLIES[0x83]
    read = layout.unpack(layout.pack(inputs))
    assert isinstance(read, m.Inputs)
    assert read.temperatures_c == pytest.approx((20.0, nan, nan, nan), nan_ok=True)
    assert read.pressures_kpa == pytest.approx((nan, 100.0), nan_ok=True)


def test_an_unknown_type_says_its_number() -> None:
    with pytest.raises(m.UnknownTypeError, match="0x7F"):
        m.decode(Frame(0, 0x7F, b""), m.BOARD_REQUESTS)


def test_an_unknown_reason_is_refused_rather_than_guessed() -> None:
    with pytest.raises(MessageError, match="Refused: 200") as caught:
        m.decode(Frame(0, 0xFF, b"\x02\xc8"), m.BOARD_REPLIES)
    assert caught.value.data == b"\x02\xc8"


def test_replies_and_requests_have_numbers_of_their_own() -> None:
    requests = [*m.BOARD_REQUESTS, *m.SPECTROMETER_REQUESTS]
    replies = {*m.BOARD_REPLIES, *m.SPECTROMETER_REPLIES}
    assert len(set(requests)) == len(requests)
    assert all(number & m.REPLY_BIT for number in replies)
    assert not any(number & m.REPLY_BIT for number in requests)


def test_every_field_has_a_fixed_place_that_c_can_name() -> None:
    for table in TABLES:
        for layout in table.values():
            assert layout.size <= framing.MAX_PAYLOAD
            assert all(wire.code in C_TYPES for wire in layout.fields.values())


def test_an_exchange_with_the_largest_board_fits_a_slow_line() -> None:
    outputs = m.encode(0, OUTPUTS)
    inputs = m.encode(0, INPUTS)
    assert (len(outputs), len(inputs)) == (49, 68)  # 100 Hz at 115200 baud use 59 % of the busier direction


def test_the_digest_changes_with_every_field() -> None:
    pair = (0.0, 0.0)
    base = m.Configure(500, (0.0,) * 6, pair, 0.0, (nan,) * 4, (1.0,) * 6, (1,) * 6, pair, pair, pair)
    others = (
        replace(base, deadman_ms=501),
        replace(base, safe_lamp_duty=0.5),
        replace(base, limit_c=(90.0, nan, nan, nan)),
        replace(base, limit_steps_s2=(2, 1, 1, 1, 1, 1)),
        replace(base, safe_frequency_hz=(0.0, 0.001)),
        replace(base, limit_hz=(0.001, 0.0)),
        replace(base, safe_duty=(0.0, 1.0)),
    )
    assert len({m.digest(each) for each in (base, *others)}) == 8


def test_a_struct_code_that_c_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match="struct code 'q'"):
        Wire("q")
