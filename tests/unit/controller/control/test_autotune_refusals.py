"""A zone whose load moves, or that is stuck, becomes no tuning: two lags don't explain it."""

from __future__ import annotations

import math

import pytest

from controller.control import autotune

DT_S = 0.1
LAGS_S = (30.0, 5.0)
BASE_C, TARGET_C = 20.0, 45.0
GAIN_C = 0.9


def steady(_time_s):
    return 0.0


def swaying(time_s):
    """Return the draught of a ventilation that comes and goes each minute."""
    return 3.0 * math.sin(2.0 * math.pi * time_s / 60.0)


def switched_on(time_s):
    """Return what a flow takes that begins in the middle."""
    return -15.0 if time_s > 60.0 else 0.0


def drifting(time_s):
    return time_s / 10.0


def experiment(load_c, *, bias=0.0, answers=True):
    """Tune a zone of two lags whose base moves by `load_c(time_s)`; return the state in the end."""
    state = autotune.begin(target=TARGET_C, amplitude=20.0, bias=bias, low=0.0, high=100.0, noise_band=0.1)
    zone_c = shown_c = BASE_C + GAIN_C * bias
    while not state.ended:
        state, power = autotune.step(state, measurement=shown_c, dt_s=DT_S)
        heat_c = GAIN_C * (power if answers else bias)
        to_c = BASE_C + heat_c + load_c(state.time_s)
        zone_c += (to_c - zone_c) * (1.0 - math.exp(-DT_S / LAGS_S[0]))
        shown_c += (zone_c - shown_c) * (1.0 - math.exp(-DT_S / LAGS_S[1]))
    return state


each_start = pytest.mark.parametrize(
    "bias", [0.0, (TARGET_C - BASE_C) / GAIN_C], ids=["cold", "at the target"]
)


@each_start
def test_with_a_steady_load_it_is_tuned(bias):
    assert experiment(steady, bias=bias).proposal is not None


@each_start
@pytest.mark.parametrize("load_c", [swaying, switched_on, drifting])
def test_with_a_load_that_moves_it_is_refused_with_the_remedy(load_c, bias):
    state = experiment(load_c, bias=bias)
    assert state.proposal is None
    assert "steady load" in state.failed or "within reach" in state.failed
    assert state.output == pytest.approx(bias)


@each_start
def test_a_heater_without_effect_is_refused(bias):
    state = experiment(steady, bias=bias, answers=False)
    assert state.proposal is None
    assert "did not answer" in state.failed
