"""A child that ticks in lockstep: the whole control process but for its clock, with its boards in process.

`python -m benchmarks.ticking BOARDS WARM_UP TICKS` prints one line of JSON: what the ticks took, what the
collector did, and how the process grew. Durations are those of `ControlProcess.tick` alone, in ns.
"""

from __future__ import annotations

import gc
import json
import socket
import sys
import time
from array import array
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from benchmarks.boards import HeatedBoard
from benchmarks.rig import build_rig, loop_targets
from benchmarks.verdict import percentile
from controller.domain import plain
from controller.domain.commands import Request, SetTargets
from controller.equipment.boards import Boards
from controller.processes.tick import ControlProcess
from controller.runtime.mailbox import MAX_DATAGRAM, MailboxServer
from controller.runtime.realtime import freeze_collector, memory_folder
from controller.runtime.recorder import Recorder
from controller.runtime.snapshots import SnapshotWriter
from firmware_bridge.devices.registry import find_board_driver
from firmware_bridge.link.loopback import loopback_pair
from firmware_bridge.simulator.endpoint import LoopbackEndpoint

if TYPE_CHECKING:
    from controller.domain.plan import DevicePlan, RigPlan
    from firmware_bridge.devices.interfaces import BoardConfiguration, ControlBoard
    from firmware_bridge.link.interfaces import Link

RATE_HZ: Final = 100.0
_DT_S: Final = 1.0 / RATE_HZ
_TIMED: Final = 50_000
_BOOT_ID: Final = 1


class Lockstep:
    """A control process with `boards` board twins, and a client at its mailbox."""

    def __init__(self, boards: int, folder: Path, owned: ExitStack) -> None:
        plan = build_rig(boards, RATE_HZ, tuple(f"twin:board{number}" for number in range(boards)))
        self._twins = {device.link: HeatedBoard() for device in plan.devices}
        self._ends: dict[str, LoopbackEndpoint] = {}
        wired = Boards(plan, self._connect)
        self._mailbox = MailboxServer(folder / "mailbox")
        owned.callback(self._mailbox.close)
        writer = SnapshotWriter(folder / "snapshots", len(plan.channels), _BOOT_ID)
        recorder = Recorder(folder / "recorder", len(plan.channels), wired.count, _BOOT_ID)
        self._process = ControlProcess(plan, wired, self._mailbox, writer, _BOOT_ID, recorder=recorder)
        self._client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        owned.callback(self._client.close)
        self._client.connect(str(folder / "mailbox"))
        self._client.setblocking(False)
        self._work(plan)

    def tick(self) -> int:
        """Let the twins advance, then tick; return what the tick took, in ns."""
        for end in self._ends.values():
            end.pump()
        for twin in self._twins.values():
            twin.advance(_DT_S)
        mail = self._mailbox.receive()
        start_ns = time.perf_counter_ns()
        self._process.tick(_DT_S, mail)
        took_ns = time.perf_counter_ns() - start_ns
        self._hear()
        return took_ns

    def _work(self, plan: RigPlan) -> None:
        """Wait for the boards, then let all loops regulate."""
        for _ in range(2000):
            self.tick()
        request = plain.to_plain(Request(SetTargets(loop_targets(plan)), "benchmark"))
        self._client.send(json.dumps({"op": "request", "id": 1, "request": request}).encode())
        self.tick()

    def _hear(self) -> None:
        while True:
            try:
                message = json.loads(self._client.recv(MAX_DATAGRAM))
            except BlockingIOError:
                return
            if message.get("refused"):
                raise SystemExit(f"control refused the setpoints: {message['detail']}")

    def _connect(self, device: DevicePlan, configuration: BoardConfiguration) -> ControlBoard:
        def open_link() -> Link:
            near, far = loopback_pair(device.link)
            self._ends[device.link] = LoopbackEndpoint(far, self._twins[device.link])
            return near

        return find_board_driver(device.driver).make(open_link, configuration)


def measure(boards: int, warm_up: int, ticks: int) -> dict[str, float | int]:
    """Tick `ticks` times after `warm_up` ticks, in which loops settle and free lists fill; time the first."""
    with TemporaryDirectory(prefix="ostwald-bench-", dir=memory_folder()) as folder, ExitStack() as owned:
        lockstep = Lockstep(boards, Path(folder), owned)
        freeze_collector()
        for _ in range(warm_up):
            lockstep.tick()
        runs: list[str] = []
        gc.callbacks.append(lambda phase, _info: runs.append(phase))
        durations_ns = array("q", bytes(8 * min(ticks, _TIMED)))
        before_kb = _resident_kb()
        for number in range(ticks):
            took_ns = lockstep.tick()
            if number < len(durations_ns):
                durations_ns[number] = took_ns
        after_kb = _resident_kb()
    ordered = sorted(durations_ns)
    return {
        "ticks": ticks,
        "p50_us": percentile(ordered, 50.0) / 1000.0,
        "p99_us": percentile(ordered, 99.0) / 1000.0,
        "p99_9_us": percentile(ordered, 99.9) / 1000.0,
        "collector_runs": len(runs),
        "growth_kb": after_kb - before_kb,
    }


def _resident_kb() -> int:
    """Return the memory that is this process's own, in KiB: files and shared memory don't count."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = (line for line in lines if line.startswith("RssAnon:"))
    return int(line.split()[1])


if __name__ == "__main__":
    print(json.dumps(measure(*(int(argument) for argument in sys.argv[1:4]))))
