"""When the next tick is due: absolute deadlines, late ones skipped and counted, never made up.

Deadlines lie on a grid of whole periods, so the error of one wake-up is not carried into the next. The
kernel's own absolute sleep waits for them: measured against a timerfd it wakes Python a microsecond earlier
under load, and unlike a relative sleep it loses nothing between reading the clock and falling asleep.

It is asked to wake a little early, and the rest is waited for awake: what the interpreter needs to come back,
with caches that others have filled meanwhile, is then spent before the deadline instead of after it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_TIMER_ABSTIME: Final = 1  # clock_nanosleep(2)
_NS_A_SECOND: Final = 1_000_000_000

EARLY_NS: Final = 60_000
"""How long before its deadline a tick wakes: what the interpreter needs to come back on a core that slept."""
_LARGEST_EARLY: Final = 50
"""Of a period at most one part in so many is waited for awake."""

LONGEST_GAP_S: Final = 1.0
"""Most real time that one tick makes up for, unless two periods are longer.

A longer gap means that the process was stopped (the clock itself stands while the machine is suspended). By
then the boards' dead-man switches have made the outputs safe, and one step over the whole gap would move
ramps and integrals as no controller did.
"""


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class AbsoluteSleep:
    """Sleeps until a time on CLOCK_MONOTONIC, in ns; returns early when a signal comes.

    Python's own sleeps go on after a signal, so a process at 1 Hz would take a second to stop.
    """

    def __init__(self) -> None:
        self._until = _Timespec()
        self._address = ctypes.addressof(self._until)
        self._call = ctypes.CDLL(None).clock_nanosleep
        self._call.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
        self._call.restype = ctypes.c_int

    def __call__(self, until_ns: int) -> None:
        until = self._until
        until.seconds, until.nanoseconds = divmod(until_ns, _NS_A_SECOND)
        error = self._call(time.CLOCK_MONOTONIC, _TIMER_ABSTIME, self._address, None)
        if error not in (0, errno.EINTR):
            raise OSError(error, f"clock_nanosleep: {os.strerror(error)}")


class Pacer:
    """Paces ticks of `period_s` reactor time; `speed` reactor seconds pass in one real second.

    `clock_ns` and `sleep_until` are on the same clock, in ns. `sleep_until` may return early.
    """

    def __init__(
        self,
        period_s: float,
        speed: float = 1.0,
        *,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        sleep_until: Callable[[int], None] | None = None,
        early_ns: int = EARLY_NS,
    ) -> None:
        self._period_s = period_s
        self._period_ns = max(1, round(period_s / speed * _NS_A_SECOND))
        self._early_ns = min(early_ns, self._period_ns // _LARGEST_EARLY)
        self._most_periods = max(2, int(LONGEST_GAP_S * _NS_A_SECOND) // self._period_ns)
        self._clock_ns = clock_ns
        self._sleep_until = AbsoluteSleep() if sleep_until is None else sleep_until
        self._last_ns = clock_ns()
        self.overruns = 0
        """Deadlines at which there was no tick."""
        self.late_ns = 0
        """How long after its deadline the last tick woke."""
        self.lost_s = 0.0
        """Reactor time in gaps too long to be made up: no tick's `dt_s` holds it."""

    def wait(self) -> float:
        """Sleep until the next deadline; return the reactor time since the last tick, in whole periods.

        0.0 when a signal came first: the deadline still stands, and the next call waits for it.
        """
        period_ns, last_ns = self._period_ns, self._last_ns
        due_ns = last_ns + period_ns
        behind_ns = self._clock_ns() - due_ns
        if behind_ns > 0:
            # The last tick took longer than its period. Sleep to a deadline ahead all the same: a process of
            # real-time priority that never sleeps takes its core away from everything else.
            due_ns += (behind_ns // period_ns + 1) * period_ns
        self._sleep_until(due_ns - self._early_ns)
        late_ns = self._clock_ns() - due_ns
        if late_ns < -self._early_ns:
            return 0.0
        while late_ns < 0:
            late_ns = self._clock_ns() - due_ns
        self.late_ns = late_ns
        due_ns += late_ns // period_ns * period_ns
        self._last_ns = due_ns
        periods = (due_ns - last_ns) // period_ns
        self.overruns += periods - 1
        if periods > self._most_periods:
            self.lost_s += (periods - self._most_periods) * self._period_s
            periods = self._most_periods
        return periods * self._period_s
