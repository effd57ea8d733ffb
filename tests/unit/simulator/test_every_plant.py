"""Laws of every twin's plant: volumes balance, residence times spread as told, steps do not matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.simulator.interfaces import Drive
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.layout import EmittingProcess
from firmware_bridge.simulator.plant.slugs import Segmented
from firmware_bridge.simulator.twins.optical import band, emission_band
from firmware_bridge.simulator.twins.registry import TWINS
from tests.unit.simulator.tracer import Tracer
from tests.unit.simulator.trajectories import drives, even, process_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from firmware_bridge.simulator.plant.layout import Parcels

    Spectrum = NDArray[np.float64]

STEPS_PER_UL = 200.0
every_twin = pytest.mark.parametrize("name", TWINS)


@every_twin
@settings(max_examples=25, deadline=None)
@given(trajectory=drives(), repeats=st.integers(1, 12))
def test_all_that_was_dosed_leaked_is_in_the_mixer_or_entered_the_reactor(
    name: str, trajectory: list[tuple[float, Drive]], repeats: int
) -> None:
    plant = FlowPlant(process_of(name), 3)
    for _ in range(repeats):
        for dt_s, drive in trajectory:
            plant.advance(dt_s, drive)
    balance = plant.balance
    found = np.sum([balance.leaked_ul, balance.in_mixer_ul, balance.entered_ul], axis=0)
    assert found == pytest.approx(np.array(balance.dosed_ul), rel=1e-9, abs=1e-9)
    fractions = plant.parcels().fractions
    assert (fractions >= -1e-12).all()
    assert (fractions.sum(axis=1) <= 1.0 + 1e-9).all()


def worked(name: str, dt_s: float) -> FlowPlant:
    """Three dead volumes in three minutes, then a change of flows and heat for one more."""
    process = process_of(name)
    plant = FlowPlant(process, 2)
    first = even(process)
    rate, *rates = first.pump_steps_s
    uneven = (1.5 * rate, *(0.8 * each for each in rates))
    second = Drive(uneven, (0.2, 0.9), 0.8, (3000.0, 400.0), (0.5, 0.5))
    for seconds, drive in ((180.0, first), (60.0, second)):
        for _ in range(round(seconds / dt_s)):
            plant.advance(dt_s, drive)
    return plant


@every_twin
def test_halving_the_step_changes_what_is_seen_by_less_than_half_a_percent(name: str) -> None:
    process = process_of(name)
    coarse, fine = (worked(name, dt_s).parcels() for dt_s in (0.2, 0.1))
    looks: list[tuple[Callable[[Parcels], Spectrum], Callable[[Spectrum, Spectrum], dict[str, float]]]] = [
        (process.absorbance, band)
    ]
    if process.layout.excitation is not None:
        assert isinstance(process, EmittingProcess)
        looks.append((process.emission, emission_band))
    for look, properties in looks:
        before, after = look(coarse), look(fine)
        assert after.max() > 0.0
        assert np.abs(before - after).max() < 0.005 * after.max()
        found, expected = (properties(process.layout.pixels_nm, each) for each in (before, after))
        assert found == pytest.approx(expected, rel=0.005, nan_ok=True)


GAS, OIL = Segmented("gas"), Segmented("gas", wets_wall=True)


@pytest.mark.parametrize(
    ("segmented", "flows_ul_s", "tolerance"),
    [
        pytest.param(None, (1.0, 1.0, 0.0), 0.02, id="one phase, slow"),
        pytest.param(None, (4.0, 4.0, 0.0), 0.02, id="one phase, fast"),
        pytest.param(GAS, (2.0, 2.0, 0.0), 0.02, id="slugs, without their gas"),
        pytest.param(GAS, (0.4, 0.4, 7.2), 0.1, id="slugs of gas"),
        pytest.param(OIL, (2.0, 2.0, 4.0), 0.3, id="droplets in oil"),
    ],
)
def test_what_entered_at_once_leaves_with_the_analytic_mean_and_variance(
    segmented: Segmented | None, flows_ul_s: tuple[float, float, float], tolerance: float
) -> None:
    tracer = Tracer(segmented)
    plant = FlowPlant(tracer, 4)
    rates = tuple(STEPS_PER_UL * flow for flow in flows_ul_s)
    delay_ul = tracer.layout.geometry.dispersing.volume_ul
    flow_ul_s = sum(flows_ul_s)
    dt_s = 0.05 / flow_ul_s
    for _ in range(round(3.0 * delay_ul / flow_ul_s)):
        plant.advance(1.0, Drive(rates, (0.0, 0.0), 0.0, (0.0,)))
    for _ in range(100):
        plant.advance(dt_s, Drive(rates, (0.0, 0.0), 0.0, (0.0,)))
    residence_s = delay_ul / sum(pump._flow_ul_s for pump in plant._pumps)
    carrier = flows_ul_s[2] / flow_ul_s
    variance = tracer.layout.residence_variance(residence_s, plant._thermal.reactor_c, 0.0, carrier)
    spread = max(8.0 * np.sqrt(variance), 0.02)
    start_ul = plant._history.volume_ul
    marked = Drive(rates, (0.0, 0.0), 0.0, (1.0,))
    volumes, arrived = [0.0], [0.0]
    while volumes[-1] < 1.0 + 2.0 * spread:
        # Only where something arrives need it be looked for closely.
        near = abs(volumes[-1] - 1.0) < 2.0 * spread or len(volumes) < 100
        plant.advance(dt_s * (5.0 if variance > 1e-3 else 1.0) if near else 20.0 * dt_s, marked)
        parcels = plant.parcels()
        volumes.append((plant._history.volume_ul - start_ul) / delay_ul)
        arrived.append(float(parcels.marks[:, 0] @ parcels.weight))
    theta, share = np.array(volumes), np.diff(arrived)
    middle = 0.5 * (theta[1:] + theta[:-1])
    mean = float(share @ middle)
    assert arrived[-1] == pytest.approx(1.0, abs=1e-9)
    assert mean == pytest.approx(1.0, abs=2e-3)
    assert float(share @ (middle - mean) ** 2) == pytest.approx(variance, rel=tolerance)
