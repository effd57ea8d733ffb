"""Gold octahedra from rods: what is long grows wide until it is not, and slow growth facets it.

Rods that are overgrown become octahedra: Carbo-Argibay et al., Angew. Chem. Int. Ed. 46, 8983 (2007). Their
size follows from the gold for each seed: Chem. Eur. J. (2011), doi 10.1002/chem.201100365.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.overgrowth import (
    NM3_PER_MOL,
    SPHERE_VOLUME,
    Bath,
    OvergrowthRates,
    overgrow,
)
from firmware_bridge.simulator.chemistry.rates import arrhenius

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.chemistry.overgrowth import Overgrown, SeedStock

STREAMS: Final = ("gold", "ascorbate", "surfactant", "seeds", "water")


@dataclass(frozen=True, slots=True)
class OctahedronStocks:
    """All chosen."""

    gold_mol_m3: float = 0.6
    ascorbate_mol_m3: float = 3.0
    surfactant_mol_m3: float = 50.0


@dataclass(frozen=True, slots=True)
class OctahedronRates:
    """All chosen, at 25 degC, so that octahedra with edges of 30 to 80 nm take minutes."""

    surface_m_s: float = 2e-4
    surface_j_mol: float = 45e3
    half_mol_m3: float = 0.3
    nucleation_m3_mol_s: float = 3e-8
    nucleation_j_mol: float = 90e3
    nucleus_atoms: float = 200.0
    surfactant_m3_mol: float = 0.6
    """Langmuir constant of the surfactant on {111}."""
    faceting: float = 6.0
    """Volumes of the seed after whose growth all but e^-1 of the particles could be octahedra."""
    haste_nm_s: float = 1.5
    """Growth of a facet at which half of the particles stay round."""


@dataclass(frozen=True, slots=True)
class Octahedra:
    """n parcels; arrays of shape (n,), or (kinds, n) where a row is one kind of seed."""

    grown: Overgrown
    per_m3: NDArray[np.float64]
    width_nm: NDArray[np.float64]
    """Of the spheroid that has the particle's volume and aspect ratio, shape (kinds, n)."""
    length_nm: NDArray[np.float64]
    faceted: NDArray[np.float64]
    """Share of each kind that is octahedra; the rest is round, shape (kinds, n)."""

    @property
    def volume_nm3(self) -> NDArray[np.float64]:
        return SPHERE_VOLUME * self.width_nm**2 * self.length_nm

    @property
    def solid_mol_m3(self) -> NDArray[np.float64]:
        """In what the seeds became, shape (kinds, n)."""
        return self.per_m3 * self.volume_nm3 / NM3_PER_MOL

    @property
    def nuclei_mol_m3(self) -> NDArray[np.float64]:
        return self.grown.moment3 * SPHERE_VOLUME / NM3_PER_MOL


@dataclass(frozen=True, slots=True)
class OctahedronGrowth:
    """Composition, temperature and time in, octahedra out; `seeds` are all that the seed stock holds."""

    seeds: tuple[SeedStock, ...]
    stocks: OctahedronStocks = field(default_factory=OctahedronStocks)
    rates: OctahedronRates = field(default_factory=OctahedronRates)

    def gold_mol_m3(self, fractions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gold fed, in seeds too, from fractions of shape (n, 5) in the order of STREAMS."""
        held_mol_m3 = sum(kind.gold_mol_m3 for kind in self.seeds)
        return fractions[:, 0] * self.stocks.gold_mol_m3 + fractions[:, 3] * held_mol_m3

    def grow(
        self, fractions: NDArray[np.float64], celsius: NDArray[np.float64], time_s: NDArray[np.float64]
    ) -> Octahedra:
        """Grow n parcels, arrays of shape (n,) and fractions (n, 5) in the order of STREAMS."""
        rates, stocks = self.rates, self.stocks
        gold, ascorbate, surfactant, seeded, _ = fractions.T
        width_nm = np.array([[kind.width_nm] for kind in self.seeds])
        length_nm = np.array([[kind.length_nm] for kind in self.seeds])
        per_m3 = np.array([[kind.number_per_m3] for kind in self.seeds]) * seeded

        def sizes(advance_nm: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            # Ends grow as (width / length)^2 of the sides, which integrates to this.
            wide_nm = width_nm + advance_nm
            return wide_nm, np.cbrt(length_nm**3 + wide_nm**3 - width_nm**3)

        def seed_volume(advance_nm: NDArray[np.float64]) -> NDArray[np.float64]:
            wide_nm, long_nm = sizes(advance_nm)
            total: NDArray[np.float64] = SPHERE_VOLUME * (per_m3 * wide_nm**2 * long_nm).sum(axis=0)
            return total

        surface_m_s = arrhenius(rates.surface_m_s, rates.surface_j_mol, celsius)
        bath = Bath(
            gold * stocks.gold_mol_m3,
            ascorbate * stocks.ascorbate_mol_m3,
            per_m3.sum(axis=0),
            seed_volume,
            np.ones_like(gold),
        )
        grown = overgrow(
            bath,
            OvergrowthRates(
                surface_m_s=surface_m_s,
                half_mol_m3=rates.half_mol_m3,
                nucleation_m3_mol_s=arrhenius(rates.nucleation_m3_mol_s, rates.nucleation_j_mol, celsius),
                nucleus_atoms=rates.nucleus_atoms,
            ),
            time_s,
        )
        wide_nm, long_nm = sizes(grown.advance_nm)
        covering = rates.surfactant_m3_mol * surfactant * stocks.surfactant_mol_m3
        hurry = bath.pace_nm_s(surface_m_s, rates.half_mol_m3) / rates.haste_nm_s
        grown_by = wide_nm**2 * long_nm / (width_nm**2 * length_nm) - 1.0
        complete = -np.expm1(-grown_by / rates.faceting)
        faceted = covering / (1.0 + covering) / (1.0 + hurry) * complete
        return Octahedra(grown, per_m3, wide_nm, long_nm, faceted)
