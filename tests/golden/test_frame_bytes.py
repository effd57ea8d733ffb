"""The bytes of every message, fixed for good: firmware in the field speaks them.

A change here is a change of the protocol: raise `PROTOCOL_VERSION`, add a line to the change log, and write
the new bytes with `python tests/golden/test_frame_bytes.py`; a reviewer reads the difference.
"""

from __future__ import annotations

import json
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firmware_bridge.wire import framing
from firmware_bridge.wire import messages as m

if TYPE_CHECKING:
    from firmware_bridge.wire.layout import Layout, Message

GOLDEN_FILE = Path(__file__).with_name("frames.json")
GOLDEN: dict[str, str] = json.loads(GOLDEN_FILE.read_text(encoding="ascii"))
FIRST_HELLO_REPLY = (
    "1c02018101efbeadde0406020402016f737477616c6420312e322e3301010d4f53542d422d30303030343201010103223500"
)
"""Of a board of protocol 1, which must be understood for ever."""
SEQUENCE = 0x0102
TABLES = (m.BOARD_REQUESTS, m.BOARD_REPLIES, m.SPECTROMETER_REQUESTS, m.SPECTROMETER_REPLIES)
LAYOUTS: dict[str, Layout] = {layout.name: layout for table in TABLES for layout in table.values()}

EXAMPLES: tuple[Message, ...] = (
    m.Hello(m.PROTOCOL_VERSION),
    m.HelloReply(
        protocol=m.PROTOCOL_VERSION,
        boot_id=0xDEADBEEF,
        reset_cause=m.ResetCause.WATCHDOG,
        axes=6,
        heaters=2,
        temperatures=4,
        pressures=2,
        lamps=1,
        firmware="ostwald 1.2.3",
        serial_number="OST-B-000042",
        frequencies=2,
        duties=2,
        digitals=4,
    ),
    m.Configure(
        deadman_ms=500,
        safe_pump_steps_s=(0.0, 0.0, 0.0, 0.0, 12.5, 0.0),
        safe_heater_duty=(0.0, 0.0),
        safe_lamp_duty=0.0,
        limit_c=(90.0, 120.25, nan, -10.0),
        limit_steps_s=(20000.0, 20000.0, 1500.0, 1500.0, 1500.0, 0.0),
        limit_steps_s2=(50000, 50000, 4000, 4000, 4000, 0),
        safe_frequency_hz=(0.0, 10.0),
        limit_hz=(300.0, 2_500_000.0),
        safe_duty=(0.0, 0.2),
    ),
    m.Configured(0x12345678),
    m.Outputs((1234.567, 0.0, 0.001, 20000.0, 4294967.295, 0.0), (1.0, 0.0), 0.6, (120.5, 0.001), (0.4, 1.0)),
    m.Inputs(
        tick_ms=123456,
        status=m.Status.CONFIGURED | m.Status.STOP_PRESSED,
        temperatures_c=(45.25, -5.5, nan, 327.67),
        pressures_kpa=(101.3, nan),
        pump_steps_s=(1234.567, 0.0, 0.001, 20000.0, 0.0, 0.0),
        heater_duty=(1.0, 0.0),
        lamp_duty=0.6,
        frequency_hz=(120.5, 0.001),
        duty=(0.4, 1.0),
        digital_bits=0b1001,
    ),
    m.Estop(),
    m.Clear(),
    m.Faults(),
    m.FaultsReply(1, 2, 3, 4, 5, 6, m.TripCause.OVER_TEMPERATURE, 7_000_000),
    m.Refused(0x05, m.Refusal.CAUSE_STANDS),
    m.Identify(),
    m.Identity("OST-2048", "S-0007", 2048, (340.0, 0.25, 0.0, -0.0), 65535, 1000, 10_000_000),
    m.Expose(20_000, 8),
    m.Exposing(3, 160),
    m.Fetch(3, 100),
    m.NotReady(3, 41),
    m.Pixels(3, 2000, 48, (*range(1000, 1048), *([0] * 52))),
)


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_a_message_has_exactly_these_bytes(message: Message) -> None:
    assert m.encode(SEQUENCE, message).hex() == GOLDEN[type(message).__name__]


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_these_bytes_mean_exactly_this_message(message: Message) -> None:
    (frame,) = framing.FrameStream().feed(bytes.fromhex(GOLDEN[type(message).__name__]))
    layout = LAYOUTS[type(message).__name__]
    assert (frame.sequence, frame.number) == (SEQUENCE, layout.number)
    read = layout.unpack(frame.payload)
    assert m.encode(SEQUENCE, read) == m.encode(SEQUENCE, message)
    for name, wire in layout.fields.items():
        if wire.scale == 1:
            assert getattr(read, name) == getattr(message, name)
        else:
            assert getattr(read, name) == pytest.approx(
                getattr(message, name), abs=0.5 / wire.scale, nan_ok=True
            )


def test_every_message_of_the_table_has_golden_bytes() -> None:
    assert {type(message).__name__ for message in EXAMPLES} == set(LAYOUTS) == set(GOLDEN)


def test_the_greeting_of_the_first_version_is_still_understood() -> None:
    (frame,) = framing.FrameStream().feed(bytes.fromhex(FIRST_HELLO_REPLY))
    reply = m.decode(frame, m.BOARD_REPLIES)
    assert isinstance(reply, m.HelloReply)
    assert (reply.protocol, reply.serial_number, reply.digitals) == (1, "OST-B-000042", 0)


if __name__ == "__main__":
    frames = {type(message).__name__: m.encode(SEQUENCE, message).hex() for message in EXAMPLES}
    GOLDEN_FILE.write_text(json.dumps(frames, indent=2) + "\n", encoding="ascii")
