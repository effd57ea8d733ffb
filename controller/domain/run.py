"""One execution of a recipe, as a PackML state machine (ISA-TR88.00.02)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class RunState(IntEnum):
    STARTING = 1
    EXECUTE = 2
    COMPLETING = 3
    COMPLETE = 4
    ABORTING = 5
    ABORTED = 6


# Every transition there is; anything else is a defect.
TRANSITIONS: Mapping[RunState, frozenset[RunState]] = {
    RunState.STARTING: frozenset({RunState.EXECUTE, RunState.ABORTING}),
    RunState.EXECUTE: frozenset({RunState.COMPLETING, RunState.ABORTING}),
    RunState.COMPLETING: frozenset({RunState.COMPLETE, RunState.ABORTING}),
    RunState.ABORTING: frozenset({RunState.ABORTED}),
    RunState.COMPLETE: frozenset(),
    RunState.ABORTED: frozenset(),
}
ENDED = frozenset({RunState.COMPLETE, RunState.ABORTED})


@dataclass(frozen=True, slots=True)
class Run:
    """`step` counts from 1. `achieved` holds, by parameter, what the rig did while the sample was taken."""

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


@dataclass(frozen=True, slots=True)
class RunEvent:
    """`sequence` counts from 1 within its run."""

    run_id: str
    sequence: int
    time_s: float
    state: RunState
    step: int
    message: str
