"""From a relay experiment to a proposal: fit a model, a candidate dead time a tick, and tune for it."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Final

from controller.control.experiment import ASYMMETRY, AutotuneState, Phase, Proposal, Search, drive, fail
from controller.control.fotdp import Drive, Fotdp, lambda_tuning, regress

_CANDIDATES: Final = 12
_ROUNDS: Final = 4
_MOST_UNEXPLAINED: Final = 0.15


def identify(state: AutotuneState, dt_s: float) -> AutotuneState:
    """Try one dead time a tick, so that no tick is long; each round narrows to the best one's neighbours."""
    search = state.search
    assert search is not None
    spacing_s = (search.high_s - search.low_s) / (_CANDIDATES - 1)
    dead_time_s = search.low_s + search.tried * spacing_s
    applied = Drive(state.switches, state.plan.rate_per_s)
    found = regress((state.approach, state.relay), applied, dead_time_s, search.from_s)
    if found is not None and (search.best is None or found.residual < search.best.residual):
        search = replace(search, best=found, best_s=dead_time_s)
    search = replace(search, tried=search.tried + 1)
    if search.tried < _CANDIDATES:
        return replace(state, search=search)
    if search.rounds + 1 < _ROUNDS:
        low_s, high_s = max(search.best_s - spacing_s, 0.0), search.best_s + spacing_s
        search = replace(search, rounds=search.rounds + 1, tried=0, low_s=low_s, high_s=high_s)
        return replace(state, search=search)
    return _propose(replace(state, search=search), dt_s)


def stay(state: AutotuneState) -> AutotuneState:
    """Watch the answer to one long side; then identify again, on the way back."""
    search = state.search
    assert search is not None
    if state.time_s < state.until_s:
        return state
    again = Search(0.0, search.from_s, search.from_s)
    return drive(replace(state, phase=Phase.FIT, upward=True, search=again))


def _propose(state: AutotuneState, dt_s: float) -> AutotuneState:
    search, cycle, plan = state.search, state.last, state.plan
    assert search is not None
    assert cycle is not None
    unexplained = math.inf
    if search.best is not None:
        unexplained = math.sqrt(search.best.residual) / cycle.swing
    if search.best is None or unexplained > _MOST_UNEXPLAINED + state.noise.sigma / cycle.swing:
        return fail(state, "no first-order model explains the experiment: repeat it with a steady load")
    model = Fotdp(search.best.gain, search.best.time_constant_s, search.best_s)
    gain, integral_s = lambda_tuning(model, dt_s)
    if _longest_side_s(state) < integral_s:
        # Only what is watched for about an integral time can tell it.
        until_s = state.time_s + integral_s + model.dead_time_s
        return drive(replace(state, phase=Phase.LAG, upward=False, until_s=until_s))
    # Astrom & Hagglund (1984), section 3: describing function of a relay with hysteresis.
    relay = 0.5 * plan.amplitude * (1.0 + 1.0 / ASYMMETRY)
    amplitude = math.sqrt(0.25 * cycle.swing * cycle.swing - state.hysteresis * state.hysteresis)
    proposal = Proposal(
        gain=plan.turn * gain,
        integral_s=integral_s,
        derivative_s=0.0,
        ultimate_gain=plan.turn * 4.0 * relay / (math.pi * amplitude),
        ultimate_period_s=cycle.period_s,
        process_gain=plan.turn * model.gain,
        time_constant_s=model.time_constant_s,
        dead_time_s=model.dead_time_s,
        unexplained=unexplained,
    )
    return replace(state, phase=Phase.DONE, proposal=proposal, output=state.centre)


def _longest_side_s(state: AutotuneState) -> float:
    """Return the longest time between two switches of which the answer was watched."""
    starts = [start_s for start_s, _ in state.switches[1:]]
    return max(later_s - start_s for start_s, later_s in pairwise(starts))
