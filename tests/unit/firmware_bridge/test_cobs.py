from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.wire import cobs

DATA = st.binary(max_size=cobs.MAX_DECODED)


@given(DATA)
def test_decoding_undoes_encoding(data: bytes) -> None:
    assert cobs.decode(cobs.encode(data)) == data


@given(DATA)
def test_encoded_data_holds_no_zero_and_is_one_byte_longer(data: bytes) -> None:
    encoded = cobs.encode(data)
    assert 0 not in encoded
    assert len(encoded) == len(data) + 1


@pytest.mark.parametrize(
    ("data", "encoded"),
    [
        (b"", "01"),
        (b"\0", "0101"),
        (b"\0\0", "010101"),
        (b"\x11\x22\0\x33", "0311220233"),
        (b"\x11\0\0\0", "0211010101"),
        (bytes(range(1, 254)), "fe" + bytes(range(1, 254)).hex()),
    ],
)
def test_published_examples_encode_as_published(data: bytes, encoded: str) -> None:
    assert cobs.encode(data).hex() == encoded


def test_data_longer_than_a_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="254 bytes do not fit"):
        cobs.encode(bytes(254))


@pytest.mark.parametrize(
    ("encoded", "fault"),
    [
        (b"", "0 stuffed bytes"),
        (b"\x02", "1 bytes past"),
        (b"\x03\x11\x00", "a zero at byte 2"),
        (b"\x01\x00\x01", "a zero at byte 1"),
        (b"\x05\x11\x22", "2 bytes past"),
        (b"\x01" * 255, "255 stuffed bytes"),
    ],
)
def test_what_no_encoder_wrote_is_refused(encoded: bytes, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        cobs.decode(encoded)


@given(st.binary(min_size=1, max_size=300))
def test_any_bytes_decode_or_are_refused(noise: bytes) -> None:
    try:
        data = cobs.decode(noise)
    except ValueError:
        return
    assert cobs.encode(data) == noise
