from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.wire import cobs, framing
from firmware_bridge.wire.framing import MAX_PAYLOAD, Damage, Frame, FrameError, FrameStream

FRAMES = st.builds(Frame, st.integers(0, 65535), st.integers(0, 255), st.binary(max_size=MAX_PAYLOAD))
FRAME = framing.encode(7, 3, b"\0\1\2\0payload")


def encode(frame: Frame) -> bytes:
    return framing.encode(*frame)


@given(st.lists(FRAMES, max_size=5), st.data())
def test_frames_survive_any_cutting_of_the_stream(frames: list[Frame], data: st.DataObject) -> None:
    wire = b"".join(map(encode, frames))
    cuts = data.draw(st.lists(st.integers(0, len(wire)), max_size=6).map(sorted))
    stream = FrameStream()
    received = [
        frame for start, stop in pairwise([0, *cuts, len(wire)]) for frame in stream.feed(wire[start:stop])
    ]
    assert received == frames
    assert stream.damage.total == 0


@given(FRAMES)
def test_no_frame_exceeds_the_limit_of_the_wire(frame: Frame) -> None:
    assert len(encode(frame)) <= 254 + 1


def test_the_checksum_is_the_catalogued_crc_16_ibm_3740() -> None:
    # Check value of the CRC catalogue: 0x29B1 over "123456789".
    raw = cobs.decode(framing.encode(0x3231, 0x33, b"456789")[:-1])
    assert raw == b"123456789" + (0x29B1).to_bytes(2, "little")


def test_every_single_flipped_bit_is_noticed() -> None:
    for bit in range(8 * (len(FRAME) - 1)):
        damaged = bytearray(FRAME)
        damaged[bit // 8] ^= 1 << bit % 8
        assert FrameStream().feed(bytes(damaged)) == []


def test_every_lost_byte_is_noticed_and_the_next_frame_is_not_harmed() -> None:
    for lost in range(len(FRAME) - 1):
        stream = FrameStream()
        received = stream.feed(FRAME[:lost] + FRAME[lost + 1 :] + framing.encode(8, 3, b"next"))
        assert received == [Frame(8, 3, b"next")]
        assert stream.damage.total == 1


def test_a_lost_delimiter_costs_both_frames_it_parted() -> None:
    stream = FrameStream()
    assert stream.feed(FRAME[:-1] + FRAME) == []
    assert stream.feed(FRAME) == [framing.decode(FRAME[:-1])]


@given(st.lists(st.binary(max_size=600), max_size=8))
def test_noise_never_takes_more_memory_than_a_frame(chunks: list[bytes]) -> None:
    stream = FrameStream()
    for chunk in chunks:
        stream.feed(chunk)
        assert len(stream._pending) <= cobs.MAX_ENCODED + 1
    stream.feed(b"\0")
    assert stream.feed(FRAME) == [framing.decode(FRAME[:-1])]


def test_damage_is_counted_by_its_cause() -> None:
    stream = FrameStream()
    bad_crc = bytearray(FRAME)
    bad_crc[-2] ^= 1
    stream.feed(b"\x01" * 300 + b"\0" + b"\x09\x01\0" + b"\x02\x01\0" + bytes(bad_crc))
    assert (stream.damage.overlong, stream.damage.stuffing, stream.damage.checksum) == (1, 2, 1)


def test_a_reset_forgets_half_a_frame() -> None:
    stream = FrameStream()
    stream.feed(FRAME[:5])
    stream.reset()
    assert len(stream.feed(FRAME)) == 1


def test_a_frame_error_carries_the_bytes_and_the_damage() -> None:
    with pytest.raises(FrameError, match="bad COBS") as caught:
        framing.decode(b"\x09\x01")
    assert (caught.value.damage, caught.value.data) == (Damage.STUFFING, b"\x09\x01")


def test_a_payload_beyond_the_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        framing.encode(0, 1, bytes(MAX_PAYLOAD + 1))
