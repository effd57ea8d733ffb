"""What a relay experiment is and what it has seen so far: the state of `autotune` and its parts."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from controller.control.regression import Regression, Trace

MOST_APPROACH: Final = 64
MOST_RELAY: Final = 96
MOST_SIDE: Final = 32
# The lower side of the relay against the upper one.
ASYMMETRY: Final = 1.5


class Phase(StrEnum):
    """HOLD measures the noise, APPROACH goes to the target, RELAY swings around it, FIT identifies.

    LAG stays below the target where the swings were too short to tell the lag; FIT follows again.
    """

    HOLD = "hold"
    APPROACH = "approach"
    RELAY = "relay"
    LAG = "lag"
    FIT = "fit"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A tuning, and what it was derived from: the limit cycle and the model of the plant.

    Gains carry the sign of the plant's; `unexplained` is the model's rms error as a share of the swing.
    """

    gain: float
    integral_s: float
    derivative_s: float
    ultimate_gain: float
    ultimate_period_s: float
    process_gain: float
    time_constant_s: float
    dead_time_s: float
    unexplained: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked. `origin` is the output at the beginning, `rate_per_s` its fastest change (0: none set).

    `turn` is -1 where more output lowers the measurement.
    """

    target: float
    amplitude: float
    origin: float
    low: float
    high: float
    noise_band: float
    rate_per_s: float
    turn: float
    patience_s: float
    limit_s: float


@dataclass(frozen=True, slots=True)
class Noise:
    """Second differences of fresh readings, which a trend does not enter: 6 times the noise's variance."""

    readings: int = 0
    last: float = math.nan
    before: float = math.nan
    squares: float = 0.0

    def add(self, value: float) -> Noise:
        if value == self.last:  # not read again since the last tick
            return self
        bend = value - 2.0 * self.last + self.before
        squares = self.squares + (bend * bend if math.isfinite(bend) else 0.0)
        return Noise(self.readings + 1, value, self.last, squares)

    @property
    def sigma(self) -> float:
        return math.sqrt(self.squares / (6.0 * (self.readings - 2))) if self.readings > 2 else 0.0


@dataclass(frozen=True, slots=True)
class Cycle:
    """One swing, from the switch upward. Turns are the times from a switch to the extreme after it."""

    start_s: float
    top: float = -math.inf
    bottom: float = math.inf
    top_turn_s: float = 0.0
    bottom_turn_s: float = 0.0
    up_s: float = 0.0
    period_s: float = 0.0

    @property
    def swing(self) -> float:
        return self.top - self.bottom


@dataclass(frozen=True, slots=True)
class Search:
    """The model so far: `tried` candidates of this round, and the best of all.

    A candidate is a delay, dead time and second lag together, within [low_s, high_s], and the share of it
    that is the second lag. No dead time is above `from_s`, where the samples begin that are fitted.
    """

    from_s: float
    low_s: float
    high_s: float
    low_share: float = 0.0
    high_share: float = 1.0
    rounds: int = 0
    tried: int = 0
    best_s: float = 0.0
    best_share: float = 0.0
    best: Regression | None = None


@dataclass(frozen=True, slots=True)
class AutotuneState:
    """Bounded: the traces are thinned, the switches counted. `proposal` and `failed` end the experiment."""

    plan: Plan
    phase: Phase
    centre: float
    output: float
    time_s: float = 0.0
    value: float = math.nan
    integral: float = 0.0
    noise: Noise = field(default_factory=Noise)
    hysteresis: float = 0.0
    upward: bool = True
    # When the output last changed, what the measurement was, and how far from the target it went before it
    # answered for the first time.
    switched_s: float = 0.0
    switched_at: float = math.nan
    furthest: float = math.nan
    # How long the measurement takes to answer; 0: not yet seen.
    response_s: float = 0.0
    # Where an output that fell short would have ended: (output, value).
    known: tuple[float, float] | None = None
    switches: tuple[tuple[float, float], ...] = ()
    approach: Trace = field(default_factory=lambda: Trace(MOST_APPROACH))
    relay: Trace = field(default_factory=lambda: Trace(MOST_RELAY))
    # Since the output last changed.
    side: Trace = field(default_factory=lambda: Trace(MOST_SIDE))
    cycle: Cycle | None = None
    last: Cycle | None = None
    alike: int = 0
    search: Search | None = None
    # When the present LAG ends.
    until_s: float = 0.0
    proposal: Proposal | None = None
    failed: str = ""

    @property
    def ended(self) -> bool:
        return self.phase in (Phase.DONE, Phase.FAILED)


def drive(state: AutotuneState) -> AutotuneState:
    """Put out the relay's side that is due."""
    plan = state.plan
    swing = plan.amplitude if state.upward else -plan.amplitude / ASYMMETRY
    output = min(max(state.centre + swing, plan.low), plan.high)
    switches = (*state.switches, (state.time_s, output))
    side = Trace(MOST_SIDE).add(state.time_s, state.value, state.integral)
    return replace(
        state, output=output, switches=switches, switched_s=state.time_s, switched_at=state.value, side=side
    )


def fail(state: AutotuneState, why: str) -> AutotuneState:
    """End the experiment at the output that was before it."""
    return replace(state, phase=Phase.FAILED, failed=why, output=state.plan.origin)
