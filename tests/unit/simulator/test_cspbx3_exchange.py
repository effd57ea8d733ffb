"""Halide exchange: every halide is somewhere, equilibrium is that of the constants, droplets settle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.simulator.chemistry.halide_exchange import (
    SITES,
    Exchanged,
    ExchangeRates,
    HalideExchange,
)
from firmware_bridge.simulator.interfaces import Drive
from firmware_bridge.simulator.optics import perovskite
from firmware_bridge.simulator.plant.cspbx3_exchange import HalideExchangeProcess
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.steady import Operation, steady_parcels
from firmware_bridge.simulator.twins.cspbx3_exchange import TWIN, HalideExchangeModel

SHARE = st.floats(0.0, 1.0)


def exchange(shares: list[float], *, mixed: float, celsius: float, time_s: float) -> Exchanged:
    given_shares = np.array([shares]) / max(sum(shares), 1.0)
    return HalideExchange().exchange(given_shares, np.array([mixed]), np.array([celsius]), np.array([time_s]))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(SHARE, min_size=5, max_size=5), st.floats(0.0, 20.0), st.floats(20.0, 120.0), st.floats(0.0, 1e5)
)
def test_lead_and_every_halide_are_somewhere(
    shares: list[float], mixed: float, celsius: float, time_s: float
) -> None:
    found = exchange(shares, mixed=mixed, celsius=celsius, time_s=time_s)
    fed = HalideExchange().fed(np.array([shares]) / max(sum(shares), 1.0))
    held = found.lattice_mol_m3 + found.free_mol_m3 + found.bound_mol_m3
    assert found.lead_mol_m3 + found.dissolved_mol_m3 == pytest.approx(fed.lead, abs=1e-9)
    assert held[0] == pytest.approx(SITES * fed.lead, abs=1e-9)
    assert held[1] == pytest.approx(fed.iodide, abs=1e-9)
    assert held[2] == pytest.approx(fed.chloride, abs=1e-9)
    assert found.lattice_mol_m3.sum(axis=0) == pytest.approx(SITES * found.lead_mol_m3, abs=1e-9)
    assert (found.lattice_mol_m3 > -1e-9).all()
    assert (found.free_mol_m3 > -1e-9).all()


def test_in_the_end_lattice_and_solution_agree() -> None:
    found = exchange([0.5, 0.1, 0.1, 0.2, 0.1], mixed=3.0, celsius=80.0, time_s=1e5)
    (bromide, iodide, chloride), (bromide_out, iodide_out, chloride_out) = (
        found.lattice_mol_m3[:, 0],
        found.free_mol_m3[:, 0],
    )
    rates = ExchangeRates()
    assert iodide / bromide * bromide_out / iodide_out == pytest.approx(rates.iodide_preference, rel=1e-3)
    assert chloride / bromide * bromide_out / chloride_out == pytest.approx(
        rates.chloride_preference, rel=1e-3
    )


def test_half_as_long_steps_give_the_same() -> None:
    whole = exchange([0.5, 0.1, 0.1, 0.2, 0.1], mixed=3.0, celsius=80.0, time_s=60.0)
    # A parcel that stands longer makes the steps of all of them shorter.
    shares = np.tile([0.5, 0.1, 0.1, 0.2, 0.1], (2, 1))
    finer = HalideExchange().exchange(shares, np.full(2, 3.0), np.full(2, 80.0), np.array([60.0, 600.0]))
    assert finer.iodide[0] == pytest.approx(whole.iodide[0], rel=1e-4)


def test_amine_without_acid_makes_cubes_smaller() -> None:
    with_acid, without = (
        exchange([0.6, 0.2, acid, 0.1, 0.0], mixed=3.0, celsius=60.0, time_s=60.0) for acid in (0.2, 0.0)
    )
    assert with_acid.edge_nm[0] == ExchangeRates().seed_nm
    assert without.edge_nm[0] < 0.95 * ExchangeRates().seed_nm


def test_small_cubes_of_bromide_emit_in_the_blue_green_as_published() -> None:
    # Protesescu et al., Nano Lett. 15, 3692 (2015): 4 to 12 nm emit from 2.7 to 2.4 eV.
    edges_nm, none = np.array([4.0, 8.5, 12.0]), np.zeros(3)
    energies_ev = perovskite.exciton_ev(edges_nm, none, none)
    assert energies_ev == pytest.approx([2.67, 2.43, 2.38], abs=0.05)
    assert (perovskite.exciton_slope_ev_nm(edges_nm) < 0.0).all()


def test_more_gas_shortens_droplets_and_so_narrows_the_line() -> None:
    model = HalideExchangeModel()
    hot = {"temperature": 110.0, "total_flow": 150.0}
    long, short = (model.settle(TWIN.typical(gas=gas, **hot)).properties for gas in (20.0, 50.0))
    width_ev = [each["emission_fwhm"] / each["emission_peak"] ** 2 for each in (long, short)]
    assert width_ev[1] < width_ev[0]


def test_the_running_plant_settles_at_its_steady_state() -> None:
    process = HalideExchangeProcess()
    plant = FlowPlant(process, seed=5)
    drive = Drive((480.0, 50.0, 50.0, 60.0, 10.0, 350.0), (0.2, 0.35), 0.8, duty=(0.6,))
    for _ in range(1200):
        plant.advance(1.0, drive)
    flows = [pump._flow_ul_s for pump in plant._pumps]
    shares = tuple(flow / sum(flows) for flow in flows)
    thermal = plant._thermal
    operation = Operation(shares, 60.0 * sum(flows), thermal.mixer_c, thermal.reactor_c)
    running, steady = plant.parcels(), steady_parcels(process, operation)
    shown, expected = process.emission(running), process.emission(steady)
    assert expected.max() > 0.0
    assert np.abs(shown - expected).max() < 0.02 * expected.max()
    assert process.quantum_yield(running) == pytest.approx(process.quantum_yield(steady), rel=0.01)


def test_oil_alone_neither_absorbs_nor_emits() -> None:
    process = HalideExchangeProcess()
    parcels = FlowPlant(process, seed=1).parcels()
    assert not process.absorbance(parcels).any()
    assert not process.emission(parcels).any()
    assert np.isnan(process.quantum_yield(parcels))
