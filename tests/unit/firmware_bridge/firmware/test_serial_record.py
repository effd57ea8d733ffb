from __future__ import annotations

from binascii import crc_hqx

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.errors import BridgeError
from firmware_bridge.firmware.serial_record import intel_hex, serial_record


def test_a_record_is_the_text_and_its_checksum() -> None:
    record = serial_record("OST-7")
    assert record[:16] == b"OST-7".ljust(16, b"\0")
    assert int.from_bytes(record[16:], "little") == crc_hqx(record[:16], 0xFFFF)


@pytest.mark.parametrize("text", ["", "OST-00000000000017", "OST\n7", "Öst-7"])
def test_a_text_that_no_record_holds_is_refused(text: str) -> None:
    with pytest.raises(BridgeError, match="give 1 to 16 printable ASCII characters"):
        serial_record(text)


@given(st.binary(max_size=200))
def test_every_line_of_intel_hex_sums_to_zero_and_together_they_are_the_data(data: bytes) -> None:
    lines = [bytes.fromhex(line.removeprefix(":")) for line in intel_hex(data).splitlines()]
    assert all(sum(line) % 256 == 0 for line in lines)
    assert b"".join(line[4:-1] for line in lines if line[3] == 0) == data
    assert lines[-1] == bytes((0, 0, 0, 1, 0xFF))
