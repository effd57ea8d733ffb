"""The flight recorder's ring: what is written is read, and what was lost is said to be lost."""

from __future__ import annotations

import mmap
import struct
from dataclasses import replace
from math import copysign, nan
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.commands import EmergencyStop, Request, SetTargets
from controller.domain.plain import PlainError
from controller.domain.readings import Inputs, ReactorState
from controller.runtime import recorder as recorders
from controller.runtime.mailbox import MAX_COMMANDS_A_TICK, MAX_DATAGRAM
from controller.runtime.recorder import (
    CHECKPOINT,
    RING_BYTES,
    TICK,
    Recorder,
    RingReader,
    decode_checkpoint,
    decode_tick,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INPUTS = Inputs(
    values=(25.0, nan),
    qualities=(1, 3),
    boards_ready=True,
    stop_cause="",
    stop_pressed=False,
    service_alive=True,
    boards_lost=(False,),
)
BOOT = 2**64 - 1
HEAD = 32  # bytes before the ring's first record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "recorder"


@pytest.fixture(autouse=True)
def recorder(path: Path) -> Iterator[Recorder]:
    writer = Recorder(path, channels=2, boards=1, boot_id=BOOT)
    yield writer
    writer.close()


@pytest.fixture
def reader(path: Path) -> Iterator[RingReader]:
    opened = RingReader(path)
    yield opened
    opened.close()


def write(recorder: Recorder, *ticks: int) -> None:
    for tick in ticks:
        recorder.tick(tick, 0.02, INPUTS, (), ReactorState.READY, (nan, tick / 10))


def fill(recorder: Recorder, of_the_ring: float) -> None:
    """Write checkpoints of about 64 KiB until a share of the ring has gone by."""
    for tick in range(int(of_the_ring * RING_BYTES / 2**16)):
        recorder.checkpoint(tick, Request(EmergencyStop("x" * 2**16)))


def ticks_in(records: list[tuple[int, bytes]]) -> list[int]:
    return [decode_tick(body, 2, 1).tick for kind, body in records if kind == TICK]


def damage(path: Path, at: int) -> None:
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        memory[at] ^= 0xFF


def test_a_reader_gets_every_record_once_and_in_order(recorder: Recorder, reader: RingReader) -> None:
    assert reader.read() == ([], False)
    write(recorder, 1, 2)
    records, lost = reader.read()
    assert (ticks_in(records), lost) == ([1, 2], False)
    write(recorder, 3)
    assert ticks_in(reader.read()[0]) == [3]
    assert reader.read() == ([], False)


def test_a_ring_says_whose_it_is(reader: RingReader) -> None:
    assert (reader.channels, reader.boards, reader.boot_id) == (2, 1, BOOT)


def test_records_are_whole_where_the_ring_begins_again(recorder: Recorder, reader: RingReader) -> None:
    tick = 0
    for _ in range(5):
        fill(recorder, 0.6)
        write(recorder, *range(tick, tick + 300))
        records, lost = reader.read()
        assert not lost
        assert ticks_in(records) == list(range(tick, tick + 300))
        tick += 300


def test_a_reader_that_was_overtaken_is_told_and_goes_on_with_what_comes_next(
    recorder: Recorder, reader: RingReader
) -> None:
    write(recorder, 1)
    fill(recorder, 1.1)
    assert reader.read() == ([], True)
    write(recorder, 2)
    records, lost = reader.read()
    assert (ticks_in(records), lost) == ([2], False)


def test_a_reader_that_comes_late_to_a_ring_gone_round_has_lost_its_begin(
    recorder: Recorder, path: Path
) -> None:
    fill(recorder, 1.1)
    late = RingReader(path)
    assert late.read() == ([], True)
    late.close()


def test_what_is_not_counted_yet_is_not_read(recorder: Recorder, reader: RingReader, path: Path) -> None:
    write(recorder, 1, 2)
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        (written,) = struct.unpack_from("=Q", memory, 24)
        struct.pack_into("=Q", memory, 24, written // 2)
        assert ticks_in(reader.read()[0]) == [1]
        struct.pack_into("=Q", memory, 24, written)
    assert ticks_in(reader.read()[0]) == [2]


@pytest.mark.parametrize("at", [0, 4, 8, 40], ids=["length", "checksum", "kind", "body"])
def test_a_record_whose_bytes_come_after_its_count_is_waited_for(
    recorder: Recorder, reader: RingReader, path: Path, at: int
) -> None:
    write(recorder, 1)
    reader.read()
    begin = HEAD + recorder._written
    write(recorder, 2)
    damage(path, begin + at)
    assert reader.read() == ([], False)
    damage(path, begin + at)
    assert ticks_in(reader.read()[0]) == [2]


@pytest.mark.parametrize("at", [0, 4, 8, 40], ids=["length", "checksum", "kind", "body"])
def test_a_record_that_stays_damaged_is_lost(
    recorder: Recorder, reader: RingReader, path: Path, at: int
) -> None:
    write(recorder, 1)
    damage(path, HEAD + at)
    reader.read()
    assert reader.read() == ([], True)
    write(recorder, 2)
    assert ticks_in(reader.read()[0]) == [2]


def test_bytes_that_were_never_written_are_no_record(path: Path) -> None:
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        struct.pack_into("=Q", memory, 24, 64)
    reader = RingReader(path)
    assert reader.read()[0] == []
    assert reader.read() == ([], True)
    reader.close()


def test_a_reader_still_reads_what_a_control_process_wrote_that_is_gone(path: Path) -> None:
    first = Recorder(path, 2, 1, boot_id=1)
    write(first, 1)
    reader = RingReader(path)
    first.close()
    second = Recorder(path, 2, 1, boot_id=2)
    assert ticks_in(reader.read()[0]) == [1]
    assert path.stat().st_ino != reader.inode
    reader.close()
    second.close()


@pytest.mark.parametrize("content", [b"", b"OST", bytes(HEAD + RING_BYTES)], ids=["empty", "short", "zeros"])
def test_a_file_that_is_no_ring_is_refused(tmp_path: Path, content: bytes) -> None:
    other = tmp_path / "other"
    other.write_bytes(content)
    with pytest.raises(ValueError, match="no flight recorder"):
        RingReader(other)


def test_all_the_mail_of_a_tick_fits_the_ring_however_it_is_written() -> None:
    # JSON writes a character of four bytes in twelve: nothing gets longer by more.
    assert 3 * MAX_DATAGRAM * MAX_COMMANDS_A_TICK < RING_BYTES


def test_a_checkpoint_comes_back_with_its_tick(recorder: Recorder, reader: RingReader) -> None:
    recorder.checkpoint(7, Request(EmergencyStop("smoke"), "chemist"))
    [(kind, body)], _ = reader.read()
    tick, state = decode_checkpoint(body)
    assert (kind, tick) == (CHECKPOINT, 7)
    assert '"smoke"' in state


any_double = st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0])
doubles = st.floats() | any_double | st.just(copysign(nan, -1.0))
requests = st.builds(
    Request,
    st.builds(SetTargets, st.dictionaries(st.text(max_size=9), st.floats(allow_nan=False), max_size=3))
    | st.builds(EmergencyStop, st.text(max_size=9)),
    st.text(max_size=9),
    st.text(max_size=9),
)


