"""Gold rods from spheres: silver covers the sides of a seed before its ends.

Silver ions deposit on gold below their own potential and block it, the sides of a rod more than its ends
(Orendorff & Murphy, J. Phys. Chem. B 110, 3990 (2006)); where both are blocked the advantage is gone again,
so that the aspect ratio has a maximum in silver (Nikoobakht & El-Sayed, Chem. Mater. 15, 1957 (2003)).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.chemistry.overgrowth import (
    NM3_PER_MOL,
    SPHERE_VOLUME,
    Bath,
    OvergrowthRates,
    overgrow,
)
from firmware_bridge.simulator.chemistry.rates import arrhenius

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from firmware_bridge.simulator.chemistry.overgrowth import Overgrown, SeedStock

STREAMS: Final = ("gold", "silver", "ascorbate", "seeds", "surfactant")


@dataclass(frozen=True, slots=True)
class RodStocks:
    """All chosen; every stock holds the surfactant, CTAB."""

    gold_mol_m3: float = 0.5
    silver_mol_m3: float = 1.0
    ascorbate_mol_m3: float = 3.0


@dataclass(frozen=True, slots=True)
class RodRates:
    """All chosen, at 25 degC, so that rods of aspect ratio 2 to 4 take minutes."""

    surface_m_s: float = 1.2e-4
    surface_j_mol: float = 45e3
    half_mol_m3: float = 0.2
    nucleation_m3_mol_s: float = 3e-5
    nucleation_j_mol: float = 90e3
    nucleus_atoms: float = 200.0
    side_m3_mol: float = 200.0
    """Langmuir constant of silver on the sides of a rod ..."""
    end_m3_mol: float = 14.0
    """... and on its ends."""
    leak: float = 0.03
    """Growth of a facet covered by silver, over that of a bare one."""
    breaking_m3_mol: float = 60.0
    """Of silver that makes a round seed a rod: half of the seeds at its inverse."""


@dataclass(frozen=True, slots=True)
class Rods:
    """n parcels, each array of shape (n,): rods, and the spheres that seeds and nuclei became beside them."""

    grown: Overgrown
    rods_per_m3: NDArray[np.float64]
    width_nm: NDArray[np.float64]
    length_nm: NDArray[np.float64]
    round_per_m3: NDArray[np.float64]
    """Seeds that stayed round."""
    round_nm: NDArray[np.float64]

    @property
    def rods_mol_m3(self) -> NDArray[np.float64]:
        return self.rods_per_m3 * (SPHERE_VOLUME / NM3_PER_MOL) * self.width_nm**2 * self.length_nm

    @property
    def round_mol_m3(self) -> NDArray[np.float64]:
        return self.round_per_m3 * SPHERE_VOLUME * self.round_nm**3 / NM3_PER_MOL

    @property
    def nuclei_mol_m3(self) -> NDArray[np.float64]:
        return self.grown.moment3 * SPHERE_VOLUME / NM3_PER_MOL

    @property
    def aspect(self) -> NDArray[np.float64]:
        return self.length_nm / self.width_nm


@dataclass(frozen=True, slots=True)
class RodGrowth:
    """Composition, temperature and time in, rods out."""

    seeds: SeedStock
    stocks: RodStocks = field(default_factory=RodStocks)
    rates: RodRates = field(default_factory=RodRates)

    def gold_mol_m3(self, fractions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gold fed, in seeds too, from fractions of shape (n, 5) in the order of STREAMS."""
        return fractions[:, 0] * self.stocks.gold_mol_m3 + fractions[:, 3] * self.seeds.gold_mol_m3

    def paces(
        self, silver_mol_m3: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Growth of sides, of ends and of what stays round, over that of a bare facet, each (n,)."""
        rates = self.rates
        side, end = (
            (rates.leak + 1.0 / (1.0 + binding * silver_mol_m3)) / (1.0 + rates.leak)
            for binding in (rates.side_m3_mol, rates.end_m3_mol)
        )
        return side, end, (2.0 * side + end) / 3.0

    def grow(
        self, fractions: NDArray[np.float64], celsius: NDArray[np.float64], time_s: NDArray[np.float64]
    ) -> Rods:
        """Grow n parcels, arrays of shape (n,) and fractions (n, 5) in the order of STREAMS."""
        rates, stocks, seed_nm = self.rates, self.stocks, self.seeds.width_nm
        gold, silver, ascorbate, seeded, _ = fractions.T
        silver_mol_m3 = silver * stocks.silver_mol_m3
        side, end, even = self.paces(silver_mol_m3)
        breaking = rates.breaking_m3_mol * silver_mol_m3
        seeds_per_m3 = seeded * self.seeds.number_per_m3
        rods_per_m3 = seeds_per_m3 * breaking / (1.0 + breaking)
        round_per_m3 = seeds_per_m3 - rods_per_m3

        def seed_volume(advance_nm: NDArray[np.float64]) -> NDArray[np.float64]:
            rod_nm3 = (seed_nm + side * advance_nm) ** 2 * (seed_nm + end * advance_nm)
            ball_nm3 = (seed_nm + even * advance_nm) ** 3
            total: NDArray[np.float64] = SPHERE_VOLUME * (rods_per_m3 * rod_nm3 + round_per_m3 * ball_nm3)
            return total

        bath = Bath(
            gold * stocks.gold_mol_m3, ascorbate * stocks.ascorbate_mol_m3, seeds_per_m3, seed_volume, even
        )
        grown = overgrow(
            bath,
            OvergrowthRates(
                surface_m_s=arrhenius(rates.surface_m_s, rates.surface_j_mol, celsius),
                half_mol_m3=rates.half_mol_m3,
                nucleation_m3_mol_s=arrhenius(rates.nucleation_m3_mol_s, rates.nucleation_j_mol, celsius),
                nucleus_atoms=rates.nucleus_atoms,
            ),
            time_s,
        )
        advance_nm = grown.advance_nm
        return Rods(
            grown,
            rods_per_m3,
            seed_nm + side * advance_nm,
            seed_nm + end * advance_nm,
            round_per_m3,
            seed_nm + even * advance_nm,
        )
