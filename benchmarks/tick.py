"""`make bench-tick`: what a tick costs, what control occupies, and whether it grows or collects.

The rig has 50 channels on four boards, 8 loops and 20 interlocks, all at work, with the flight recorder on
and a client at the mailbox. Ticks are measured in lockstep, memory in a control process as it is shipped.
"""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import typer

from benchmarks.children import BenchmarkError, run_module
from benchmarks.device import READY_WITHIN_S, run_control
from benchmarks.rig import FULL_BOARDS
from benchmarks.verdict import conclude, give_up

TICK_P99_LIMIT_US: Final = 300.0
RESIDENT_LIMIT_KB: Final = 30 * 1024
_TIMED_WARM_UP: Final = 5_000
_TIMED_TICKS: Final = 50_000
# Until the interpreter's free lists, of which each keeps up to 2000 objects, are as full as they get.
_GROWTH_WARM_UP: Final = 250_000
_MEMORY_RATE_HZ: Final = 100.0
_MEMORY_TICKS: Final = 1_000


def main(
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Times that the cost is measured.")] = 5,
    ticks: Annotated[int, typer.Option(min=1_000, help="Ticks over which growth is measured.")] = 1_000_000,
) -> None:
    """Measure, and end with one line of JSON; the cost is the median over the rounds."""
    try:
        costs = sorted((_tick(FULL_BOARDS, _TIMED_WARM_UP, _TIMED_TICKS) for _ in range(rounds)), key=_p99)
        cost = costs[len(costs) // 2]
        for each in costs:
            print(f"tick p50 {each['p50_us']:.0f} p99 {each['p99_us']:.0f} p99.9 {each['p99_9_us']:.0f} us")
        resident_kb = _resident_kb()
        print(f"control occupies {resident_kb} KiB")
        growth = _tick(1, _GROWTH_WARM_UP, ticks)
        print(f"{ticks} ticks: {growth['growth_kb']} KiB more, {growth['collector_runs']} collector runs")
    except BenchmarkError as error:
        raise typer.Exit(give_up(error)) from None
    holds = (
        cost["p99_us"] < TICK_P99_LIMIT_US
        and resident_kb < RESIDENT_LIMIT_KB
        and growth["growth_kb"] <= 0
        and growth["collector_runs"] == 0
    )
    figures = {
        "tick_p50_us": cost["p50_us"],
        "tick_p99_us": cost["p99_us"],
        "tick_p99_9_us": cost["p99_9_us"],
        "resident_kb": resident_kb,
        "ticks": ticks,
        "growth_kb": growth["growth_kb"],
        "collector_runs": growth["collector_runs"],
    }
    raise typer.Exit(conclude("tick", holds=holds, figures=figures))


def _p99(figures: dict[str, float]) -> float:
    return figures["p99_us"]


def _tick(boards: int, warm_up: int, ticks: int) -> dict[str, float]:
    """Tick in a process of its own."""
    arguments = run_module("benchmarks.ticking", str(boards), str(warm_up), str(ticks))
    within_s = 60.0 + (warm_up + ticks) / 500.0
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=within_s, check=True)
    except subprocess.SubprocessError as error:
        said = getattr(error, "stderr", "") or ""
        raise BenchmarkError(f"ticking failed: {error}\n{said}") from error
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _resident_kb() -> int:
    """Return what a control process occupies after its first seconds of ticks at real time."""
    with TemporaryDirectory(prefix="ostwald-bench-") as folder:
        out = Path(folder) / "latencies"
        with run_control(FULL_BOARDS, _MEMORY_RATE_HZ, out, warm_up=0, ticks=1) as control:
            deadline_s = time.monotonic() + READY_WITHIN_S + 2.0 * _MEMORY_TICKS / _MEMORY_RATE_HZ
            while control.ticks() < _MEMORY_TICKS:
                if time.monotonic() > deadline_s:
                    raise BenchmarkError(f"control did not tick {_MEMORY_TICKS} times")
                time.sleep(0.1)
            return control.resident_kb()


if __name__ == "__main__":
    typer.run(main)