@given(
    st.integers(0, 2**64 - 1),
    st.floats(0.0, 10.0),
    st.builds(
        Inputs,
        st.tuples(doubles, doubles),
        st.tuples(st.sampled_from([1, 2, 3]), st.sampled_from([1, 2, 3])),
        boards_ready=st.booleans(),
        stop_cause=st.text(max_size=20),
        stop_pressed=st.booleans(),
        service_alive=st.booleans(),
        boards_lost=st.tuples(st.booleans()),
    ),
    st.lists(requests, max_size=3).map(tuple),
    st.sampled_from(ReactorState),
    st.tuples(doubles, doubles),
)
def test_a_tick_is_read_as_it_was_written_bit_for_bit(
    tmp_path_factory, tick, dt_s, inputs, asked, state, outputs
) -> None:
    path = tmp_path_factory.getbasetemp() / "ring-of-any-tick"
    recorder = Recorder(path, 2, 1, 1)
    recorder.tick(tick, dt_s, inputs, asked, state, outputs)
    reader = RingReader(path)
    [(_, body)], _ = reader.read()
    reader.close()
    recorder.close()
    back = decode_tick(body, 2, 1)
    numbers = (*inputs.values, *outputs, dt_s)
    assert struct.pack("<5d", *back.inputs.values, *back.outputs, back.dt_s) == struct.pack("<5d", *numbers)
    assert replace(back.inputs, values=()) == replace(inputs, values=())
    assert (back.tick, back.requests, back.state) == (tick, asked, state)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda body: body[:10], "no tick of this rig"),
        (lambda body: body + b"{}", "bytes where"),
        (lambda body: body[:17] + b"\x09" + body[18:], "no tick of this rig"),
        (lambda body: body[:20] + struct.pack("<I", 2) + body[24:] + b"{]", "not JSON"),
    ],
    ids=["cut", "longer", "no state", "no requests"],
)
def test_what_is_no_tick_is_refused(recorder: Recorder, reader: RingReader, change, why) -> None:
    write(recorder, 1)
    [(_, body)], _ = reader.read()
    with pytest.raises(PlainError, match=why):
        decode_tick(change(body), 2, 1)


def test_what_is_no_checkpoint_is_refused() -> None:
    for body in (b"", b"12345678\xff"):
        with pytest.raises(PlainError, match="no checkpoint"):
            decode_checkpoint(body)


def test_the_head_of_a_ring_is_where_these_tests_think() -> None:
    assert recorders._RING.size == HEAD
