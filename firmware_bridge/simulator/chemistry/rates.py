"""Rate constants of the silver synthesis and how temperature and composition move them.

All magnitudes are chosen (docs/twins/silver.md says by what); the forms are those of the literature.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.chemistry.streams import Liquid

GAS_CONSTANT: Final = 8.314462618
REFERENCE_K: Final = 298.15
ZERO_C_K: Final = 273.15


@dataclass(frozen=True, slots=True)
class Rates:
    """Values at 25 degC and activation energies."""

    reduction_m3_mol_s: float = 0.25
    """Of Ag(I) by undissociated ascorbic acid."""
    reduction_j_mol: float = 38e3
    anion_boost: float = 4.0
    """Rate of the ascorbate anion over that of the acid."""
    citrate_per_ascorbate: float = 1.0
    """Moles of citrate that half neutralise a mole of ascorbic acid."""

    adsorption_per_s: float = 2.5
    adsorption_j_mol: float = 30e3
    citrate_m3_mol: float = 26.0
    """Langmuir constant of citrate on Ag{111}."""
    citrate_heat_j_mol: float = -15e3
    pva_m3_kg: float = 0.12
    """Langmuir constant of PVA on the same sites."""

    growth_m_s: float = 0.03
    """Deposition on a bare facet, per concentration of monomer; diffusion to a 10 nm particle allows 0.1."""
    growth_j_mol: float = 20e3
    growth_pva_kg_m3: float = 15.0
    """PVA that halves the growth of every facet."""
    leak: float = 0.015
    """Growth of a facet covered by citrate, over that of a bare one."""
    leak_j_mol: float = 40e3

    nucleation_m3_mol_s: float = 5e-5
    nucleation_j_mol: float = 70e3
    nucleus_atoms: float = 300.0


def arrhenius(value: float, energy_j_mol: float, celsius: NDArray[np.float64]) -> NDArray[np.float64]:
    """`value` at 25 degC, carried to `celsius`."""
    inverse_k = 1.0 / (celsius + ZERO_C_K) - 1.0 / REFERENCE_K
    result: NDArray[np.float64] = value * np.exp(-energy_j_mol / GAS_CONSTANT * inverse_k)
    return result


def adsorption_per_s(rates: Rates, celsius: float) -> float:
    """How fast the caps approach their equilibrium in the mixer. Scalar: it runs in every step of a plant."""
    inverse_k = 1.0 / (celsius + ZERO_C_K) - 1.0 / REFERENCE_K
    return rates.adsorption_per_s * math.exp(-rates.adsorption_j_mol / GAS_CONSTANT * inverse_k)


def reduction(rates: Rates, liquid: Liquid, celsius: NDArray[np.float64]) -> NDArray[np.float64]:
    """Second-order constant of Ag(I) + ascorbate, m3/(mol s).

    Citrate takes protons from ascorbic acid (pKa 4.1); its anion reduces faster.
    """
    base = liquid.citrate_mol_m3
    acid = rates.citrate_per_ascorbate * liquid.ascorbate_mol_m3
    neutralised = base / np.maximum(base + acid, 1e-12)
    constant = arrhenius(rates.reduction_m3_mol_s, rates.reduction_j_mol, celsius)
    return constant * (1.0 + (rates.anion_boost - 1.0) * neutralised)


def citrate_coverage(
    rates: Rates, liquid: Liquid, mixer_c: NDArray[np.float64], exposure: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Share of Ag{111} sites that citrate holds when a parcel leaves the mixer, 0 to below 1.

    Competitive Langmuir adsorption with PVA, approached by first order; `exposure` is the integral of
    the adsorption rate over the time in the mixer. The reductant dilutes the parcel, the caps stay.
    """
    share = np.maximum(liquid.mixer_share, 1e-9)
    citrate = (
        arrhenius(rates.citrate_m3_mol, rates.citrate_heat_j_mol, mixer_c) * liquid.citrate_mol_m3 / share
    )
    pva = rates.pva_m3_kg * liquid.pva_kg_m3 / share
    return citrate / (1.0 + citrate + pva) * -np.expm1(-exposure)


def edge_growth_m_s(rates: Rates, liquid: Liquid, celsius: NDArray[np.float64]) -> NDArray[np.float64]:
    """Deposition on the edges, which citrate leaves bare and PVA hinders."""
    constant = arrhenius(rates.growth_m_s, rates.growth_j_mol, celsius)
    return constant / (1.0 + liquid.pva_kg_m3 / rates.growth_pva_kg_m3)


def selectivity(
    rates: Rates, coverage: NDArray[np.float64], celsius: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Growth of edges over growth of the capped basal facets, at least 1."""
    leak = np.minimum(arrhenius(rates.leak, rates.leak_j_mol, celsius), 1.0)
    return 1.0 / (1.0 - coverage * (1.0 - leak))


def nucleation_m3_mol_s(rates: Rates, celsius: NDArray[np.float64]) -> NDArray[np.float64]:
    """Second-order constant by which monomer forms new nuclei."""
    return arrhenius(rates.nucleation_m3_mol_s, rates.nucleation_j_mol, celsius)
