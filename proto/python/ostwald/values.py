"""What a device says, as plain values: the public face of the client holds no protobuf type."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Reading:
    """A channel's value. `quality` is "good", "stale" or "bad"; `setpoint` None where nothing is asked."""

    channel: str
    value: float
    unit: str
    quality: str
    setpoint: float | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    name: str
    kind: str
    unit: str
    low: float
    high: float
    safe_value: float | None
    driven_by: str


@dataclass(frozen=True, slots=True)
class Interlock:
    name: str
    channel: str
    rule: str
    tripped: bool
    first_out: bool


@dataclass(frozen=True, slots=True)
class Reactor:
    """The rig as it is. `state` is "starting", "ready", "tripped", "stopped" or "orphaned"."""

    name: str
    state: str
    reason: str
    time_s: float
    boot_id: int
    rate_hz: float
    ticks: int
    overruns: int
    clock: str
    twin: str
    active_run_id: str
    version: str
    channels: tuple[Channel, ...]
    interlocks: tuple[Interlock, ...]
    links: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sample:
    """One telemetry sample; `lost` counts the samples that came and went before it."""

    time_s: float
    boot_id: int
    sequence: int
    lost: int
    state: str
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class Spectrum:
    spectrum_id: str
    time_s: float
    wavelengths_nm: tuple[float, ...]
    counts: tuple[float, ...]
    absorbance: tuple[float, ...]
    features: dict[str, float]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prediction:
    mean: float
    std: float
    unit: str


@dataclass(frozen=True, slots=True)
class PredictedRow:
    """`trusted` is False where `novelty` exceeds 1: outside the training data."""

    properties: dict[str, Prediction]
    novelty: float
    trusted: bool


@dataclass(frozen=True, slots=True)
class Run:
    run_id: str
    recipe: str
    state: str
    step: int
    steps: int
    detail: str
    parameters: dict[str, float]
    achieved: dict[str, float]
    properties: dict[str, float]
    spectrum_id: str
    campaign_id: str


@dataclass(frozen=True, slots=True)
class Condition:
    name: str
    unit: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Objective:
    property_name: str
    kind: str
    unit: str
    target: float
    tolerance: float


@dataclass(frozen=True, slots=True)
class Trial:
    number: int
    state: str
    source: str
    asked: dict[str, float]
    achieved: dict[str, float]
    properties: dict[str, float]
    predicted: dict[str, Prediction]
    novelty: float | None
    score: float | None
    run_id: str
    spectrum_id: str
    detail: str
    spectrum: Spectrum | None = None


@dataclass(frozen=True, slots=True)
class Campaign:
    campaign_id: str
    name: str
    state: str
    reason: str
    reached: bool
    strategy: str
    surrogate: str
    seed: int
    trials_complete: int
    trials_budget: int
    best_trial: int
    conditions: tuple[Condition, ...]
    objectives: tuple[Objective, ...]


@dataclass(frozen=True, slots=True)
class CampaignEvent:
    sequence: int
    message: str
    campaign: Campaign
    trial: Trial | None


@dataclass(frozen=True, slots=True)
class Model:
    name: str
    digest: str
    serial: int
    stage: str
    algorithm: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    metrics: dict[str, float] = field(default_factory=dict)
    signed_by: str = ""
