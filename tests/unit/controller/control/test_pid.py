"""PID: limits, wind-up, bumpless transfer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.control import pid
from controller.control.ramps import approach

TUNING = pid.Tuning(gain=2.0, integral_s=30.0, derivative_s=1.0)
temperatures = st.floats(-50, 150)


@given(measurement=temperatures, setpoint=temperatures, output=st.floats(0, 100))
def test_taking_over_at_a_steady_measurement_leaves_the_output_where_it_is(measurement, setpoint, output):
    state = pid.engage(TUNING, measurement=measurement, setpoint=setpoint, output=output)
    slow = pid.Tuning(TUNING.gain, 1e12, 0.0)
    _, after = pid.step(state, slow, measurement=measurement, setpoint=setpoint, low=0, high=100, dt_s=0.1)
    assert abs(after - output) < 1e-6


@given(st.lists(temperatures, min_size=1, max_size=50), temperatures)
def test_the_output_never_leaves_its_limits(measurements, setpoint):
    state = pid.engage(TUNING, measurement=20.0, setpoint=20.0, output=0.0)
    for measurement in measurements:
        state, output = pid.step(
            state, TUNING, measurement=measurement, setpoint=setpoint, low=0.0, high=100.0, dt_s=0.1
        )
        assert 0.0 <= output <= 100.0


def test_an_hour_at_the_limit_winds_nothing_up():
    state = pid.engage(TUNING, measurement=20.0, setpoint=20.0, output=0.0)
    for _ in range(36_000):
        state, output = pid.step(state, TUNING, measurement=20.0, setpoint=200.0, low=0, high=100, dt_s=0.1)
    assert output == 100.0
    state, output = pid.step(state, TUNING, measurement=201.0, setpoint=200.0, low=0, high=100, dt_s=0.1)
    assert output < 100.0


def test_a_first_order_zone_settles_on_its_setpoint():
    temperature, state = 25.0, pid.engage(TUNING, measurement=25.0, setpoint=25.0, output=0.0)
    for _ in range(6000):
        state, duty = pid.step(
            state, TUNING, measurement=temperature, setpoint=45.0, low=0, high=100, dt_s=0.1
        )
        temperature += 0.1 * (duty * 0.02 - (temperature - 25.0) / 60.0)
    assert abs(temperature - 45.0) < 0.05


def test_the_derivative_ignores_a_jump_of_the_setpoint():
    state = pid.engage(TUNING, measurement=20.0, setpoint=20.0, output=10.0)
    after, _ = pid.step(state, TUNING, measurement=20.0, setpoint=60.0, low=0, high=100, dt_s=0.1)
    assert after.derivative == 0.0


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(0.01, 100), st.floats(0.001, 10))
def test_a_ramp_moves_no_faster_than_its_rate_and_never_past_its_target(current, target, rate, dt_s):
    moved = approach(current, target, rate, dt_s)
    assert abs(moved - current) <= rate * dt_s + 1e-9
    assert min(current, target) - 1e-9 <= moved <= max(current, target) + 1e-9


def test_a_rate_of_zero_sets_no_limit():
    assert approach(0.0, 100.0, 0.0, 0.1) == 100.0
