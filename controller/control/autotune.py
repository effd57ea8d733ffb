"""Relay auto-tuning of a loop, pure: heat to the target, swing around it, identify, propose.

A relay with hysteresis replaces the controller, so that the loop oscillates at about its ultimate
frequency (Astrom & Hagglund, Automatica 20 (1984) 645-651, sections 2 and 3). Its two sides are unequal and
its centre follows the balance of the plant, which also tells the static gain (Berner, Hagglund, Astrom,
"Asymmetric relay autotuning", Control Engineering Practice 54 (2016) 126-133). A model is fitted to the
whole experiment by `identification`, and its lambda tuning is what is proposed; a person accepts it.

The target is approached in steps of one amplitude, each taken when the last is seen to fall short, so that
the measurement passes the target by about one amplitude times the plant's static gain and no more. Where the
lag dominates, it is far less; begun at the target, nothing but swings much shorter than that lag is seen, and
the output then stays low for once, until the integral time can be told.

Inside, a measurement is its distance from the target, turned so that more output raises it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from controller.control.experiment import (
    ASYMMETRY,
    AutotuneState,
    Cycle,
    Phase,
    Plan,
    Proposal,
    drive,
    fail,
)
from controller.control.identification import identify, search_from, stay

__all__ = ["AutotuneState", "Phase", "Proposal", "begin", "step"]

_NOISE_READINGS: Final = 40
_LEAST_HOLD_S: Final = 5.0
# Of the amplitude: keeps a simulation without noise from dividing by nothing.
_LEAST_HYSTERESIS: Final = 1e-9
# The highest of many readings crosses while the true value is some two below: 8 are left to turn it back.
_HYSTERESIS_SIGMAS: Final = 5.0
# Each is a level of the output: some twenty on the way to the target, two a cycle after.
_MOST_SWITCHES: Final = 64
_STEADY_CYCLES: Final = 2
_SAME_PERIOD: Final = 0.25
_SAME_SWING: Final = 0.25
# The measurement has moved for certain when it is this many hysteresis bands away.
_ANSWER: Final = 2.0
# Times to answer without a move: it rests.
_RESTING: Final = 9.0
_MOST_UNEVEN: Final = 3.0
_MOST_STEPS_AT_ONCE: Final = 4.0
# A cycle must rise above its hysteresis by this to tell more than the noise does.
_LEAST_SWING: Final = 1.15


def begin(
    *,
    target: float,
    amplitude: float,
    bias: float,
    low: float,
    high: float,
    noise_band: float,
    rate_per_s: float = 0.0,
    patience_s: float = 900.0,
    limit_s: float = 14_400.0,
) -> AutotuneState:
    """Prepare an experiment around `target`.

    `bias` is the output where it begins: the one applied now. `amplitude`, in output units, is how far the
    output swings from the balance; negative where more output lowers the measurement. `noise_band` is the
    least hysteresis: the sensor's resolution, at least. `rate_per_s` is how fast the output can change, which
    the model takes into account; 0: at once. The plant must answer a step within `patience_s` and the
    experiment end within `limit_s`. What can't be done is said in `failed` at once.
    """
    plan = Plan(
        target=target,
        amplitude=abs(amplitude),
        origin=min(max(bias, low), high),
        low=low,
        high=high,
        noise_band=noise_band,
        rate_per_s=rate_per_s,
        turn=math.copysign(1.0, amplitude),
        patience_s=patience_s,
        limit_s=limit_s,
    )
    state = AutotuneState(plan, Phase.HOLD, plan.origin, plan.origin, switches=((0.0, plan.origin),))
    if not all(math.isfinite(each) for each in (target, amplitude, bias, low, high, noise_band, rate_per_s)):
        return fail(state, "target, amplitude, bias, limits, noise band and rate must be numbers")
    if not 0.0 < plan.amplitude <= 0.5 * (high - low):
        span = f"{low:g} to {high:g}"
        return fail(state, f"amplitude {amplitude:g}: choose one above 0, up to half of the range {span}")
    if noise_band < 0.0:
        return fail(state, f"noise band {noise_band:g} is below 0: give the sensor's resolution")
    return state


def step(state: AutotuneState, *, measurement: float, dt_s: float) -> tuple[AutotuneState, float]:
    """Take the measurement of this tick, `dt_s` after the last; return the output to apply until the next.

    Once ended, nothing changes any more and the output is the centre found, or the first one after a failure.
    """
    if state.ended:
        return state, state.output
    if not math.isfinite(measurement):
        state = fail(state, "the sensor gave no reading: mend it, then begin again")
        return state, state.output
    state = _record(state, state.plan.turn * (measurement - state.plan.target), dt_s)
    if state.time_s > state.plan.limit_s:
        state = fail(state, _late(state))
    elif state.phase is Phase.HOLD:
        state = _hold(state)
    elif state.phase is Phase.LAG:
        state = stay(state)
    else:
        state = _swing(state)
        if state.phase is Phase.FIT:
            state = identify(state, dt_s)
    return state, state.output


def _record(state: AutotuneState, value: float, dt_s: float) -> AutotuneState:
    last = state.value if math.isfinite(state.value) else value
    time_s, integral = state.time_s + dt_s, state.integral + 0.5 * (last + value) * dt_s
    approach, relay = state.approach, state.relay
    if state.phase is Phase.APPROACH:
        approach = approach.add(time_s, value, integral)
    elif state.phase in (Phase.RELAY, Phase.LAG):
        relay = relay.add(time_s, value, integral)
    side = state.side.add(time_s, value, integral)
    return replace(
        state, time_s=time_s, value=value, integral=integral, approach=approach, relay=relay, side=side
    )


def _hold(state: AutotuneState) -> AutotuneState:
    """Measure the noise at the output that was, and let it settle: else a drift passes for an answer."""
    plan = state.plan
    noise = state.noise.add(state.value)
    hysteresis = max(plan.noise_band, _HYSTERESIS_SIGMAS * noise.sigma, _LEAST_HYSTERESIS * plan.amplitude)
    state = replace(state, noise=noise, hysteresis=hysteresis)
    if noise.readings < _NOISE_READINGS and state.time_s < _LEAST_HOLD_S:
        return state
    moved = abs(state.value - state.side.at(0.5 * state.time_s))
    if moved > hysteresis and state.time_s < plan.patience_s:
        return state
    return drive(replace(state, phase=Phase.APPROACH, upward=state.value < 0.0, furthest=state.value))


def _swing(state: AutotuneState) -> AutotuneState:
    """Switch where the measurement has crossed; help where it won't."""
    if len(state.switches) >= _MOST_SWITCHES:
        if state.phase is Phase.FIT:
            return state
        return fail(
            state,
            f"no limit cycle in {_MOST_SWITCHES} switches: hold the load steady, or raise the amplitude",
        )
    state = _watch_extremes(state)
    crossed = state.value >= state.hysteresis if state.upward else state.value <= -state.hysteresis
    if crossed:
        return _switch(state)
    return state if state.phase is Phase.FIT else _help(state)


