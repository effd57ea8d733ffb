"""Integrates a population of dots: its number, its solid and the spread of its radii.

The spread narrows where diffusion holds large dots back, widens where small ones dissolve into large ones,
and ends at that of a ripening population.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.dots import NUCLEUS_NM, Dots, moments, over_dots, units

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.chemistry.dots import Kinetics

LONGEST_S: Final = 3600.0
"""Liquid that stands longer counts as standing that long: all has been used up."""
_RIPE_SPREAD: Final = 0.2
"""Relative standard deviation at which ripening no longer widens; chosen."""
_CRITICAL_BAND: Final = 0.15
"""Width, over the mean radius, of the logistic share of dots that are below the critical one; chosen."""
_STEEPEST: Final = 30.0
_LEAST_EXCESS: Final = 1.0 + 1e-6
"""Monomer over its solubility below which there is no nucleation."""

_GAMMA: Final = 1.0 - math.sqrt(0.5)
_MOST_STEPS: Final = 600
_FIRST: Final = 1e-3
"""The first step, as a share of the time."""
_TOLERANCE: Final = 0.005
"""Error of a step over what it is of."""
_CAUTION: Final = 0.8
_OF_ITSELF: Final = np.array([[0.0], [1.0], [1.0]])
_LARGE_NM: Final = 4.0
"""Solid in dots of this radius is the number of dots against which an error in it is small."""


def grow(start: Dots, kinetics: Kinetics, time_s: NDArray[np.float64]) -> Dots:
    """Let n parcels react, each for its own time, array (n,).

    A W-method of second order (Verwer, Spee, Blom & Hundsdorfer, SIAM J. Sci. Comput. 20, 1456 (1999)) with
    steps that each parcel chooses by their error. Cation and anion are in precursor, monomer and solid, and
    are conserved to rounding.
    """
    time_s = np.minimum(time_s, LONGEST_S)
    rates = _Rates(kinetics, start.unit_nm3)
    at_hand = start.monomer_mol_m3 + start.solid_mol_m3
    scale = _scale(start, kinetics)
    state = np.array([start.solid_mol_m3, start.dots_mol_m3, start.spread_nm2_mol_m3])
    nothing_s = np.zeros_like(time_s)
    now_s, h = nothing_s, _FIRST * time_s
    supply = Supply(start, kinetics)
    before = supply.at(now_s)
    for step in range(_MOST_STEPS):
        left_s = time_s - now_s
        if not (left_s > 0.0).any():
            break
        # Steps are as short as their error asks; the last half of those allowed reaches the end in any case.
        least_s = left_s / (_MOST_STEPS - step) if step > _MOST_STEPS // 2 else nothing_s
        h = np.minimum(np.maximum(h, least_s), left_s)
        reached_s = now_s + h
        then = supply.at(reached_s)
        after, error = rates.step(state, (at_hand + before[0], at_hand + then[0]), before[1], h)
        worst = (np.abs(error) / (_TOLERANCE * (scale + _OF_ITSELF * after))).max(axis=0)
        is_good = (worst <= 1.0) | (h <= least_s)
        if is_good.all():
            state, before, now_s = after, then, reached_s
        else:
            state = np.where(is_good, after, state)
            before = np.where(is_good, then, before)
            now_s = np.where(is_good, reached_s, now_s)
        h = h * np.minimum(np.maximum(_CAUTION / np.sqrt(np.maximum(worst, 1e-9)), 0.2), 4.0)
    converted = supply.at(time_s)[0]
    solid, dots, spread = state
    return Dots(
        start.cation_mol_m3 - converted,
        start.anion_mol_m3 - converted,
        at_hand + converted - solid,
        solid,
        dots,
        spread,
        start.unit_nm3,
    )


class Supply:
    """Precursors of n parcels that become monomer: dx/dt = k (a - x) (b - x), in closed form."""

    def __init__(self, start: Dots, kinetics: Kinetics) -> None:
        self._constant = kinetics.conversion_m3_mol_s
        self._scarce = np.minimum(start.cation_mol_m3, start.anion_mol_m3)
        self._excess = np.maximum(np.abs(start.cation_mol_m3 - start.anion_mol_m3), 1e-9)
        self._plenty = self._scarce + self._excess
        self._product = self._scarce * self._plenty
        self._pace_per_s = -self._excess * self._constant

    def at(self, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give how much precursor has become monomer by then and how fast it does, (2, n)."""
        scarce = self._scarce
        reach = -np.expm1(self._pace_per_s * time_s) / self._excess
        converted = np.minimum(self._product * reach / (1.0 + scarce * reach), scarce)
        supply = np.empty((2, *converted.shape))
        supply[0] = converted
        supply[1] = self._constant * (scarce - converted) * (self._plenty - converted)
        return supply


