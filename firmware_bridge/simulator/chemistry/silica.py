"""Silica from tetraethyl orthosilicate in ammoniacal ethanol: hydrolysis, nucleation, and growth over a day.

Hydrolysis is of first order and the slowest step (Matsoukas & Gulari, J. Colloid Interface Sci. 124, 252
(1988)); what has hydrolysed condenses once it is past its solubility. Both are catalysed by the same base, so
that everything is a function of one clock, the integral of the rate of hydrolysis over time. How many
particles stay follows the sizes that Bogush, Tracy & Zukoski found, J. Non-Cryst. Solids 104, 95 (1988).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIRST: Final = ("teos", "ethanol")
SECOND: Final = ("ammonia", "water")
WATER_BOUND: Final = 4.0
"""Water that one silicon takes to hydrolyse; half of it is free again once it has condensed."""
WATER_FREED: Final = 2.0
_GAS_J_MOL_K: Final = 8.314462618
_ROOM_K: Final = 298.15
_MOST_AMMONIA_M: Final = 3.0
_MOST_WATER_M: Final = 17.0
"""Where the correlation of sizes ends."""
_LEAST: Final = 1e-12


@dataclass(frozen=True, slots=True)
class SilicaStocks:
    """In ethanol; all chosen."""

    teos_mol_m3: float = 1000.0
    ammonia_mol_m3: float = 5000.0
    water_mol_m3: float = 30000.0


@dataclass(frozen=True, slots=True)
class SilicaRates:
    """All chosen, so that half has hydrolysed within some 40 minutes."""

    hydrolysis_per_s: float = 4e-4
    """With 1 M of ammonia and 7 M of water at 25 degC; of first order in either."""
    hydrolysis_j_mol: float = 25e3
    condensation: float = 4.0
    """Its rate over that of hydrolysis."""
    solubility_mol_m3: float = 5.0
    """Of hydrolysed silica."""
    size_j_mol: float = 12e3
    """A diameter becomes smaller with the temperature as exp(this / R T)."""
    molar_volume_m3_mol: float = 2.9e-5
    subparticle_nm: float = 10.0
    """Of what aggregates."""
    early_number: float = 60.0
    """Particles that are there at first for each that stays, and ..."""
    aggregation_conversion: float = 0.03
    """... the conversion in which e times fewer are left of them."""
    variation: float = 0.03
    """Of the diameters of large particles."""

    def hydrolysis_at(
        self,
        ammonia_mol_m3: NDArray[np.float64],
        water_mol_m3: NDArray[np.float64],
        celsius: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Give the rate in 1/s, shape (n,)."""
        base = ammonia_mol_m3 / 1000.0 * (water_mol_m3 / 7000.0)
        return self.hydrolysis_per_s * base * _arrhenius(self.hydrolysis_j_mol, celsius)


