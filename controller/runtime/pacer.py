"""When the next tick is due: absolute deadlines, late ones skipped and counted, never made up."""

from __future__ import annotations

import time


class Pacer:
    """Paces ticks of `period_s` reactor time; `speed` reactor seconds pass in one real second."""

    def __init__(self, period_s: float, speed: float = 1.0) -> None:
        self._real_period_s = period_s / speed
        self._period_s = period_s
        self._due_s = time.monotonic()
        self.overruns = 0

    def wait(self) -> float:
        """Sleep until the next deadline; return the reactor time that has passed since the last."""
        self._due_s += self._real_period_s
        late_s = time.monotonic() - self._due_s
        skipped = 0
        if late_s > 0.0:
            skipped = int(late_s / self._real_period_s)
            self._due_s += skipped * self._real_period_s
            self.overruns += 1
        else:
            time.sleep(-late_s)
        return (1 + skipped) * self._period_s
