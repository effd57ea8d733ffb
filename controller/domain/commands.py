"""What may be asked of control, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class LoopMode(StrEnum):
    OFF = "off"
    MANUAL = "manual"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class SetTargets:
    """Targets by channel name, in the channels' own units: all of them or none."""

    targets: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class MakeSafe:
    """All loops off, all actuators to their safe values; nothing latches."""


@dataclass(frozen=True, slots=True)
class EmergencyStop:
    reason: str


@dataclass(frozen=True, slots=True)
class Reset:
    """Release what is latched, unless its cause stands."""


@dataclass(frozen=True, slots=True)
class SetLoopMode:
    """Switch a loop without a bump; `output` is what a manual loop holds, None: what it gives now."""

    loop: str
    mode: LoopMode
    output: float | None = None


@dataclass(frozen=True, slots=True)
class Retune:
    """Put other parameters into a loop without a bump; the gain in actuator units per sensor unit."""

    loop: str
    gain: float
    integral_s: float
    derivative_s: float


@dataclass(frozen=True, slots=True)
class StartAutotune:
    """Swing the loop's actuator by a relay around `target` until its limit cycle is known."""

    loop: str
    target: float
    amplitude: float


@dataclass(frozen=True, slots=True)
class EndAutotune:
    """End the experiment, or dispose of its proposal: `accept` puts the proposed tuning into the loop."""

    loop: str
    accept: bool


@dataclass(frozen=True, slots=True)
class AcknowledgeAlarm:
    """Acknowledge one alarm, or every one that waits for it when `name` is empty."""

    name: str


@dataclass(frozen=True, slots=True)
class ShelveAlarm:
    """Keep an alarm quiet for a while; zero seconds brings it back."""

    name: str
    duration_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class SetAlarmService:
    """Take an alarm out of service until it is put back."""

    name: str
    in_service: bool
    reason: str


@dataclass(frozen=True, slots=True)
class HoldLease:
    """Acquire or renew the exclusive right to actuate, for `ttl_s`.

    `token` is the digest of what proves who holds it. Without a holder it only renews.
    """

    holder: str
    token: str
    ttl_s: float


@dataclass(frozen=True, slots=True)
class ReleaseLease:
    token: str


@dataclass(frozen=True, slots=True)
class SetReagent:
    """Say how much of a reagent is there: after a refill, or restored after a restart."""

    reagent: str
    volume_ul: float


@dataclass(frozen=True, slots=True)
class ReportDevice:
    """What the service knows of the device that it owns, the spectrometer; for alarms and interlocks."""

    device: str
    lost: bool


Command = (
    SetTargets
    | MakeSafe
    | EmergencyStop
    | Reset
    | SetLoopMode
    | Retune
    | StartAutotune
    | EndAutotune
    | AcknowledgeAlarm
    | ShelveAlarm
    | SetAlarmService
    | HoldLease
    | ReleaseLease
    | SetReagent
    | ReportDevice
)


@dataclass(frozen=True, slots=True)
class Request:
    """A command, who asks ("chemist@bench", "run r-12") and the digest of the lease's token under which."""

    command: Command
    actor: str = ""
    lease: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """Empty `refused` means done; else it is a stable reason and `detail` says what to do."""

    refused: str = ""
    detail: str = ""


DONE = Reply()
