"""CdSeTe dots: elements are conserved, tellurium goes first, the running plant comes to its steady state."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.simulator.chemistry.cdsete import AlloyDots, CdSeTeGrowth
from firmware_bridge.simulator.interfaces import Drive
from firmware_bridge.simulator.plant.cdsete import CdSeTeProcess
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.latest import Latest
from firmware_bridge.simulator.plant.steady import Operation, steady_parcels

SHARE = st.floats(0.0, 1.0)


def grow(
    cadmium: float, selenium: float, tellurium: float, time_s: float, celsius: float = 220.0
) -> tuple[CdSeTeGrowth, AlloyDots, np.ndarray]:
    chemistry = CdSeTeGrowth()
    shares = np.array([[cadmium, selenium, tellurium]]) / max(cadmium + selenium + tellurium, 1.0)
    return chemistry, chemistry.grow(shares, np.array([celsius]), np.array([time_s])), shares


@settings(max_examples=25, deadline=None)
@given(SHARE, SHARE, SHARE, st.floats(0.0, 5000.0), st.floats(20.0, 240.0))
def test_every_element_is_somewhere(
    cadmium: float, selenium: float, tellurium: float, time_s: float, celsius: float
) -> None:
    chemistry, grown, shares = grow(cadmium, selenium, tellurium, time_s, celsius)
    fed = chemistry.fed_mol_m3(shares)
    dots = grown.dots
    found = (
        dots.cation_mol_m3 + dots.monomer_mol_m3 + dots.solid_mol_m3,
        grown.selenium_mol_m3 + grown.selenium_held_mol_m3,
        grown.tellurium_mol_m3 + grown.tellurium_held_mol_m3,
    )
    for there, given_mol_m3 in zip(found, fed, strict=True):
        assert there == pytest.approx(given_mol_m3, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(SHARE, SHARE, SHARE, st.floats(0.0, 5000.0))
def test_nothing_is_negative_and_no_dot_is_smaller_than_nothing(
    cadmium: float, selenium: float, tellurium: float, time_s: float
) -> None:
    _, grown, _ = grow(cadmium, selenium, tellurium, time_s)
    dots = grown.dots
    for amount in (dots.cation_mol_m3, dots.monomer_mol_m3, dots.solid_mol_m3, dots.dots_mol_m3):
        assert amount[0] >= -1e-9
    assert grown.selenium_mol_m3[0] >= 0.0
    assert grown.tellurium_mol_m3[0] >= -1e-12
    assert 0.0 <= grown.telluride[0] <= 1.0
    assert dots.radius_nm[0] > 0.0


def test_early_dots_are_richer_in_tellurium_than_late_ones_and_all_is_used_in_the_end() -> None:
    ages_s = (5.0, 30.0, 120.0, 3000.0)
    shares = [float(grow(0.5, 0.35, 0.15, age_s)[1].telluride[0]) for age_s in ages_s]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == pytest.approx(0.3, abs=0.01)


def test_warmth_makes_them_faster() -> None:
    cool, warm = (grow(0.4, 0.4, 0.2, 60.0, celsius)[1].dots.solid_mol_m3[0] for celsius in (190.0, 230.0))
    assert warm > 1.5 * cool


def test_the_running_plant_settles_at_its_steady_state() -> None:
    process = CdSeTeProcess()
    plant = FlowPlant(process, seed=3)
    drive = Drive((240.0, 320.0, 107.0, 667.0), (0.0, 0.39), 0.8, duty=(0.6,))
    for _ in range(1500):
        plant.advance(1.0, drive)
    flows = [pump._flow_ul_s for pump in plant._pumps]
    shares = tuple(flow / sum(flows) for flow in flows)
    thermal = plant._thermal
    assert thermal.reactor_c > 200.0
    operation = Operation(shares, 60.0 * sum(flows), thermal.mixer_c, thermal.reactor_c)
    steady, running = steady_parcels(process, operation), plant.parcels()
    shown, expected = process.emission(running), process.emission(steady)
    assert np.abs(shown - expected).max() < 0.02 * expected.max()
    assert process.quantum_yield(running) == pytest.approx(process.quantum_yield(steady), rel=0.01)


def test_clear_liquid_neither_absorbs_nor_emits() -> None:
    process = CdSeTeProcess()
    parcels = steady_parcels(process, Operation((0.0, 0.25, 0.25, 0.5), 200.0, 22.0, 220.0))
    assert not np.any(process.absorbance(parcels) > 1e-9)
    assert not np.any(process.emission(parcels) > 1e-12)


def test_what_was_asked_last_is_not_computed_again() -> None:
    process = CdSeTeProcess()
    count = itertools.count(1)
    latest: Latest[int] = Latest(lambda _: next(count))
    first = steady_parcels(process, Operation((0.2, 0.2, 0.1, 0.5), 200.0, 22.0, 220.0))
    again = steady_parcels(process, Operation((0.2, 0.2, 0.1, 0.5), 200.0, 22.0, 220.0))
    other = steady_parcels(process, Operation((0.2, 0.2, 0.1, 0.5), 200.0, 22.0, 221.0))
    assert [latest.of(parcels) for parcels in (first, again, other, other, first)] == [1, 1, 2, 2, 3]
