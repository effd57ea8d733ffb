"""Everything that control remembers from one tick to the next, and what a tick gives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from controller.control import alarms, flows, interlocks, leases, loop_state
from controller.control.alarm_model import AlarmsState
from controller.control.flows import Fractions
from controller.control.interlocks import InterlockState
from controller.control.leases import LeaseState
from controller.control.loop_state import LoopStates
from controller.domain.commands import Reply
from controller.domain.events import Event
from controller.domain.readings import ReactorState

if TYPE_CHECKING:
    from controller.control.model import ControlModel


@dataclass(frozen=True, slots=True)
class ControlState:
    """`targets` and `outputs` have one place per channel, NaN at sensors."""

    state: ReactorState
    reason: str
    time_s: float
    targets: tuple[float, ...]
    outputs: tuple[float, ...]
    loops: LoopStates
    fractions: Fractions
    interlocks: InterlockState
    alarms: AlarmsState
    lease: LeaseState
    reagents_ul: tuple[float, ...]
    orphaned_s: float = 0.0
    # The boards have been ready since the boot or the last reset: from then on losing one means something.
    heard: bool = False
    # A reset was granted here and is being carried to the boards.
    clearing: bool = False
    # What the service last said of the device that it owns.
    spectrometer_lost: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a tick gives: `values` and `qualities` have the computed channels too."""

    state: ControlState
    replies: tuple[Reply, ...]
    events: tuple[Event, ...]
    values: tuple[float, ...]
    qualities: tuple[int, ...]


def initial_state(model: ControlModel) -> ControlState:
    """Return the state at boot: everything safe, the board not yet heard."""
    return ControlState(
        state=ReactorState.STARTING,
        reason="waiting for the board",
        time_s=0.0,
        targets=model.safe,
        outputs=model.safe,
        loops=loop_state.initial(model.loops),
        fractions=flows.initial(model.flows),
        interlocks=interlocks.initial(model.interlocks),
        alarms=alarms.initial(model.alarms),
        lease=leases.FREE,
        reagents_ul=tuple(reagent.full_ul for reagent in model.reagents),
    )


def moved(state: ControlState, outputs: tuple[float, ...], loops: LoopStates) -> ControlState:
    """Return the state with other outputs and loops. Written out: `replace` costs three times as much."""
    return ControlState(
        state.state,
        state.reason,
        state.time_s,
        state.targets,
        outputs,
        loops,
        state.fractions,
        state.interlocks,
        state.alarms,
        state.lease,
        state.reagents_ul,
        state.orphaned_s,
        state.heard,
        state.clearing,
        state.spectrometer_lost,
    )


def made_safe(model: ControlModel, state: ControlState, to: ReactorState, reason: str) -> ControlState:
    """Go to a state with every target safe and every loop off."""
    return replace(
        state,
        state=to,
        reason=reason,
        targets=model.safe,
        loops=loop_state.all_off(state.loops),
        clearing=False,
    )
