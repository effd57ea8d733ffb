"""Populations of semiconductor dots, and what moves them: the quantities that every material shares.

Precursors of cation and anion convert to monomer, of first order in each (Liu, Owen & Alivisatos, J. Am.
Chem. Soc. 129, 305 (2007)). Monomer above its solubility nucleates (LaMer & Dinegar, J. Am. Chem. Soc. 72,
4847 (1950)) and grows dots at a rate that depends on their size (Talapin, Rogach, Haase & Weller, J. Phys.
Chem. B 105, 12278 (2001)). `dot_growth` integrates this.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.rates import GAS_CONSTANT, ZERO_C_K

if TYPE_CHECKING:
    from numpy.typing import NDArray

NUCLEUS_NM: Final = 0.7
"""Radius at which a nucleus counts as a dot; chosen."""
_NO_DOTS: Final = 1e-12
"""mol/m3; far below any burst."""
_STEEPEST: Final = 30.0
"""Bounds exponents of dots far smaller than nuclei, which dissolve at once anyway."""


@dataclass(frozen=True, slots=True)
class Kinetics:
    """What composition and temperature make of the rate laws, each array (n,)."""

    conversion_m3_mol_s: NDArray[np.float64]
    growth_nm_m3_mol_s: NDArray[np.float64]
    """Speed of a flat face per concentration of monomer: rate constant times molar volume."""
    diffusion_nm: NDArray[np.float64]
    """Diffusion constant over rate constant: dots larger than this wait for monomer to diffuse to them."""
    solubility_mol_m3: NDArray[np.float64]
    """Of monomer over a flat face."""
    capillary_nm: NDArray[np.float64]
    """2 gamma V_m / (R T) of Gibbs and Thomson."""
    nucleation_per_s: NDArray[np.float64]
    """Dots per monomer and time, were there no barrier."""
    barrier: NDArray[np.float64]
    """B in exp(-B / ln^2 S)."""
    unequal: NDArray[np.float64] | float
    """Relative standard deviation of the speeds at which like dots grow."""


@dataclass(frozen=True, slots=True)
class Dots:
    """n parcels, arrays (n,), in mol/m3: precursors, monomer, solid (as formula units) and dots."""

    cation_mol_m3: NDArray[np.float64]
    anion_mol_m3: NDArray[np.float64]
    monomer_mol_m3: NDArray[np.float64]
    solid_mol_m3: NDArray[np.float64]
    dots_mol_m3: NDArray[np.float64]
    spread_nm2_mol_m3: NDArray[np.float64]
    """Dots times the variance of their radii."""
    unit_nm3: float
    """Volume of one formula unit of the solid."""

    @property
    def radius_nm(self) -> NDArray[np.float64]:
        """Mean by number; that of a nucleus where there are no dots."""
        radius_nm, _ = moments(self.solid_mol_m3, self.dots_mol_m3, self.spread_nm2_mol_m3, self.unit_nm3)
        return radius_nm

    @property
    def sigma_nm(self) -> NDArray[np.float64]:
        """Standard deviation of the radii; 0 where there are no dots."""
        sigma_nm: NDArray[np.float64] = np.sqrt(self.spread_nm2_mol_m3 / (self.dots_mol_m3 + _NO_DOTS))
        return sigma_nm


def precursors(
    cation_mol_m3: NDArray[np.float64], anion_mol_m3: NDArray[np.float64], unit_nm3: float
) -> Dots:
    """Give liquid in which nothing has reacted."""
    nothing = np.zeros_like(cation_mol_m3)
    return Dots(cation_mol_m3, anion_mol_m3, nothing, nothing, nothing, nothing, unit_nm3)


def units(radius_nm: float, unit_nm3: float) -> float:
    """Count the formula units in a sphere."""
    return 4.0 / 3.0 * math.pi * radius_nm**3 / unit_nm3


def moments(
    solid: NDArray[np.float64], dots: NDArray[np.float64], spread: NDArray[np.float64], unit_nm3: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance of the radius, from <r^3> = r^3 + 3 r s^2 of a symmetric distribution, s << r."""
    counted = dots + _NO_DOTS
    a_few = units(NUCLEUS_NM, unit_nm3) * _NO_DOTS
    volume_nm3 = (solid + a_few) * (unit_nm3 * 0.75 / math.pi) / counted
    cubed_nm = np.maximum(np.cbrt(volume_nm3), 0.5 * NUCLEUS_NM)
    variance_nm2 = spread / counted
    return cubed_nm / np.cbrt(1.0 + 3.0 * variance_nm2 / cubed_nm**2), variance_nm2


def over_dots(radius_nm: NDArray[np.float64], kinetics: Kinetics) -> NDArray[np.float64]:
    """Monomer in equilibrium with dots of this radius, after Gibbs and Thomson."""
    over: NDArray[np.float64] = kinetics.solubility_mol_m3 * np.exp(
        np.minimum(kinetics.capillary_nm / radius_nm, _STEEPEST)
    )
    return over


def growth_nm_s(dots: Dots, kinetics: Kinetics) -> NDArray[np.float64]:
    """Give the speed at which dots of the mean radius grow; negative where they dissolve."""
    radius_nm = dots.radius_nm
    over_mol_m3 = dots.monomer_mol_m3 - over_dots(radius_nm, kinetics)
    speed: NDArray[np.float64] = (
        kinetics.growth_nm_m3_mol_s * over_mol_m3 / (1.0 + radius_nm / kinetics.diffusion_nm)
    )
    return speed


def carried(
    value: float, energy_j_mol: float, from_c: float, celsius: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Carry a constant that is `value` at `from_c` to `celsius`, after Arrhenius or van 't Hoff."""
    inverse_k = 1.0 / (celsius + ZERO_C_K) - 1.0 / (from_c + ZERO_C_K)
    result: NDArray[np.float64] = value * np.exp(-energy_j_mol / GAS_CONSTANT * inverse_k)
    return result


def capillary_nm(tension_j_m2: float, unit_nm3: float, celsius: NDArray[np.float64]) -> NDArray[np.float64]:
    """2 gamma V_m / (R T), from the volume of one formula unit."""
    # nm3 and J/m2 over kT: Boltzmann's constant is 1.380649e-23 J/K, and 1 nm2 is 1e-18 m2.
    length_nm: NDArray[np.float64] = (
        2.0 * tension_j_m2 * 1e-18 * unit_nm3 / (1.380649e-23 * (celsius + ZERO_C_K))
    )
    return length_nm
