"""Campaigns: trials chosen one after another by a strategy toward objectives within a budget."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.domain.surrogates import Estimate


class CampaignState(IntEnum):
    CREATED = 1
    RUNNING = 2
    HELD = 3
    COMPLETE = 4
    ABORTED = 5


class TrialState(IntEnum):
    RUNNING = 1
    COMPLETE = 2
    FAILED = 3
    INTERRUPTED = 4


class ObjectiveKind(IntEnum):
    TARGET = 1
    MINIMISE = 2
    MAXIMISE = 3


@dataclass(frozen=True, slots=True)
class Condition:
    """A quantity that is varied, between `low` and `high` in `unit`."""

    name: str
    unit: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SumConstraint:
    """The named conditions together stay at or below `maximum`, in their common unit."""

    names: tuple[str, ...]
    maximum: float


@dataclass(frozen=True, slots=True)
class Space:
    """Where a strategy may look."""

    conditions: tuple[Condition, ...]
    constraints: tuple[SumConstraint, ...] = ()


class Until(StrEnum):
    """When a campaign ends: once a trial meets every target, or only with its budget."""

    REACHED = "reached"
    SPENT = "spent"


@dataclass(frozen=True, slots=True)
class Objective:
    """What a property should be.

    A target is met within `tolerance`; `scale` is the change of a minimised or maximised property that
    matters.
    """

    property_name: str
    kind: ObjectiveKind
    unit: str
    target: float = 0.0
    tolerance: float = 0.0
    scale: float = 1.0
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class TargetSpectrum:
    """An absorbance spectrum to come near to in shape, compared from `low_nm` to `high_nm`."""

    wavelengths_nm: tuple[float, ...]
    absorbance: tuple[float, ...]
    low_nm: float
    high_nm: float


@dataclass(frozen=True, slots=True)
class StrategySpec:
    """`initial` fills the first `initial_trials` before the strategy has anything to learn from."""

    name: str
    initial: str
    initial_trials: int


@dataclass(frozen=True, slots=True)
class Observation:
    """What a strategy learns from; `properties` is None when the trial failed."""

    conditions: Mapping[str, float]
    properties: Mapping[str, float] | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """Conditions to try, and who thought of them."""

    conditions: Mapping[str, float]
    source: str


@dataclass(frozen=True, slots=True)
class CampaignSpec:
    """A campaign's document, checked. `surrogate_trials` of the first proposals come from the surrogate."""

    name: str
    seed: int
    space: Space
    objectives: tuple[Objective, ...]
    strategy: StrategySpec
    trials_budget: int
    time_budget_s: float = float("inf")
    surrogate: str = ""
    surrogate_trials: int = 0
    target_spectrum: TargetSpectrum | None = None
    until: Until = Until.REACHED


@dataclass(frozen=True, slots=True)
class Trial:
    """One experiment of a campaign; `number` counts from 1."""

    number: int
    state: TrialState
    source: str
    asked: Mapping[str, float]
    started_s: float
    achieved: Mapping[str, float] = field(default_factory=dict)
    properties: Mapping[str, float] = field(default_factory=dict)
    predicted: Mapping[str, Estimate] = field(default_factory=dict)
    novelty: float | None = None
    score: float | None = None
    run_id: str = ""
    spectrum_id: str = ""
    detail: str = ""
    ended_s: float | None = None
    emission_id: str = ""


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as it stands. `boot_id` is of the control process that it last acted on.

    `units` has that of every property that its trials may show, by name.
    """

    campaign_id: str
    spec: CampaignSpec
    state: CampaignState
    reason: str = ""
    reached: bool = False
    trials_complete: int = 0
    best_trial: int = 0
    boot_id: int = 0
    units: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CampaignEvent:
    """`sequence` counts from 1 within its campaign; `trial` is 0 where none is meant."""

    campaign_id: str
    sequence: int
    trial: int
    message: str
