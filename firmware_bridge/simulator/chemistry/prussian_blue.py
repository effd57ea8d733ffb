"""Prussian blue that precipitates while its reagents are mixed: first seeds, then more metal onto them.

K+ + Fe2+ + [Fe(CN)6]3- -> KFe[Fe(CN)6]. Only liquid that has been mixed reacts: what arrives by and by, with
the mixing time, meets particles that take it up before it can nucleate, so that slow mixing makes few and
large particles (Baldyga & Bourne, Turbulent Mixing and Chemical Reactions, Wiley 1999). Growth does not
depend on size, so the moments close (Hulburt & Katz, Chem. Eng. Sci. 19, 555 (1964)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.spheres import AVOGADRO

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIRST: Final = ("ferricyanide", "seed_metal", "water")
SECOND: Final = ("feed_metal",)
CELL_NM: Final = 1.02
"""Edge of the cubic cell, which holds four KFe[Fe(CN)6]: Ludi & Guedel, Struct. Bonding 14, 1 (1973)."""
BLUE_M3_MOL: Final = CELL_NM**3 * 1e-27 * AVOGADRO / 4.0
NM3_PER_MOL: Final = BLUE_M3_MOL * 1e27
_SPHERE: Final = math.pi / 6.0
_MOL_PER_NM3: Final = _SPHERE / NM3_PER_MOL
"""Solid in a third moment of 1."""
_FIRST_DROP: Final = 1e-2
"""Share of the liquid that is mixed at once, so that there is something to divide by."""
_SPENT: Final = 1e-6
"""Share of unmixed liquid, or of the scarce ion, below which nothing more happens."""
_WIDENING: Final = 0.1
"""A step over the time before it."""
_GAMMA: Final = 1.0 - 1.0 / math.sqrt(2.0)
_LEAST_MOL_M3: Final = 1e-6
_LEAST_S: Final = 1e-3
_ORDERS: Final = np.arange(4.0)[:, None]
_BELOW: Final = np.array([0, 0, 1, 2])
"""A moment grows by its order times the one below it."""


@dataclass(frozen=True, slots=True)
class BlueStocks:
    """All chosen."""

    ferricyanide_mol_m3: float = 0.4
    metal_mol_m3: float = 0.4


@dataclass(frozen=True, slots=True)
class BlueRates:
    """All chosen, at room temperature, so that particles of 20 to 150 nm form within seconds."""

    growth_m_s: float = 2e-2
    """Of the ion that is scarce, onto a surface."""
    nucleation_m9_mol3_s: float = 3.0
    """Of second order in either ion."""
    nucleus_units: float = 50.0
    """KFe[Fe(CN)6] in a nucleus."""

    @property
    def nucleus_nm(self) -> float:
        """Diameter of a nucleus."""
        return float(np.cbrt(self.nucleus_units / AVOGADRO * NM3_PER_MOL / _SPHERE))


@dataclass(frozen=True, slots=True)
class Blue:
    """n parcels, each array of shape (n,); moments of the diameter in nm^k per m3 of liquid."""

    ferricyanide_mol_m3: NDArray[np.float64]
    metal_mol_m3: NDArray[np.float64]
    number_per_m3: NDArray[np.float64]
    moment1: NDArray[np.float64]
    moment2: NDArray[np.float64]
    moment3: NDArray[np.float64]

    @property
    def solid_mol_m3(self) -> NDArray[np.float64]:
        return self.moment3 * _MOL_PER_NM3

    @property
    def rows(self) -> NDArray[np.float64]:
        return np.stack(
            (
                self.ferricyanide_mol_m3,
                self.metal_mol_m3,
                self.number_per_m3,
                self.moment1,
                self.moment2,
                self.moment3,
            )
        )

    def thinned(self, share: NDArray[np.float64], metal_mol_m3: NDArray[np.float64]) -> Blue:
        """Give this liquid as `share` of the whole, with metal that comes in the rest of it."""
        rows = self.rows * share
        rows[1] += metal_mol_m3
        return Blue(*rows)


@dataclass(frozen=True, slots=True)
class BlueGrowth:
    """Composition, times and mixing times in, particles out."""

    stocks: BlueStocks = field(default_factory=BlueStocks)
    rates: BlueRates = field(default_factory=BlueRates)

    def fed_mol_m3(self, fractions: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give ferricyanide and metal, each (n,); fractions (n, 4) in the order of FIRST, then SECOND."""
        ferricyanide, seed_metal, _, feed_metal = fractions.T
        stocks = self.stocks
        return ferricyanide * stocks.ferricyanide_mol_m3, (seed_metal + feed_metal) * stocks.metal_mol_m3

    def grow(
        self,
        fractions: NDArray[np.float64],
        mixing_s: NDArray[np.float64],
        seeding_s: NDArray[np.float64],
        feeding_s: NDArray[np.float64],
    ) -> Blue:
        """Mix the first streams for `seeding_s`, then all for `feeding_s`; arrays (n,), fractions (n, 4).

        What the first mixer left unmixed is mixed with everything in the second.
        """
        ferricyanide, seed_metal, water, feed_metal = fractions.T
        first = np.maximum(ferricyanide + seed_metal + water, 1e-9)
        stocks = self.stocks
        none = np.zeros_like(first)
        met = Blue(
            ferricyanide / first * stocks.ferricyanide_mol_m3,
            seed_metal / first * stocks.metal_mol_m3,
            *(none,) * 4,
        )
        seeds = self.precipitate(met, mixing_s, seeding_s)
        fed = seeds.thinned(ferricyanide + seed_metal + water, feed_metal * stocks.metal_mol_m3)
        return self.precipitate(fed, mixing_s, feeding_s)

    def precipitate(self, arriving: Blue, mixing_s: NDArray[np.float64], time_s: NDArray[np.float64]) -> Blue:
        """Let liquid of this mean composition be mixed, and react once it is, over `time_s`, shape (n,).

        What is mixed has the elements of the mean, so that the moments there tell what is dissolved. They are
        stepped by the method of Verwer et al., SIAM J. Sci. Comput. 20, 1456 (1999), which takes any step:
        where particles are many, ions are gone as fast as they come.
        """
        fed = arriving.solid_mol_m3 + arriving.rows[:2]
        scale = np.maximum(fed.min(axis=0), _LEAST_MOL_M3)
        outside = arriving.rows[2:]
        moments = outside.copy()
        liquid = _Mixed(fed, outside, self.rates)
        mixed = np.full(time_s.shape, _FIRST_DROP)
        coming = _coming(mixed, mixing_s)
        # The first step is short against the burst of nuclei, and against the second drop's arrival.
        shortest_s = np.minimum(self._burst_s(fed), _FIRST_DROP * mixing_s) * _WIDENING
        done, shortest = 0.0, float((shortest_s / np.maximum(time_s, _LEAST_S)).min())
        while done < 1.0:
            step = min(max(_WIDENING * done, shortest), 1.0 - done)
            mixed = 1.0 - (1.0 - _FIRST_DROP) * np.exp(-(done + step) * time_s / mixing_s)
            now, coming = coming, _coming(mixed, mixing_s)
            moments = liquid.step(moments, step * time_s, now, coming)
            done += step
            scarce = fed.min(axis=0) - moments[3] * _MOL_PER_NM3
            if float((1.0 - mixed + np.abs(scarce) / scale).max()) < _SPENT:
                break
        moments = mixed * moments + (1.0 - mixed) * outside
        return Blue(*(fed - moments[3] * _MOL_PER_NM3), *moments)

    def _burst_s(self, fed: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the time that nucleation would take in liquid that is mixed at once."""
        rates = self.rates
        ferricyanide, metal = np.maximum(fed, _LEAST_MOL_M3)
        meeting = ferricyanide * metal
        rise_m_s = 2.0 * BLUE_M3_MOL * rates.growth_m_s * meeting / (ferricyanide + metal)
        born = rates.nucleation_m9_mol3_s * meeting**2 * (AVOGADRO / rates.nucleus_units)
        volume = np.minimum(ferricyanide, metal) * BLUE_M3_MOL
        # Constant nucleation and growth fill a volume in (24 V / (pi J G^3))^(1/4).
        burst_s: NDArray[np.float64] = (24.0 * volume / (np.pi * born * rise_m_s**3)) ** 0.25
        return burst_s


class _Mixed:
    """Liquid that has been mixed, n parcels: how the moments of its particles change."""

    def __init__(self, fed: NDArray[np.float64], outside: NDArray[np.float64], rates: BlueRates) -> None:
        self._fed = fed
        self._outside = outside
        self._pace = 2e9 * BLUE_M3_MOL * rates.growth_m_s
        births = rates.nucleation_m9_mol3_s * AVOGADRO / rates.nucleus_units
        self._born = births * rates.nucleus_nm**_ORDERS

    def step(
        self,
        moments: NDArray[np.float64],
        h: NDArray[np.float64],
        coming_per_s: NDArray[np.float64],
        coming_later_per_s: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Step them by `h`, implicit in what precipitates and in what dilutes."""
        meeting, both = self._ions(moments)
        below = _ORDERS * moments[_BELOW]
        gain = self._pace * meeting / both * below + meeting**2 * self._born
        # Minus the derivative by what has precipitated: growth slows, and births become fewer.
        losses = self._pace * (1.0 - 2.0 * meeting / both**2) * below + 2.0 * meeting * both * self._born
        implicit = _GAMMA * _MOL_PER_NM3 * h * losses
        diluted = 1.0 + _GAMMA * h * coming_per_s
        last = diluted + implicit[3]

        def solve(right: NDArray[np.float64]) -> NDArray[np.float64]:
            solved: NDArray[np.float64] = (right - implicit * (right[3] / last)) / diluted
            return solved

        first = solve(h * (gain + coming_per_s * (self._outside - moments)))
        ahead = moments + first
        meeting, both = self._ions(ahead)
        gain = self._pace * meeting / both * (_ORDERS * ahead[_BELOW]) + meeting**2 * self._born
        second = solve(h * (gain + coming_later_per_s * (self._outside - ahead)) - 2.0 * first)
        return np.maximum(moments + 1.5 * first + 0.5 * second, 0.0)

    def _ions(self, moments: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give product and sum of what is dissolved; rounding may carry the last drop below zero."""
        ferricyanide, metal = np.maximum(self._fed - moments[3] * _MOL_PER_NM3, 0.0)
        return ferricyanide * metal, np.maximum(ferricyanide + metal, _LEAST_MOL_M3)


def _coming(mixed: NDArray[np.float64], mixing_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Liquid that is being mixed, per second, over what has been."""
    return (1.0 - mixed) / (mixing_s * mixed)


def size(blue: Blue, weight: NDArray[np.float64]) -> tuple[float, float]:
    """Mean diameter in nm by number and its coefficient of variation, over parcels mixed by `weight`."""
    number = float(blue.number_per_m3 @ weight)
    if number <= 0.0:
        return math.nan, math.nan
    mean_nm = float(blue.moment1 @ weight) / number
    variance_nm2 = float(blue.moment2 @ weight) / number - mean_nm**2
    return mean_nm, math.sqrt(max(variance_nm2, 0.0)) / mean_nm
