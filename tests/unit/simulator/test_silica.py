"""Silica over a day: what is conserved, what ages, and what the impedance shows of it."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.simulator.chemistry.silica import Conduction, Silica, SilicaGrowth, SilicaRates, size
from firmware_bridge.simulator.interfaces import Drive
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.silica import SilicaProcess

ONE = np.ones(1)
MIX = np.array([[0.2, 0.45, 0.15, 0.2]])


def aged(time_s: float, celsius: float = 25.0, fractions: np.ndarray = MIX) -> Silica:
    return SilicaGrowth().age(fractions, (ONE * time_s,), (ONE * celsius,))


@settings(max_examples=100, deadline=None)
@given(
    st.tuples(*[st.one_of(st.just(0.0), st.floats(0.0, 1.0))] * 4),
    st.one_of(st.just(0.0), st.floats(0.0, 1e6)),
    st.floats(5.0, 80.0),
)
def test_silicon_and_water_are_conserved(parts: tuple[float, ...], time_s: float, celsius: float) -> None:
    fractions = np.array([parts]) / max(sum(parts), 1.0)
    silica = aged(time_s, celsius, fractions)
    teos, _, water = SilicaGrowth().fed_mol_m3(fractions)
    silicon = silica.teos_mol_m3 + silica.hydrolysed_mol_m3 + silica.solid_mol_m3
    # Four to hydrolyse, of which two come back.
    held = silica.water_mol_m3 + 4.0 * silica.hydrolysed_mol_m3 + 2.0 * silica.solid_mol_m3
    assert silicon == pytest.approx(teos, rel=1e-9, abs=1e-9)
    assert held == pytest.approx(water, rel=1e-9, abs=1e-9)
    for amount in (silica.teos_mol_m3, silica.hydrolysed_mol_m3, silica.solid_mol_m3, silica.water_mol_m3):
        assert amount.min() > -1e-9
    assert np.isfinite(silica.diameter_nm).all()
    assert np.isfinite(silica.variation).all()


def test_the_closed_solution_agrees_with_small_steps_in_time() -> None:
    """Step both reactions by Euler's method, as the equations are written down."""
    rates, end_s, steps = SilicaRates(), 5000.0, 100_000
    teos, ammonia, water = (float(each[0]) for each in SilicaGrowth().fed_mol_m3(MIX))
    k = float(rates.hydrolysis_at(ONE * ammonia, ONE * water, ONE * 25.0)[0])
    fed, hydrolysed, solid, h = teos, 0.0, 0.0, end_s / steps
    for _ in range(steps):
        born = h * k * fed
        condensed = h * k * rates.condensation * max(hydrolysed - rates.solubility_mol_m3, 0.0)
        fed, hydrolysed, solid = fed - born, hydrolysed + born - condensed, solid + condensed
    silica = aged(end_s)
    assert silica.teos_mol_m3 == pytest.approx(fed, rel=1e-3)
    assert silica.hydrolysed_mol_m3 == pytest.approx(hydrolysed, rel=1e-3)
    assert silica.solid_mol_m3 == pytest.approx(solid, rel=1e-3)


def test_to_stand_twice_is_to_stand_for_both_times() -> None:
    once = aged(3000.0)
    twice = SilicaGrowth().age(MIX, (ONE * 1000.0, ONE * 2000.0), (ONE * 25.0, ONE * 25.0))
    for field in dataclasses.fields(Silica):
        assert getattr(twice, field.name) == pytest.approx(getattr(once, field.name), rel=1e-12)


def test_the_diameter_at_25_degc_is_that_of_the_correlation() -> None:
    # 0.17 M of orthosilicate, 1 M of ammonia, 7 M of water, by hand.
    fractions = np.array([[0.17, 0.0, 0.2, 7.0 / 30.0]])
    expected = 0.17**0.5 * 765.0 * 49.0 * np.exp(-1.445 * 7.0**0.5)
    assert SilicaGrowth().final_nm(fractions, ONE * 25.0) == pytest.approx(expected)
    assert size(aged(1e6, 25.0, fractions), ONE)[0] == pytest.approx(expected, rel=1e-6)


def test_spheres_only_grow_and_become_more_alike() -> None:
    found = [size(aged(time_s), ONE) for time_s in np.geomspace(400.0, 1e5, 20)]
    assert all(before[0] < after[0] for before, after in pairwise(found))
    assert found[0][1] > found[-1][1]


def test_before_solubility_is_passed_and_without_base_or_water_there_is_no_silica() -> None:
    for silica in (
        aged(10.0),
        aged(1e6, 25.0, np.array([[0.2, 0.6, 0.0, 0.2]])),
        aged(1e6, 25.0, np.array([[0.2, 0.6, 0.2, 0.0]])),
        aged(1e6, 25.0, np.array([[0.004, 0.596, 0.2, 0.2]])),
    ):
        assert silica.solid_mol_m3 == pytest.approx([0.0])
        assert np.isnan(size(silica, ONE)).all()


@given(
    st.floats(0.1, 0.3), st.floats(0.1, 0.35), st.floats(0.1, 0.35), st.floats(0.0, 5e4), st.floats(10.0, 1e4)
)
def test_the_more_has_become_silica_the_less_it_conducts(
    teos: float, ammonia: float, water: float, time_s: float, more_s: float
) -> None:
    fractions = np.array([[teos, 1.0 - teos - ammonia - water, ammonia, water]])
    fed = ammonia * 5000.0 * ONE
    volume = SilicaRates().molar_volume_m3_mol
    before, after = (
        Conduction().siemens_m(fed, aged(each_s, 30.0, fractions), volume)
        for each_s in (time_s, time_s + more_s)
    )
    assert after[0] <= before[0] * (1.0 + 1e-12)


def test_what_stood_in_the_tube_comes_to_the_sensors_when_it_is_pushed() -> None:
    process = SilicaProcess()
    plant = FlowPlant(process, 5)
    flowing = Drive((267.0, 600.0, 200.0, 267.0), (0.0, 0.3), 0.8)
    stopped = Drive((0.0,) * 4, (0.0, 0.3), 0.8)
    for drive, seconds in ((flowing, 400), (stopped, 4 * 3600)):
        for _ in range(seconds // 10):
            plant.advance(10.0, drive)
    warm_c = plant._thermal.reactor_c
    for _ in range(28):
        plant.advance(0.5, flowing)
    parcels = plant.parcels()
    assert parcels.reactor_s @ parcels.weight == pytest.approx(4 * 3600, rel=0.05)
    assert parcels.reactor_c == pytest.approx(np.full(8, warm_c), abs=1.0)
    assert (parcels.outlet_s < 30.0).all()
    fresh = dataclasses.replace(parcels, reactor_s=np.zeros(8), outlet_s=np.zeros(8))
    assert process.reading(parcels) > 1.1 * process.reading(fresh)
    for _ in range(40):
        shown_kpa = plant.advance(0.5, stopped).pressures_kpa[1]
    assert shown_kpa / 50.0 == pytest.approx(process.reading(parcels), abs=0.2)
    assert plant.absorbance().max() > 0.01


def test_ethanol_alone_is_past_the_sensors_range() -> None:
    parcels = FlowPlant(SilicaProcess(), 1).parcels()
    sensor = SilicaProcess().layout.sensor
    assert sensor is not None
    assert SilicaProcess().reading(parcels) > sensor.high
