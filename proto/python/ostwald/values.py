"""What a device says, as plain values: the public face of the client holds no protobuf type."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


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
    writable: bool


@dataclass(frozen=True, slots=True)
class Interlock:
    """`channel` is empty for a rule that watches none, or several; `rule` says it in words."""

    name: str
    channel: str
    rule: str
    tripped: bool
    first_out: bool


@dataclass(frozen=True, slots=True)
class Reactor:
    """The rig as it is. `state` is "starting", "ready", "tripped", "stopped" or "orphaned".

    `warnings` are what the machine does not permit control, and what that costs.
    """

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
    warnings: tuple[str, ...]


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
    emission: tuple[float, ...] = ()


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
    """One execution of a recipe; `leased`: it is held when the lease under which it acts is lost.

    `state` is a PackML state in lower case: "execute", "held", "complete", "aborted". Times are those of the
    reactor's clock; `ended_s` is None until it has ended.
    """

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
    actor: str
    leased: bool
    started_s: float
    ended_s: float | None
    emission_id: str = ""


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
    emission_id: str = ""
    emission: Spectrum | None = None


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
    property_units: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CampaignEvent:
    sequence: int
    message: str
    campaign: Campaign
    trial: Trial | None


@dataclass(frozen=True, slots=True)
class Model:
    """A version on the device.

    `damage` says why its stored bundle can't be read; what comes from it is then empty.
    """

    name: str
    digest: str
    serial: int
    stage: str
    algorithm: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    metrics: dict[str, float] = field(default_factory=dict)
    signed_by: str = ""
    damage: str = ""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm and how it stands, in the words of ISA-18.2.

    `state`: "normal", "unacknowledged", "acknowledged", "returned", "latched_unacknowledged",
    "latched_acknowledged", "shelved", "suppressed" or "out_of_service". `priority`: "low", "medium", "high"
    or "critical". `active`: its condition stands, whatever the state. `value` is what its channel read when
    it was raised; `shelved_left_s` None unless it is shelved. A `trip` is an interlock's.
    """

    name: str
    state: str
    priority: str
    active: bool
    since_s: float
    value: float | None
    unit: str
    shelved_left_s: float | None
    by: str
    condition: str
    response: str
    trip: bool

    @property
    def standing(self) -> bool:
        """Whether it is on, by its condition or by its latch, and nobody keeps it quiet."""
        return self.state.endswith("acknowledged")

    @property
    def waiting(self) -> bool:
        """Whether it waits to be acknowledged."""
        return self.state == "returned" or self.state.endswith("unacknowledged")


@dataclass(frozen=True, slots=True)
class Event:
    """What happened.

    `event_id` grows over restarts; `time_s` is by the reactor's clock, `logged` by the calendar.
    `kind`: "state", "trip", "alarm", "command", "loop", "lease" or "system"; `actor` is empty where nobody
    asked for it.
    """

    event_id: int
    sequence: int
    boot_id: int
    time_s: float
    logged: datetime
    kind: str
    subject: str
    text: str
    actor: str


@dataclass(frozen=True, slots=True)
class WatchedEvent:
    """An event as it happens; None in a message that only tells of lost ones.

    `lost` counts the events, of any kind, that never reached the log or are no longer in it.
    """

    event: Event | None
    lost: int


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds the lease, empty: nobody, and for how long still, on the reactor's clock.

    `lost`: the last one ran out without being released. `longest_s` is for how long one is given at once.
    """

    holder: str
    left_s: float
    lost: bool
    longest_s: float


@dataclass(frozen=True, slots=True)
class HeldLease:
    """A lease of one's own; `token` proves it."""

    holder: str
    left_s: float
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tuning:
    """PID parameters, ISA form; the gain in output unit per unit of the sensor."""

    gain: float
    integral_s: float
    derivative_s: float


@dataclass(frozen=True, slots=True)
class Loop:
    """One loop. `mode` is "off", "manual" or "auto"; `autotune` "none", "running", "proposed" or "failed".

    `target` is what is asked of its sensor, `setpoint` where the ramp has brought it, `output` what it asks
    of its actuator: None where nothing is. `problem` says why the last experiment failed.
    """

    name: str
    sensor: str
    actuator: str
    mode: str
    target: float | None
    setpoint: float | None
    output: float | None
    output_unit: str
    tuning: Tuning
    scheduled: bool
    autotune: str
    problem: str
    proposal: Tuning | None
    proposal_summary: str


@dataclass(frozen=True, slots=True)
class Reagent:
    """A stock that a pump delivers; what is left and what a full one holds, None where that is not kept."""

    name: str
    pump: str
    stock: str
    left_ul: float | None
    full_ul: float | None
