from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from firmware_bridge.simulator.plant import residence
from firmware_bridge.simulator.plant.history import LEAST_BIN_UL, Inflow, ReactorHistory
from firmware_bridge.simulator.plant.hydraulics import (
    MOST_VARIANCE,
    Tube,
    pressure_drop_kpa,
    residence_variance,
    viscosity_pa_s,
)
from firmware_bridge.simulator.plant.mixer import MixerLine

TUBE = Tube(volume_ul=73.0, bore_mm=0.3)
Volumes = tuple[float, float, float, float]
volume = st.floats(0.0, 3.0)


def density(theta: float, variance: float) -> float:
    """The inverse Gaussian of mean 1, written out."""
    return float(
        np.exp(-((theta - 1.0) ** 2) / (2.0 * variance * theta)) / np.sqrt(2.0 * np.pi * variance * theta**3)
    )


def water(volume_ul: float) -> Inflow:
    return Inflow([0.0], volume_ul, [0.0, 22.0])


def seeds(volume_ul: float, exposure: float = 0.0) -> Inflow:
    return Inflow([volume_ul], 0.0, [exposure, 22.0])


@given(st.lists(st.tuples(volume, volume, volume, volume), min_size=1, max_size=60))
def test_the_mixer_conserves_every_stream(pushes: list[Volumes]) -> None:
    mixer = MixerLine(12.0, 4)
    entered, left = np.zeros(4), np.zeros(4)
    for step, volumes in enumerate(pushes):
        out = mixer.push(volumes, float(step))
        entered += volumes
        left += out.streams_ul
    held = np.sum([parcel.streams_ul for parcel in mixer._parcels], axis=0)
    assert sum(parcel.volume_ul for parcel in mixer._parcels) == pytest.approx(12.0, rel=1e-9)
    assert left + held == pytest.approx(entered, rel=1e-9, abs=1e-9)


def test_the_mixer_gives_out_what_entered_one_volume_ago() -> None:
    mixer = MixerLine(10.0, 1)
    outs = [mixer.push([1.0], float(step)) for step in range(15)]
    assert [out.streams_ul[0] for out in outs[:10]] == pytest.approx([0.0] * 10)
    assert [out.streams_ul[0] for out in outs[10:]] == pytest.approx([1.0] * 5)
    assert [out.exposure for out in outs[10:]] == pytest.approx([10.0] * 5)


def test_the_mixer_stays_small_under_tiny_steps() -> None:
    mixer = MixerLine(10.0, 1)
    for step in range(20_000):
        mixer.push([1e-3], float(step))
    assert len(mixer._parcels) <= 10.0 / 0.1 + 2


def test_one_push_larger_than_the_mixer_passes_through() -> None:
    out = MixerLine(2.0, 2).push([10.0, 0.0], 5.0)
    assert out.streams_ul[0] == pytest.approx(8.0, rel=1e-12)


@given(st.lists(st.floats(1e-4, 2.0), min_size=3, max_size=80))
def test_history_finds_every_point_in_order(volumes: list[float]) -> None:
    history = ReactorHistory(300.0, 1, [0.0, 22.0], 1)
    time_s = 0.0
    for entering_ul in volumes:
        time_s += 0.1
        history.push(water(entering_ul), time_s, (30.0 * time_s,))
    assert history.volume_ul == pytest.approx(sum(volumes), rel=1e-12)
    points = np.linspace(0.0, history.volume_ul, 37)
    times = [history.crossing_at(float(p)).time_s for p in points]
    assert times == sorted(times)
    assert times[-1] == pytest.approx(time_s)
    assert all(
        history.crossing_at(float(p)).clocks[0] == pytest.approx(30.0 * t)
        for p, t in zip(points, times, strict=True)
    )


def test_history_is_exact_at_a_steady_flow_whatever_the_bins() -> None:
    history = ReactorHistory(300.0, 1, [0.0, 22.0], 1)
    for step in range(1, 5001):
        history.push(water(0.013), step * 0.1, (0.0,))
    assert history.crossing_at(31.7).time_s == pytest.approx(31.7 / 0.13, rel=1e-9)


def test_history_forgets_beyond_its_horizon_but_never_within() -> None:
    history = ReactorHistory(100.0, 1, [0.0, 22.0], 1)
    for step in range(1, 200_001):
        history.push(seeds(0.01, exposure=float(step)), step * 0.1, (0.0,))
    assert len(history._bins) <= 2 * (100.0 / LEAST_BIN_UL + 3)
    back_ul = history.volume_ul - 99.0
    assert history.crossing_at(back_ul).time_s == pytest.approx(back_ul / 0.1, rel=1e-6)
    assert history.inflow_at(back_ul).marks[0] == pytest.approx(back_ul / 0.01, abs=30.0)


