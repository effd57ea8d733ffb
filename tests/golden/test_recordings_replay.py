"""Recordings that must replay bit for bit: of the simulated bench, and of every bug that the field has sent.

Where one differs, control decides otherwise than it did. If that is meant, say so in the change log and write
`bench.rec` anew with `python -m tests.golden.test_recordings_replay`; docs/replay.md tells the rest.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from controller.domain import commands as k
from controller.processes.replay import replay
from controller.storage.recordings import RecordingKeeper

if TYPE_CHECKING:
    from controller.domain.events import LoggedEvent
    from tests.scenario.bench import Bench

FOLDER = Path(__file__).with_name("recordings")
BENCH = FOLDER / "bench.rec"
LARGEST_BYTES = 30_000
# What the story of the bench is about: without these events its replay would show little.
TOLD = (
    ("cell_adrift", "shelf time is over"),
    ("seed_empty", "tripped, first out"),
    ("leaking", "tripped"),
    ("leaking", "released"),
    ("lease_gone", "a lease ran out"),
    ("mixer_racing", "tripped"),
    ("board_gone", "tripped"),
    ("stopped", "tripped"),
    ("service_gone", "tripped"),
    ("reactor", "reset"),
    ("reactor", "emergency stop: end of the story"),
    ("reactor_warm", "high alarm"),
)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.rec")), ids=lambda path: path.stem)
def test_a_recording_replays_bit_for_bit(path: Path) -> None:
    found = replay(path)
    assert found.equal, found.describe()
    assert found.ticks > 0
    assert path.stat().st_size <= LARGEST_BYTES, "cut out a shorter part"


def test_the_bench_still_tells_its_story() -> None:
    told: list[LoggedEvent] = []
    replay(BENCH, told.append)
    words = [(each.event.subject, each.event.text) for each in told]
    missing = [
        part for part in TOLD if not any(part[0] == subject and part[1] in text for subject, text in words)
    ]
    assert missing == []


def done(bench: Bench, command: k.Command, lease: str = "") -> None:
    reply = bench.ask(command, lease=lease)
    assert reply == k.DONE, reply


def tell(bench: Bench) -> None:
    """Heat, pump, tune, trip in every way, reset; the golden segment begins in the middle of it."""
    from firmware_bridge.simulator.plant import faults

    done(bench, k.HoldLease("chemist", "digest", 6.0))
    done(bench, k.ShelveAlarm("cell_adrift", 3.0, "warming up"))
    done(bench, k.StartAutotune("mixer", 40.0, 20.0), lease="digest")
    bench.run(1.0)
    bench.process._recorder.checkpoint(bench.process._tick, bench.control)  # type: ignore[union-attr]
    bench.run(1.0)
    done(bench, k.SetTargets({"feed.total": 450.0, "feed.seed": 0.4}), lease="digest")
    bench.run(1.0)
    done(bench, k.SetReagent("seed", 50.0))
    bench.run(0.5)
    bench.faults.set(faults.Leak(0.3))
    bench.run(0.5)
    bench.faults.clear_all()
    done(bench, k.SetReagent("seed", 900.0))
    bench.run(1.0)
    done(bench, k.SetTargets({"reactor.temperature": 40.0, "feed.total": 300.0}), lease="digest")
    bench.run(2.0)
    bench.faults.set(faults.TemperatureOffset(0, 8.0))
    bench.faults.set(faults.TemperatureOffset(1, 30.0))
    bench.run(1.5)
    bench.faults.clear_all()
    bench.run(1.5)
    done(bench, k.HoldLease("chemist", "other digest", 60.0))
    done(bench, k.Reset(), lease="other digest")
    done(bench, k.SetTargets({"reactor.heater": 30.0, "lamp.power": 25.0}), lease="other digest")
    bench.run(0.5)
    bench.cut()
    bench.run(1.0)
    bench.mend()
    bench.run(1.0)
    done(bench, k.Reset(), lease="other digest")
    bench.run(0.5)
    bench.press_stop_pin()
    bench.run(0.4)
    bench.press_stop_pin(pressed=False)
    bench.run(1.2)
    done(bench, k.Reset(), lease="other digest")
    bench.run(0.5)
    bench.service.disconnect()
    bench.run(1.3)
    bench.service.connect()
    done(bench, k.AcknowledgeAlarm(""))
    done(bench, k.EmergencyStop("end of the story"))
    bench.run(0.3)


def write_anew() -> None:
    """Record the bench; the segment from the checkpoint on is the golden one."""
    from tests.scenario.bench import running

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bench = running(folder, "partial", "storm")
        keeper = RecordingKeeper(folder / "recorder", folder, bench.plan.to_json())
        tell(bench)
        keeper.drain()
        keeper.close()
        bench.close()
        newest = max(folder.glob("*.rec"), key=lambda path: path.name)
        BENCH.write_bytes(newest.read_bytes())


if __name__ == "__main__":
    write_anew()
