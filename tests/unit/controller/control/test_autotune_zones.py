"""Auto-tuned loops against the lambda-tuned ideal, on zones of first order (the twin's) and of higher order.

The ideal is the PI controller that the same rule gives for the true parameters of the zone, under the same
limits: its lag and all that delays; for lags in series what the half rule makes of them (Skogestad, J.
Process Control 13 (2003) 291-309). The step is one of 5 degC; settling is to 2 % of it, or to the sensor's
resolution if that is coarser.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from functools import cache

import pytest

from controller.control.fotdp import Fotdp, lambda_tuning
from controller.domain.commands import EndAutotune, LoopMode, Retune, SetLoopMode, StartAutotune
from controller.domain.plan import LoopPlan
from firmware_bridge.simulator.plant.heat import Thermal, ThermalParameters

DT_S = 0.1
TARGET_C, STEP_C = 45.0, 5.0
BASE_C = 12.0
# At rest without heat: the base plate takes away what the room brings.
REST = ThermalParameters(ambient_c=BASE_C, base_c=BASE_C)
# The target moves at once: a ramp would hide how the loop settles.
LOOP = LoopPlan("zone", "reactor", "heater", 1.0, 100.0, 0.0, ramp_per_s=1e3)


@dataclass(frozen=True)
class Case:
    """The twin's first zone."""

    thermal: ThermalParameters
    amplitude: float
    quantum_c: float = 0.0

    @property
    def ideal(self) -> Fotdp:
        """What a bump test without noise shows: the sensor's lag adds to the dead time."""
        p = self.thermal
        loss_w_k = p.zone_to_base_w_k + p.zone_to_ambient_w_k + p.zone_to_zone_w_k
        dead_time_s = p.heater_delay_s + p.sensor_lag_s
        return Fotdp(p.heater_w / 100.0 / loss_w_k, p.zone_j_k / loss_w_k, dead_time_s)

    def balance(self, at_c, strength=1.0):
        """Return the power in % that holds a temperature."""
        return (at_c - BASE_C) / (self.ideal.gain * strength)

    @property
    def noiseless(self):
        return replace(self, thermal=replace(self.thermal, sensor_noise_c=0.0))

    def plant(self, seed):
        return TwinZone(self.thermal, seed)


class TwinZone:
    def __init__(self, thermal, seed):
        self._thermal = Thermal(thermal, seed)

    @property
    def true_c(self):
        return self._thermal.mixer_c

    def read(self):
        return self._thermal.read()[0]

    def advance(self, dt_s, duty):
        self._thermal.advance(dt_s, (duty, 0.0), 0.0, 0.0)


@dataclass(frozen=True)
class Series:
    """Lags one behind the other: a block, what it heats, its sensor."""

    lags_s: tuple[float, ...]
    noise_c: float = 0.0
    quantum_c: float = 0.0
    gain: float = 0.9
    amplitude: float = 20.0

    @property
    def ideal(self) -> Fotdp:
        first_s, second_s, *rest_s = self.lags_s
        return Fotdp(self.gain, first_s + 0.5 * second_s, 0.5 * second_s + sum(rest_s))

    def balance(self, at_c, strength=1.0):
        return (at_c - BASE_C) / (self.gain * strength)

    @property
    def noiseless(self):
        return replace(self, noise_c=0.0)

    def plant(self, seed):
        return SeriesZone(self, seed)


class SeriesZone:
    def __init__(self, case, seed):
        self._case, self._random = case, random.Random(seed)
        self._values_c = [BASE_C] * len(case.lags_s)

    @property
    def true_c(self):
        return self._values_c[-1]

    def read(self):
        return self.true_c + self._random.gauss(0.0, self._case.noise_c)

    def advance(self, dt_s, duty):
        before_c = BASE_C + 100.0 * self._case.gain * duty
        for number, lag_s in enumerate(self._case.lags_s):
            here_c = self._values_c[number]
            before_c += (here_c - before_c) * math.exp(-dt_s / lag_s)
            self._values_c[number] = before_c


TWIN = Case(REST, 20.0)
SLOW = Case(replace(REST, zone_j_k=180.0), 30.0)
FAST = Case(replace(REST, zone_j_k=6.0, heater_delay_s=0.4, sensor_lag_s=0.4), 10.0)
DELAYED = Case(replace(REST, zone_j_k=3.0, heater_delay_s=20.0), 6.0)
BALANCED = Case(replace(REST, zone_j_k=12.0, heater_delay_s=20.0), 6.0)
CASES = {
    "twin": TWIN,
    "slow": SLOW,
    "fast": FAST,
    "dead-time dominated": DELAYED,
    "as much dead time as lag": BALANCED,
    "twin, noisy": replace(TWIN, thermal=replace(REST, sensor_noise_c=0.1)),
    "twin, quantised": replace(TWIN, thermal=replace(REST, sensor_noise_c=0.0), quantum_c=0.0625),
    "fast, noisy": replace(FAST, thermal=replace(FAST.thermal, sensor_noise_c=0.1)),
    "dead-time dominated, noisy": replace(DELAYED, thermal=replace(DELAYED.thermal, sensor_noise_c=0.1)),
}
SERIES = {
    f"{'+'.join(str(lag_s) for lag_s in lags_s)} s{told}": Series(lags_s, **sensor)
    for lags_s in ((30, 2), (30, 5), (60, 10, 3), (10, 3))
    for told, sensor in (
        ("", {}),
        (", noisy", {"noise_c": 0.05}),
        (", quantised", {"quantum_c": 0.0625}),
    )
}
ALL = CASES | SERIES
each_case = pytest.mark.parametrize("case", ALL.values(), ids=ALL.keys())
each_twin_zone = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
each_series = pytest.mark.parametrize("case", SERIES.values(), ids=SERIES.keys())
each_start = pytest.mark.parametrize("start", ["cold", "at the target"])