@dataclass(frozen=True, slots=True)
class Silica:
    """n parcels, each array of shape (n,): silicon by where it is, water left, and particles."""

    teos_mol_m3: NDArray[np.float64]
    hydrolysed_mol_m3: NDArray[np.float64]
    solid_mol_m3: NDArray[np.float64]
    water_mol_m3: NDArray[np.float64]
    diameter_nm: NDArray[np.float64]
    variation: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SilicaGrowth:
    """Composition, times and temperatures in, particles out."""

    stocks: SilicaStocks = field(default_factory=SilicaStocks)
    rates: SilicaRates = field(default_factory=SilicaRates)

    def fed_mol_m3(self, fractions: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Give orthosilicate, ammonia and water, each (n,); fractions (n, 4) as FIRST, then SECOND."""
        teos, _, ammonia, water = fractions.T
        stocks = self.stocks
        return teos * stocks.teos_mol_m3, ammonia * stocks.ammonia_mol_m3, water * stocks.water_mol_m3

    def age(
        self,
        fractions: NDArray[np.float64],
        times_s: tuple[NDArray[np.float64], ...],
        temperatures_c: tuple[NDArray[np.float64], ...],
    ) -> Silica:
        """Let liquid of this composition (n, 4) stand for these times, each at its temperature, all (n,)."""
        teos, ammonia, water = self.fed_mol_m3(fractions)
        clock, warmth = np.zeros(teos.shape), np.zeros(teos.shape)
        for time_s, celsius in zip(times_s, temperatures_c, strict=True):
            passed = self.rates.hydrolysis_at(ammonia, water, celsius) * np.maximum(time_s, 0.0)
            clock += passed
            warmth += passed * celsius
        mean_c = np.where(clock > 0.0, warmth / np.maximum(clock, _LEAST), temperatures_c[0])
        # No more hydrolyses than there is water for.
        able = np.minimum(teos, water / WATER_BOUND)
        hydrolysed, solid = self._condensed(able, clock)
        left = water - WATER_BOUND * (hydrolysed + solid) + WATER_FREED * solid
        final = np.maximum(able - self.rates.solubility_mol_m3, 0.0)
        diameter_nm = self._diameter_nm(self.final_nm(fractions, mean_c), solid, final)
        variation = np.hypot(
            self.rates.variation, (self.rates.subparticle_nm / np.maximum(diameter_nm, 1.0)) ** 1.5 / 3.0
        )
        return Silica(teos - hydrolysed - solid, hydrolysed, solid, left, diameter_nm, variation)

    def final_nm(self, fractions: NDArray[np.float64], celsius: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the diameter at the end: at 25 degC that of the correlation (mol/L), smaller when warmer."""
        teos, ammonia, water = (each / 1000.0 for each in self.fed_mol_m3(fractions))
        base, wet = np.minimum(ammonia, _MOST_AMMONIA_M), np.minimum(water, _MOST_WATER_M)
        front = np.sqrt(teos) * (82.0 - 151.0 * base + 1200.0 * base**2 - 366.0 * base**3)
        fading = 1.05 + 0.523 * base - 0.128 * base**2
        shrunk = _arrhenius(-self.rates.size_j_mol, celsius)
        found = front * wet**2 * np.exp(-fading * np.sqrt(wet)) * shrunk
        return np.asarray(np.maximum(found, self.rates.subparticle_nm), dtype=np.float64)

    def _condensed(
        self, able: NDArray[np.float64], clock: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give what is hydrolysed and dissolved, and what is solid: two reactions of first order in a row.

        Until solubility is passed there is no solid; what is above it then condenses.
        """
        soluble, ratio = self.rates.solubility_mol_m3, self.rates.condensation
        beginning = np.maximum(able - soluble, 0.0)
        starts = np.log(np.maximum(able, soluble) / np.maximum(beginning, _LEAST))
        since = np.maximum(clock - starts, 0.0)
        left, gone = np.exp(-since), np.exp(-ratio * since)
        above = beginning / (ratio - 1.0) * (left - gone)
        solid = np.where(clock > starts, np.maximum(beginning * (1.0 - left) - above, 0.0), 0.0)
        hydrolysed = np.where(clock > starts, able - beginning * left, able * -np.expm1(-clock))
        return hydrolysed - solid, solid

    def _diameter_nm(
        self, final_nm: NDArray[np.float64], solid: NDArray[np.float64], final: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Divide the solid among as many particles as stay, and those that have yet to aggregate."""
        rates = self.rates
        conversion = np.minimum(solid / np.maximum(final, _LEAST), 1.0)
        number = 1.0 + rates.early_number * np.exp(-conversion / rates.aggregation_conversion)
        found: NDArray[np.float64] = final_nm * np.cbrt(conversion / number)
        return found


@dataclass(frozen=True, slots=True)
class Conduction:
    """What carries current: ammonium and hydroxide, fewer the less water there is; all chosen."""

    base_constant_mol_m3: float = 1.8e-2
    """Of ammonia in water, 1.8e-5 mol/L; it falls as the square of the water."""
    pure_water_mol_m3: float = 55.5e3
    molar_s_m2: float = 4e-3
    silanol_mol_m3: float = 600.0
    """Solid whose surface binds half of the ammonium."""
    cell_per_m: float = 5.0

    def siemens_m(
        self, ammonia_mol_m3: NDArray[np.float64], silica: Silica, volume: float
    ) -> NDArray[np.float64]:
        """Give the conductivity; spheres that do not conduct hinder it (Maxwell 1873), `volume` in m3/mol."""
        wet = self.base_constant_mol_m3 * (silica.water_mol_m3 / self.pure_water_mol_m3) ** 2
        ions = np.sqrt(wet * ammonia_mol_m3) / (1.0 + silica.solid_mol_m3 / self.silanol_mol_m3)
        full = silica.solid_mol_m3 * volume
        found: NDArray[np.float64] = self.molar_s_m2 * ions * (1.0 - full) / (1.0 + 0.5 * full)
        return found


def size(silica: Silica, weight: NDArray[np.float64]) -> tuple[float, float]:
    """Mean diameter in nm and its coefficient of variation, over parcels mixed by `weight`; NaN of none."""
    number = silica.solid_mol_m3 * weight / np.maximum(silica.diameter_nm, _LEAST) ** 3
    number = np.where(silica.solid_mol_m3 > 0.0, number, 0.0)
    total = float(number.sum())
    if total <= 0.0:
        return math.nan, math.nan
    mean_nm = float(number @ silica.diameter_nm) / total
    squared = float(number @ (silica.diameter_nm**2 * (1.0 + silica.variation**2))) / total
    return mean_nm, math.sqrt(max(squared / mean_nm**2 - 1.0, 0.0))


def _arrhenius(barrier_j_mol: float, celsius: NDArray[np.float64]) -> NDArray[np.float64]:
    """Over its value at 25 degC."""
    inverse = 1.0 / (celsius + 273.15) - 1.0 / _ROOM_K
    found: NDArray[np.float64] = np.exp(-barrier_j_mol / _GAS_J_MOL_K * inverse)
    return found
