"""CdSe from cadmium oleate and a phosphine selenide, with or without amines: rate constants, shell, glow.

Amines speed the conversion of precursors, cover the surface against growth, and passivate it: with them dots
glow (Talapin et al., Nano Lett. 1, 207 (2001)). Dots that grow slowly have fewer defects, and glow more
(Talapin et al., J. Am. Chem. Soc. 124, 5782 (2002)). All magnitudes are chosen.
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

UNIT_NM3: Final = 0.0548
"""Of CdSe: 191.37 g/mol over 5.81 g/cm3 and Avogadro's number."""
AT_C: Final = 240.0
"""Where the constants hold that have an energy."""
_HALF_MOL_M3: Final = 100.0
"""Of an amine, for half of its effect on conversion; chosen."""


@dataclass(frozen=True, slots=True)
class Ligand:
    """One kind of molecule on the surface."""

    binding_m3_mol: float
    """Langmuir constant at AT_C."""
    binding_j_mol: float
    leak: float
    """Growth of a face covered by it over that of a bare one."""
    boost: float
    """What it adds, in excess, to the rate of conversion, over that without."""
    passivation: float
    """Quantum yield of dots under it alone."""


OLEATE: Final = Ligand(0.03, -30e3, leak=0.10, boost=0.0, passivation=0.06)
"""What comes with the cadmium, two for each."""
DODECYLAMINE: Final = Ligand(0.030, -45e3, leak=0.06, boost=1.0, passivation=0.60)
OLEYLAMINE: Final = Ligand(0.012, -35e3, leak=0.02, boost=0.3, passivation=0.48)
"""Kinked, so that fewer fit and each keeps more away."""
OCTYLAMINE: Final = Ligand(0.040, -55e3, leak=0.25, boost=3.0, passivation=0.35)
"""Short: it comes, goes and lets through more easily."""


@dataclass(frozen=True, slots=True)
class SelenideRates:
    """All chosen, at AT_C, so that dots of 2 to 5 nm are found from 180 to 280 degC within minutes."""

    conversion_m3_mol_s: float = 3e-3
    conversion_j_mol: float = 75e3
    growth_nm_m3_mol_s: float = 1.5
    """On a bare face."""
    growth_j_mol: float = 65e3
    diffusion_nm2_m3_mol_s: float = 0.4
    diffusion_j_mol: float = 20e3
    solubility_mol_m3: float = 0.02
    solubility_j_mol: float = 45e3
    tension_j_m2: float = 0.08
    nucleation_per_s: float = 0.3
    barrier: float = 60.0
    """It falls with the cube of the temperature, as the classical one does."""
    unequal: float = 0.03
    defect_nm_s: float = 0.02
    """Speed of growth at which half of the dots have a defect that quenches them."""


@dataclass(frozen=True, slots=True)
class Shell:
    """Shares of the surface that each ligand holds, (ligands, n), and what is bare, (n,)."""

    covered: NDArray[np.float64]
    bare: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SelenideGrowth:
    """Precursors, ligands, temperature and time in; dots and their quantum yield out."""

    amines: tuple[Ligand, ...] = ()
    rates: SelenideRates = field(default_factory=SelenideRates)

    def react(
        self,
        cadmium_mol_m3: NDArray[np.float64],
        selenium_mol_m3: NDArray[np.float64],
        amines_mol_m3: NDArray[np.float64],
        celsius: NDArray[np.float64],
        time_s: NDArray[np.float64],
    ) -> tuple[Dots, NDArray[np.float64]]:
        """Give dots and quantum yields of n parcels; `amines_mol_m3` is (amines, n), in their order."""
        shell = self.shell(cadmium_mol_m3, amines_mol_m3, celsius)
        kinetics = self.kinetics(shell, amines_mol_m3, celsius)
        dots = grow(precursors(cadmium_mol_m3, selenium_mol_m3, UNIT_NM3), kinetics, time_s)
        return dots, self.quantum_yield(dots, shell, kinetics)

    def shell(
        self,
        cadmium_mol_m3: NDArray[np.float64],
        amines_mol_m3: NDArray[np.float64],
        celsius: NDArray[np.float64],
    ) -> Shell:
        """Let oleate and amines compete for the surface, after Langmuir; oleate stands first."""
        there = np.vstack((2.0 * cadmium_mol_m3[None, :], amines_mol_m3))
        bound = np.array(
            [
                carried(each.binding_m3_mol, each.binding_j_mol, AT_C, celsius)
                for each in (OLEATE, *self.amines)
            ]
        )
        bound = bound * there
        bare = 1.0 / (1.0 + bound.sum(axis=0))
        return Shell(bound * bare, bare)

    def kinetics(
        self, shell: Shell, amines_mol_m3: NDArray[np.float64], celsius: NDArray[np.float64]
    ) -> Kinetics:
        """Give the rate constants of n parcels."""
        rates = self.rates
        leaks = np.array([each.leak for each in (OLEATE, *self.amines)])
        boosts = np.array([each.boost for each in self.amines])
        growing = shell.bare + leaks @ shell.covered
        boost = 1.0 + boosts @ (amines_mol_m3 / (amines_mol_m3 + _HALF_MOL_M3))
        growth = carried(rates.growth_nm_m3_mol_s, rates.growth_j_mol, AT_C, celsius) * growing
        diffusion = carried(rates.diffusion_nm2_m3_mol_s, rates.diffusion_j_mol, AT_C, celsius)
        every = np.ones_like(celsius)
        return Kinetics(
            conversion_m3_mol_s=carried(rates.conversion_m3_mol_s, rates.conversion_j_mol, AT_C, celsius)
            * boost,
            growth_nm_m3_mol_s=growth,
            diffusion_nm=diffusion / growth,
            solubility_mol_m3=carried(rates.solubility_mol_m3, rates.solubility_j_mol, AT_C, celsius),
            capillary_nm=capillary_nm(rates.tension_j_m2, UNIT_NM3, celsius),
            nucleation_per_s=rates.nucleation_per_s * every,
            barrier=rates.barrier * ((AT_C + ZERO_C_K) / (celsius + ZERO_C_K)) ** 3,
            unequal=rates.unequal,
        )

    def quantum_yield(self, dots: Dots, shell: Shell, kinetics: Kinetics) -> NDArray[np.float64]:
        """Passivate what ligands cover; count as dark the dots that fast growth leaves with a defect."""
        passivation = np.array([each.passivation for each in (OLEATE, *self.amines)])
        speed_nm_s = np.maximum(growth_nm_s(dots, kinetics), 0.0)
        bright: NDArray[np.float64] = (passivation @ shell.covered) / (
            1.0 + speed_nm_s / self.rates.defect_nm_s
        )
        return bright
