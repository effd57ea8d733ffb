"""Wake-up latencies as a histogram of whole microseconds, which is what cyclictest keeps."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Latencies:
    """`counts` by latency in us, rounded down. `interval_us` is the time between deadlines."""

    counts: Mapping[int, int]
    interval_us: int

    @classmethod
    def from_ns(cls, latencies_ns: Iterable[int], interval_us: int) -> Latencies:
        return cls(Counter(each // 1000 for each in latencies_ns), interval_us)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def max_us(self) -> int:
        return max(self.counts)

    @property
    def missed(self) -> int:
        """Deadlines that had passed altogether before the wake-up that they were due after."""
        return sum(us // self.interval_us * count for us, count in self.counts.items())

    def percentile_us(self, percent: float) -> int:
        """Return the smallest latency that so many percent of the wake-ups do not exceed."""
        rank = self.total * percent / 100.0
        seen = 0
        for us in sorted(self.counts):
            seen += self.counts[us]
            if seen >= rank:
                return us
        return self.max_us
