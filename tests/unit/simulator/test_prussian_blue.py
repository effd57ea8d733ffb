"""Prussian blue while it is mixed: what is conserved, what the voltage does, and what the light shows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.simulator.chemistry import prussian_blue as chemistry
from firmware_bridge.simulator.chemistry.prussian_blue import (
    BLUE_M3_MOL,
    Blue,
    BlueGrowth,
    BlueRates,
    size,
)
from firmware_bridge.simulator.interfaces import Drive
from firmware_bridge.simulator.optics.prussian_blue import PRUSSIAN_BLUE
from firmware_bridge.simulator.optics.sphere import extinction_per_volume
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.prussian_blue import MixerParameters, PrussianBlueProcess
from firmware_bridge.simulator.plant.steady import Operation, steady_parcels

ONE = np.ones(1)
MIX = np.array([[0.4, 0.12, 0.33, 0.15]])


def grown(mixing_s: float, fractions: np.ndarray = MIX, feeding_s: float = 60.0) -> Blue:
    return BlueGrowth().grow(fractions, ONE * mixing_s, ONE * 7.0, ONE * feeding_s)


@settings(max_examples=50, deadline=None)
@given(
    st.floats(0.0, 0.5),
    st.floats(0.0, 0.25),
    st.floats(0.0, 0.25),
    st.floats(0.01, 10.0),
    st.floats(0.0, 60.0),
    st.one_of(st.floats(0.0, 300.0), st.floats(0.0, 1e5)),
)
def test_every_ion_is_dissolved_or_in_the_blue(
    ferricyanide: float, seed: float, feed: float, mixing_s: float, seeding_s: float, feeding_s: float
) -> None:
    made = BlueGrowth()
    fractions = np.array([[ferricyanide, seed, 1.0 - ferricyanide - seed - feed, feed]])
    blue = made.grow(fractions, ONE * mixing_s, ONE * seeding_s, ONE * feeding_s)
    # One iron of the salt, one ferricyanide and one potassium in each unit.
    fed_ferricyanide, fed_metal = made.fed_mol_m3(fractions)
    solid = blue.solid_mol_m3
    assert blue.ferricyanide_mol_m3 + solid == pytest.approx(fed_ferricyanide, rel=1e-9, abs=1e-12)
    assert blue.metal_mol_m3 + solid == pytest.approx(fed_metal, rel=1e-9, abs=1e-12)
    assert min(blue.ferricyanide_mol_m3.min(), blue.metal_mol_m3.min()) > -1e-6
    assert np.isfinite(blue.rows).all()


@pytest.mark.parametrize("mixing_s", [0.04, 0.4, 2.3])
def test_the_integration_has_converged(mixing_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    coarse = size(grown(mixing_s), ONE)
    monkeypatch.setattr(chemistry, "_WIDENING", chemistry._WIDENING / 2.0)
    assert coarse == pytest.approx(size(grown(mixing_s), ONE), rel=0.005)


def test_the_implicit_steps_agree_with_explicit_ones_that_are_small() -> None:
    """Integrate one mixer by Euler's method, in ions and moments that are written down independently."""
    rates, mixing_s, end_s, steps = BlueRates(), 0.5, 1.5, 20_000
    fed = np.array([0.2, 0.06])
    share, ions, moments = 1e-2, fed.copy(), np.zeros(4)
    h = end_s / steps
    for step in range(steps):
        later = 1.0 - (1.0 - 1e-2) * np.exp(-(step + 1) * h / mixing_s)
        meeting = ions[0] * ions[1]
        rise_nm_s = 2e9 * BLUE_M3_MOL * rates.growth_m_s * meeting / ions.sum()
        born = rates.nucleation_m9_mol3_s * meeting**2 * 6.02214076e23 / rates.nucleus_units
        nucleus = rates.nucleus_nm ** np.arange(4.0)
        gain = born * nucleus + rise_nm_s * np.array([0.0, moments[0], 2.0 * moments[1], 3.0 * moments[2]])
        spent = gain[3] * np.pi / 6.0 * 1e-27 / BLUE_M3_MOL
        ions = ions + h * (-spent)
        moments = moments + h * gain
        kept = share / later
        ions, moments = kept * ions + (1.0 - kept) * fed, kept * moments
        share = later
    nothing = np.zeros(1)
    arriving = Blue(ONE * fed[0], ONE * fed[1], nothing, nothing, nothing, nothing)
    blue = BlueGrowth().precipitate(arriving, ONE * mixing_s, ONE * end_s)
    assert blue.moment1 / blue.number_per_m3 == pytest.approx([moments[1] / moments[0]], rel=0.01)
    assert blue.number_per_m3 == pytest.approx([share * moments[0]], rel=0.01)
    assert blue.moment3 == pytest.approx([share * moments[3]], rel=0.01)


def test_mixing_faster_makes_more_and_smaller_particles() -> None:
    found = [grown(mixing_s) for mixing_s in (2.0, 0.5, 0.1)]
    numbers = [float(blue.number_per_m3[0]) for blue in found]
    means = [size(blue, ONE)[0] for blue in found]
    assert numbers[0] < numbers[1] < numbers[2]
    assert means[0] > means[1] > means[2]


def test_without_one_of_the_ions_nothing_forms() -> None:
    blue = grown(0.1, np.array([[0.5, 0.0, 0.5, 0.0]]))
    assert blue.solid_mol_m3 == pytest.approx([0.0], abs=1e-9)
    assert np.isnan(size(Blue(*np.zeros((6, 1))), ONE)).all()


def test_the_voltage_mixes_and_nothing_slows_it() -> None:
    times = MixerParameters().mixing_s(np.linspace(0.0, 1.0, 11))
    assert (np.diff(times) < 0.0).all()


def test_small_particles_absorb_near_700_nm_as_strongly_as_they_were_placed() -> None:
    nm = np.linspace(500.0, 900.0, 401)
    per_volume_m = extinction_per_volume(nm, 3.0, 0.0, PRUSSIAN_BLUE) * 1e9
    molar_m2_mol = per_volume_m * BLUE_M3_MOL / np.log(10.0)
    assert nm[molar_m2_mol.argmax()] == pytest.approx(700.0, abs=15.0)
    assert molar_m2_mol.max() == pytest.approx(1e3, rel=0.05)


def test_the_running_plant_settles_at_its_steady_state() -> None:
    process = PrussianBlueProcess()
    plant = FlowPlant(process, 5)
    drive = Drive((267.0, 80.0, 220.0, 100.0), (0.0, 0.0), 0.8, duty=(0.6, 0.0))
    for _ in range(1000):
        plant.advance(0.5, drive)
    flows = [pump._flow_ul_s for pump in plant._pumps]
    total = sum(flows)
    thermal = plant._thermal
    fractions = tuple(flow / total for flow in flows)
    operation = Operation(fractions, 60.0 * total, thermal.mixer_c, thermal.reactor_c, process.marks(drive))
    expected = process.absorbance(steady_parcels(process, operation))
    assert expected.max() > 0.3
    assert np.abs(plant.absorbance() - expected).max() < 0.02 * expected.max()
