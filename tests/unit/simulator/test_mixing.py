"""Mixing times: their powers and their limits."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.simulator.chemistry.gold_pulsed import GoldByPulses
from firmware_bridge.simulator.plant import mixing

WIDTH_M, SPEED_M_S, ION_M2_S = 200e-6, 0.02, 1e-9


def test_diffusion_across_a_y_is_the_slowest_mode_of_the_heat_equation() -> None:
    """Two layers, one dyed, by finite differences: the unmixedness falls by e in one mixing time."""
    cells = 80
    step_m = WIDTH_M / cells
    dye = np.repeat([1.0, 0.0], cells // 2)
    dt_s = 0.2 * step_m**2 / ION_M2_S
    unmixed = []
    for _ in range(9000):
        padded = np.pad(dye, 1, mode="edge")
        dye = dye + ION_M2_S * dt_s / step_m**2 * np.diff(padded, 2)
        unmixed.append(float(np.std(dye)))
    late = np.log(unmixed[4000] / unmixed[-1])
    expected = dt_s * (len(unmixed) - 1 - 4000) / mixing.diffusive_s(WIDTH_M, ION_M2_S)
    assert late == pytest.approx(float(expected), rel=2e-3)


@pytest.mark.parametrize("law", [mixing.herringbone_s, lambda w, u, d: mixing.slug_s(1e-3, w, u, d)])
def test_folding_mixes_faster_than_diffusion_and_as_the_logarithm_of_pe(law) -> None:
    slow, fast = (float(law(WIDTH_M, speed, ION_M2_S)) for speed in (0.02, 0.2))
    assert fast < slow < 0.2 * float(mixing.diffusive_s(WIDTH_M, ION_M2_S))
    lengths = np.array([0.02 * slow, 0.2 * fast])
    peclets = np.array([0.02, 0.2]) * WIDTH_M / ION_M2_S
    assert lengths[1] / lengths[0] == pytest.approx(np.log(peclets[1]) / np.log(peclets[0]), rel=1e-9)
    assert law(WIDTH_M, 0.0, ION_M2_S) == mixing.diffusive_s(WIDTH_M, ION_M2_S)


def test_shorter_slugs_mix_sooner() -> None:
    times = [float(mixing.slug_s(length, 5e-4, SPEED_M_S, ION_M2_S)) for length in (5e-4, 1e-3, 4e-3)]
    assert times[0] < times[1] < times[2]
    assert times[1] / times[0] == pytest.approx(2.0)


def test_electrothermal_vortices_go_with_the_fourth_power_of_the_voltage() -> None:
    volts = np.array([2.0, 4.0, 8.0])
    speed = mixing.electrothermal_speed_m_s(volts, 50e-6, 0.1, 8.9e-4)
    assert speed[1:] / speed[:-1] == pytest.approx([16.0, 16.0])
    assert 1e-4 < mixing.electrothermal_speed_m_s(7.0, 50e-6, 0.1, 8.9e-4) < 1e-2
    times = mixing.electrothermal_s(WIDTH_M, speed, ION_M2_S)
    assert (np.diff(times) < 0.0).all()
    assert mixing.electrothermal_s(WIDTH_M, 0.0, ION_M2_S) == mixing.diffusive_s(WIDTH_M, ION_M2_S)
    strong = mixing.electrothermal_s(WIDTH_M, speed[-1] * np.array([1.0, 16.0]) * 100.0, ION_M2_S)
    assert strong[0] / strong[1] == pytest.approx(16.0, rel=0.01)


def test_pulses_mix_as_the_twin_that_they_are_from_says() -> None:
    assert mixing.pulsed_s(200.0) == pytest.approx(0.095)
    assert mixing.pulsed_s(0.0) == mixing.pulsed_s(mixing.UNPULSED_HZ)
    frequencies = np.array([1.0, 50.0, 200.0])
    assert mixing.pulsed_s(frequencies) == pytest.approx(GoldByPulses().mixing_s(frequencies))


def test_damkohler_is_the_mixing_time_over_the_reaction_s() -> None:
    assert mixing.damkohler(4.0, [0.0, 0.5]) == pytest.approx([0.0, 2.0])
