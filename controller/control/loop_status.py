"""How the loops stand, for people: made once a second and when something happens, not in every tick."""

from __future__ import annotations

from controller.control.experiment import Proposal
from controller.control.loop_model import LoopModel, LoopsModel
from controller.control.loop_state import LoopState, LoopStates
from controller.domain.status import LoopStatus, TuningProposal


def statuses(model: LoopsModel, states: LoopStates) -> tuple[LoopStatus, ...]:
    """Return the status of every loop, in the order of the rig file."""
    return tuple(_status(loop, state) for loop, state in zip(model.loops, states, strict=True))


def _status(loop: LoopModel, state: LoopState) -> LoopStatus:
    relay, tuning = state.autotune, state.tuning
    return LoopStatus(
        name=loop.name,
        mode=state.mode,
        target=state.target if relay is None else relay.plan.target,
        setpoint=state.setpoint,
        output=state.output,
        gain=tuning.gain,
        integral_s=tuning.integral_s,
        derivative_s=tuning.derivative_s,
        tuning=_stage(state),
        problem=state.problem,
        proposal=None if state.proposal is None else _proposed(loop, state.proposal),
    )


def _stage(state: LoopState) -> str:
    if state.autotune is not None:
        return "running"
    if state.proposal is not None:
        return "proposed"
    return "failed" if state.problem else ""


def _proposed(loop: LoopModel, found: Proposal) -> TuningProposal:
    summary = (
        f"plant: gain {found.process_gain:.3g} {loop.sensor.unit} per {loop.output_unit},"
        f" lag {found.time_constant_s:.3g} s, dead time {found.dead_time_s:.3g} s;"
        f" limit cycle: period {found.ultimate_period_s:.3g} s, ultimate gain {found.ultimate_gain:.3g};"
        f" unexplained {100.0 * found.unexplained:.0f} % of the swing"
    )
    return TuningProposal(found.gain, found.integral_s, found.derivative_s, summary)
