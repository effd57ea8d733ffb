"""Mass balance of every twin's chemistry, in what its plant holds after any trajectory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from firmware_bridge.simulator.chemistry import growth
from firmware_bridge.simulator.chemistry.gold_light import GOLD_M3_MOL
from firmware_bridge.simulator.chemistry.halide_exchange import SITES
from firmware_bridge.simulator.chemistry.streams import blend
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.twins.registry import TWINS
from tests.unit.simulator.trajectories import drives, even, process_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from firmware_bridge.simulator.interfaces import Drive
    from firmware_bridge.simulator.plant.layout import Parcels

    Found = NDArray[np.float64]
    Fed = NDArray[np.float64]
    Account = Callable[[Any, Parcels], list[tuple[Found, Fed]]]


def gold_spheres(process: Any, parcels: Parcels) -> list[tuple[Found, Fed]]:
    spheres = process.spheres(parcels)
    found = spheres.precursor_mol_m3 + spheres.solid_mol_m3(GOLD_M3_MOL)
    return [(found, process.chemistry.gold_mol_m3(parcels.fractions))]


def gold_rods(process: Any, parcels: Parcels) -> list[tuple[Found, Fed]]:
    rods = process.rods(parcels)
    found = rods.grown.gold_left_mol_m3 + rods.rods_mol_m3 + rods.round_mol_m3 + rods.nuclei_mol_m3
    return [(found, process.chemistry.gold_mol_m3(parcels.fractions))]


def gold_octahedra(process: Any, parcels: Parcels) -> list[tuple[Found, Fed]]:
    made = process.octahedra(parcels)
    found = made.grown.gold_left_mol_m3 + made.solid_mol_m3.sum(axis=0) + made.nuclei_mol_m3
    return [(found, process.chemistry.gold_mol_m3(parcels.fractions))]


def silver(process: Any, parcels: Parcels) -> list[tuple[Found, Fed]]:
    model = process._model
    passage = growth.Passage(
        mixer_c=parcels.mixer_c,
        adsorption_exposure=parcels.mixer_exposure,
        reactor_s=parcels.reactor_s,
        reactor_c=parcels.reactor_c,
        outlet_s=parcels.outlet_s,
        outlet_c=parcels.outlet_c,
    )
    made = model.view(parcels.fractions, passage, parcels.weight).product
    fed = blend(parcels.fractions, model.stocks)
    seeds = growth.plate_silver_mol_m3(fed.seed_per_m3, growth.SEED_DIAMETER_NM, growth.SEED_DIAMETER_NM)
    found = made.silver_left_mol_m3 + made.plates_mol_m3 + made.spheres_mol_m3
    return [(found, fed.silver_mol_m3 + seeds)]


def platelets(process: Any, parcels: Parcels) -> list[tuple[Found, Fed]]:
    made = process.platelets(parcels)
    lead, caesium, _ = process.chemistry.fed_mol_m3(parcels.fractions)
    return [
        (made.lead_mol_m3 + made.lead_held_mol_m3, lead),
        (made.caesium_mol_m3 + made.caesium_held_mol_m3, caesium),
    ]


def dots(made: Any, cation: Fed, anion: Fed) -> list[tuple[Found, Fed]]:
    held = made.monomer_mol_m3 + made.solid_mol_m3
    return [(made.cation_mol_m3 + held, cation), (made.anion_mol_m3 + held, anion)]


def cadmium_selenide(process: Any, parcels: Parcels) -> list[tuple[Found, Fed]]:
    cadmium, selenium, *_ = parcels.fractions.T
    made, _ = process.dots(parcels)
    stocks = process.stocks
    return dots(made, cadmium * stocks.cadmium_mol_m3, selenium * stocks.selenium_mol_m3)


def lead_sulfide(process: Any, parcels: Parcels) -> list[tuple[Found, Fed]]:
    made, _ = process.dots(parcels)
    lead, sulfur, *_ = parcels.fractions.T
    return dots(made, lead * process.stocks.lead_mol_m3, sulfur * process.stocks.sulfur_mol_m3)


def alloy(process: Any, parcels: Parcels) -> list[tuple[Found, Fed]]:
    made = process.product(parcels)
    cadmium, selenium, tellurium = process.chemistry.fed_mol_m3(parcels.fractions[:, :3])
    return [
        (made.dots.cation_mol_m3 + made.dots.monomer_mol_m3 + made.dots.solid_mol_m3, cadmium),
        (made.selenium_mol_m3 + made.selenium_held_mol_m3, selenium),
        (made.tellurium_mol_m3 + made.tellurium_held_mol_m3, tellurium),
    ]


def halides(process: Any, parcels: Parcels) -> list[tuple[Found, Fed]]:
    made = process.product(parcels)
    fed = process.chemistry.fed(parcels.fractions[:, :5])
    bromide, iodide, chloride = made.lattice_mol_m3 + made.free_mol_m3 + made.bound_mol_m3
    return [
        (made.lead_mol_m3 + made.dissolved_mol_m3, fed.lead),
        (bromide, SITES * fed.lead),
        (iodide, fed.iodide),
        (chloride, fed.chloride),
    ]


def ligand_cubes(process: Any, parcels: Parcels) -> list[tuple[Found, Fed]]:
    salts = process.chemistry.stocks.salts_mol_m3 * parcels.fractions[:, 0]
    return dots(process.product(parcels).dots, salts, salts)


def blue(process: Any, parcels: Parcels) -> list[tuple[Found, Fed]]:
    made = process.blue(parcels)
    ferricyanide, metal = process.chemistry.fed_mol_m3(parcels.fractions)
    solid = made.solid_mol_m3
    return [(made.ferricyanide_mol_m3 + solid, ferricyanide), (made.metal_mol_m3 + solid, metal)]


def lipid(process: Any, parcels: Parcels) -> list[tuple[Found, Fed]]:
    made = process.lipids(parcels)
    return [
        (
            made.dissolved_mol_m3 + made.pieces_mol_m3.sum(axis=1),
            process.chemistry.fed_mol_m3(parcels.fractions)[0],
        )
    ]


def silica(process: Any, parcels: Parcels) -> list[tuple[Found, Fed]]:
    made = process.silica(parcels)
    teos, _, water = process.chemistry.fed_mol_m3(parcels.fractions)
    return [
        (made.teos_mol_m3 + made.hydrolysed_mol_m3 + made.solid_mol_m3, teos),
        (made.water_mol_m3 + 4.0 * made.hydrolysed_mol_m3 + 2.0 * made.solid_mol_m3, water),
    ]


ACCOUNTS: Mapping[str, Account] = {
    "silver": silver,
    "silver-spectrum": silver,
    "gold-light": gold_spheres,
    "gold-pulsed": gold_spheres,
    "gold-spheres": gold_spheres,
    "gold-rods": gold_rods,
    "gold-octahedra": gold_octahedra,
    "platelets": platelets,
    "pbs": lead_sulfide,
    "cdse-amines": cadmium_selenide,
    "cdse-y": cadmium_selenide,
    "cdsete": alloy,
    "cspbx3-exchange": halides,
    "cspbbr3-ligands": ligand_cubes,
    "prussian-blue": blue,
    "lipid": lipid,
    "silica": silica,
}


def test_every_twin_is_accounted_for() -> None:
    assert set(ACCOUNTS) == set(TWINS)


@pytest.mark.parametrize("name", ACCOUNTS)
@settings(max_examples=15, deadline=None)
@given(trajectory=drives())
def test_no_trajectory_makes_or_loses_an_element(name: str, trajectory: list[tuple[float, Drive]]) -> None:
    process = process_of(name)
    plant = FlowPlant(process, 3)
    for _ in range(30):
        plant.advance(5.0, even(process))
    working = ACCOUNTS[name](process, plant.parcels())
    assert any(fed.max() > 1e-3 for _, fed in working)
    for dt_s, drive in trajectory:
        plant.advance(dt_s, drive)
    for found, fed in (*working, *ACCOUNTS[name](process, plant.parcels())):
        assert found == pytest.approx(fed, rel=1e-9, abs=1e-9)
