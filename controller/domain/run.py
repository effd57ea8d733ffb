"""One execution of a recipe, as a PackML state machine: `domain.modes` says what may follow what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from controller.domain.modes import State

if TYPE_CHECKING:
    from collections.abc import Mapping

RunState = State
ENDED = frozenset({RunState.COMPLETE, RunState.ABORTED})


@dataclass(frozen=True, slots=True)
class Run:
    """`step` counts from 1. `achieved` holds, by parameter, what the rig did while it was last looked at.

    `actor` is who asked for it; a `leased` run acts under a lease and is held when that is lost.
    """

    run_id: str
    recipe: str
    state: RunState
    steps: int
    boot_id: int
    started_s: float
    step: int = 0
    detail: str = ""
    ended_s: float | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)
    achieved: Mapping[str, float] = field(default_factory=dict)
    properties: Mapping[str, float] = field(default_factory=dict)
    spectrum_id: str = ""
    campaign_id: str = ""
    actor: str = ""
    leased: bool = False
    emission_id: str = ""


@dataclass(frozen=True, slots=True)
class RunEvent:
    """`sequence` counts from 1 within its run."""

    run_id: str
    sequence: int
    time_s: float
    state: RunState
    step: int
    message: str