def _scale(start: Dots, kinetics: Kinetics) -> NDArray[np.float64]:
    """Amounts of solid, dots and spread so small that errors count relative to them, (3, n)."""
    solid = start.monomer_mol_m3 + start.solid_mol_m3 + np.minimum(start.cation_mol_m3, start.anion_mol_m3)
    dots = 0.1 * (solid + 1e-9) / units(_LARGE_NM, start.unit_nm3)
    return np.array([0.03 * solid + 10.0 * kinetics.solubility_mol_m3, dots, dots])


class _Rates:
    """The rate laws of n parcels, as the integration wants them."""

    def __init__(self, kinetics: Kinetics, unit_nm3: float) -> None:
        self._kinetics = kinetics
        self._unit_nm3 = unit_nm3
        self._nucleus = units(NUCLEUS_NM, unit_nm3)
        self._sites = 4.0 * math.pi / unit_nm3
        self._inequality = 2.0 * kinetics.unequal**2

    def step(
        self,
        state: NDArray[np.float64],
        available: tuple[NDArray[np.float64], NDArray[np.float64]],
        supply: NDArray[np.float64],
        h: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Take solid, dots and spread by `h`; return them and the error, (3, n).

        `available` is monomer and solid before and after, `supply` how fast that rises. Implicit in what
        each quantity does to itself, and in what the solid, by taking monomer, does to nucleation.
        """
        ahead = _GAMMA * h
        change, decay, answer = self.slopes(state, available[0])
        implicit = 1.0 / (1.0 + ahead * decay)
        rising = np.zeros_like(state)
        rising[0] = ahead * decay[0] * supply
        rising[1] = ahead * answer * supply
        first = (change + rising) * implicit
        first[1] -= ahead * answer * first[0] * implicit[1]
        change, _, _ = self.slopes(state + h * first, available[1])
        second = (change - rising - 2.0 * first) * implicit
        second[1] -= ahead * answer * second[0] * implicit[1]
        return np.maximum(state + h * (1.5 * first + 0.5 * second), 0.0), 0.5 * h * (first + second)

    def slopes(
        self, state: NDArray[np.float64], available: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Give the rates of change (3, n), those of decay (3, n), and births per monomer and time (n,)."""
        laws = self._kinetics
        solid, dots, spread = np.maximum(state, 0.0)
        monomer = np.maximum(available - solid, 0.0)
        radius, variance = moments(solid, dots, spread, self._unit_nm3)
        grown = np.maximum(radius - NUCLEUS_NM, 0.0)
        over = over_dots(radius, laws)
        speed = laws.growth_nm_m3_mol_s / (1.0 + radius / laws.diffusion_nm)
        growth = speed * (monomer - over)
        log_excess = np.log(np.maximum(monomer / laws.solubility_mol_m3, _LEAST_EXCESS))
        born, per_monomer = self._births(monomer, log_excess)
        # Small dots feed large ones at this rate, once the critical radius has come up to theirs.
        feeding = speed * over * laws.capillary_nm / (radius * radius)
        closeness = (laws.capillary_nm / (log_excess * radius) - 1.0) / _CRITICAL_BAND
        lost = feeding / (1.0 + np.exp(np.minimum(-closeness, _STEEPEST)))
        ripe = variance / (_RIPE_SPREAD * radius) ** 2
        narrowing = 2.0 * (growth / (radius + laws.diffusion_nm) - feeding * (1.0 - ripe))
        surface = dots * self._sites * (radius * radius + variance)
        change, decay = np.empty_like(state), np.empty_like(state)
        change[0] = surface * growth + self._nucleus * born
        change[1] = born - lost * dots
        widened = grown * (grown * born + self._inequality * dots * np.abs(growth))
        change[2] = widened - (narrowing + lost) * spread
        decay[0] = surface * speed + self._nucleus * per_monomer
        decay[1] = lost
        decay[2] = np.maximum(narrowing, 0.0) + lost
        return change, decay, per_monomer

    def _births(
        self, monomer: NDArray[np.float64], log_excess: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give nuclei per time, and how much more of them one more monomer makes."""
        laws = self._kinetics
        hindrance = laws.barrier / (log_excess * log_excess)
        each = laws.nucleation_per_s * np.exp(-hindrance)
        return each * monomer, each * (1.0 + 2.0 * hindrance / log_excess)
