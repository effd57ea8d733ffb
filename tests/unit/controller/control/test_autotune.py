"""The relay experiment by itself: what it finds on the twin's zones, how, and why it gives up."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.control import autotune
from controller.control.experiment import Noise
from controller.control.fotdp import Fotdp, lambda_tuning
from controller.control.regression import Drive, Trace, fade
from controller.domain import plain
from firmware_bridge.simulator.plant.heat import Thermal, ThermalParameters

DT_S = 0.1
TARGET_C = 45.0
# At rest without heat: the base plate takes away what the room brings.
REST = ThermalParameters(ambient_c=12.0, base_c=12.0)


@dataclass(frozen=True)
class Case:
    thermal: ThermalParameters
    amplitude: float

    @property
    def true(self) -> Fotdp:
        """What a bump test without noise shows: the sensor's lag adds to the dead time."""
        p = self.thermal
        loss_w_k = p.zone_to_base_w_k + p.zone_to_ambient_w_k + p.zone_to_zone_w_k
        return Fotdp(p.heater_w / 100.0 / loss_w_k, p.zone_j_k / loss_w_k, p.heater_delay_s + p.sensor_lag_s)


TWIN = Case(replace(REST, sensor_noise_c=0.02), 20.0)
SLOW = Case(replace(REST, zone_j_k=180.0), 30.0)
BALANCED = Case(replace(REST, zone_j_k=12.0, heater_delay_s=20.0), 6.0)


class Zone:
    """The twin's first zone and its sensor."""

    def __init__(self, case, seed):
        self.thermal = Thermal(case.thermal, seed)

    @property
    def true_c(self):
        return self.thermal.mixer_c

    def read(self):
        return self.thermal.read()[0]

    def advance(self, power):
        self.thermal.advance(DT_S, (power / 100.0, 0.0), 0.0, 0.0)


def experiment(case, *, target=TARGET_C, bias=0.0, zone=None, **limits):
    """Return the state at the end and the highest true temperature on the way."""
    zone = zone or Zone(case, seed=1)
    state = autotune.begin(
        target=target,
        amplitude=case.amplitude,
        bias=bias,
        low=0.0,
        high=100.0,
        noise_band=0.0,
        **limits,
    )
    top_c = -math.inf
    while not state.ended:
        state, power = autotune.step(state, measurement=zone.read(), dt_s=DT_S)
        assert 0.0 <= power <= 100.0
        zone.advance(power)
        top_c = max(top_c, zone.true_c)
    return state, top_c


@cache
def tuned(case):
    return experiment(case)


@pytest.mark.parametrize("case", [TWIN, SLOW, BALANCED])
def test_the_experiment_passes_the_target_by_less_than_the_static_effect_of_one_amplitude(case):
    _, top_c = tuned(case)
    assert top_c - TARGET_C < 1.1 * case.true.gain * case.amplitude + 0.5


def test_the_ultimate_point_is_that_of_the_true_plant():
    true = BALANCED.true
    low, high = 0.0, math.pi / true.dead_time_s
    for _ in range(60):
        omega = 0.5 * (low + high)
        lag = omega * true.dead_time_s + math.atan(omega * true.time_constant_s)
        low, high = (omega, high) if lag < math.pi else (low, omega)
    found = tuned(BALANCED)[0].proposal
    assert found.ultimate_period_s == pytest.approx(2.0 * math.pi / low, rel=0.15)
    assert found.ultimate_gain == pytest.approx(
        math.hypot(1.0, low * true.time_constant_s) / true.gain, rel=0.35
    )


def test_a_zone_that_is_cooling_when_it_begins_is_tuned_as_well():
    warm = replace(TWIN, thermal=replace(TWIN.thermal, ambient_c=40.0, base_c=12.0))
    state, _ = experiment(warm)
    assert state.failed == ""
    assert state.proposal.time_constant_s == pytest.approx(warm.true.time_constant_s, rel=0.1)


def test_it_comes_down_to_a_target_below_the_present_temperature():
    zone = Zone(TWIN, seed=3)
    for _ in range(6000):
        zone.advance(70.0)
    assert zone.true_c > TARGET_C + 10.0
    state, _ = experiment(TWIN, bias=70.0, zone=zone)
    assert state.failed == ""
    assert state.proposal.process_gain == pytest.approx(TWIN.true.gain, rel=0.05)


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_begun_at_the_balance_it_is_much_shorter_and_finds_the_same(seed):
    zone = Zone(TWIN, seed)
    balance = (TARGET_C - 12.0) / TWIN.true.gain
    for _ in range(6000):
        zone.advance(balance)
    state, _ = experiment(TWIN, bias=balance, zone=zone)
    assert state.failed == ""
    assert state.time_s < 0.7 * tuned(TWIN)[0].time_s
    assert state.proposal.gain == pytest.approx(tuned(TWIN)[0].proposal.gain, rel=0.2)
    assert state.proposal.integral_s == pytest.approx(tuned(TWIN)[0].proposal.integral_s, rel=0.1)


