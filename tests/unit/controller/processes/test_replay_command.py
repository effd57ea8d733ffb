"""`ostwaldd replay`: a line a recording, and an exit code that a script can trust."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from controller.__main__ import app
from controller.domain import commands as k
from tests.unit.controller.processes.stories import Story, rewritten, with_another_bit

if TYPE_CHECKING:
    from pathlib import Path


def ostwaldd_replay(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["replay", *map(str, arguments)])


@pytest.fixture
def recordings(tmp_path: Path) -> list[Path]:
    """Two segments: 5 ticks of waiting, and 6 on the way to a target."""
    with Story(tmp_path) as story:
        story.run(0.5)
        story.checkpoint()
        story.tick(k.SetTargets({"zone": 45.0}))
        story.run(0.5)
        return story.recordings()


@pytest.fixture
def differing(recordings: list[Path]) -> Path:
    """The second recording with one bit changed at tick 8."""
    return rewritten(recordings[1], with_another_bit("heater", (8,)))


def test_a_recording_that_replays_equally_is_one_line_and_success(recordings) -> None:
    done = ostwaldd_replay(recordings[0])
    assert (done.exit_code, done.stdout) == (
        0,
        f"{recordings[0]}: bench, 5 ticks, 0.5 s: equal, bit for bit\n",
    )


def test_a_folder_stands_for_all_its_recordings_in_their_order(recordings) -> None:
    done = ostwaldd_replay(recordings[0].parent)
    assert done.exit_code == 0
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == [str(path) for path in recordings]


def test_one_that_differs_is_said_with_tick_and_channel_and_is_a_failure(differing) -> None:
    done = ostwaldd_replay(differing)
    assert done.exit_code == 1
    assert f"{differing}: bench, 3 ticks, 0.3 s: differs at tick 8, 0.800 s: heater recorded " in done.stdout


def test_one_that_can_not_be_read_is_said_and_the_others_are_replayed(recordings, tmp_path) -> None:
    broken = tmp_path / "broken.rec"
    broken.write_bytes(b"GIF89a")
    done = ostwaldd_replay(broken, tmp_path / "none", recordings[1])
    assert done.exit_code == 1
    assert done.stdout.count("equal, bit for bit") == 1
    assert f"error: {broken} can't be replayed: it is no recording of ostwaldd; name a .rec" in done.stderr
    assert f"error: {tmp_path / 'none'} can't be replayed: No such file" in done.stderr


def test_a_folder_without_a_recording_is_a_failure(tmp_path) -> None:
    done = ostwaldd_replay(tmp_path)
    assert done.exit_code == 1
    assert "holds no recording; name the folder recordings" in done.stderr


def test_the_events_are_printed_when_they_are_asked_for(recordings) -> None:
    done = ostwaldd_replay("--events", recordings[1])
    [line] = done.stdout.splitlines()[1:]
    assert line.startswith("  0.600 s command zone: set ")
    assert line.endswith(" 45 degC by chemist@bench")


def test_json_is_one_document_for_all_files(recordings, differing, tmp_path) -> None:
    done = ostwaldd_replay("--json", "--events", recordings[1], differing, tmp_path / "none")
    assert done.exit_code == 1
    document = json.loads(done.stdout)
    equal, other, missing = document["recordings"]
    assert document["equal"] is False
    assert (equal["equal"], equal["ticks"], equal["events"], equal["deviation"]) == (True, 6, 1, None)
    assert equal["log"][0]["subject"] == "zone"
    assert (other["equal"], other["deviation"]["tick"], other["deviation"]["what"]) == (False, 8, "heater")
    assert (missing["equal"], missing["reason"]) == (False, "RECORDING_UNREADABLE")
    assert json.loads(ostwaldd_replay("--json", recordings[0]).stdout)["equal"] is True


def test_a_part_is_cut_out_by_its_ticks(recordings, tmp_path) -> None:
    part = tmp_path / "part.rec"
    done = ostwaldd_replay(recordings[1], "--cut", "7:9", "--to", part)
    assert (done.exit_code, done.stdout) == (0, f"{part}: 3 ticks\n")
    assert ostwaldd_replay(part).stdout == f"{part}: bench, 3 ticks, 0.3 s: equal, bit for bit\n"
    again = ostwaldd_replay(recordings[1], "--cut", "7:9", "--to", part)
    assert (again.exit_code, again.stderr) == (1, f"error: {part} exists; name another file\n")


@pytest.mark.parametrize(
    "wrong", [("--cut", "7-9", "--to", "x"), ("--cut", "7:9"), ("--to", "x"), ("--cut", "a:b", "--to", "x")]
)
def test_a_cut_that_is_not_written_as_one_is_wrong_use(recordings, wrong) -> None:
    done = ostwaldd_replay(recordings[1], *wrong)
    assert done.exit_code == 2
    assert "FIRST:LAST" in done.stderr
