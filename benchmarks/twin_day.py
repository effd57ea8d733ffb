"""A day of a rig's twin: the daemon as it is shipped, in lockstep, with somebody who asks for an experiment.

Through its contract the daemon is asked for a run of the twin's recipe every twenty minutes of the reactor's
time, and to dwell until the next: real run engine, control, drivers and frames, spectra over their own line.
"""

from __future__ import annotations

import os
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from ostwald.client import DeviceError, Ostwald

from benchmarks.children import BenchmarkError, Child, run_module
from firmware_bridge.simulator.twins.base import TwinError
from firmware_bridge.simulator.twins.designs import design

if TYPE_CHECKING:
    from collections.abc import Callable

    from ostwald.values import Run

    from firmware_bridge.simulator.twins.base import Twin

TRIAL_EVERY_S: Final = 1200.0
_READY_WITHIN_S: Final = 60.0
_SEED: Final = 1
# The clock is a sum of ticks: a rest shorter than this is none.
_LEAST_REST_S: Final = 1.0
_JIFFIES_S: Final = 1.0 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Day:
    """What so many simulated seconds took: of the wall's time, and of the processors' by process.

    `problem` is why the first of the experiments that failed did, or empty.
    """

    simulated_s: float
    ticks: int
    took_s: float
    control_s: float
    service_s: float
    trials: int
    failed: int
    problem: str


def live_day(twin: Twin, hours: float, progress: Callable[[float], None]) -> Day:
    """Run a twin for so many hours of its own time; `progress` gets the part that is done.

    BenchmarkError when it does not start, or no experiment succeeds.
    """
    with TemporaryDirectory(prefix="ostwald-bench-") as name, ExitStack() as stack:
        folder, address = Path(name), _free_address()
        options = ("--twin", twin.name, "--clock", "lockstep", "--seed", str(_SEED))
        where = ("--state", str(folder / "state"), "--listen", address)
        daemon = Child(
            f"the daemon with twin {twin.name}",
            run_module("controller", "run", *options, *where),
            folder / "log",
        )
        stack.enter_context(daemon).wait_ready(_READY_WITHIN_S)
        try:
            device = stack.enter_context(Ostwald(address, actor="benchmark"))
            return _Experimenter(twin, device, folder / "state" / "run", progress).work(hours * 3600.0)
        except DeviceError as error:
            raise BenchmarkError(f"{twin.name}: {error}\n{daemon.errors()}") from error


class _Experimenter:
    """Who stands before the rig."""

    def __init__(self, twin: Twin, device: Ostwald, run_dir: Path, progress: Callable[[float], None]) -> None:
        self._device = device
        self._recipe = twin.recipe_file.read_text(encoding="utf-8")
        self._pids = {name: int((run_dir / f"{name}.pid").read_text()) for name in ("control", "service")}
        self._progress = progress
        self._twin = twin
        self._problems: list[str] = []

    def work(self, duration_s: float) -> Day:
        """Experiment until so much of the reactor's time has passed."""
        device = self._device
        parameters = self._parameters(max(1, round(duration_s / TRIAL_EVERY_S)))
        # Spectra refer to a dark and a reference: what the recipe takes every so often, it takes at first.
        begin = device.reactor()
        spent, start_s = self._spent_s(), time.monotonic()
        tried = 0
        # One experiment may take longer than its share of the time, or all of it.
        while tried < len(parameters) and device.reactor().time_s < begin.time_s + duration_s:
            self._refill()
            self._try(parameters[tried])
            tried += 1
            self._rest(begin.time_s + duration_s * tried / len(parameters))
            self._progress(tried / len(parameters))
        took_s, after, end = time.monotonic() - start_s, self._spent_s(), device.reactor()
        if len(self._problems) == tried:
            raise BenchmarkError(f"{self._twin.name}: no experiment succeeded: {self._problems[0]}")
        return Day(
            simulated_s=end.time_s - begin.time_s,
            ticks=end.ticks - begin.ticks,
            took_s=took_s,
            control_s=after["control"] - spent["control"],
            service_s=after["service"] - spent["service"],
            trials=tried,
            failed=len(self._problems),
            problem=next(iter(self._problems), ""),
        )

    def _parameters(self, count: int) -> list[dict[str, str]]:
        """Spread the experiments over what the twin takes."""
        units = {each.name: "" if each.unit == "1" else f" {each.unit}" for each in self._twin.inputs}
        try:
            points = design(self._twin, "lhs", count, _SEED)
        except TwinError as error:
            raise BenchmarkError(str(error)) from error
        return [{name: f"{value:.6g}{units[name]}" for name, value in point.items()} for point in points]

    def _refill(self) -> None:
        for each in self._device.reagents.list():
            if each.full_ul is not None:
                self._device.reagents.refill(each.name)

    def _try(self, parameters: dict[str, str]) -> None:
        run = self._run(self._recipe, parameters)
        if run.state != "complete":
            self._problems.append(run.detail)

    def _rest(self, until_s: float) -> None:
        """Let time pass, whatever state the experiment has left the reactor in."""
        now = self._device.reactor()
        if now.state != "ready":
            self._device.reset()
        left_s = until_s - now.time_s
        if left_s < _LEAST_REST_S:
            return
        run = self._run(f'[recipe]\nname = "rest"\n[[steps]]\ndwell = {{time = "{left_s:.3f} s"}}\n', {})
        if run.state != "complete":
            raise BenchmarkError(f"{self._twin.name} does not come to rest: {run.detail}")

    def _run(self, recipe: str, parameters: dict[str, str]) -> Run:
        started = self._device.runs.start(recipe, parameters)
        for _ in self._device.runs.watch(started.run_id):
            pass
        return self._device.runs.get(started.run_id)

    def _spent_s(self) -> dict[str, float]:
        """Return the processor's time that each process has taken."""
        return {name: _processor_s(pid) for name, pid in self._pids.items()}


def _processor_s(pid: int) -> float:
    # The name, in brackets, may hold anything; behind it come state, ..., utime and stime (proc(5)).
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _JIFFIES_S


def _free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"
