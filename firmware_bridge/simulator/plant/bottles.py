"""What is left of a reagent that runs out, and the air that its pump delivers afterwards."""

from __future__ import annotations


class Bottles:
    """Bottles that are about to be empty; all others count as full."""

    __slots__ = ("_left_ul",)

    def __init__(self) -> None:
        self._left_ul: dict[int, float] = {}

    @property
    def are_watched(self) -> bool:
        return bool(self._left_ul)

    def take(self, running_out: tuple[tuple[int, float], ...], pumped_ul: list[float]) -> list[float]:
        """Take what the pumps drew in a step; give how much of each was air.

        `running_out` holds axes and what their bottle held when they were first named; one that is named no
        longer has been filled.
        """
        air_ul = [0.0] * len(pumped_ul)
        left_ul = {axis: self._left_ul.get(axis, held_ul) for axis, held_ul in running_out}
        for axis, held_ul in left_ul.items():
            if axis < len(pumped_ul):  # a further axis is not piped
                air_ul[axis] = max(pumped_ul[axis] - held_ul, 0.0)
                left_ul[axis] = held_ul - (pumped_ul[axis] - air_ul[axis])
        self._left_ul = left_ul
        return air_ul
