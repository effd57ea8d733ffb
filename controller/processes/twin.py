"""The twin as a process of its own, behind real pseudo-terminals."""

from __future__ import annotations

import json
import math
import select
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from controller.processes.job import FINAL, Job
from controller.processes.lifeline import die_with_parent
from controller.processes.simulation import simulate
from firmware_bridge.errors import BridgeError
from firmware_bridge.simulator.endpoint import PtyEndpoint

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from controller.processes.simulation import Simulation
    from firmware_bridge.simulator.rig import SimulatedRig

_STEP_S = 0.01
# A paused machine must not be followed by a burst of steps: time that was lost stays lost.
_LONGEST_LAG_S = 0.1
# Well below any dead-man time: a board must not trip because time is scaled.
_LONGEST_STEP_S = 0.05


def run_twin(
    simulation: Simulation, ports_dir: Path, speed: float, announce: Callable[[dict[str, str]], None]
) -> None:
    """Simulate in `speed` times real time until SIGTERM or SIGINT; `announce` gets the ports' paths.

    What happens on the board goes to stderr, a line each.
    """
    stopping: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopping.append(number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    ports_dir.mkdir(parents=True, exist_ok=True)
    with ExitStack() as owned:
        endpoints = []
        for name, port in simulation.ports.items():
            endpoints.append(PtyEndpoint(port, link_path=ports_dir / name))
            owned.callback(endpoints[-1].close)
        announce({name: str(ports_dir / name) for name in simulation.ports})
        _simulate(simulation.rig, endpoints, speed, stopping)


def _simulate(rig: SimulatedRig, endpoints: list[PtyEndpoint], speed: float, stopping: list[int]) -> None:
    told = -1
    before_s = due_s = time.monotonic()
    while not stopping:
        due_s = max(due_s + _STEP_S, time.monotonic() - _STEP_S)
        while (left_s := due_s - time.monotonic()) > 0.0:
            readable, _, _ = select.select(endpoints, [], [], left_s)
            for endpoint in readable:
                endpoint.pump()
        now_s = time.monotonic()
        _advance(rig, min(now_s - before_s, _LONGEST_LAG_S) * speed)
        before_s = now_s
        for endpoint in endpoints:  # firmware takes its time to answer, unlike the twins
            endpoint.pump()
        for event in rig.board.events_after(told):
            sys.stderr.write(f"twin: t={event.time_s:.3f} s board {event.text}\n")
            told = event.index


def _advance(rig: SimulatedRig, seconds: float) -> None:
    steps = max(1, math.ceil(seconds / _LONGEST_STEP_S))
    for _ in range(steps):
        rig.advance(seconds / steps)


def main(job_path: Path) -> int:
    """Simulate the job's twin; write the ports as one JSON line when they stand."""
    die_with_parent()
    job = Job.read(job_path)
    assert job.plan.twin is not None

    def announce(ports: dict[str, str]) -> None:
        sys.stdout.write(json.dumps(ports) + "\n")
        sys.stdout.flush()

    run_twin(simulate(job.plan.twin, job.plan), job.ports_dir, job.speed, announce)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except BridgeError as error:
        sys.stderr.write(f"error: twin: {error}\n")
        sys.exit(FINAL)