def test_a_cooler_gets_the_mirrored_tuning():
    def run(turn):
        state = autotune.begin(
            target=turn * 30.0, amplitude=turn * 20.0, bias=0.0, low=0.0, high=100.0, noise_band=0.01
        )
        zone = Zone(replace(TWIN, thermal=replace(TWIN.thermal, sensor_noise_c=0.0)), seed=1)
        while not state.ended:
            state, power = autotune.step(state, measurement=turn * zone.read(), dt_s=DT_S)
            zone.advance(power)
        return state.proposal

    heater, cooler = run(1.0), run(-1.0)
    assert cooler.gain == pytest.approx(-heater.gain)
    assert cooler.process_gain == pytest.approx(-heater.process_gain)
    assert cooler.integral_s == pytest.approx(heater.integral_s)


def test_sensors_read_less_often_than_the_loop_runs_are_no_obstacle():
    zone, held = Zone(TWIN, seed=1), 0.0
    state = autotune.begin(target=40.0, amplitude=20.0, bias=0.0, low=0.0, high=100.0, noise_band=0.0)
    tick = 0
    while not state.ended:
        held = zone.read() if tick % 5 == 0 else held
        state, power = autotune.step(state, measurement=held, dt_s=DT_S)
        zone.advance(power)
        tick += 1
    assert state.failed == ""
    assert state.proposal is not None
    assert state.hysteresis > 0.04  # twice the noise, though most differences were nil
    assert state.proposal.process_gain == pytest.approx(TWIN.true.gain, rel=0.05)


@pytest.mark.parametrize("ticks", [30, 3000, 6500])
def test_a_stored_state_goes_on_as_if_it_had_not_been_stored(ticks):
    states = []
    for stored in (False, True):
        zone = Zone(TWIN, seed=1)
        state = autotune.begin(target=TARGET_C, amplitude=20.0, bias=0.0, low=0.0, high=100.0, noise_band=0.0)
        for tick in range(ticks + 200):
            if stored and tick == ticks:
                state = plain.from_json(autotune.AutotuneState, plain.to_json(state))
            state, power = autotune.step(state, measurement=zone.read(), dt_s=DT_S)
            zone.advance(power)
        states.append(state)
    assert plain.to_json(states[0]) == plain.to_json(states[1])


def test_the_state_stays_small_however_long_it_takes():
    state, _ = tuned(BALANCED)
    assert len(state.approach.times_s) <= 64
    assert len(state.relay.times_s) <= 96
    assert len(state.switches) <= 64


def test_a_sensor_that_does_not_answer_ends_it():
    state = autotune.begin(target=45.0, amplitude=20.0, bias=0.0, low=0.0, high=100.0, noise_band=0.1)
    while not state.ended:
        state, power = autotune.step(state, measurement=20.0, dt_s=1.0)
    assert "did not answer" in state.failed
    assert "check actuator and sensor" in state.failed
    assert state.time_s < 910.0
    assert power == 0.0


def test_a_target_beyond_full_power_ends_it_and_says_how_far_it_gets():
    weak = replace(TWIN, thermal=replace(TWIN.thermal, heater_w=15.0), amplitude=40.0)
    state, _ = experiment(weak)
    assert state.failed.startswith("saturated: at its limit the output 100 leaves the measurement at 3")
    assert state.output == 0.0


def test_a_swing_lost_in_the_noise_ends_it():
    faint = replace(SLOW, thermal=replace(SLOW.thermal, sensor_noise_c=0.3), amplitude=10.0)
    state, _ = experiment(faint)
    assert "too noisy" in state.failed
    assert "raise the amplitude" in state.failed


def test_time_runs_out_on_the_way_to_the_target():
    state, _ = experiment(SLOW, limit_s=60.0)
    assert "not at the target in 60 s" in state.failed


