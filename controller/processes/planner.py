"""The planner: a niced worker for the mathematics of strategies, so that an ask delays no stream."""

from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor

from controller.processes.lifeline import die_with_parent

_NICENESS = 10


def start_planner() -> ProcessPoolExecutor:
    """Return an executor of one worker; it starts with the first ask."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(max_workers=1, mp_context=context, initializer=_settle)


def _settle() -> None:
    die_with_parent(signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICENESS)