class Zone:
    """A zone under a bench's heater, at rest where it begins; `strength` is of its power."""

    def __init__(self, case, at_c, seed=1, strength=1.0):
        self.plant = case.plant(seed)
        self.strength, self.quantum_c = strength, case.quantum_c
        for _ in range(400):
            self._advance(case.balance(at_c, strength), 0.1 * case.ideal.time_constant_s)

    @property
    def true_c(self):
        return self.plant.true_c

    def __call__(self, bench):
        self._advance(bench.output("heater"), bench.dt_s)
        self.show(bench)

    def show(self, bench):
        shown_c = self.plant.read()
        quantum_c = self.quantum_c
        bench.show("reactor", round(shown_c / quantum_c) * quantum_c if quantum_c else shown_c)

    def _advance(self, power, dt_s):
        self.plant.advance(dt_s, self.strength * power / 100.0)


@pytest.fixture(scope="module")
def begun(loop_bench):
    """A loop over a zone at rest, held manually at the power that this takes."""

    def make(case, at_c, **options):
        zone = Zone(case, at_c, **options)
        bench = loop_bench(LOOP, plant=zone, dt_s=DT_S)
        zone.show(bench)
        power = case.balance(at_c, options.get("strength", 1.0))
        bench.hold("heater", power)
        bench.do(SetLoopMode("zone", LoopMode.MANUAL, power))
        return bench

    return make


@pytest.fixture(scope="module")
def tuned(begun):
    """The tuning that an experiment proposes and a person accepts, with the model behind it."""

    @cache
    def tune(case, start):
        bench = begun(case, BASE_C if start == "cold" else TARGET_C)
        bench.do(StartAutotune("zone", TARGET_C, case.amplitude))
        while bench.state("zone").autotune is not None:
            bench.tick()
        found = bench.state("zone").proposal
        assert found is not None, bench.told()
        bench.do(EndAutotune("zone", accept=True))
        return bench.state("zone").tuning, found

    return tune


@pytest.fixture(scope="module")
def respond(begun):
    """Step the target of a loop at rest; return overshoot (of the step) and settling time."""

    @cache
    def step(case, gain, integral_s, strength=1.0, from_c=TARGET_C - STEP_C):
        bench = begun(case.noiseless, from_c, strength=strength)
        bench.do(Retune("zone", gain, integral_s, 0.0))
        bench.aim("zone", from_c + STEP_C)
        path_c = []
        for _ in range(int((30.0 * case.ideal.dead_time_s + 4.0 * case.ideal.time_constant_s) / DT_S)):
            bench.tick()
            path_c.append(bench.plant.true_c - from_c)
        band_c = max(0.02 * STEP_C, case.quantum_c)
        outside = [tick for tick, value_c in enumerate(path_c) if abs(value_c - STEP_C) > band_c]
        settling_s = DT_S * (outside[-1] + 1) if outside[-1] + 1 < len(path_c) else math.inf
        return max(path_c) / STEP_C - 1.0, settling_s

    return step


@each_start
@each_twin_zone
def test_the_model_is_that_of_the_zone(tuned, case, start):
    _, found = tuned(case, start)
    assert found.process_gain == pytest.approx(case.ideal.gain, rel=0.1)
    assert found.time_constant_s == pytest.approx(case.ideal.time_constant_s, rel=0.2)
    assert found.dead_time_s == pytest.approx(case.ideal.dead_time_s, rel=0.3)


@each_start
@each_series
def test_the_gain_of_a_zone_of_higher_order_is_found_and_what_lags_adds_up(tuned, case, start):
    _, found = tuned(case, start)
    assert found.process_gain == pytest.approx(case.gain, rel=0.1)
    assert found.time_constant_s + found.dead_time_s == pytest.approx(sum(case.lags_s), rel=0.1)
    # The model leaves little more than the sensor's own error.
    assert found.unexplained < 0.1


@each_start
@each_case
def test_the_tuned_loop_overshoots_less_than_5_percent_and_settles_within_1_3_of_the_ideal(
    tuned, respond, case, start
):
    tuning, _ = tuned(case, start)
    overshoot, settling_s = respond(case, tuning.gain, tuning.integral_s)
    _, ideal_settling_s = respond(case, *lambda_tuning(case.ideal, DT_S))
    assert overshoot < 0.05
    assert settling_s <= 1.3 * ideal_settling_s


@each_start
@pytest.mark.parametrize("strength", [0.5, 1.5])
@pytest.mark.parametrize(
    "case", [TWIN, SLOW, FAST, DELAYED, BALANCED, *(each for each in SERIES.values() if not each.quantum_c)]
)
def test_half_as_much_or_half_more_heater_leaves_the_loop_settling_with_at_most_10_percent_overshoot(
    tuned, respond, case, strength, start
):
    tuning, _ = tuned(case, start)
    # At half the power the zones can't go higher than 49 degC.
    overshoot, settling_s = respond(case, tuning.gain, tuning.integral_s, strength, 30.0)
    assert overshoot < 0.10
    assert settling_s < math.inf


def test_without_tuning_the_loops_would_not_do(respond):
    """The figures above tell good tunings from bad ones: one zone's tuning spoils another."""
    overshoot, settling_s = respond(DELAYED, *lambda_tuning(TWIN.ideal, DT_S))
    assert overshoot > 0.5
    assert settling_s == math.inf
    overshoot, settling_s = respond(TWIN, *lambda_tuning(DELAYED.ideal, DT_S))
    assert settling_s > 1.3 * respond(TWIN, *lambda_tuning(TWIN.ideal, DT_S))[1]