def _watch_extremes(state: AutotuneState) -> AutotuneState:
    cycle = state.cycle
    if cycle is None:
        return state
    turn_s = state.time_s - state.switched_s
    # The measurement peaks after the switch downward and bottoms after the switch upward.
    if not state.upward and state.value > cycle.top:
        cycle = replace(cycle, top=state.value, top_turn_s=turn_s)
    if state.upward and state.value < cycle.bottom:
        cycle = replace(cycle, bottom=state.value, bottom_turn_s=turn_s)
    return replace(state, cycle=cycle)


def _switch(state: AutotuneState) -> AutotuneState:
    if state.phase is Phase.APPROACH:
        state = replace(state, phase=Phase.RELAY)
    if not state.upward:
        state = _close_cycle(state)
        if state.ended:
            return state
        state = replace(state, cycle=Cycle(state.time_s))
    elif state.cycle is not None:
        state = replace(state, cycle=replace(state.cycle, up_s=state.time_s - state.cycle.start_s))
    return drive(replace(state, upward=not state.upward))


def _close_cycle(state: AutotuneState) -> AutotuneState:
    """Compare the cycle that ends with the one before; go on to the fit when they are alike."""
    if state.cycle is None or state.phase is Phase.FIT:
        return state
    cycle = replace(state.cycle, period_s=state.time_s - state.cycle.start_s)
    last, down_s = state.last, cycle.period_s - cycle.up_s
    state = replace(
        state,
        last=cycle,
        response_s=max(state.response_s, cycle.top_turn_s, cycle.bottom_turn_s),
        alike=state.alike + 1 if last is not None and _alike(cycle, last, state.hysteresis) else 0,
    )
    uneven = max(cycle.up_s, down_s) > _MOST_UNEVEN * min(cycle.up_s, down_s)
    if uneven:
        return _rebalance(state, cycle.up_s / cycle.period_s)
    if state.alike < _STEADY_CYCLES:
        return state
    if cycle.swing < _LEAST_SWING * 2.0 * state.hysteresis:
        return fail(
            state,
            f"too noisy: the swing of {cycle.swing:.3g} hardly leaves the hysteresis of"
            f" {2.0 * state.hysteresis:.3g}; raise the amplitude, or filter the sensor",
        )
    search = search_from(max(cycle.top_turn_s, cycle.bottom_turn_s))
    return replace(state, phase=Phase.FIT, search=search)


