"""What control asks of the kernel to keep time: a priority, locked memory, a core that stays awake.

Each wish that is refused costs one warning that names the remedy; control runs on without it, less
punctually.
"""

from __future__ import annotations

import ctypes
import errno
import gc
import os
import resource
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.domain.plan import RealtimePlan

_MCL_CURRENT, _MCL_FUTURE = 1, 2  # mlockall(2)
_PR_SET_TIMERSLACK: Final = 29  # prctl(2)
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # mallopt(3)
_CAP_IPC_LOCK: Final = 14  # capabilities(7)
_DMA_LATENCY: Final = "/dev/cpu_dma_latency"
_SHARED_MEMORY: Final = Path("/dev") / "shm"  # shm_overview(7)

TIMER_SLACK_NS: Final = 1
LOCKED_ROOM_BYTES: Final = 64 << 20
"""Twice what control occupies: with less allowed, locked memory would turn growth into MemoryError."""
KEPT_BYTES: Final = 16 << 20
"""Freed memory that the allocator keeps, so that no tick has to fetch it again page by page."""


class Kernel(Protocol):
    """What can be asked. Every method raises OSError where it is not permitted or not there."""

    def run_fifo(self, priority: int) -> None: ...

    def stay_on(self, cpu: int) -> None: ...

    def lock_memory(self) -> None: ...

    def keep_memory(self) -> None: ...

    def sharpen_timers(self) -> None: ...

    def hold_awake(self) -> int:
        """Ask for a wake-up latency of 0 us until the descriptor returned is closed."""
        ...


class LinuxKernel:
    """The kernel that this process runs on."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)

    def run_fifo(self, priority: int) -> None:
        # A child of control must not inherit what could starve it.
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(priority))

    def stay_on(self, cpu: int) -> None:
        os.sched_setaffinity(0, {cpu})

    def lock_memory(self) -> None:
        if not _may_lock():
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))
        self._check(self._libc.mlockall(_MCL_CURRENT | _MCL_FUTURE))

    def keep_memory(self) -> None:
        mallopt = getattr(self._libc, "mallopt", None)
        if mallopt is None:
            raise OSError(errno.ENOSYS, "not a glibc")
        for parameter in (_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD):
            if mallopt(parameter, KEPT_BYTES) != 1:
                raise OSError(errno.EINVAL, "mallopt refused")

    def sharpen_timers(self) -> None:
        self._check(self._libc.prctl(_PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0, 0, 0))

    def hold_awake(self) -> int:
        descriptor = os.open(_DMA_LATENCY, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, bytes(4))
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def _check(self, result: int) -> None:
        if result != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


class Realtime:
    """What was granted, held until `close`. `warnings` has one line for each wish that was not."""

    def __init__(self, warnings: tuple[str, ...], awake: int | None) -> None:
        self.warnings = warnings
        self._awake = awake

    def close(self) -> None:
        """Let the cores sleep again; priority and locks end with the process."""
        if self._awake is not None:
            os.close(self._awake)
            self._awake = None


@dataclass(frozen=True, slots=True)
class _Wish:
    what: str
    ask: Callable[[], None]
    remedy: str


def prepare(plan: RealtimePlan, kernel: Kernel | None = None) -> Realtime:
    """Make this process a real-time one as far as the kernel permits. Its threads so far are not touched."""
    kernel = LinuxKernel() if kernel is None else kernel
    held: list[int] = []
    warnings = []
    for wish in _wishes(plan, kernel, held):
        try:
            wish.ask()
        except OSError as error:
            warnings.append(f"cannot {wish.what} ({error.strerror}): {wish.remedy}")
    return Realtime(tuple(warnings), held[0] if held else None)


def freeze_collector() -> None:
    """Collect once, then never again: what is loaded stays, and a tick makes no reference cycles."""
    gc.collect()
    gc.freeze()
    gc.disable()


def memory_folder() -> Path | None:
    """Return a folder that lies in memory, or None; for what processes share through `mmap`.

    On a disk, a store to a page that is just being written back waits for the journal: locking does not help.
    """
    return _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK) else None


def _wishes(plan: RealtimePlan, kernel: Kernel, held: list[int]) -> list[_Wish]:
    """List what to ask for; the priority last, so that the asking itself disturbs nobody."""
    priority, cpu = plan.priority, plan.cpu
    wishes = [
        _Wish("keep freed memory", kernel.keep_memory, "ticks may be late now and then; run it on a glibc"),
        _Wish(
            "lock its memory",
            kernel.lock_memory,
            "ticks may wait for the disk; set LimitMEMLOCK=infinity in its systemd unit or give CAP_IPC_LOCK",
        ),
        _Wish(
            f"hold {_DMA_LATENCY}",
            lambda: held.append(kernel.hold_awake()),
            "cores may sleep too deeply to wake in time; a udev rule must let the daemon's group write it",
        ),
        _Wish("sharpen its timers", kernel.sharpen_timers, "ticks may be 50 us late; see prctl(2)"),
        _Wish(
            f"run at SCHED_FIFO priority {priority}",
            lambda: kernel.run_fifo(priority),
            f"other programs delay it; set LimitRTPRIO={priority} in its systemd unit or give CAP_SYS_NICE",
        ),
    ]
    if cpu is not None:
        remedy = (
            "it runs on any core; name one of this machine's in the rig's realtime table, or allow it one"
        )
        wishes.insert(0, _Wish(f"stay on cpu {cpu}", lambda: kernel.stay_on(cpu), remedy))
    return wishes


def _may_lock() -> bool:
    """Whether memory can be locked for good: by capability, or under a limit that leaves room to grow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if soft != hard:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (hard, hard))
            soft = hard
    return soft == resource.RLIM_INFINITY or soft >= LOCKED_ROOM_BYTES or _has_capability(_CAP_IPC_LOCK)


def _has_capability(number: int) -> bool:
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        name, _, value = line.partition(":")
        if name == "CapEff":
            return bool(int(value, 16) >> number & 1)
    return False
