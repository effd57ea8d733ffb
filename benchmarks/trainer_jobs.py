"""Fits side by side, each in a process of its own on a core of its own, stopped when its time is up.

A system may answer more than once: its last answer within the budget counts. One that has not answered by
then is waited for, and the time it took is told.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Final, TypeAlias

from benchmarks.children import BenchmarkError
from benchmarks.trainer_systems import MODULES, SYSTEMS
from trainer.candidates import CANDIDATES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection

    from benchmarks.trainer_systems import Training
    from trainer.arrays import Floats

# For how many budgets a system that has not answered is waited for.
PATIENCE: Final = 4.0
_START_WITHIN_S: Final = 60.0
# Threads that wait by spinning would take the core from the thread that they wait for.
_ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
_CANDIDATES: Final = tuple(f"trainer.candidates.{each.module}" for each in CANDIDATES.values())
# What a job says: that it begins, then every answer with the seconds it took.
Said: TypeAlias = "tuple[Floats, float] | None"


@dataclass(frozen=True)
class Job:
    """One fit of one system to one fold of the data set `name`."""

    system: str
    name: str
    number: int
    training: Training


@dataclass(frozen=True)
class Done:
    """`mean` [k] for the rows held out, and the seconds until that answer."""

    job: Job
    mean: Floats
    seconds: float


def run_jobs(jobs: Sequence[Job], cores: Sequence[int]) -> Iterator[Done]:
    """Run as many jobs at a time as there are `cores`; yield each as it ends. BenchmarkError: no answer."""
    os.environ.update(_ONE_THREAD)
    # What the systems import is loaded once, before any clock runs.
    multiprocessing.get_context("forkserver").set_forkserver_preload([*MODULES, *_CANDIDATES])
    waiting, free = list(reversed(jobs)), list(cores)
    running: list[_Running] = []
    try:
        while waiting or running:
            while waiting and free:
                running.append(_Running(waiting.pop(), free.pop()))
            wait([each.connection for each in running], timeout=min(each.left_s() for each in running))
            for each in [one for one in running if one.is_over()]:
                running.remove(each)
                free.append(each.core)
                yield each.stop()
    finally:
        for each in running:
            each.kill()


class _Running:
    """A job in its process."""

    def __init__(self, job: Job, core: int) -> None:
        self.core = core
        self._job = job
        self.connection, theirs = multiprocessing.Pipe(duplex=False)
        context = multiprocessing.get_context("forkserver")
        self._process = context.Process(target=_work, args=(job, core, theirs))
        self._process.start()
        theirs.close()
        self._ends_s = self._gives_up_s = time.monotonic() + _START_WITHIN_S
        self._last: tuple[Floats, float] | None = None

    def left_s(self) -> float:
        until_s = self._ends_s if self._last is not None else self._gives_up_s
        return max(until_s - time.monotonic(), 0.0)

    def is_over(self) -> bool:
        """Take in what the job said; return whether it is done or out of time."""
        try:
            while self.connection.poll():
                said: Said = self.connection.recv()
                if said is None:
                    self._ends_s = time.monotonic() + self._job.training.budget_s
                    self._gives_up_s = time.monotonic() + PATIENCE * self._job.training.budget_s
                else:
                    self._last = said
        except EOFError:
            return True
        return self.left_s() == 0.0

    def stop(self) -> Done:
        self.kill()
        if self._last is None:
            raise BenchmarkError(
                f"{self._job.system} gave no answer for {self._job.name}, fold {self._job.number}; "
                f"its process ended with code {self._process.exitcode}"
            )
        return Done(self._job, *self._last)

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        self.connection.close()


def _work(job: Job, core: int, connection: Connection) -> None:
    os.sched_setaffinity(0, {core})
    system = SYSTEMS[job.system]
    fit = getattr(import_module(system.module), system.function)
    connection.send(None)
    started_s = time.perf_counter()
    for mean in fit(job.training):
        connection.send((mean, time.perf_counter() - started_s))
