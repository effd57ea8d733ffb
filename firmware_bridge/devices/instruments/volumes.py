"""How much is left in a syringe, from what its pump says it has moved.

Pure. Pumps count what they infused and withdrew, and forget it with their supply or at every start.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class RisingCounter:
    """A pump's own counter of volume, made to rise for ever.

    What it shows first is somebody else's. A counter that fell was cleared in between: it counts from 0.
    """

    total_ul: float = 0.0
    _shown_ul: float | None = None

    def show(self, shown_ul: float) -> float:
        """Take what the pump shows now; return the total since the first time, in uL."""
        before_ul = shown_ul if self._shown_ul is None else self._shown_ul
        self.total_ul += shown_ul - before_ul if shown_ul >= before_ul else shown_ul
        self._shown_ul = shown_ul
        return self.total_ul

    def restart(self) -> None:
        """Know that the pump starts to count from 0 now."""
        self._shown_ul = 0.0


class VolumeAccount:
    """The content of one syringe: what was in it, less what went out, and what came in.

    Never below 0 nor above its capacity: at an end the plunger stands, whatever the pump counts.
    """

    def __init__(self, capacity_ul: float, filled_ul: float) -> None:
        self._capacity_ul = capacity_ul
        self.left_ul = filled_ul
        """What is left in the syringe, by what the counters were shown when it was last settled."""
        self.infused = RisingCounter()
        self.withdrawn = RisingCounter()
        self._booked_ul = 0.0

    @property
    def is_full(self) -> bool:
        """Whether to draw on would pull the plunger out of the barrel."""
        return self.left_ul >= self._capacity_ul

    def settle(self) -> float:
        """Book what the counters were shown since the last time; return `left_ul`."""
        net_ul = self.withdrawn.total_ul - self.infused.total_ul
        self.left_ul = min(max(self.left_ul + net_ul - self._booked_ul, 0.0), self._capacity_ul)
        self._booked_ul = net_ul
        return self.left_ul
