"""The control process as it is shipped, with a note taken of how late each tick wakes.

`python -m benchmarks.probed_control JOB OUT WARM_UP TICKS`: after WARM_UP ticks the lateness of
TICKS ticks, in ns, is kept in memory that is there from the start, and written to OUT at the end, in 64 bits
each.
"""

from __future__ import annotations

import sys
from array import array
from pathlib import Path

from controller.processes.control import main
from controller.runtime.pacer import Pacer


class ProbedPacer(Pacer):
    """A pacer that keeps the lateness of its ticks."""

    def __init__(self, period_s: float, speed: float, warm_up: int, ticks: int) -> None:
        super().__init__(period_s, speed)
        self.latencies_ns = array("q", bytes(8 * ticks))
        self.ticked = -warm_up

    def wait(self) -> float:
        dt_s = super().wait()
        if dt_s > 0.0:
            if 0 <= self.ticked < len(self.latencies_ns):
                self.latencies_ns[self.ticked] = self.late_ns
            self.ticked += 1
        return dt_s


def measure(job: Path, out: Path, warm_up: int, ticks: int) -> int:
    """Run control until a signal, then write what was measured; return its exit code."""
    pacers: list[ProbedPacer] = []

    def make_pacer(period_s: float, speed: float) -> Pacer:
        pacers.append(ProbedPacer(period_s, speed, warm_up, ticks))
        return pacers[0]

    code = main(job, make_pacer)
    taken = max(0, min(pacers[0].ticked, ticks))
    out.write_bytes(pacers[0].latencies_ns[:taken].tobytes())
    return code


if __name__ == "__main__":
    sys.exit(measure(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
