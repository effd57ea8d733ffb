"""PbS from lead oleate and a silyl sulfide: dots that nucleate in a hot mixer and grow in a tube.

Excess lead keeps sulfur from dissolving again, so that dots ripen less: with much lead they are uniform
(Weidman, Beck, Hoffman, Prins & Tisdale, ACS Nano 8, 6363 (2014)). Free acid dissolves monomer: fewer nuclei
and larger dots (Abe, Capek, De Geyter & Hens, ACS Nano 7, 943 (2013)). Oleylamine slows growth, so that
nucleation prevails (Voznyy et al., ACS Nano 13, 11122 (2019)). All magnitudes are chosen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.dot_growth import grow
from firmware_bridge.simulator.chemistry.dots import (
    Dots,
    Kinetics,
    capillary_nm,
    carried,
    growth_nm_s,
    precursors,
)
from firmware_bridge.simulator.chemistry.rates import ZERO_C_K

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNIT_NM3: Final = 0.0523
"""Of PbS: 239.3 g/mol over 7.60 g/cm3 and Avogadro's number."""
AT_C: Final = 100.0
"""Where the constants hold that have an energy."""


@dataclass(frozen=True, slots=True)
class SulfideRates:
    """All chosen, at AT_C, so that gaps of 0.8 to 1.4 eV are found within a minute or two."""

    conversion_per_s: float = 0.05
    """Of the sulfide, while there is lead in excess."""
    conversion_j_mol: float = 55e3
    growth_nm_m3_mol_s: float = 60.0
    """On a bare face."""
    growth_j_mol: float = 35e3
    diffusion_nm2_m3_mol_s: float = 3.0
    diffusion_j_mol: float = 20e3
    oleate_m3_mol: float = 0.02
    """Langmuir constant of oleate and its acid on the surface."""
    oleate_j_mol: float = -30e3
    amine_m3_mol: float = 0.08
    """Langmuir constant of oleylamine on the same sites."""
    amine_j_mol: float = -30e3
    leak: float = 0.03
    """Growth of a covered face over that of a bare one."""
    solubility_mol_m3: float = 0.012
    solubility_j_mol: float = 45e3
    excess_mol_m3: float = 40.0
    """Lead beyond the sulfur that halves the solubility."""
    acid_mol_m3: float = 100.0
    """Free acid that doubles it."""
    tension_j_m2: float = 0.03
    nucleation_per_s: float = 8.0
    barrier: float = 35.0
    unequal: float = 0.015
    """Relative standard deviation of the speeds of growth under ample lead, well mixed and dry ..."""
    unequal_bare: float = 0.75
    """... what a surface without excess lead adds (in squares, as all of these) ..."""
    unequal_mixing: float = 0.40
    """... what conversion adds that is as quick as the streams mix, and in proportion to it ..."""
    unequal_wet: float = 0.05
    """... and what liquid adds that has not been degassed."""
    wet_boost: float = 2.0
    """What undegassed liquid adds to the rate of conversion: water frees hydrogen sulfide."""
    wet_quench: float = 2.0
    """Dark dots over bright ones that it leaves."""
    passivation: float = 0.6
    defect_nm_s: float = 0.02
    """Speed of growth at which half of the dots have a defect that quenches them."""


