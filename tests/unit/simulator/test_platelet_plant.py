"""The platelets' twin as a running plant, and the chemistry behind it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.simulator.chemistry import platelets as chemistry
from firmware_bridge.simulator.chemistry.platelets import PlateletGrowth, thickness
from firmware_bridge.simulator.interfaces import Drive
from firmware_bridge.simulator.optics.confinement import platelet_exciton_ev, wavelength_nm
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.platelets import PlateletProcess, layer_spectra
from firmware_bridge.simulator.plant.steady import Operation, steady_parcels

ONE = np.ones(1)
WARM = Drive((200.0, 80.0, 100.0, 287.0), (0.0, 0.3), 0.8)
STILL = Drive((0.0,) * 4, (0.0, 0.3), 0.8)


def run(plant: FlowPlant, seconds: float, dt_s: float, drive: Drive) -> None:
    for _ in range(round(seconds / dt_s)):
        plant.advance(dt_s, drive)


def test_the_running_plant_settles_at_its_steady_state() -> None:
    process = PlateletProcess()
    plant = FlowPlant(process, 5)
    run(plant, 1200.0, 0.5, WARM)
    flows = [pump._flow_ul_s for pump in plant._pumps]
    total = sum(flows)
    thermal = plant._thermal
    shares = tuple(flow / total for flow in flows)
    operation = Operation(shares, 60.0 * total, thermal.mixer_c, thermal.reactor_c)
    expected = process.absorbance(steady_parcels(process, operation))
    assert expected.max() > 0.1
    assert np.abs(plant.absorbance() - expected).max() < 0.02 * expected.max()


def test_halving_the_step_changes_the_product_by_less_than_half_a_percent() -> None:
    def after(dt_s: float) -> np.ndarray:
        plant = FlowPlant(PlateletProcess(), 2)
        run(plant, 300.0, dt_s, WARM)
        return plant.absorbance()

    coarse, fine = after(0.2), after(0.1)
    assert np.abs(coarse - fine).max() < 0.005 * fine.max()


def test_a_plant_that_stands_for_a_day_stays_finite_and_keeps_its_lead() -> None:
    process = PlateletProcess()
    plant = FlowPlant(process, 1)
    run(plant, 300.0, 0.5, WARM)
    run(plant, 86400.0, 10.0, STILL)
    parcels = plant.parcels()
    platelets = process.platelets(parcels)
    fed = process.chemistry.fed_mol_m3(parcels.fractions)[0]
    assert np.isfinite(plant.absorbance()).all()
    assert platelets.lead_mol_m3 + platelets.lead_held_mol_m3 == pytest.approx(fed, rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(
    st.floats(0.0, 0.4),
    st.floats(0.0, 0.3),
    st.floats(0.0, 0.3),
    st.floats(10.0, 140.0),
    st.floats(0.0, 1e5),
)
def test_growth_neither_makes_nor_loses_lead_or_caesium(
    lead: float, caesium: float, ligand: float, celsius: float, time_s: float
) -> None:
    made = PlateletGrowth()
    fractions = np.array([[lead, caesium, ligand, 1.0 - lead - caesium - ligand]])
    platelets = made.grow(fractions, ONE * celsius, ONE * time_s)
    fed_lead, fed_caesium, _ = made.fed_mol_m3(fractions)
    held = platelets.lead_mol_m3 + platelets.lead_held_mol_m3
    assert held == pytest.approx(fed_lead, rel=1e-9, abs=1e-12)
    held = platelets.caesium_mol_m3 + platelets.caesium_held_mol_m3
    assert held == pytest.approx(fed_caesium, rel=1e-9, abs=1e-12)
    assert platelets.layers_mol_m3.min() > -1e-9


@pytest.mark.parametrize("celsius", [40.0, 120.0])
def test_the_integration_has_converged(celsius: float, monkeypatch: pytest.MonkeyPatch) -> None:
    def layers() -> np.ndarray:
        fractions = np.array([[0.3, 0.12, 0.15, 0.43]])
        return PlateletGrowth().grow(fractions, ONE * celsius, ONE * 90.0).layers_mol_m3

    coarse = layers()
    monkeypatch.setattr(chemistry, "_TURNS_A_STEP", 0.5)
    monkeypatch.setattr(chemistry, "_LEAST_STEPS", 160)
    fine = layers()
    assert np.abs(coarse - fine).max() < 0.005 * fine.max()


def test_each_thickness_absorbs_at_its_exciton() -> None:
    nm = np.linspace(400.0, 640.0, 2401)
    tops = nm[layer_spectra(nm).argmax(axis=1)]
    assert tops == pytest.approx(wavelength_nm(platelet_exciton_ev(chemistry.MONOLAYERS)), abs=0.5)


def test_without_platelets_there_is_no_thickness() -> None:
    nothing = PlateletGrowth().grow(np.array([[0.0, 0.0, 0.2, 0.8]]), ONE * 60.0, ONE * 100.0)
    assert np.isnan(thickness(nothing, ONE)).all()
