"""Two syringes as one pump without a gap: which gives, which refills, and how one hands over to the other.

Pure: contents and the wanted flow in, the flows of both out. While one hands over, its flow falls on a
straight line over the volume delivered, and the other's rises on the same line: their sum is the wanted flow
throughout, whatever it is changed to meanwhile. Each syringe has check valves, or a valve that follows its
pump: pushing delivers, drawing fills it from the bottle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from firmware_bridge.devices.interfaces import DeviceError

Pair = tuple[float, float]
"""One value of each syringe: contents in uL, flows in uL/min out of it."""


@dataclass(frozen=True, slots=True)
class PairFacts:
    """Two equal syringes. They are used between `bottom_ul` and `top_ul`; the rest is for what comes late."""

    bottom_ul: float
    top_ul: float
    refill_ul_min: float
    overlap_s: float
    fastest_ul_min: float
    """Of one pump."""
    late_s: float
    """How long a decision may take to act."""

    @property
    def most_ul_min(self) -> float:
        """The largest flow without a gap: what one gives in its turn, the other must refill meanwhile.

        In a full cycle a syringe of U gives for U/flow + overlap, which leaves it U/flow - overlap to refill.
        """
        used_ul = self.top_ul - self.bottom_ul
        shortest_s = used_ul / (self.refill_ul_min / 60.0) + self.overlap_s + 2.0 * self.late_s
        return min(self.fastest_ul_min, used_ul / (shortest_s / 60.0))


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is: `giver` is 0 or 1. While it hands over, `sum_ul` is what both held at its start."""

    giver: int = 0
    sum_ul: float | None = None
    overlap_ul: float = 0.0
    filling: bool = False


def take_turns(turn: Turn, left_ul: Pair, flow_ul_min: float, facts: PairFacts) -> tuple[Turn, Pair]:
    """Decide both flows. DeviceError when one syringe is empty before the other has enough to go on with."""
    if flow_ul_min <= 0.0:
        # A hand-over goes on where it was; nothing is drawn while nothing flows.
        return turn, (0.0, 0.0)
    if turn.sum_ul is None:
        turn = _begin(turn, left_ul, flow_ul_min, facts)
    if turn.sum_ul is not None:
        share = (turn.sum_ul - sum(left_ul)) / turn.overlap_ul
        if share < 1.0:
            taken_ul_min = max(share, 0.0) * flow_ul_min
            return turn, _order(turn.giver, flow_ul_min - taken_ul_min, taken_ul_min)
        turn = Turn(giver=1 - turn.giver)
    return _refill(turn, left_ul, flow_ul_min, facts)


def _begin(turn: Turn, left_ul: Pair, flow_ul_min: float, facts: PairFacts) -> Turn:
    """Begin to hand over, when what the giver still has to give is just that."""
    overlap_ul = flow_ul_min / 60.0 * facts.overlap_s
    late_ul = flow_ul_min / 60.0 * facts.late_s
    if left_ul[turn.giver] > facts.bottom_ul + overlap_ul / 2.0 + late_ul:
        return turn
    if left_ul[1 - turn.giver] < facts.bottom_ul + overlap_ul + late_ul:
        if left_ul[turn.giver] > facts.bottom_ul:
            return turn
        raise DeviceError(
            "one syringe is empty before the other has enough: fill both, refill faster, or ask for less flow"
        )
    # A giver that is late, as after a jump of the flow, hands over faster: it keeps half the bottom at least.
    return Turn(turn.giver, sum(left_ul), min(overlap_ul, 2.0 * left_ul[turn.giver] - facts.bottom_ul))


def _refill(turn: Turn, left_ul: Pair, flow_ul_min: float, facts: PairFacts) -> tuple[Turn, Pair]:
    """Let the giver give alone; the other draws until it is full, and then waits."""
    taker_ul = left_ul[1 - turn.giver]
    begins = taker_ul < (facts.bottom_ul + facts.top_ul) / 2.0
    filling = taker_ul < facts.top_ul and (turn.filling or begins)
    drawn_ul_min = -facts.refill_ul_min if filling else 0.0
    return replace(turn, filling=filling), _order(turn.giver, flow_ul_min, drawn_ul_min)


def _order(giver: int, given_ul_min: float, other_ul_min: float) -> Pair:
    return (given_ul_min, other_ul_min) if giver == 0 else (other_ul_min, given_ul_min)
