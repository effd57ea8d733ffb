from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.simulator.faults import FaultyPort, LineFaults


class Recorder:
    """A device that notes what it gets, and echoes it."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def feed(self, chunk: bytes) -> bytes:
        if chunk:
            self.pieces.append(chunk)
        return chunk


@given(st.lists(st.binary(max_size=60), max_size=8), st.integers(0, 99))
def test_splitting_changes_no_byte(chunks: list[bytes], seed: int) -> None:
    device = Recorder()
    port = FaultyPort(device, LineFaults(split=True), seed=seed)
    replies = b"".join(port.feed(chunk) for chunk in chunks)
    assert b"".join(device.pieces) == replies == b"".join(chunks)


def test_splitting_does_split() -> None:
    device = Recorder()
    FaultyPort(device, LineFaults(split=True), seed=1).feed(bytes(100))
    assert len(device.pieces) > 1


def test_flips_turn_single_bits_about_as_often_as_asked() -> None:
    device = Recorder()
    FaultyPort(device, LineFaults(flip_per_byte=0.1), seed=2).feed(bytes(10_000))
    (received,) = device.pieces
    assert len(received) == 10_000
    assert 850 < sum(map(bool, received)) < 1150
    assert all(byte.bit_count() <= 1 for byte in received)


def test_losses_are_about_as_many_as_asked() -> None:
    device = Recorder()
    FaultyPort(device, LineFaults(loss_per_byte=0.1), seed=3).feed(bytes(10_000))
    assert 8850 < len(device.pieces[0]) < 9150


def test_single_bytes_arrive_one_by_one() -> None:
    device = Recorder()
    assert FaultyPort(device, LineFaults(single=True), seed=3).feed(b"ping") == b"ping"
    assert device.pieces == [b"p", b"i", b"n", b"g"]


def test_a_babbling_line_brings_both_ends_what_nobody_sent() -> None:
    device = Recorder()
    port = FaultyPort(device, LineFaults(babble_bytes_s=100.0), seed=3)
    for _ in range(10):
        port.advance(0.015)
    heard = port.feed(b"")
    assert len(b"".join(device.pieces)) == 15
    assert len(heard) == 15 + 15  # its own babble, and what the device echoed


def test_a_repaired_line_carries_what_it_gets() -> None:
    port = FaultyPort(Recorder(), LineFaults(loss_per_byte=1.0), seed=3)
    assert port.feed(b"ping") == b""
    port.faults = LineFaults()
    assert port.feed(b"ping") == b"ping"


def test_equal_seeds_do_equal_damage() -> None:
    faults = LineFaults(flip_per_byte=0.1, loss_per_byte=0.1, split=True)
    data = bytes(range(256))
    assert FaultyPort(Recorder(), faults, seed=4).feed(data) == FaultyPort(Recorder(), faults, seed=4).feed(
        data
    )


def test_a_delay_holds_bytes_back_each_way_in_simulated_time() -> None:
    device = Recorder()
    port = FaultyPort(device, LineFaults(delay_s=0.5), seed=5)
    assert port.feed(b"ping") == b""
    port.advance(0.5)
    assert port.feed(b"") == b""
    assert device.pieces == [b"ping"]
    port.advance(0.5)
    assert port.feed(b"") == b"ping"
