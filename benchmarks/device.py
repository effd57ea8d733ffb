"""A real control process with board twins behind pseudo-terminals, and somebody at its mailbox."""

from __future__ import annotations

import asyncio
import time
from array import array
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from benchmarks.children import BenchmarkError, Child, run_module
from benchmarks.latency import Latencies
from benchmarks.rig import build_rig, loop_targets
from controller.domain import plain
from controller.domain.commands import Request, SetTargets
from controller.domain.errors import ControllerError
from controller.domain.readings import ReactorState
from controller.processes.job import Job
from controller.runtime.mailbox_client import MailboxClient
from controller.runtime.realtime import memory_folder
from controller.runtime.snapshots import SnapshotReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

READY_WITHIN_S: Final = 20.0
_WARM_UP_S: Final = 1.0
_POLL_S: Final = 0.2


class RunningControl:
    """A control process under way."""

    def __init__(self, child: Child, job: Job, snapshots: SnapshotReader) -> None:
        self.job = job
        self._child = child
        self._snapshots = snapshots

    def ticks(self) -> int:
        self._child.check()
        try:
            return self._snapshots.newest().tick
        except ControllerError:
            return 0

    def ready(self) -> bool:
        self._child.check()
        try:
            return self._snapshots.newest().state is ReactorState.READY
        except ControllerError:
            return False

    def resident_kb(self) -> int:
        """Memory that is really there, locked pages included."""
        status = Path(f"/proc/{self._child.process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1])


@contextmanager
def run_control(
    boards: int, rate_hz: float, latencies: Path, *, warm_up: int, ticks: int
) -> Iterator[RunningControl]:
    """Start the twins and control; stop them at the end."""
    with TemporaryDirectory(prefix="ostwald-bench-", dir=memory_folder()) as folder, ExitStack() as stack:
        run_dir = Path(folder)
        twins = Child(
            "the board twins", run_module("benchmarks.boards", folder, str(boards)), run_dir / "twins.log"
        )
        stack.enter_context(twins).wait_ready(READY_WITHIN_S)
        plan = build_rig(boards, rate_hz, tuple(str(run_dir / f"board{n}") for n in range(boards)))
        job = Job(plan, run_dir, run_dir, "realtime", 1.0, "")
        arguments = (str(job.write()), str(latencies), str(warm_up), str(ticks))
        child = Child("control", run_module("benchmarks.probed_control", *arguments), run_dir / "control.log")
        stack.enter_context(child)
        snapshots = SnapshotReader(job.snapshots_path)
        stack.callback(snapshots.close)
        control = RunningControl(child, job, snapshots)
        yield control


def measure_control(rate_hz: int, seconds: int) -> Latencies:
    """Measure the wake-up latencies of `seconds` worth of ticks."""
    ticks, warm_up = rate_hz * seconds, int(rate_hz * _WARM_UP_S)
    with TemporaryDirectory(prefix="ostwald-bench-") as folder:
        out = Path(folder) / "latencies"
        with run_control(1, float(rate_hz), out, warm_up=warm_up, ticks=ticks) as control:
            # Ticks that were missed make it longer; a rig that misses every second one is given up.
            within_s = 2.0 * seconds + READY_WITHIN_S
            asyncio.run(_attend(control, ticks + warm_up, within_s))
        taken = array("q", out.read_bytes())
    return Latencies.from_ns(taken, 1_000_000 // rate_hz)


async def _attend(control: RunningControl, ticks: int, within_s: float) -> None:
    """Be the service until control has ticked so often: ask all loops to work, read the status."""
    client = MailboxClient(control.job.mailbox_path, lambda _status: None)
    try:
        await _until(control.ready, READY_WITHIN_S, "control did not become ready")
        request = Request(SetTargets(loop_targets(control.job.plan)), "benchmark")
        answer = await client.request({"op": "request", "request": plain.to_plain(request)})
        if answer["refused"]:
            raise BenchmarkError(f"control refused the setpoints: {answer['detail']}")
        await _until(lambda: control.ticks() >= ticks, within_s, f"control did not tick {ticks} times")
    finally:
        await client.close()


async def _until(condition: Callable[[], bool], within_s: float, failure: str) -> None:
    deadline_s = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise BenchmarkError(f"{failure} within {within_s:g} s")
        await asyncio.sleep(_POLL_S)
