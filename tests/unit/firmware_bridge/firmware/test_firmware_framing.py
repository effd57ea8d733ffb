from __future__ import annotations

import binascii
import ctypes
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.wire import cobs, framing
from firmware_bridge.wire import messages as m
from tests.unit.firmware_bridge.firmware.host_core import core

GOLDEN = json.loads((Path(__file__).parents[3] / "golden" / "frames.json").read_text(encoding="utf-8"))
PAYLOAD_AT = 4


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    core("mega2560")


class Frame(ctypes.Structure):
    _fields_ = (
        ("sequence", ctypes.c_uint16),
        ("number", ctypes.c_uint8),
        ("length", ctypes.c_uint8),
        ("payload", ctypes.POINTER(ctypes.c_uint8)),
    )


class Receiver(ctypes.Structure):
    _fields_ = (
        ("length", ctypes.c_uint8),
        ("encoded", ctypes.c_uint8 * cobs.MAX_ENCODED),
        ("overlong", ctypes.c_uint32),
        ("bad_cobs", ctypes.c_uint32),
        ("bad_crc", ctypes.c_uint32),
    )


class Stream:
    """The firmware's `FrameStream`."""

    def __init__(self) -> None:
        self.library = core("mega2560")
        self.library.receiver_take.restype = ctypes.c_bool
        self.receiver = Receiver()

    def feed(self, chunk: bytes) -> list[framing.Frame]:
        frames, frame = [], Frame()
        for byte in chunk:
            if self.library.receiver_take(
                ctypes.byref(self.receiver), ctypes.c_uint8(byte), ctypes.byref(frame)
            ):
                payload = bytes(frame.payload[: frame.length])
                frames.append(framing.Frame(frame.sequence, frame.number, payload))
        return frames

    @property
    def damage(self) -> framing.DamageCount:
        receiver = self.receiver
        return framing.DamageCount(receiver.overlong, receiver.bad_cobs, receiver.bad_crc)


def seal(sequence: int, number: int, payload: bytes) -> bytes:
    buffer = ctypes.create_string_buffer(b"\xa5" * PAYLOAD_AT + payload, PAYLOAD_AT + len(payload) + 3)
    library = core("mega2560")
    library.frame_seal.restype = ctypes.c_uint8
    size = library.frame_seal(buffer, ctypes.c_uint16(sequence), ctypes.c_uint8(number), len(payload))
    return buffer.raw[:size]


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_frames_are_read_and_written_byte_for_byte(name: str) -> None:
    encoded = bytes.fromhex(GOLDEN[name])
    (expected,) = framing.FrameStream().feed(encoded)
    stream = Stream()
    assert stream.feed(encoded) == [expected]
    assert seal(*expected) == encoded


@given(
    sequence=st.integers(0, 65535),
    number=st.integers(0, 255),
    payload=st.binary(max_size=framing.MAX_PAYLOAD),
)
def test_every_frame_is_read_and_written_as_python_does(sequence: int, number: int, payload: bytes) -> None:
    encoded = framing.encode(sequence, number, payload)
    if len(encoded) <= 255:
        assert seal(sequence, number, payload) == encoded
    assert Stream().feed(encoded) == [framing.Frame(sequence, number, payload)]


PIECES = st.one_of(
    st.binary(max_size=40),
    st.builds(framing.encode, st.integers(0, 65535), st.integers(0, 255), st.binary(max_size=30)),
    st.integers(240, 300).map(lambda count: b"\x01" * count),
    st.just(b"\0"),
)


@given(
    st.lists(PIECES, max_size=8), st.lists(st.tuples(st.integers(0, 500), st.integers(1, 255)), max_size=3)
)
def test_noise_is_cut_and_counted_as_python_does(pieces: list[bytes], flips: list[tuple[int, int]]) -> None:
    noise = bytearray(b"".join(pieces))
    for place, mask in flips:
        if place < len(noise):
            noise[place] ^= mask
    ours, theirs = framing.FrameStream(), Stream()
    assert theirs.feed(bytes(noise) + b"\0") == ours.feed(bytes(noise) + b"\0")
    assert theirs.damage == ours.damage


@given(st.binary(max_size=255))
def test_a_digest_is_that_of_python(data: bytes) -> None:
    library = core("mega2560")
    library.crc32.restype = ctypes.c_uint32
    assert library.crc32(data, ctypes.c_uint8(len(data))) == binascii.crc32(data)


def test_every_request_of_the_table_fits_the_longest_frame() -> None:
    assert max(layout.size for layout in m.BOARD_REQUESTS.values()) <= framing.MAX_PAYLOAD
