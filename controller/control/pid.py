"""PID control in the ISA standard form, as arithmetic: no clock, no device.

u = K (b r - y + 1/Ti * integral(r - y) + Td * d(-y)/dt) + feed-forward: setpoint weight b on the proportional
part, the derivative on the measurement alone, filtered with time constant Td/N. Integral by forward
difference, derivative by backward difference, which is stable for every Td.
Source: Astrom & Hagglund, Advanced PID Control (ISA, 2006), sections 3.2 to 3.6.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tuning:
    """`gain` is in output units per unit of error; a zero `integral_s` switches the integral off."""

    gain: float
    integral_s: float
    derivative_s: float
    derivative_filter: float = 10.0
    setpoint_weight: float = 1.0


@dataclass(frozen=True, slots=True)
class PidState:
    """`integral` and `derivative` are in output units: retuning then leaves the output where it is."""

    integral: float
    derivative: float
    measurement: float


def engage(tuning: Tuning, *, measurement: float, setpoint: float, output: float) -> PidState:
    """Take over at the present output, less what is fed forward, without a bump."""
    proportional = tuning.gain * (tuning.setpoint_weight * setpoint - measurement)
    return PidState(output - proportional, 0.0, measurement)


def transfer(state: PidState, old: Tuning, new: Tuning, *, setpoint: float) -> PidState:
    """Go over to another tuning without a bump: the integral takes up what the other parts give away."""
    proportional = old.gain * (old.setpoint_weight * setpoint - state.measurement)
    proportional -= new.gain * (new.setpoint_weight * setpoint - state.measurement)
    slope = old.gain * old.derivative_s
    derivative = state.derivative * new.gain * new.derivative_s / slope if slope else 0.0
    integral = state.integral + proportional + state.derivative - derivative
    return PidState(integral, derivative, state.measurement)


def step(
    state: PidState,
    tuning: Tuning,
    *,
    measurement: float,
    setpoint: float,
    low: float,
    high: float,
    dt_s: float,
    feed_forward: float = 0.0,
) -> tuple[PidState, float]:
    """Advance by `dt_s`; return the next state and the output within [low, high].

    The limits may be narrower than the actuator's: what it can reach in this tick.
    """
    gain = tuning.gain
    filter_s = tuning.derivative_s / tuning.derivative_filter
    change = gain * tuning.derivative_s * (measurement - state.measurement)
    derivative = (filter_s * state.derivative - change) / (filter_s + dt_s)
    added = gain * (setpoint - measurement) * dt_s / tuning.integral_s if tuning.integral_s > 0.0 else 0.0
    integral = state.integral + added
    demand = gain * (tuning.setpoint_weight * setpoint - measurement) + integral + derivative + feed_forward
    output = min(max(demand, low), high)
    excess = demand - output
    # At a limit, store nothing that pushes further past it: it would come back as overshoot.
    if excess * added > 0.0:
        integral = state.integral if abs(excess) >= abs(added) else integral - excess
    return PidState(integral, derivative, measurement), output