def test_merging_bins_keeps_volumes_and_means() -> None:
    history = ReactorHistory(100.0, 1, [0.0, 22.0], 1)
    history.push(seeds(0.05, exposure=1.0), 0.1, (0.0,))
    history.push(seeds(0.15, exposure=3.0), 0.2, (0.0,))
    merged = history.inflow_at(0.1)
    assert merged.volume_ul == pytest.approx(1.0)
    assert history.entered_ul == pytest.approx((0.2,))
    assert merged.marks[0] == pytest.approx(2.5)


def test_a_front_is_a_slope_between_the_middles_of_two_bins() -> None:
    history = ReactorHistory(100.0, 1, [0.0, 22.0], 1)
    for time_s, inflow in enumerate(
        (water(2.0), water(2.0), seeds(4.0, exposure=6.0), seeds(4.0, exposure=6.0)), 1
    ):
        history.push(inflow, float(time_s), (0.0,))
    shares = [history.inflow_at(point).streams_ul[0] for point in (0.5, 3.0, 4.5, 6.0, 11.0, 12.0)]
    assert shares == pytest.approx([0.0, 0.0, 0.5, 1.0, 1.0, 1.0])
    assert history.inflow_at(4.5).marks[0] == pytest.approx(3.0)
    assert all(history.inflow_at(point / 10.0).volume_ul == pytest.approx(1.0) for point in range(-20, 130))


@pytest.mark.parametrize("variance", [1e-5, 0.001, 0.03, 0.2])
def test_the_residence_time_distribution_has_its_moments(variance: float) -> None:
    def moment(order: int) -> float:
        def integrand(theta: float) -> float:
            return (theta - 1.0) ** order * density(theta, variance)

        width = variance**0.5
        edges = (1e-9, max(1e-9, 1.0 - 8.0 * width), 1.0, 1.0 + 12.0 * width)
        return sum(quad(integrand, low, high, limit=200)[0] for low, high in pairwise(edges))

    assert moment(0) == pytest.approx(1.0, abs=1e-6)
    assert moment(1) == pytest.approx(0.0, abs=1e-5)
    assert moment(2) == pytest.approx(variance, rel=1e-3)


@given(st.floats(1e-5, 0.2))
def test_its_quadrature_is_exact_in_mean_and_variance(variance: float) -> None:
    theta, weight = residence.quadrature(variance)
    assert weight.sum() == pytest.approx(1.0, rel=1e-12)
    assert theta @ weight == pytest.approx(1.0, rel=1e-12)
    assert (theta - 1.0) ** 2 @ weight == pytest.approx(variance, rel=1e-9)


def test_its_quadrature_integrates_a_decay_as_the_density_does() -> None:
    theta, weight = residence.quadrature(0.08)
    exact = quad(lambda t: float(np.exp(-2.0 * t)) * density(t, 0.08), 1e-9, 12.0)[0]
    assert np.exp(-2.0 * theta) @ weight == pytest.approx(exact, rel=1e-6)


def test_dispersion_grows_with_speed_and_stays_within_the_history() -> None:
    variances = [residence_variance(TUBE, seconds, 25.0, 2.0) for seconds in (30.0, 10.0, 5.0, 0.5, 0.0)]
    assert variances == sorted(variances)
    assert variances[-1] == MOST_VARIANCE
    assert residence_variance(TUBE, 1e6, 25.0, 2.0) <= MOST_VARIANCE


def test_warm_liquid_disperses_less() -> None:
    assert residence_variance(TUBE, 8.0, 60.0, 2.0) < residence_variance(TUBE, 8.0, 20.0, 2.0)


def test_water_has_its_viscosity() -> None:
    assert viscosity_pa_s(25.0, 0.0) == pytest.approx(8.9e-4, rel=0.01)
    assert viscosity_pa_s(25.0, 4.0) > 1.15 * viscosity_pa_s(25.0, 0.0)


def test_pressure_is_hagens_and_poiseuilles() -> None:
    # 1 m of 0.3 mm bore at 10 uL/s of water at 25 degC: 8 mu L Q / (pi r^4) = 44.8 kPa.
    one_metre = Tube(volume_ul=np.pi / 4 * 0.3**2 * 1000.0, bore_mm=0.3)
    assert one_metre.length_m == pytest.approx(1.0)
    assert pressure_drop_kpa(one_metre, 10.0, 25.0, 0.0) == pytest.approx(44.8, rel=0.01)
