"""`ostwaldd run`: starts control, service and twin, restarts what dies, ends what must end together.

On a device systemd takes this part; here one process does, so that a laptop and the demo need nothing else.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from controller.domain.errors import ControllerError, Kind
from controller.processes.job import FINAL, Job
from controller.processes.notify import notify
from controller.runtime.snapshots import SnapshotReader

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType

_POLL_S = 0.05
_READY_WITHIN_S = 30.0
_STOP_WITHIN_S = 5.0
_FIRST_BACKOFF_S = 0.2
_LONGEST_BACKOFF_S = 5.0
# A child that lived this long has earned a quick restart.
_SETTLED_S = 30.0


@dataclass(slots=True)
class Child:
    """One supervised process. `started_s` and `due_s` are on the monotonic clock."""

    name: str
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    due_s: float = 0.0
    backoff_s: float = _FIRST_BACKOFF_S
    restarts: int = 0


@dataclass(slots=True)
class Supervisor:
    """Keeps the processes of one job running until a signal."""

    job: Job
    tell: Callable[[str], None]
    children: list[Child] = field(default_factory=list)
    stopping: list[int] = field(default_factory=list)

    def run(self) -> int:
        """Run until SIGTERM or SIGINT (0), or until a child ends for good (1)."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        try:
            if self.job.plan.twin is not None and self.job.clock != "lockstep":
                self.job = _start_twin(self)
            self.job.write()
            self.children += [self._start(Child("control")), self._start(Child("service"))]
            return self._watch()
        finally:
            self._end()

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self.stopping.append(number)

    def _start(self, child: Child) -> Child:
        child.process = _spawn(child.name, self.job.run_dir)
        child.started_s = time.monotonic()
        (self.job.run_dir / f"{child.name}.pid").write_text(f"{child.process.pid}\n")
        return child

    def _watch(self) -> int:
        snapshots = SnapshotReader(self.job.snapshots_path)
        ticks = 0
        while not self.stopping:
            for child in self.children:
                if not self._tend(child):
                    return 1
            ticks = _feed_watchdog(snapshots, ticks)
            time.sleep(_POLL_S)
        return 0

    def _tend(self, child: Child) -> bool:
        """Restart a dead child when its time has come; False when it must not be."""
        now_s = time.monotonic()
        if child.process is not None:
            code = child.process.poll()
            if code is None:
                return True
            if code == FINAL:
                return False
            lived_s = now_s - child.started_s
            longer = min(2 * child.backoff_s, _LONGEST_BACKOFF_S)
            child.backoff_s = _FIRST_BACKOFF_S if lived_s > _SETTLED_S else longer
            child.process, child.due_s = None, now_s + child.backoff_s
            self.tell(f"{child.name} ended with code {code}; starts again in {child.backoff_s:.1f} s")
        elif now_s >= child.due_s:
            child.restarts += 1
            self._start(child)
        return True

    def _end(self) -> None:
        """Stop the service first, then control, which leaves the outputs safe, and last the twin."""
        order = {"service": 0, "control": 1, "twin": 2}
        for child in sorted(self.children, key=lambda each: order[each.name]):
            if child.process is None or child.process.poll() is not None:
                continue
            child.process.terminate()
            try:
                child.process.wait(_STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                self.tell(f"{child.name} did not end in {_STOP_WITHIN_S:g} s and is killed")
                child.process.kill()
                child.process.wait()


def _spawn(name: str, run_dir: Path, *, piped: bool = False) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        # Small matrices only: threads of a BLAS would take the core that control needs.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-m", f"controller.processes.{name}", str(run_dir / "job.json")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if piped else None,
        env=environment,
    )


def _start_twin(supervisor: Supervisor) -> Job:
    """Start the twin, wait for its ports and put them in place of the `twin:` links."""
    supervisor.job.write()
    process = _spawn("twin", supervisor.job.run_dir, piped=True)
    supervisor.children.append(Child("twin", process, time.monotonic()))
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise ControllerError(
            "the twin did not start",
            reason="TWIN_FAILED",
            kind=Kind.UNAVAILABLE,
            remedy="see its error above",
        )
    ports: dict[str, str] = json.loads(line)
    plan = supervisor.job.plan
    links = tuple(
        replace(link, url=ports[link.url.removeprefix("twin:")]) if link.url.startswith("twin:") else link
        for link in plan.links
    )
    return replace(supervisor.job, plan=replace(plan, links=links))


def _feed_watchdog(snapshots: SnapshotReader, ticks: int) -> int:
    """Tell systemd that we live, but only while control ticks."""
    try:
        newest = snapshots.newest().tick
    except ControllerError:
        return ticks
    if newest != ticks:
        notify("WATCHDOG=1")
    return newest
