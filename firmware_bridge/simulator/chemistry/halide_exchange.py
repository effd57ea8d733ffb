"""Cubes of CsPbBr3 that trade their bromide for iodide and chloride out of solution, in a shell of ligands.

Exchange is fast, reversible and goes to what lattice and solution agree on (Nedelcu et al., Nano Lett. 15,
5635 (2015); Akkerman et al., J. Am. Chem. Soc. 137, 10276 (2015)). Iodide and chloride meet in the lattice
only by way of bromide. A pair of amine and acid makes the ligand that covers a cube (De Roo et al., ACS Nano
10, 2071 (2016)); amine without acid dissolves it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.rates import GAS_CONSTANT, REFERENCE_K, ZERO_C_K, arrhenius

if TYPE_CHECKING:
    from numpy.typing import NDArray

SITES: Final = 3.0
"""Halides for each lead."""
_LEAST: Final = 1e-12
_SHELL_AT_ONCE: Final = 0.5
"""Share of the coverage that needs no conditioning; chosen."""
_LEAST_STEPS: Final = 24
_MOST_STEPS: Final = 1500
"""Liquid that stands longer than these can follow counts as standing that long: nothing changes any more."""
_TURNS_A_STEP: Final = 0.8
"""Fastest rate times step; Runge-Kutta is stable up to 2.8."""


@dataclass(frozen=True, slots=True)
class ExchangeStocks:
    """All chosen, in mol/m3."""

    lead_mol_m3: float = 4.0
    """As cubes of CsPbBr3."""
    iodide_mol_m3: float = 200.0
    """Twice the zinc iodide."""
    chloride_mol_m3: float = 120.0
    amine_mol_m3: float = 100.0
    acid_mol_m3: float = 100.0


@dataclass(frozen=True, slots=True)
class ExchangeRates:
    """All chosen, at 25 degC."""

    seed_nm: float = 9.0
    """Edge of the cubes in the stock."""
    iodide_m3_mol_s: float = 2.5e-4
    chloride_m3_mol_s: float = 5e-4
    exchange_j_mol: float = 35e3
    iodide_preference: float = 0.8
    """Equilibrium constant of iodide for bromide in the lattice."""
    chloride_preference: float = 2.0
    dissolving_mol_m3: float = 5.0
    """Amine that brings half of the zinc halides into solution."""
    shell_mol_m3: float = 1.5
    """Pairs of amine and acid that cover half of the surface."""
    shell_per_s: float = 0.05
    """How fast the shell comes to that in the mixer."""
    shell_j_mol: float = 40e3
    etching_m3_mol: float = 0.01
    """Share of a cube's edge that free amine takes, per concentration, in the time that the shell takes."""


@dataclass(frozen=True, slots=True)
class Exchanged:
    """n parcels, arrays (n,): halides in the lattice and in solution, in mol/m3, and the cubes."""

    lead_mol_m3: NDArray[np.float64]
    """In cubes."""
    dissolved_mol_m3: NDArray[np.float64]
    """Lead that amine has taken off the cubes, its bromide with it."""
    lattice_mol_m3: NDArray[np.float64]
    """Rows bromide, iodide, chloride; shape (3, n)."""
    free_mol_m3: NDArray[np.float64]
    bound_mol_m3: NDArray[np.float64]
    """Zinc halide that no amine has brought into solution; rows as above."""
    edge_nm: NDArray[np.float64]
    covered: NDArray[np.float64]
    """Share of the surface under ligands."""
    rate_per_s: NDArray[np.float64]
    """How fast the lattice came to what it is; what mixing competes with."""

    @property
    def iodide(self) -> NDArray[np.float64]:
        """Share of the lattice's halide; 0 where there are no cubes."""
        return self._share(1)

    @property
    def chloride(self) -> NDArray[np.float64]:
        """Share of the lattice's halide; 0 where there are no cubes."""
        return self._share(2)

    def _share(self, row: int) -> NDArray[np.float64]:
        sites = np.maximum(SITES * self.lead_mol_m3, _LEAST)
        share: NDArray[np.float64] = np.clip(self.lattice_mol_m3[row] / sites, 0.0, 1.0)
        return share


@dataclass(frozen=True, slots=True)
class Liquid:
    """What flows together, arrays (n,) in mol/m3, before anything has reacted."""

    lead: NDArray[np.float64]
    iodide: NDArray[np.float64]
    chloride: NDArray[np.float64]
    amine: NDArray[np.float64]
    acid: NDArray[np.float64]

    @property
    def pairs(self) -> NDArray[np.float64]:
        """Salts of amine and acid: what is scarce sets their amount."""
        return np.minimum(self.amine, self.acid)

    @property
    def free_amine(self) -> NDArray[np.float64]:
        return self.amine - self.pairs


