"""What the kernel lets a vetting process do: too little to harm anybody, enough for a sound graph."""

from __future__ import annotations

import ctypes
import resource
import signal
from pathlib import Path
from typing import Final

CPU_S: Final = 30
"""Judging a forest of 17 MiB takes a workstation 0.7 s, a small computer several times that."""
_IMPORTS_BYTES: Final = 2 << 30
# What the runtime reserves before it has seen a node, whatever the graph.
_WORKING_BYTES: Final = 256 << 20
# A graph stands there as bytes, parsed twice (by us and by the runtime), optimised and packed: the same
# forest takes 307 MiB in all.
_COPIES: Final = 16
_FILES: Final = 64
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38  # prctl(2)


def environment() -> dict[str, str]:
    """Return all that a vetting process gets to know of ours: nothing, but how to be small."""
    # One arena: each that a thread opens reserves 64 MiB of the address space that is limited below.
    return {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}


def confine() -> None:
    """Give up, for good: writing files, dumping memory, new privileges, more than `CPU_S`, outliving us.

    Call it before anything large is imported.
    """
    _limit(resource.RLIMIT_AS, _IMPORTS_BYTES)
    # The soft limit ends us with a signal of its own name, which the parent can tell from others.
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 1))
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, _FILES)
    # RLIMIT_CORE does not hold back a dump that the kernel pipes to a program (core(5)).
    _prctl(_PR_SET_DUMPABLE, 0)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def allow_memory(model_bytes: int) -> None:
    """Bound the memory to what is there now and what a graph of this size may need; call it after imports."""
    _limit(resource.RLIMIT_AS, _address_space_bytes() + allowance_bytes(model_bytes))


def allowance_bytes(model_bytes: int) -> int:
    """Return how much memory a graph of this size may take: 768 MiB for the largest that a bundle holds."""
    return _WORKING_BYTES + _COPIES * model_bytes


def _limit(which: int, amount: int) -> None:
    resource.setrlimit(which, (amount, amount))


def _address_space_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}) failed")
