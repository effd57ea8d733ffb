"""PID control in the ISA standard form, as arithmetic: no clock, no device.

u = K (e + 1/Ti * integral(e) + Td * d(-y)/dt), the derivative on the measurement, filtered with time
constant Td/N.
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


@dataclass(frozen=True, slots=True)
class PidState:
    """`integral` is in output units: retuning then leaves the output where it is."""

    integral: float
    derivative: float
    measurement: float


def engage(tuning: Tuning, *, measurement: float, setpoint: float, output: float) -> PidState:
    """Take over at the present output without a bump."""
    return PidState(output - tuning.gain * (setpoint - measurement), 0.0, measurement)


def step(
    state: PidState,
    tuning: Tuning,
    *,
    measurement: float,
    setpoint: float,
    low: float,
    high: float,
    dt_s: float,
) -> tuple[PidState, float]:
    """Advance by `dt_s`; return the next state and the output within [low, high]."""
    error = setpoint - measurement
    filter_s = tuning.derivative_s / tuning.derivative_filter
    change = tuning.gain * tuning.derivative_s * (measurement - state.measurement)
    derivative = (filter_s * state.derivative - change) / (filter_s + dt_s)
    integral = state.integral
    if tuning.integral_s > 0.0:
        integral += tuning.gain * error * dt_s / tuning.integral_s
    demand = tuning.gain * error + integral + derivative
    output = min(max(demand, low), high)
    # At a limit, store nothing that pushes further past it: it would come back as overshoot.
    if (demand - output) * (integral - state.integral) > 0.0:
        integral = state.integral
    return PidState(integral, derivative, measurement), output
