"""cyclictest of rt-tests: the kernel's own limit, measured by C code that does nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.children import BenchmarkError
from benchmarks.latency import Latencies

_HISTOGRAM_US: Final = 100_000
"""Later wake-ups are counted at the maximum, which cyclictest reports exactly."""


def find_cyclictest() -> str:
    """Return where the program is; BenchmarkError says what to install."""
    path = shutil.which("cyclictest")
    if path is None:
        raise BenchmarkError("cyclictest is not installed: apt-get install rt-tests")
    return path


def run_cyclictest(program: str, rate_hz: int, seconds: int, priority: int) -> Latencies:
    """Measure one thread on absolute clock_nanosleep, memory locked."""
    interval_us = 1_000_000 // rate_hz
    with tempfile.TemporaryDirectory(prefix="ostwald-bench-") as folder:
        result = Path(folder) / "result.json"
        command = (
            *(program, "-q", "-m", f"-p{priority}", f"-i{interval_us}", f"-D{seconds}"),
            *(f"-h{_HISTOGRAM_US}", f"--json={result}"),
        )
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=seconds + 30.0, check=False
            )
        except subprocess.TimeoutExpired:
            raise BenchmarkError(f"cyclictest did not end {seconds + 30} s after its start") from None
        if done.returncode != 0:
            raise BenchmarkError(f"cyclictest failed: {done.stderr.strip()}; it needs root for its priority")
        thread = json.loads(result.read_text())["thread"]["0"]
    counts = {int(us): count for us, count in thread["histogram"].items()}
    beyond = thread["cycles"] - sum(counts.values())
    if beyond > 0:
        counts[thread["max"]] = counts.get(thread["max"], 0) + beyond
    return Latencies(counts, interval_us)
