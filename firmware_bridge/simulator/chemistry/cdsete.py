"""CdSeTe dots in a heated capillary: selenium and tellurium compete for cadmium, and grow into one alloy.

Nucleation, growth and ripening are those of `chemistry.dots`, with both anions as one. Which of them has
reacted follows from their rates: in the same cadmium, dSe/dt = -k Cd Se and dTe/dt = -r k Cd Te leave
Te / Te0 = (Se / Se0)^r. Tellurium is the faster one (Bailey & Nie, J. Am. Chem. Soc. 125, 7100 (2003)).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.dot_growth import grow
from firmware_bridge.simulator.chemistry.dots import Dots, Kinetics, carried, precursors

if TYPE_CHECKING:
    from numpy.typing import NDArray

REAGENTS: Final = ("cadmium", "selenium", "tellurium")
CARRIER: Final = "carrier"
REFERENCE_C: Final = 220.0
"""At which the rates are given."""
UNIT_NM3: Final = 0.062
"""Of a formula unit, between those of CdSe (0.056) and CdTe (0.068), whatever the composition; chosen."""
_BISECTIONS: Final = 60
_LEAST: Final = 1e-9


@dataclass(frozen=True, slots=True)
class CdSeTeStocks:
    """All chosen, in mol/m3."""

    cadmium_mol_m3: float = 30.0
    selenium_mol_m3: float = 20.0
    tellurium_mol_m3: float = 20.0


@dataclass(frozen=True, slots=True)
class CdSeTeRates:
    """All chosen, at 220 degC, so that dots of 3 to 6 nm form within minutes."""

    conversion_m3_mol_s: float = 1.5e-3
    """Of selenium with cadmium."""
    conversion_j_mol: float = 60e3
    tellurium_over_selenium: float = 2.0
    """Bailey & Nie: tellurium reacts at least twice as fast."""
    growth_nm_m3_mol_s: float = 0.2
    growth_j_mol: float = 50e3
    diffusion_nm: float = 1.5
    solubility_mol_m3: float = 0.05
    solubility_j_mol: float = 40e3
    capillary_nm: float = 1.7
    nucleation_per_s: float = 0.1
    barrier: float = 60.0
    unequal: float = 0.08


@dataclass(frozen=True, slots=True)
class AlloyDots:
    """n parcels of alloy dots, and what is left of the anions' precursors, arrays (n,) in mol/m3."""

    dots: Dots
    selenium_mol_m3: NDArray[np.float64]
    tellurium_mol_m3: NDArray[np.float64]
    telluride: NDArray[np.float64]
    """Share of tellurium among the anions that have reacted; 0 where none has."""

    @property
    def selenium_held_mol_m3(self) -> NDArray[np.float64]:
        """In monomer and solid."""
        held: NDArray[np.float64] = self._held_mol_m3 * (1.0 - self.telluride)
        return held

    @property
    def tellurium_held_mol_m3(self) -> NDArray[np.float64]:
        """In monomer and solid."""
        held: NDArray[np.float64] = self._held_mol_m3 * self.telluride
        return held

    @property
    def _held_mol_m3(self) -> NDArray[np.float64]:
        return self.dots.monomer_mol_m3 + self.dots.solid_mol_m3


@dataclass(frozen=True, slots=True)
class CdSeTeGrowth:
    """Composition, temperature and time in, alloy dots out."""

    stocks: CdSeTeStocks = field(default_factory=CdSeTeStocks)
    rates: CdSeTeRates = field(default_factory=CdSeTeRates)

    def fed_mol_m3(
        self, shares: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Give cadmium, selenium and tellurium, each (n,), from shares of the liquid (n, 3)."""
        cadmium, selenium, tellurium = shares.T
        stocks = self.stocks
        return (
            cadmium * stocks.cadmium_mol_m3,
            selenium * stocks.selenium_mol_m3,
            tellurium * stocks.tellurium_mol_m3,
        )

    def grow(
        self, shares: NDArray[np.float64], celsius: NDArray[np.float64], time_s: NDArray[np.float64]
    ) -> AlloyDots:
        """Let n parcels react, arrays (n,) and (n, 3); every element is conserved to rounding."""
        cadmium, selenium, tellurium = self.fed_mol_m3(shares)
        anions = selenium + tellurium
        fed = tellurium / np.maximum(anions, _LEAST)
        dots = grow(precursors(cadmium, anions, UNIT_NM3), self._kinetics(fed, celsius), time_s)
        left = np.clip(dots.anion_mol_m3, 0.0, anions)
        selenium_left = _left(selenium, tellurium, left, self.rates.tellurium_over_selenium)
        tellurium_left = left - selenium_left
        reacted = anions - left
        telluride = np.where(
            reacted > _LEAST, (tellurium - tellurium_left) / np.maximum(reacted, _LEAST), fed
        )
        return AlloyDots(dots, selenium_left, tellurium_left, telluride)

    def _kinetics(self, fed: NDArray[np.float64], celsius: NDArray[np.float64]) -> Kinetics:
        rates, every = self.rates, np.ones(celsius.shape)
        faster = 1.0 + (rates.tellurium_over_selenium - 1.0) * fed
        return Kinetics(
            conversion_m3_mol_s=faster
            * carried(rates.conversion_m3_mol_s, rates.conversion_j_mol, REFERENCE_C, celsius),
            growth_nm_m3_mol_s=carried(rates.growth_nm_m3_mol_s, rates.growth_j_mol, REFERENCE_C, celsius),
            diffusion_nm=every * rates.diffusion_nm,
            solubility_mol_m3=carried(rates.solubility_mol_m3, rates.solubility_j_mol, REFERENCE_C, celsius),
            capillary_nm=every * rates.capillary_nm,
            nucleation_per_s=every * rates.nucleation_per_s,
            barrier=every * rates.barrier,
            unequal=rates.unequal,
        )


def _left(
    selenium: NDArray[np.float64], tellurium: NDArray[np.float64], left: NDArray[np.float64], ratio: float
) -> NDArray[np.float64]:
    """Selenium among the anions that are left, from Te / Te0 = (Se / Se0)^ratio, by bisection of Se / Se0."""
    low, high = np.zeros_like(left), np.ones_like(left)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        too_much = selenium * middle + tellurium * middle**ratio > left
        low, high = np.where(too_much, low, middle), np.where(too_much, middle, high)
    kept: NDArray[np.float64] = np.minimum(selenium * high, left)
    return kept
