"""From a relay experiment to a proposal: fit two lags with dead time, reduce them to one, and tune for it.

Few zones are of first order: heat takes time to spread, and the sensor behind it lags too. A model with one
lag leaves more of their approach to the target unexplained than a load that moves does.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Final

from controller.control.experiment import ASYMMETRY, AutotuneState, Phase, Proposal, Search, drive, fail
from controller.control.fotdp import TwoLags, lambda_tuning
from controller.control.regression import Drive, regress

_DELAYS: Final = 9
_SHARES: Final = 5
_ROUNDS: Final = 4
# A candidate is a millisecond on a small computer: a tick of 10 Hz has room for five, one of 1 kHz for one.
_CANDIDATE_EVERY_S: Final = 0.02
# Of the times that the measurement took to turn: what delays it, dead time and second lag together.
_MOST_DELAY: Final = 8.0
_MOST_DEAD_TIME: Final = 1.5
_MOST_UNEXPLAINED: Final = 0.15
# Of the integral time, one side must have been watched this long to tell it; one that is meant to, this long.
_WATCHED: Final = 1.5
_WATCH: Final = 2.5


def search_from(turn_s: float) -> Search:
    """Begin to look for a plant whose measurement turned this long after the output did."""
    return Search(from_s=_MOST_DEAD_TIME * turn_s, low_s=0.0, high_s=_MOST_DELAY * turn_s)


def identify(state: AutotuneState, dt_s: float) -> AutotuneState:
    """Try a few candidates a tick, so that none is long; a round narrows to the best one's neighbours."""
    search = state.search
    assert search is not None
    applied = Drive(state.switches, state.plan.rate_per_s)
    for _ in range(max(1, round(dt_s / _CANDIDATE_EVERY_S))):
        search = _try(state, search, applied)
        if search.rounds == _ROUNDS:
            return _propose(replace(state, search=search), dt_s)
    return replace(state, search=search)


def _try(state: AutotuneState, search: Search, applied: Drive) -> Search:
    """Fit one candidate: how much delays the measurement, and what share of that is the second lag."""
    row, column = divmod(search.tried, _SHARES)
    delay_s = search.low_s + row * _spacing(search.low_s, search.high_s, _DELAYS)
    share = search.low_share + column * _spacing(search.low_share, search.high_share, _SHARES)
    dead_time_s, second_lag_s = (1.0 - share) * delay_s, share * delay_s
    if dead_time_s <= search.from_s:
        found = regress((state.approach, state.relay), applied, dead_time_s, second_lag_s, search.from_s)
        if found is not None and (search.best is None or found.residual < search.best.residual):
            search = replace(search, best=found, best_s=delay_s, best_share=share)
    search = replace(search, tried=search.tried + 1)
    return search if search.tried < _DELAYS * _SHARES else _narrowed(search)


def _narrowed(search: Search) -> Search:
    near_s = _spacing(search.low_s, search.high_s, _DELAYS)
    near = _spacing(search.low_share, search.high_share, _SHARES)
    return replace(
        search,
        low_s=max(search.best_s - near_s, 0.0),
        high_s=search.best_s + near_s,
        low_share=max(search.best_share - near, 0.0),
        high_share=min(search.best_share + near, 1.0),
        rounds=search.rounds + 1,
        tried=0,
    )


def _spacing(low: float, high: float, count: int) -> float:
    return (high - low) / (count - 1)


def stay(state: AutotuneState) -> AutotuneState:
    """Watch the answer to one long side; then identify again, on the way back."""
    search = state.search
    assert search is not None
    if state.time_s < state.until_s:
        return state
    again = search_from(search.from_s / _MOST_DEAD_TIME)
    return drive(replace(state, phase=Phase.FIT, upward=True, search=again))


def _propose(state: AutotuneState, dt_s: float) -> AutotuneState:
    search, cycle, plan = state.search, state.last, state.plan
    assert search is not None
    assert cycle is not None
    unexplained = math.inf
    if search.best is not None:
        unexplained = math.sqrt(search.best.residual) / cycle.swing
    if search.best is None or unexplained > _MOST_UNEXPLAINED + state.noise.sigma / cycle.swing:
        return fail(state, "no two lags explain the experiment: repeat it with a steady load")
    second_lag_s = search.best_share * search.best_s
    found = TwoLags(search.best.gain, search.best.lag_s, second_lag_s, search.best_s - second_lag_s)
    model = found.reduced()
    gain, integral_s = lambda_tuning(model, dt_s)
    if _longest_side_s(state) < _WATCHED * integral_s:
        # What the swings alone tell of a long lag may be far too much: then a shorter watch corrects it.
        until_s = state.time_s + min(_WATCH * integral_s + model.dead_time_s, state.time_s)
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
