"""Plates growing from seeds, against new nuclei, on the silver that the reductant delivers.

Monomer Ag(0) is in quasi steady state between delivery, deposition on surfaces and nucleation of second
order (LaMer's picture with a bimolecular nucleation step). A seed is a twinned cylinder as high as wide;
edges and basal facets advance at different speeds, which makes it a plate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry import rates as kinetics
from firmware_bridge.simulator.chemistry.reduction import silver_left

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.chemistry.rates import Rates
    from firmware_bridge.simulator.chemistry.streams import Liquid

SILVER_M3_MOL: Final = 1.0270e-5
AVOGADRO: Final = 6.02214076e23
EDGE_PER_DIAMETER: Final = float(np.sqrt(np.pi / np.sqrt(3.0)))
"""Edge of the triangle whose area is that of a disc of diameter 1."""

SEED_DIAMETER_NM: Final = 4.0
SEED_SPREAD: Final = 0.12
SELECTIVITY_SPREAD: Final = 0.10
SHAPE_SPREAD: Final = 0.055
SPHERE_SPREAD: Final = 0.25
"""Spreads are standard deviations of the logarithm, chosen."""

_HEATED_STEPS: Final = 8
_OUTLET_STEPS: Final = 2
_NM: Final = 1e-9
_NM2: Final = 1e-18
_NM3: Final = 1e-27
_SPHERE_AREA: Final = float(np.cbrt(36.0 * np.pi))
_LEAST_CAPTURE_PER_S: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Passage:
    """When and how warm n parcels were, each array of shape (n,)."""

    mixer_c: NDArray[np.float64]
    adsorption_exposure: NDArray[np.float64]
    """Integral of the adsorption rate over the time in the mixer."""
    reactor_s: NDArray[np.float64]
    reactor_c: NDArray[np.float64]
    outlet_s: NDArray[np.float64]
    outlet_c: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Product:
    """n grown parcels, each array of shape (n,). Concentrations in mol of silver per m3 of liquid."""

    silver_left_mol_m3: NDArray[np.float64]
    plates_mol_m3: NDArray[np.float64]
    spheres_mol_m3: NDArray[np.float64]
    plates_per_m3: NDArray[np.float64]
    spheres_per_m3: NDArray[np.float64]
    diameter_nm: NDArray[np.float64]
    """Of the disc that has the plate's basal area."""
    thickness_nm: NDArray[np.float64]
    aspect_spread: NDArray[np.float64]
    diameter_spread: NDArray[np.float64]
    thickness_spread: NDArray[np.float64]

    @property
    def sphere_radius_nm(self) -> NDArray[np.float64]:
        """Mean radius by volume; that of a nucleus where there are none."""
        volume = self.spheres_mol_m3 * SILVER_M3_MOL / np.maximum(self.spheres_per_m3, 1.0) / _NM3
        return np.cbrt(np.maximum(volume, 1e-3) * 0.75 / np.pi)


@dataclass(frozen=True, slots=True)
class _Phase:
    """A stretch at one temperature: the constants of growth, and what is there at its start."""

    seed_per_m3: NDArray[np.float64]
    edge_growth_m_s: NDArray[np.float64]
    selectivity: NDArray[np.float64]
    nucleation_m3_mol_s: NDArray[np.float64]
    reduction_m3_mol_s: NDArray[np.float64]
    silver: NDArray[np.float64]
    ascorbate: NDArray[np.float64]
    nuclei_per_mol: float
    """Nuclei that form of one mole of silver."""

    def slopes(self, state: NDArray[np.float64], extent: NDArray[np.float64]) -> NDArray[np.float64]:
        """d(diameter nm, thickness nm, nuclei, spheres) / d(extent), shape (4, n); silver in mol/m3."""
        diameter_nm, thickness_nm, nuclei, spheres = state
        # Rounding may carry the last drop below zero.
        delivery = self.reduction_m3_mol_s * np.maximum(
            (self.silver - extent) * (self.ascorbate - extent / 2.0), 0.0
        )
        # Runge-Kutta's inner points may lie a rounding error outside.
        nuclei_per_m3 = np.maximum(nuclei, 0.0) * self.nuclei_per_mol
        spheres_m3 = np.maximum(spheres, 0.0) * SILVER_M3_MOL
        plate_nm2 = np.pi * diameter_nm * (thickness_nm + diameter_nm / 2.0 / self.selectivity)
        to_plates = self.edge_growth_m_s * _NM2 * self.seed_per_m3 * plate_nm2
        capture = to_plates + self.edge_growth_m_s * _SPHERE_AREA * np.cbrt(nuclei_per_m3 * spheres_m3**2)
        # Monomer over its delivery, from delivery = capture c + nucleation c^2. The floor is for pure water.
        loss = np.sqrt(capture**2 + 4.0 * self.nucleation_m3_mol_s * delivery)
        monomer_s = 2.0 / np.maximum(capture + loss, _LEAST_CAPTURE_PER_S)
        thickening = 2.0 * self.edge_growth_m_s / self.selectivity * monomer_s * SILVER_M3_MOL / _NM
        nucleating = self.nucleation_m3_mol_s * delivery * monomer_s**2
        return np.stack((self.selectivity * thickening, thickening, nucleating, 1.0 - to_plates * monomer_s))

    def integrate(
        self, state: NDArray[np.float64], last_extent: NDArray[np.float64], steps: int, power: int
    ) -> NDArray[np.float64]:
        """Fourth-order Runge-Kutta from 0 to `last_extent`, in the variable (extent / last)^(1/power)."""

        def slopes(at: NDArray[np.float64], u: float) -> NDArray[np.float64]:
            return self.slopes(at, last_extent * u**power) * (last_extent * (power * u ** (power - 1)))

        h = 1.0 / steps
        for step in range(steps):
            u = step * h
            first = slopes(state, u)
            second = slopes(state + first * (h / 2.0), u + h / 2.0)
            third = slopes(state + second * (h / 2.0), u + h / 2.0)
            fourth = slopes(state + third * h, u + h)
            state = state + (first + 2.0 * (second + third) + fourth) * (h / 6.0)
        return state


