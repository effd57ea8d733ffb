"""What control says of itself beside the snapshots: once a second, and at once when something happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan

from controller.domain.alarms import AlarmStatus
from controller.domain.commands import LoopMode
from controller.domain.events import LoggedEvent
from controller.domain.leases import LeaseStatus
from controller.domain.readings import LinkHealth


@dataclass(frozen=True, slots=True)
class TuningProposal:
    """What an auto-tune proposes until a person accepts it; the gain in actuator units per sensor unit."""

    gain: float
    integral_s: float
    derivative_s: float
    summary: str


@dataclass(frozen=True, slots=True)
class LoopStatus:
    """How a loop stands. `tuning`: "", "running", "proposed" or "failed"; `problem` says why it failed."""

    name: str
    mode: LoopMode
    target: float
    setpoint: float
    output: float
    gain: float
    integral_s: float
    derivative_s: float
    tuning: str = ""
    problem: str = ""
    proposal: TuningProposal | None = None


@dataclass(frozen=True, slots=True)
class ControlStatus:
    """`warnings` are what the machine did not permit; `events` are new since the last status.

    `alarms` are None in a status that tells of no change to them.
    """

    boot_id: int
    reason: str = ""
    links: tuple[LinkHealth, ...] = ()
    alarms: tuple[AlarmStatus, ...] | None = None
    loops: tuple[LoopStatus, ...] = ()
    lease: LeaseStatus = field(default_factory=LeaseStatus)
    reagents_ul: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()
    events: tuple[LoggedEvent, ...] = ()


def idle_loop(name: str) -> LoopStatus:
    """Return the status of a loop of which nothing is known yet."""
    return LoopStatus(name, LoopMode.OFF, nan, nan, nan, nan, nan, nan)
