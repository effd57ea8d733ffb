"""Recordings: every tick of the ring gets to the disk, and what is damaged is never replayed."""

from __future__ import annotations

import os
from contextlib import suppress
from math import nan
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.commands import EmergencyStop, Request
from controller.domain.errors import ControllerError
from controller.domain.readings import Inputs, ReactorState
from controller.runtime.recorder import RING_BYTES, TICK, Recorder, decode_tick
from controller.storage import recordings, segments
from controller.storage.recordings import RecordingKeeper
from controller.storage.segments import open_segment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLAN = '{"name": "bench"}'
STATE = Request(EmergencyStop("any dataclass will do"))
INPUTS = Inputs((25.0,), (1,), True, "", False, True, ())


class Control:
    """The recording half of a control process."""

    def __init__(self, ring: Path, boot_id: int) -> None:
        self.recorder = Recorder(ring, channels=1, boards=0, boot_id=boot_id)
        self.count = 0
        self.checkpoint()

    def checkpoint(self) -> None:
        self.recorder.checkpoint(self.count, STATE)

    def tick(self, times: int = 1) -> None:
        for _ in range(times):
            self.count += 1
            self.recorder.tick(self.count, 0.02, INPUTS, (), ReactorState.READY, (nan,))

    def outrun(self) -> None:
        """Write more than the ring holds."""
        self.tick()
        noise = Request(EmergencyStop("x" * 2**20))
        for _ in range(RING_BYTES // 2**20 + 1):
            self.recorder.checkpoint(self.count, noise)


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    return tmp_path / "recorder"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "recordings"


@pytest.fixture
def control(ring: Path) -> Iterator[Control]:
    running = Control(ring, boot_id=0xA)
    yield running
    running.recorder.close()


@pytest.fixture
def keeper(ring: Path, folder: Path) -> Iterator[RecordingKeeper]:
    opened = RecordingKeeper(ring, folder, PLAN)
    yield opened
    opened.close()


def kept(folder: Path) -> dict[str, list[int]]:
    """Return the ticks of every segment, by its name."""
    return {path.stem: ticks_of(path) for path in sorted(folder.glob("*.rec"))}


def ticks_of(path: Path) -> list[int]:
    return [decode_tick(body, 1, 0).tick for body in open_segment(path).ticks]


def test_without_a_control_process_there_is_nothing_to_keep_and_nobody_to_ask(keeper, folder) -> None:
    assert not keeper.drain()
    assert kept(folder) == {}


def test_a_segment_begins_with_rig_and_checkpoint_and_has_every_tick_after_it(
    keeper, control, folder
) -> None:
    control.tick(5)
    assert not keeper.drain()
    control.tick(5)
    assert not keeper.drain()
    segment = open_segment(folder / "000000000000000a-000000000000.rec")
    assert (segment.plan_json, segment.tick) == (PLAN, 0)
    assert "any dataclass" in segment.state_json
    assert segment.release
    assert [decode_tick(body, 1, 0).tick for body in segment.ticks] == list(range(1, 11))


def test_what_has_been_drained_can_be_read_though_nobody_closed_it(keeper, control, folder) -> None:
    control.tick(3)
    keeper.drain()
    assert kept(folder) == {"000000000000000a-000000000000": [1, 2, 3]}


def test_a_keeper_that_was_overtaken_ends_the_segment_and_wants_a_checkpoint_until_it_comes(
    keeper, control, folder
) -> None:
    control.tick(2)
    keeper.drain()
    control.outrun()
    assert keeper.drain()
    assert keeper.lost == 1
    control.tick(2)
    assert keeper.drain(), "ticks that no checkpoint leads to can't be kept"
    control.checkpoint()
    control.tick(2)
    assert not keeper.drain()
    assert kept(folder) == {"000000000000000a-000000000000": [1, 2], "000000000000000a-000000000005": [6, 7]}


def test_a_service_that_comes_late_asks_for_a_checkpoint(control, ring, folder) -> None:
    control.outrun()
    late = RecordingKeeper(ring, folder, PLAN)
    assert late.drain()
    late.close()


def test_a_service_that_restarts_soon_keeps_what_it_had_and_more(control, ring, folder) -> None:
    for _ in range(2):
        control.tick(3)
        keeper = RecordingKeeper(ring, folder, PLAN)
        assert not keeper.drain()
        keeper.close()
    assert kept(folder) == {"000000000000000a-000000000000": [1, 2, 3, 4, 5, 6]}


def test_a_full_segment_wants_a_checkpoint_and_goes_on_until_then(
    keeper, control, folder, monkeypatch
) -> None:
    monkeypatch.setattr(recordings, "SEGMENT_TICKS", 4)
    control.tick(4)
    assert keeper.drain()
    control.tick(2)
    control.checkpoint()
    control.tick(1)
    assert not keeper.drain()
    assert list(kept(folder).values()) == [[1, 2, 3, 4, 5, 6], [7]]


def test_a_segment_takes_no_more_than_its_share_of_the_room(control, ring, folder) -> None:
    keeper = RecordingKeeper(ring, folder, PLAN, keep_bytes=3000)
    assert not keeper.drain()
    control.tick(300)
    assert keeper.drain()
    keeper.close()


def test_a_restarted_control_gets_a_segment_of_its_own_and_the_last_ticks_of_the_old_are_kept(
    keeper, control, ring, folder
) -> None:
    control.tick(2)
    keeper.drain()
    control.tick(1)
    second = Control(ring, boot_id=0xB)
    second.tick(2)
    assert not keeper.drain()
    assert not keeper.drain()
    assert kept(folder) == {
        "000000000000000a-000000000000": [1, 2, 3],
        "000000000000000b-000000000000": [1, 2],
    }
    second.recorder.close()


def test_old_segments_go_when_the_room_is_used_up(control, ring, folder) -> None:
    keeper = RecordingKeeper(ring, folder, PLAN, keep_bytes=2000)
    for age in range(6):
        control.tick(40)
        keeper.drain()
        control.checkpoint()
        control.tick(1)
        keeper.drain()
        # File systems tell times apart less finely than this test writes.
        for position, path in enumerate(sorted(folder.glob("*.rec"))):
            os.utime(path, ns=(age, position))
    keeper.close()
    names = sorted(kept(folder))
    assert names[-1] == "000000000000000a-000000000245"
    assert "000000000000000a-000000000000" not in names
    largest = max(path.stat().st_size for path in folder.iterdir())
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 2000 + largest


def test_a_folder_that_can_not_be_written_is_said_and_recording_goes_on_once_it_can(
    keeper, control, folder
) -> None:
    folder.rmdir()
    with pytest.raises(FileNotFoundError):
        keeper.drain()
    folder.mkdir()
    control.tick(1)
    assert keeper.drain()
    control.checkpoint()
    control.tick(1)
    assert not keeper.drain()
    assert list(kept(folder).values()) == [[2]]


def test_a_closed_keeper_takes_nothing_more(keeper, control, folder) -> None:
    keeper.close()
    control.tick(1)
    assert not keeper.drain()
    assert kept(folder) == {}


def test_a_file_in_the_rings_place_is_refused_with_a_remedy(keeper, ring) -> None:
    ring.write_bytes(b"something else")
    with pytest.raises(ControllerError, match="of one release") as raised:
        keeper.drain()
    assert raised.value.reason == "RECORDER_UNREADABLE"


def test_only_its_user_may_read_a_recording(keeper, control, folder) -> None:
    control.tick()
    keeper.drain()
    [path] = folder.iterdir()
    assert (path.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.fixture
def whole(keeper, control, folder: Path) -> Path:
    """A recording of 50 ticks that was closed in order."""
    control.tick(50)
    keeper.drain()
    keeper.close()
    [path] = folder.iterdir()
    return path


def test_a_recording_that_was_cut_off_ends_with_its_last_whole_tick(whole, tmp_path) -> None:
    data = whole.read_bytes()
    cut = tmp_path / "cut.rec"
    for share in (0.7, 0.9, 0.99):
        cut.write_bytes(data[: int(len(data) * share)])
        found = ticks_of(cut)
        assert found == list(range(1, len(found) + 1))
        assert 0 < len(found) <= 50


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A recording of 20 ticks that was closed in order."""
    folder = tmp_path_factory.mktemp("whole")
    control = Control(folder / "recorder", 1)
    control.tick(20)
    keeper = RecordingKeeper(folder / "recorder", folder, PLAN)
    keeper.drain()
    keeper.close()
    control.recorder.close()
    path = folder / "0000000000000001-000000000000.rec"
    return path.read_bytes()


@given(st.data())
def test_whichever_byte_is_wrong_only_right_ticks_are_read(tmp_path_factory, content: bytes, data) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.rec"
    at = data.draw(st.integers(0, len(content) - 1))
    wrong = content[at] ^ data.draw(st.integers(1, 255))
    path.write_bytes(content[:at] + bytes([wrong]) + content[at + 1 :])
    read: list[int] = []
    # What zlib takes for the begin of more ends like a recording that was cut off.
    with suppress(ControllerError):
        read.extend(decode_tick(body, 1, 0).tick for body in open_segment(path).ticks)
    assert read == list(range(1, len(read) + 1))


def refused(path: Path) -> str:
    with pytest.raises(ControllerError) as raised:
        ticks_of(path)
    assert raised.value.reason == "RECORDING_UNREADABLE"
    assert str(path) in str(raised.value)
    return str(raised.value)


def test_what_is_no_recording_is_refused_with_its_name_and_why(whole, tmp_path) -> None:
    odd = tmp_path / "odd.rec"
    assert "No such file" in refused(odd)
    assert "Is a directory" in refused(tmp_path)
    for content, why in (
        (b"", "no recording of ostwaldd"),
        (b"GIF89a, of course", "no recording of ostwaldd"),
        (segments.MAGIC, "before its first checkpoint"),
        (segments.MAGIC + b"not compressed", "damaged"),
        (whole.read_bytes() + b"more", "follows after its end"),
    ):
        odd.write_bytes(content)
        assert why in refused(odd)


def test_records_in_another_order_are_refused(tmp_path) -> None:
    path = tmp_path / "odd.rec"
    writer = segments.SegmentWriter(path, PLAN)
    writer.add(TICK, b"first a tick")
    writer.close()
    assert "begins otherwise" in refused(path)


def test_a_record_of_a_kind_that_this_release_does_not_know_is_refused(tmp_path) -> None:
    path = tmp_path / "later.rec"
    writer = segments.SegmentWriter(path, PLAN)
    writer.add(9, b"from the future")
    writer.close()
    assert "later release" in refused(path)


def test_a_small_file_that_unpacks_to_a_giant_record_is_refused(tmp_path) -> None:
    path = tmp_path / "bomb.rec"
    writer = segments.SegmentWriter(path, PLAN)
    writer.add(TICK, bytes(RING_BYTES + 1))
    writer.close()
    assert path.stat().st_size < 100_000
    assert "damaged" in refused(path)
