"""CsPbBr3 under pairs of ligands: elements stay, pairs follow their equilibrium, the plant settles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.simulator.chemistry.cspbbr3_ligands import PAIRS, LigandCubes, LigandGrowth, LigandStocks
from firmware_bridge.simulator.interfaces import Drive
from firmware_bridge.simulator.plant.cspbbr3_ligands import LigandProcess
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.steady import Operation, steady_parcels
from firmware_bridge.simulator.twins.cspbbr3_ligands import TWIN, LigandModel

SHARE = st.floats(0.0, 1.0)


def grow(shares: list[float], celsius: float, time_s: float) -> LigandCubes:
    fractions = np.array([shares]) / max(sum(shares), 1.0)
    return LigandGrowth().grow(fractions, np.array([celsius]), np.array([time_s]))


def amine(number: int, share: float) -> list[float]:
    """A tenth of precursor, one amine, and the rest of acid."""
    amines = [0.0] * len(PAIRS)
    amines[number] = share
    return [0.1, *amines, 0.9 - share]


@settings(max_examples=25, deadline=None)
@given(st.lists(SHARE, min_size=6, max_size=6), st.floats(20.0, 95.0), st.floats(0.0, 5000.0))
def test_lead_and_caesium_are_somewhere_and_nothing_is_negative(
    shares: list[float], celsius: float, time_s: float
) -> None:
    cubes = grow(shares, celsius, time_s)
    fed = LigandStocks().salts_mol_m3 * shares[0] / max(sum(shares), 1.0)
    dots = cubes.dots
    for unreacted in (dots.cation_mol_m3, dots.anion_mol_m3):
        assert unreacted + dots.monomer_mol_m3 + dots.solid_mol_m3 == pytest.approx(fed, abs=1e-9)
        assert unreacted[0] >= -1e-9
    assert dots.monomer_mol_m3[0] >= -1e-9
    assert 0.0 <= cubes.bright_mol_m3[0] <= dots.solid_mol_m3[0] + 1e-12
    assert 0.0 <= cubes.depleted[0] <= 1.0
    assert 0.0 <= cubes.quantum_yield[0] <= max(pair.passivation for pair in PAIRS)


@given(st.floats(0.01, 0.85))
def test_acid_and_amine_keep_their_equilibrium_and_their_amounts(share: float) -> None:
    growth, stocks = LigandGrowth(), LigandStocks()
    ligands = growth._ligands(np.array([amine(1, share)]))
    paired = ligands.pairs.sum()
    assert ligands.amine[0] + paired == pytest.approx(share * stocks.amine_mol_m3)
    assert ligands.acid[0] + paired == pytest.approx((0.9 - share) * stocks.acid_mol_m3)
    left = ligands.amine[0] * ligands.acid[0]
    assert left == pytest.approx(growth.rates.pairing_mol_m3 * paired, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("number", range(len(PAIRS)), ids=[pair.amine for pair in PAIRS])
def test_more_of_a_pair_makes_smaller_cubes(number: int) -> None:
    little, much = (grow(amine(number, share), 55.0, 60.0) for share in (0.05, 0.35))
    assert much.edge_nm[0] < 0.85 * little.edge_nm[0]


def test_cubes_under_too_much_amine_go_dark_and_the_sooner_the_hotter() -> None:
    cool, hot = (grow(amine(2, 0.6), celsius, 60.0) for celsius in (35.0, 75.0))
    assert grow(amine(2, 0.05), 75.0, 60.0).depleted[0] < 0.02 < cool.depleted[0] < 0.5 * hot.depleted[0]


def test_a_mixture_of_two_pairs_lies_between_them() -> None:
    def edge_nm(octyl: float, oleyl: float) -> float:
        return (
            LigandModel()
            .settle(TWIN.typical(butyl=0.0, dodecyl=0.0, octyl=octyl, oleyl=oleyl))
            .properties["edge"]
        )

    one, both, other = edge_nm(36.0, 0.0), edge_nm(18.0, 18.0), edge_nm(0.0, 36.0)
    assert min(one, other) < both < max(one, other)


def test_the_running_plant_settles_at_its_steady_state() -> None:
    process = LigandProcess()
    plant = FlowPlant(process, seed=4)
    drive = Drive((100.0, 20.0, 100.0, 150.0, 50.0, 580.0), (0.0, 0.35), 0.8, duty=(0.6,))
    for _ in range(1200):
        plant.advance(1.0, drive)
    flows = [pump._flow_ul_s for pump in plant._pumps]
    shares = tuple(flow / sum(flows) for flow in flows)
    thermal = plant._thermal
    operation = Operation(shares, 60.0 * sum(flows), thermal.mixer_c, thermal.reactor_c)
    shown = process.emission(plant.parcels())
    expected = process.emission(steady_parcels(process, operation))
    assert expected.max() > 0.0
    assert np.abs(shown - expected).max() < 0.02 * expected.max()


def test_rinse_neither_absorbs_nor_emits() -> None:
    process = LigandProcess()
    parcels = FlowPlant(process, seed=1).parcels()
    assert not process.absorbance(parcels).any()
    assert not process.emission(parcels).any()
    assert np.isnan(process.quantum_yield(parcels))


def test_liquid_that_stands_only_ripens() -> None:
    ages_s = (10.0, 60.0, 200.0, 500.0, 1141.0, 1200.0, 2000.0)
    cubes = [grow([1.0, 0.0, 0.0, 1.0, 1.0, 0.0], 88.0, age_s).dots for age_s in ages_s]
    counts = [float(each.dots_mol_m3[0]) for each in cubes]
    radii_nm = [float(each.radius_nm[0]) for each in cubes]
    assert counts == sorted(counts, reverse=True)
    assert radii_nm == sorted(radii_nm)
