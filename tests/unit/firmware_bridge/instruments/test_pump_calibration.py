"""Calibration by weight: the line, its uncertainty, and the text that a rig file keeps of it."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices.instruments.calibration import (
    Calibration,
    WeighedRun,
    fit_calibration,
    fit_steps,
    read_calibration,
)
from firmware_bridge.devices.interfaces import DeviceError

factors = st.floats(min_value=0.6, max_value=1.9)
intercepts = st.floats(min_value=-0.5, max_value=5.0)
flows_ul_min = st.floats(min_value=1.0, max_value=20000.0)


def weigh(set_ul_min, calibration, *, time_s=600.0, density_g_ml=0.789, error=0.0):
    volume_ml = calibration.delivered_ul_min(set_ul_min) * (1.0 + error) * time_s / 60.0 / 1000.0
    return WeighedRun(set_ul_min, time_s, volume_ml * density_g_ml, density_g_ml)


@given(factors, intercepts, st.lists(flows_ul_min, min_size=2, max_size=8, unique=True))
def test_runs_of_a_perfect_balance_give_the_line_back(factor, intercept, rates):
    if max(rates) < 1.5 * min(rates):
        rates = [*rates, 2.0 * max(rates)]
    truth = Calibration(factor, intercept)
    fitted = fit_calibration([weigh(rate, truth) for rate in rates])
    assert fitted.calibration.factor == pytest.approx(factor, rel=1e-6)
    assert fitted.calibration.intercept_ul_min == pytest.approx(intercept, abs=1e-6 * max(rates))
    assert fitted.worst < 1e-6


def test_the_weights_make_a_small_flow_count_as_much_as_a_large_one():
    # 2 % too much at every rate but the largest: a fit without weights would follow the largest alone.
    truth = Calibration()
    runs = [weigh(rate, truth, error=0.02) for rate in (1.0, 10.0, 100.0)] + [weigh(10000.0, truth)]
    factor = fit_calibration(runs).calibration.factor
    assert 1.005 < factor < 1.02


def test_the_stated_error_of_the_factor_is_the_one_that_repeats_show():
    chance = random.Random(7)
    truth = Calibration(0.98, 0.5)
    rates = (50.0, 200.0, 500.0, 1000.0, 2000.0)
    fits = [
        fit_calibration([weigh(rate, truth, error=chance.gauss(0.0, 0.005)) for rate in rates])
        for _ in range(400)
    ]
    scatter = math.sqrt(sum((fit.calibration.factor - 0.98) ** 2 for fit in fits) / len(fits))
    stated = math.sqrt(sum(fit.factor_error**2 for fit in fits) / len(fits))
    assert stated == pytest.approx(scatter, rel=0.15)
    scatter = math.sqrt(sum((fit.calibration.intercept_ul_min - 0.5) ** 2 for fit in fits) / len(fits))
    stated = math.sqrt(sum(fit.intercept_error_ul_min**2 for fit in fits) / len(fits))
    assert stated == pytest.approx(scatter, rel=0.15)


def test_runs_at_one_rate_give_a_factor_alone():
    fitted = fit_calibration([weigh(100.0, Calibration(), error=each) for each in (0.01, 0.02, 0.03)])
    assert fitted.calibration.factor == pytest.approx(1.02)
    assert fitted.calibration.intercept_ul_min == 0.0
    assert fitted.factor_error == pytest.approx(0.01 / math.sqrt(3.0))
    assert math.isinf(fitted.intercept_error_ul_min)


def test_too_few_runs_say_that_they_know_no_error():
    assert math.isinf(fit_calibration([weigh(100.0, Calibration())]).factor_error)
    two = fit_calibration([weigh(100.0, Calibration()), weigh(200.0, Calibration())])
    assert math.isinf(two.factor_error)


def test_masses_in_the_wrong_unit_are_refused_not_fitted():
    with pytest.raises(DeviceError, match="check the syringe"):
        fit_calibration([WeighedRun(100.0, 60.0, 100.0, 1.0)])
    with pytest.raises(DeviceError, match="no weighed runs"):
        fit_calibration([])


@pytest.mark.parametrize("field", ["set_ul_min", "time_s", "mass_g", "density_g_ml"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_a_run_that_cannot_be_is_refused_by_name(field, value):
    good = {"set_ul_min": 100.0, "time_s": 60.0, "mass_g": 0.1, "density_g_ml": 1.0}
    with pytest.raises(DeviceError, match=field):
        WeighedRun(**{**good, field: value})


@given(factors, intercepts, flows_ul_min, st.sampled_from([1.0, -1.0]))
def test_setting_and_delivering_are_inverse_in_both_directions(factor, intercept, flow_ul_min, sign):
    calibration = Calibration(factor, intercept)
    set_ul_min = calibration.set_ul_min(sign * flow_ul_min)
    if set_ul_min:
        assert calibration.delivered_ul_min(set_ul_min) == pytest.approx(sign * flow_ul_min)
    else:
        assert flow_ul_min <= intercept


def test_a_pump_at_rest_delivers_nothing():
    calibration = Calibration(1.0, 0.3)
    assert calibration.delivered_ul_min(0.0) == 0.0
    assert calibration.set_ul_min(0.0) == 0.0
    assert calibration.set_ul_min(0.2) == 0.0


@given(factors, intercepts)
def test_a_calibration_survives_the_rig_file(factor, intercept):
    read = read_calibration(str(Calibration(factor, intercept)))
    assert read.factor == pytest.approx(factor, abs=1e-5)
    assert read.intercept_ul_min == pytest.approx(intercept, abs=1e-5)


def test_a_factor_alone_is_enough():
    assert read_calibration("0.98731") == Calibration(0.98731, 0.0)


@pytest.mark.parametrize("text", ["", "1.0 uL/min", "0.1", "5", "1.0, 0.1", "1.0, x uL/min", "1e0", "nan"])
def test_a_calibration_that_is_none_is_refused_with_an_example(text):
    with pytest.raises(DeviceError, match=r"0\.98731, 0\.052 uL/min"):
        read_calibration(text)


@given(factors, st.lists(flows_ul_min, min_size=1, max_size=6, unique=True))
def test_a_stepped_pump_has_a_factor_alone(factor, rates):
    fitted = fit_steps([weigh(rate, Calibration(factor)) for rate in rates], 200.0)
    assert fitted.calibration.factor == pytest.approx(factor)
    assert fitted.calibration.intercept_ul_min == 0.0


def test_a_flow_that_is_missed_at_every_rate_is_no_matter_of_steps():
    errors = (0.001, -0.001, 0.0005, 0.0)
    runs = [
        weigh(rate, Calibration(1.0, -4.0), error=each)
        for rate, each in zip((50.0, 100.0, 300.0, 1000.0), errors, strict=True)
    ]
    with pytest.raises(DeviceError, match=r"miss -\d\.\d+ uL/min at every flow"):
        fit_steps(runs, 200.0)
    fit_steps([weigh(rate, Calibration(), error=0.01) for rate in (50.0, 100.0, 300.0)], 200.0)


@pytest.mark.parametrize("steps_per_ul", [0.0, -1.0, math.nan, math.inf])
def test_a_pump_without_steps_is_refused(steps_per_ul):
    with pytest.raises(DeviceError, match="give what the rig file says now"):
        fit_steps([weigh(100.0, Calibration())], steps_per_ul)