def grow(liquid: Liquid, passage: Passage, rates: Rates) -> Product:
    """Integrate every parcel from the second junction to the flow cell."""
    coverage = kinetics.citrate_coverage(rates, liquid, passage.mixer_c, passage.adsorption_exposure)
    silver, ascorbate = liquid.silver_mol_m3, liquid.ascorbate_mol_m3
    seeds = np.full(silver.shape, SEED_DIAMETER_NM)
    none = np.zeros(silver.shape)
    state = np.stack((seeds, seeds, none, none))
    # Early on a plate's volume grows as the cube of its size, hence the cube as variable.
    for time_s, celsius, steps, power in (
        (passage.reactor_s, passage.reactor_c, _HEATED_STEPS, 3),
        (passage.outlet_s, passage.outlet_c, _OUTLET_STEPS, 1),
    ):
        phase = _Phase(
            seed_per_m3=liquid.seed_per_m3,
            edge_growth_m_s=kinetics.edge_growth_m_s(rates, liquid, celsius),
            selectivity=kinetics.selectivity(rates, coverage, celsius),
            nucleation_m3_mol_s=kinetics.nucleation_m3_mol_s(rates, celsius),
            reduction_m3_mol_s=kinetics.reduction(rates, liquid, celsius),
            silver=silver,
            ascorbate=ascorbate,
            nuclei_per_mol=AVOGADRO / rates.nucleus_atoms,
        )
        left = silver_left(silver, ascorbate, phase.reduction_m3_mol_s, time_s)
        state = phase.integrate(state, silver - left, steps, power)
        ascorbate = ascorbate - (silver - left) / 2.0
        silver = left
    return _product(liquid, silver, state, rates)


def plate_silver_mol_m3(
    plates_per_m3: NDArray[np.float64],
    diameter_nm: NDArray[np.float64] | float,
    thickness_nm: NDArray[np.float64] | float,
) -> NDArray[np.float64]:
    """Silver in cylindrical plates, mol per m3 of liquid."""
    return plates_per_m3 * (np.pi / 4.0 * _NM3 / SILVER_M3_MOL) * diameter_nm**2 * thickness_nm


def _product(
    liquid: Liquid, silver: NDArray[np.float64], state: NDArray[np.float64], rates: Rates
) -> Product:
    diameter_nm, thickness_nm, nuclei, spheres = state
    spheres = np.clip(spheres, 0.0, liquid.silver_mol_m3 - silver)
    seeds = plate_silver_mol_m3(liquid.seed_per_m3, SEED_DIAMETER_NM, SEED_DIAMETER_NM)
    plates = liquid.silver_mol_m3 - silver - spheres + seeds
    # Plates hold what spheres do not: their diameter takes up the integration's error, below 1e-3 of it.
    drawn = plate_silver_mol_m3(liquid.seed_per_m3, diameter_nm, thickness_nm)
    diameter_nm = diameter_nm * np.sqrt(
        np.where(drawn > 0.0, plates / np.where(drawn > 0.0, drawn, 1.0), 1.0)
    )
    # First order in the spreads of seed size and of selectivity: D = d0 + s (h - d0).
    grown_share = 1.0 - SEED_DIAMETER_NM / diameter_nm
    seed_in_diameter = SEED_SPREAD * SEED_DIAMETER_NM / diameter_nm
    seed_in_thickness = SEED_SPREAD * SEED_DIAMETER_NM / thickness_nm
    selective = SELECTIVITY_SPREAD * grown_share
    return Product(
        silver_left_mol_m3=silver,
        plates_mol_m3=plates,
        spheres_mol_m3=spheres,
        plates_per_m3=liquid.seed_per_m3,
        spheres_per_m3=nuclei * AVOGADRO / rates.nucleus_atoms,
        diameter_nm=diameter_nm,
        thickness_nm=thickness_nm,
        aspect_spread=np.sqrt(SHAPE_SPREAD**2 + selective**2 + (seed_in_thickness - seed_in_diameter) ** 2),
        diameter_spread=np.hypot(selective, seed_in_diameter),
        thickness_spread=seed_in_thickness,
    )