@dataclass(frozen=True, slots=True)
class Feed:
    """n parcels, arrays (n,): what is dissolved, what degassing has left, and how long mixing takes."""

    lead_mol_m3: NDArray[np.float64]
    sulfur_mol_m3: NDArray[np.float64]
    acid_mol_m3: NDArray[np.float64]
    amine_mol_m3: NDArray[np.float64]
    wet: NDArray[np.float64]
    """Share of the water and air of undegassed liquid."""
    mixing_s: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Stage:
    """A temperature, and for how long, arrays (n,)."""

    celsius: NDArray[np.float64]
    time_s: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SulfideGrowth:
    """Feed and two stages in; dots and their quantum yield out."""

    rates: SulfideRates = field(default_factory=SulfideRates)

    def react(self, feed: Feed, injection: Stage, growth: Stage) -> tuple[Dots, NDArray[np.float64]]:
        """Let n parcels nucleate at `injection`, and grow at `growth`."""
        unequal = self.unequal(feed, injection.celsius)
        start = precursors(feed.lead_mol_m3, feed.sulfur_mol_m3, UNIT_NM3)
        nucleated = grow(start, self.kinetics(feed, injection.celsius, unequal), injection.time_s)
        laws = self.kinetics(feed, growth.celsius, unequal)
        dots = grow(nucleated, laws, growth.time_s)
        return dots, self.quantum_yield(dots, feed, growth.celsius, laws)

    def covered(self, feed: Feed, celsius: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share of the surface that oleate and amine hold, after Langmuir; each lead brings two oleates."""
        rates = self.rates
        oleate = carried(rates.oleate_m3_mol, rates.oleate_j_mol, AT_C, celsius)
        amine = carried(rates.amine_m3_mol, rates.amine_j_mol, AT_C, celsius)
        bound = oleate * (2.0 * feed.lead_mol_m3 + feed.acid_mol_m3) + amine * feed.amine_mol_m3
        return bound / (1.0 + bound)

    def unequal(self, feed: Feed, celsius: NDArray[np.float64]) -> NDArray[np.float64]:
        """Relative standard deviation of the speeds of growth, which the place of nucleation decides."""
        rates = self.rates
        per_sulfur = feed.lead_mol_m3 / np.maximum(feed.sulfur_mol_m3, 1e-9)
        bare = rates.unequal_bare / np.maximum(per_sulfur, 1.0)
        mixing = rates.unequal_mixing * feed.mixing_s * self.conversion_per_s(feed, celsius)
        wet = rates.unequal_wet * feed.wet
        spread: NDArray[np.float64] = np.sqrt(rates.unequal**2 + bare**2 + mixing**2 + wet**2)
        return spread

    def conversion_per_s(self, feed: Feed, celsius: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rate constant of the sulfide."""
        rates = self.rates
        constant = carried(rates.conversion_per_s, rates.conversion_j_mol, AT_C, celsius)
        return constant * (1.0 + rates.wet_boost * feed.wet)

    def kinetics(self, feed: Feed, celsius: NDArray[np.float64], unequal: NDArray[np.float64]) -> Kinetics:
        """Give the rate constants of n parcels."""
        rates = self.rates
        bare = 1.0 - (1.0 - rates.leak) * self.covered(feed, celsius)
        growth = carried(rates.growth_nm_m3_mol_s, rates.growth_j_mol, AT_C, celsius) * bare
        diffusion = carried(rates.diffusion_nm2_m3_mol_s, rates.diffusion_j_mol, AT_C, celsius)
        excess = np.maximum(feed.lead_mol_m3 - feed.sulfur_mol_m3, 0.0)
        solubility = carried(rates.solubility_mol_m3, rates.solubility_j_mol, AT_C, celsius)
        return Kinetics(
            conversion_m3_mol_s=self.conversion_per_s(feed, celsius) / np.maximum(feed.lead_mol_m3, 1e-9),
            growth_nm_m3_mol_s=growth,
            diffusion_nm=diffusion / growth,
            solubility_mol_m3=solubility
            * (1.0 + feed.acid_mol_m3 / rates.acid_mol_m3)
            / (1.0 + excess / rates.excess_mol_m3),
            capillary_nm=capillary_nm(rates.tension_j_m2, UNIT_NM3, celsius),
            nucleation_per_s=rates.nucleation_per_s * np.ones_like(celsius),
            barrier=rates.barrier * ((AT_C + ZERO_C_K) / (celsius + ZERO_C_K)) ** 3,
            unequal=unequal,
        )

    def quantum_yield(
        self, dots: Dots, feed: Feed, celsius: NDArray[np.float64], laws: Kinetics
    ) -> NDArray[np.float64]:
        """Passivate what is covered; count as dark what water and fast growth have spoilt."""
        rates = self.rates
        speed_nm_s = np.maximum(growth_nm_s(dots, laws), 0.0)
        dark = (1.0 + rates.wet_quench * feed.wet) * (1.0 + speed_nm_s / rates.defect_nm_s)
        bright: NDArray[np.float64] = rates.passivation * self.covered(feed, celsius) / dark
        return bright
