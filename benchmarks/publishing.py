"""What it costs to publish a snapshot of 50 channels to shared memory."""

from __future__ import annotations

import time
from math import nan
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from controller.domain.readings import Quality, ReactorState, Snapshot
from controller.runtime.snapshots import SnapshotWriter

CHANNELS: Final = 50
_TIMES: Final = 100_000
_WARM_UP: Final = 1000


def measure_publishing(times: int = _TIMES) -> list[int]:
    """Return the duration of each of `times` publications, in ns, in order of size."""
    values = tuple(20.0 + channel / 7.0 for channel in range(CHANNELS))
    setpoints = tuple(nan if channel % 3 else 40.0 for channel in range(CHANNELS))
    qualities = (int(Quality.GOOD),) * CHANNELS
    durations = []
    with TemporaryDirectory(prefix="ostwald-bench-") as folder:
        writer = SnapshotWriter(Path(folder) / "snapshots", CHANNELS, boot_id=1)
        for tick in range(times + _WARM_UP):
            snapshot = Snapshot(
                boot_id=1,
                tick=tick,
                time_s=tick / 1000.0,
                state=ReactorState.READY,
                trips=0,
                first_out=-1,
                overruns=0,
                values=values,
                qualities=qualities,
                setpoints=setpoints,
            )
            start_ns = time.perf_counter_ns()
            writer.publish(snapshot)
            durations.append(time.perf_counter_ns() - start_ns)
        writer.close()
    return sorted(durations[_WARM_UP:])