def test_time_runs_out_while_it_swings():
    zone = Zone(BALANCED, seed=1)
    balance = (TARGET_C - 12.0) / BALANCED.true.gain
    for _ in range(3000):
        zone.advance(balance)
    state, _ = experiment(BALANCED, bias=balance, zone=zone, limit_s=100.0)
    assert "no steady limit cycle in 100 s" in state.failed


def test_a_reading_that_is_no_number_ends_it_at_the_first_output():
    state = autotune.begin(target=45.0, amplitude=20.0, bias=15.0, low=0.0, high=100.0, noise_band=0.1)
    state, _ = autotune.step(state, measurement=20.0, dt_s=0.1)
    state, power = autotune.step(state, measurement=math.nan, dt_s=0.1)
    assert "no reading" in state.failed
    assert power == 15.0
    assert autotune.step(state, measurement=20.0, dt_s=0.1) == (state, 15.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"amplitude": 0.0}, "amplitude 0"),
        ({"amplitude": 51.0}, "up to half of the range 0 to 100"),
        ({"target": math.nan}, "must be numbers"),
        ({"noise_band": -1.0}, "noise band -1 is below 0"),
    ],
)
def test_what_can_not_be_done_is_refused_at_once(change, words):
    asked = {
        "target": 45.0,
        "amplitude": 20.0,
        "bias": 0.0,
        "low": 0.0,
        "high": 100.0,
        "noise_band": 0.0,
        **change,
    }
    state = autotune.begin(**asked)
    assert state.ended
    assert words in state.failed


def test_a_load_that_jumps_about_never_becomes_a_tuning():
    state = autotune.begin(target=50.0, amplitude=10.0, bias=50.0, low=0.0, high=100.0, noise_band=0.1)
    value, tick = 49.0, 0
    while not state.ended:
        state, power = autotune.step(state, measurement=value, dt_s=1.0)
        # An integrator whose load is pushed about far more than the output can hold against.
        load = 60.0 * math.sin(tick * tick * 1e-3)
        value += 0.02 * (power - 50.0 + load)
        tick += 1
    assert state.proposal is None
    assert state.failed


def test_noise_is_told_from_a_trend():
    noise = Noise()
    for tick in range(200):
        noise = noise.add(0.5 * tick + (0.1 if tick % 2 else -0.1))
    assert noise.sigma == pytest.approx(0.1 * 4.0 / math.sqrt(6.0), rel=0.02)


def test_a_full_trace_keeps_half_and_spans_the_whole_time():
    trace = Trace(most=16)
    for tick in range(1000):
        trace = trace.add(0.1 * tick, float(tick), 0.0)
    assert 8 <= len(trace.times_s) <= 16
    assert trace.times_s[0] == 0.0
    assert trace.times_s[-1] > 75.0


def test_a_near_integrator_gets_an_integral_time_that_its_speed_limits():
    _, integral_s = lambda_tuning(Fotdp(50.0, 10_000.0, 2.0), 0.1)
    assert integral_s == pytest.approx(25.0 * 3.0 * 2.05)


@given(st.floats(0.0, 20.0))
def test_what_is_left_after_some_lags_is_the_exponential(lags):
    assert fade(lags) == pytest.approx(math.exp(-lags), rel=1e-5)
    assert fade(lags + 20.1) == 0.0


@pytest.mark.parametrize("rate_per_s", [0.0, 2.0, 7.0])
@pytest.mark.parametrize("lag_s", [0.0, 0.7, 30.0])
def test_what_was_put_out_is_integrated_behind_a_lag_as_a_fine_simulation_does(lag_s, rate_per_s):
    switches = ((0.0, 10.0), (5.0, 30.0), (7.0, 0.0), (7.0, 20.0), (40.0, 5.0))
    times_s = [0.0, 4.0, 6.5, 7.5, 20.0, 39.0, 41.0, 60.0]
    dt_s, level, lagged, total = 0.002, 10.0, 10.0, 0.0
    expected: list[float] = []
    for tick in range(round(times_s[-1] / dt_s) + 1):
        if len(expected) < len(times_s) and tick * dt_s >= times_s[len(expected)] - 1e-9:
            expected.append(total)
        asked = [output for start_s, output in switches if start_s <= tick * dt_s][-1]
        most = rate_per_s * dt_s if rate_per_s else math.inf
        level += min(max(asked - level, -most), most)
        before = lagged
        lagged = level + (lagged - level) * math.exp(-dt_s / lag_s) if lag_s else level
        total += 0.5 * (before + lagged) * dt_s
    assert Drive(switches, rate_per_s).integrals(times_s, lag_s) == pytest.approx(expected, abs=0.1)