@dataclass(frozen=True, slots=True)
class HalideExchange:
    """Composition, temperatures and times in, exchanged cubes out."""

    stocks: ExchangeStocks = field(default_factory=ExchangeStocks)
    rates: ExchangeRates = field(default_factory=ExchangeRates)

    def fed(self, shares: NDArray[np.float64]) -> Liquid:
        """Give what is in the liquid, from shares (n, 5) of seeds, amine, acid, iodide and chloride."""
        seeds, amine, acid, iodide, chloride = shares.T
        stocks = self.stocks
        return Liquid(
            lead=seeds * stocks.lead_mol_m3,
            iodide=iodide * stocks.iodide_mol_m3,
            chloride=chloride * stocks.chloride_mol_m3,
            amine=amine * stocks.amine_mol_m3,
            acid=acid * stocks.acid_mol_m3,
        )

    def conditioning_per_s(self, celsius: float) -> float:
        """How fast shells come to equilibrium in the mixer: the clock that each parcel brings from there.

        Scalar: it runs in every step of a plant.
        """
        inverse_k = 1.0 / (celsius + ZERO_C_K) - 1.0 / REFERENCE_K
        return self.rates.shell_per_s * math.exp(-self.rates.shell_j_mol / GAS_CONSTANT * inverse_k)

    def exchange(
        self,
        shares: NDArray[np.float64],
        conditioned: NDArray[np.float64],
        celsius: NDArray[np.float64],
        time_s: NDArray[np.float64],
    ) -> Exchanged:
        """Let n parcels exchange, arrays (n,) and (n, 5); `conditioned` is the mixer's clock.

        Runge-Kutta of fourth order, which keeps every halide to rounding.
        """
        rates, liquid = self.rates, self.fed(shares)
        shell = -np.expm1(-conditioned)
        kept = np.exp(-rates.etching_m3_mol * liquid.free_amine * shell)
        lead = liquid.lead * kept**3
        dissolved = liquid.amine / (liquid.amine + rates.dissolving_mol_m3)
        offered = np.array([np.zeros_like(lead), liquid.iodide, liquid.chloride])
        free = offered * dissolved
        free[0] = SITES * (liquid.lead - lead)
        state = np.array([SITES * lead, *np.zeros((2, time_s.size)), *free])
        speed = arrhenius(1.0, rates.exchange_j_mol, celsius)
        fastest_per_s = self._fastest_per_s(state, speed)
        state = self._integrate(state, speed, fastest_per_s, time_s)
        coverage = liquid.pairs / (liquid.pairs + rates.shell_mol_m3)
        return Exchanged(
            lead_mol_m3=lead,
            dissolved_mol_m3=liquid.lead - lead,
            lattice_mol_m3=state[:3],
            free_mol_m3=state[3:],
            bound_mol_m3=offered * (1.0 - dissolved),
            edge_nm=rates.seed_nm * kept,
            covered=coverage * (_SHELL_AT_ONCE + (1.0 - _SHELL_AT_ONCE) * shell),
            rate_per_s=fastest_per_s,
        )

    def _fastest_per_s(self, state: NDArray[np.float64], speed: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bound the rates of relaxation by all halide that takes part."""
        rates = self.rates
        halide = state.sum(axis=0)
        constant = max(
            rates.iodide_m3_mol_s * max(1.0, 1.0 / rates.iodide_preference),
            rates.chloride_m3_mol_s * max(1.0, 1.0 / rates.chloride_preference),
        )
        fastest: NDArray[np.float64] = constant * speed * halide
        return fastest

    def _integrate(
        self,
        state: NDArray[np.float64],
        speed: NDArray[np.float64],
        fastest_per_s: NDArray[np.float64],
        time_s: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        rates = self.rates
        time_s = np.minimum(time_s, _MOST_STEPS * _TURNS_A_STEP / np.maximum(fastest_per_s, _LEAST))
        steps = max(_LEAST_STEPS, math.ceil(float((time_s * fastest_per_s).max()) / _TURNS_A_STEP))
        h = time_s / steps
        iodide, chloride = rates.iodide_m3_mol_s * speed, rates.chloride_m3_mol_s * speed

        def slopes(state: NDArray[np.float64]) -> NDArray[np.float64]:
            bromide_in, iodide_in, chloride_in, bromide_out, iodide_out, chloride_out = state
            to_iodide = iodide * (iodide_out * bromide_in - iodide_in * bromide_out / rates.iodide_preference)
            to_chloride = chloride * (
                chloride_out * bromide_in - chloride_in * bromide_out / rates.chloride_preference
            )
            given = to_iodide + to_chloride
            return np.array([-given, to_iodide, to_chloride, given, -to_iodide, -to_chloride])

        for _ in range(steps):
            first = slopes(state)
            second = slopes(state + first * (h / 2.0))
            third = slopes(state + second * (h / 2.0))
            fourth = slopes(state + third * h)
            state = state + (first + 2.0 * (second + third) + fourth) * (h / 6.0)
        return state
