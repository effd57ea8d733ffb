"""CsPbBr3 cubes that fall out of solution under four pairs of oleic acid and an amine.

Salts in a good solvent meet a poor one (Li et al., Adv. Funct. Mater. 26, 2435 (2016)), and cubes nucleate
and grow as dots of their volume do. Amine and acid exchange a proton; the pairs that they make cover the
cubes (De Roo et al., ACS Nano 10, 2071 (2016)). What is left of either acts too: acid holds lead back in
solution, amine turns cubes into Cs4PbBr6, which does not glow (Liu et al., J. Am. Chem. Soc. 139, 5309
(2017)). All magnitudes are chosen.
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
from firmware_bridge.simulator.optics.perovskite import UNIT_NM3

if TYPE_CHECKING:
    from numpy.typing import NDArray

AT_C: Final = 60.0
"""Where the constants hold that have an energy."""
EDGE_PER_RADIUS: Final = (4.0 / 3.0 * np.pi) ** (1.0 / 3.0)
"""Edge of a cube over the radius of a sphere of its volume."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Oleic acid with one amine, on the surface."""

    amine: str
    binding_m3_mol: float
    """Langmuir constant at AT_C."""
    binding_j_mol: float
    leak: float
    """Growth of a face covered by it over that of a bare one."""
    passivation: float
    """Quantum yield under it alone."""


PAIRS: Final = (
    Pair("butyl", 0.25, -15e3, leak=0.20, passivation=0.55),
    Pair("octyl", 0.60, -20e3, leak=0.10, passivation=0.80),
    Pair("dodecyl", 0.90, -25e3, leak=0.05, passivation=0.90),
    Pair("oleyl", 0.40, -30e3, leak=0.02, passivation=0.75),
)
"""Longer chains hold each other and keep more away; oleyl is kinked, so that fewer fit."""
STREAMS: Final = ("precursor", *(pair.amine for pair in PAIRS), "acid")


@dataclass(frozen=True, slots=True)
class LigandStocks:
    """All chosen, in mol/m3."""

    salts_mol_m3: float = 40.0
    """Lead bromide, and as much caesium bromide."""
    amine_mol_m3: float = 60.0
    """Of each of the four."""
    acid_mol_m3: float = 40.0


@dataclass(frozen=True, slots=True)
class LigandRates:
    """All chosen, at AT_C, so that cubes of 5 to 12 nm are found from 30 to 80 degC."""

    pairing_mol_m3: float = 2.0
    """Constant of the equilibrium of amine and acid with their pairs."""
    desolvation_m3_mol_s: float = 2.0
    desolvation_j_mol: float = 15e3
    growth_nm_m3_mol_s: float = 3.0
    growth_j_mol: float = 15e3
    diffusion_nm: float = 0.5
    solubility_mol_m3: float = 0.02
    solubility_j_mol: float = 20e3
    acid_mol_m3: float = 15.0
    """Free acid that doubles the solubility."""
    tension_j_m2: float = 0.012
    nucleation_per_s: float = 0.01
    barrier: float = 120.0
    unequal: float = 0.03
    depletion_m3_mol_s: float = 3e-4
    """Of cubes by free amine."""
    depletion_j_mol: float = 50e3
    defect_nm_s: float = 0.05
    """Speed of growth at which half of the cubes have a defect that quenches them."""
    stripping_mol_m3: float = 20.0
    """Free acid that takes the yield to a half."""


@dataclass(frozen=True, slots=True)
class LigandCubes:
    """n parcels, arrays (n,). Cubes count as dots of their volume; `depleted` is the share that went dark."""

    dots: Dots
    depleted: NDArray[np.float64]
    quantum_yield: NDArray[np.float64]
    """Of the cubes that are left."""

    @property
    def edge_nm(self) -> NDArray[np.float64]:
        edge_nm: NDArray[np.float64] = EDGE_PER_RADIUS * self.dots.radius_nm
        return edge_nm

    @property
    def edge_sigma_nm(self) -> NDArray[np.float64]:
        """Standard deviation of the edges."""
        sigma_nm: NDArray[np.float64] = EDGE_PER_RADIUS * self.dots.sigma_nm
        return sigma_nm

    @property
    def bright_mol_m3(self) -> NDArray[np.float64]:
        """Lead in cubes that are still CsPbBr3."""
        bright: NDArray[np.float64] = self.dots.solid_mol_m3 * (1.0 - self.depleted)
        return bright