def _alike(cycle: Cycle, last: Cycle, hysteresis: float) -> bool:
    return (
        abs(cycle.period_s - last.period_s) <= _SAME_PERIOD * cycle.period_s
        and abs(cycle.swing - last.swing) <= _SAME_SWING * cycle.swing + hysteresis
    )


def _rebalance(state: AutotuneState, up_share: float) -> AutotuneState:
    """Move the relay's centre to its mean output, which holds the measurement at the target."""
    plan = state.plan
    mean = up_share * plan.amplitude - (1.0 - up_share) * plan.amplitude / ASYMMETRY
    centre = min(max(state.centre + mean, plan.low), plan.high)
    return replace(state, centre=centre, alike=0, last=None)


def _help(state: AutotuneState) -> AutotuneState:
    """Shift the relay's centre when the present output would never bring the measurement across."""
    age_s = state.time_s - state.switched_s
    if state.response_s == 0.0:
        return _await_answer(state, age_s)
    if age_s < 3.0 * state.response_s:
        return state
    end = _where_it_ends(state, age_s)
    return state if end is None else _shift(state, end)


def _await_answer(state: AutotuneState, age_s: float) -> AutotuneState:
    """Time how long the measurement takes to turn toward the target after the first step."""
    toward = 1.0 if state.upward else -1.0
    if toward * (state.value - state.furthest) > _ANSWER * state.hysteresis:
        return replace(state, response_s=age_s)
    if toward * (state.value - state.furthest) < 0.0:
        state = replace(state, furthest=state.value)
    if age_s < state.plan.patience_s:
        return state
    if toward * (state.furthest - state.switched_at) < -_ANSWER * state.hysteresis:
        # It drifts away, and one step did not suffice to turn it.
        return _shift(state, state.value)
    return fail(
        state,
        f"the measurement did not answer the output in {state.plan.patience_s:g} s:"
        " check actuator and sensor, or raise the amplitude",
    )


def _where_it_ends(state: AutotuneState, age_s: float) -> float | None:
    """Extrapolate an exponential through begin, middle and end; None while it may still cross."""
    toward = 1.0 if state.upward else -1.0
    window_s = age_s - state.response_s
    middle = state.side.at(state.time_s - 0.5 * window_s)
    first = toward * (middle - state.side.at(state.time_s - window_s))
    second = toward * (state.value - middle)
    slowing = first > _ANSWER * state.hysteresis and second < 0.5 * first
    leaving = second < -_ANSWER * state.hysteresis
    resting = age_s > _RESTING * state.response_s and second < state.hysteresis
    if not (slowing or leaving or resting):
        return None
    # Without an approach to extrapolate it stays about where it is.
    rest = second * second / (first - second) if slowing and second > 0.0 else 0.0
    end = state.value + toward * rest
    return end if toward * end < state.hysteresis else None


def _shift(state: AutotuneState, end: float) -> AutotuneState:
    plan, toward = state.plan, 1.0 if state.upward else -1.0
    most = _MOST_STEPS_AT_ONCE * plan.amplitude
    change = plan.amplitude
    if state.known is not None and state.output != state.known[0]:
        gain = (end - state.known[1]) / (state.output - state.known[0])
        short = toward * (0.0 - end)
        if gain * most > short > 0.0:
            # To where two known outputs say that the balance is; one amplitude past it then crosses.
            balance = state.output + toward * short / gain
            change = max(toward * (balance - state.centre), 0.5 * plan.amplitude)
    centre = min(max(state.centre + toward * change, plan.low), plan.high)
    shifted = drive(replace(state, centre=centre, known=(state.output, end), alike=0, last=None))
    if shifted.output == state.output:
        return fail(
            state,
            f"saturated: at its limit the output {state.output:g} leaves the measurement at"
            f" {plan.target + plan.turn * end:.4g}, short of {plan.target:g}; choose a target within reach",
        )
    return shifted


def _late(state: AutotuneState) -> str:
    limit = f"in {state.plan.limit_s:g} s"
    if state.phase in (Phase.HOLD, Phase.APPROACH):
        return f"not at the target {limit}: raise the amplitude, or begin nearer to the target"
    return f"no steady limit cycle {limit}: hold the load steady, or raise the amplitude"