@dataclass(frozen=True, slots=True)
class _Ligands:
    pairs: NDArray[np.float64]
    """Of each amine, (pairs, n)."""
    amine: NDArray[np.float64]
    """Free, of all kinds."""
    acid: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LigandGrowth:
    """Composition, temperature and time in, cubes out."""

    stocks: LigandStocks = field(default_factory=LigandStocks)
    rates: LigandRates = field(default_factory=LigandRates)

    def grow(
        self, fractions: NDArray[np.float64], celsius: NDArray[np.float64], time_s: NDArray[np.float64]
    ) -> LigandCubes:
        """Let n parcels react, arrays (n,) and (n, 6) in the order of STREAMS."""
        rates, salts = self.rates, fractions[:, 0] * self.stocks.salts_mol_m3
        ligands = self._ligands(fractions)
        binding = np.array(
            [carried(pair.binding_m3_mol, pair.binding_j_mol, AT_C, celsius) for pair in PAIRS]
        )
        held = binding * ligands.pairs
        bare = 1.0 / (1.0 + held.sum(axis=0))
        kinetics = self._kinetics(held * bare, bare, ligands.acid, celsius)
        dots = grow(precursors(salts, salts, UNIT_NM3), kinetics, time_s)
        depletion = carried(rates.depletion_m3_mol_s, rates.depletion_j_mol, AT_C, celsius)
        speed_nm_s = np.maximum(growth_nm_s(dots, kinetics), 0.0)
        passivated = np.array([pair.passivation for pair in PAIRS]) @ (held * bare)
        return LigandCubes(
            dots=dots,
            depleted=-np.expm1(-depletion * ligands.amine * time_s),
            quantum_yield=passivated
            / (1.0 + speed_nm_s / rates.defect_nm_s)
            / (1.0 + (ligands.acid / rates.stripping_mol_m3) ** 2),
        )

    def _ligands(self, fractions: NDArray[np.float64]) -> _Ligands:
        """Let amines and acid pair, all amines alike: p (p - A - H - K) + A H = 0."""
        amines = fractions[:, 1:-1].T * self.stocks.amine_mol_m3
        acid = fractions[:, -1] * self.stocks.acid_mol_m3
        amine = amines.sum(axis=0)
        half = 0.5 * (amine + acid + self.rates.pairing_mol_m3)
        paired = amine * acid / (half + np.sqrt(np.maximum(half**2 - amine * acid, 0.0)))
        share = paired / np.maximum(amine, 1e-12)
        return _Ligands(amines * share, amine - paired, acid - paired)

    def _kinetics(
        self,
        covered: NDArray[np.float64],
        bare: NDArray[np.float64],
        acid: NDArray[np.float64],
        celsius: NDArray[np.float64],
    ) -> Kinetics:
        rates, every = self.rates, np.ones_like(celsius)
        growing = bare + np.array([pair.leak for pair in PAIRS]) @ covered
        solubility = carried(rates.solubility_mol_m3, rates.solubility_j_mol, AT_C, celsius)
        return Kinetics(
            conversion_m3_mol_s=carried(rates.desolvation_m3_mol_s, rates.desolvation_j_mol, AT_C, celsius),
            growth_nm_m3_mol_s=growing * carried(rates.growth_nm_m3_mol_s, rates.growth_j_mol, AT_C, celsius),
            diffusion_nm=every * rates.diffusion_nm,
            solubility_mol_m3=solubility * (1.0 + acid / rates.acid_mol_m3),
            capillary_nm=capillary_nm(rates.tension_j_m2, UNIT_NM3, celsius),
            nucleation_per_s=every * rates.nucleation_per_s,
            barrier=every * rates.barrier,
            unequal=rates.unequal,
        )
