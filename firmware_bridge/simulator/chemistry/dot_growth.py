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

_MOST_STEPS: Final = 600
_FIRST: Final = 1e-3
"""The first step, as a share of the time."""
_TOLERANCE: Final = 0.005
"""Error of a step over what it is of."""
_CAUTION: Final = 0.7
_LEAST: Final = 0.2
_MOST: Final = 4.0
"""A step over the one before."""
_OF_ITSELF: Final = np.array([[0.0], [1.0], [1.0]])
_NUDGE: Final = 1e-6
"""What derivatives are differences over, as a share of the value and its scale."""
_UNIT: Final = np.eye(3)
_LARGE_NM: Final = 4.0
"""Solid in dots of this radius is the number of dots against which an error in it is small."""
_SMALL_NM2: Final = 0.1
"""A variance of radii against which an error in it is small."""
_SHORTEST_S: Final = 1e-30
"""What has no time left takes steps of nothing."""


def grow(start: Dots, kinetics: Kinetics, time_s: NDArray[np.float64]) -> Dots:
    """Let n parcels react, each for its own time, array (n,).

    The Rosenbrock method RODAS3, of third order and L-stable (Sandu et al., Atmos. Environ. 31, 3459 (1997)),
    with steps that each parcel chooses by their error. Cation and anion are in precursor, monomer and solid,
    and are conserved to rounding.
    """
    time_s = np.minimum(time_s, LONGEST_S)
    scale = _scale(start, kinetics)
    rates, supply = _Rates(start, kinetics, scale), Supply(start, kinetics)
    state = np.array([start.solid_mol_m3, start.dots_mol_m3, start.spread_nm2_mol_m3])
    nothing_s = np.zeros_like(time_s)
    now_s, h = nothing_s, _FIRST * time_s
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
        after, error = rates.step(state, before, then[0], h)
        worst = (np.abs(error) / (_TOLERANCE * (scale + _OF_ITSELF * after))).max(axis=0)
        is_good = (worst <= 1.0) | (h <= least_s)
        if is_good.all():
            state, before, now_s = after, then, reached_s
        else:
            state = np.where(is_good, after, state)
            before = np.where(is_good, then, before)
            now_s = np.where(is_good, reached_s, now_s)
        h = h * np.minimum(np.maximum(_CAUTION / np.cbrt(np.maximum(worst, 1e-9)), _LEAST), _MOST)
    converted = supply.at(time_s)[0]
    solid, dots, spread = state
    return Dots(
        start.cation_mol_m3 - converted,
        start.anion_mol_m3 - converted,
        rates.at_hand + converted - solid,
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
    return np.array([0.03 * solid + 10.0 * kinetics.solubility_mol_m3, dots, _SMALL_NM2 * dots])


class _Rates:
    """The rate laws of n parcels, as the integration wants them."""

    def __init__(self, start: Dots, kinetics: Kinetics, scale: NDArray[np.float64]) -> None:
        self.at_hand = start.monomer_mol_m3 + start.solid_mol_m3
        self._scale = scale
        self._kinetics = kinetics
        self._unit_nm3 = start.unit_nm3
        self._nucleus = units(NUCLEUS_NM, start.unit_nm3)
        self._sites = 4.0 * math.pi / start.unit_nm3
        self._inequality = 2.0 * kinetics.unequal**2

    def step(
        self,
        state: NDArray[np.float64],
        before: NDArray[np.float64],
        converted: NDArray[np.float64],
        h: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Take solid, dots and spread by `h`; return them and the error, (3, n).

        `before` is what `Supply.at` gave for the beginning, `converted` its first row for the end.
        """
        change, of_time, jacobian = self._derivatives(state, self.at_hand + before[0], before[1])
        available = self.at_hand + converted
        per_h = 1.0 / np.maximum(h, _SHORTEST_S)
        inverse = np.linalg.inv(2.0 * per_h[:, None, None] * _UNIT - jacobian)

        def solve(right: NDArray[np.float64]) -> NDArray[np.float64]:
            solved: NDArray[np.float64] = np.matmul(inverse, right.T[:, :, None])[:, :, 0].T
            return solved

        of_time *= h
        first = solve(change + 0.5 * of_time)
        second = solve(change + 4.0 * per_h * first + 1.5 * of_time)
        reached, turned = state + 2.0 * first, first - second
        third = solve(self.slopes(reached, available) + per_h * turned)
        reached += third
        error = solve(self.slopes(reached, available) + per_h * (turned - 8.0 / 3.0 * third))
        return np.maximum(reached + error, 0.0), error

    def _derivatives(
        self, state: NDArray[np.float64], available: NDArray[np.float64], supply: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Give the slopes (3, n), what time adds to them per second (3, n), and their Jacobian (n, 3, 3)."""
        nudge = np.empty((4, available.size))
        nudge[:3] = _NUDGE * (state + self._scale)
        nudge[3] = _NUDGE * (available + self._scale[0])
        states = np.repeat(state[:, None, :], 5, axis=1)
        for index in range(3):
            states[index, 1 + index] += nudge[index]
        availables = np.repeat(available[None, :], 5, axis=0)
        availables[4] += nudge[3]
        slopes = self.slopes(states, availables)
        change = slopes[:, 0]
        by = (slopes[:, 1:] - slopes[:, :1]) / nudge
        return change, by[:, 3] * supply, np.moveaxis(by[:, :3], 2, 0)

    def slopes(self, state: NDArray[np.float64], available: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the rates of change of solid, dots and spread (3, ..., n), with monomer and solid (..., n)."""
        laws = self._kinetics
        solid, dots, spread = np.maximum(state, 0.0)
        monomer = np.maximum(available - solid, 0.0)
        radius, variance = moments(solid, dots, spread, self._unit_nm3)
        grown = np.maximum(radius - NUCLEUS_NM, 0.0)
        over = over_dots(radius, laws)
        speed = laws.growth_nm_m3_mol_s / (1.0 + radius / laws.diffusion_nm)
        growth = speed * (monomer - over)
        log_excess = np.log(np.maximum(monomer / laws.solubility_mol_m3, _LEAST_EXCESS))
        born = laws.nucleation_per_s * np.exp(-laws.barrier / (log_excess * log_excess)) * monomer
        # Small dots feed large ones at this rate, once the critical radius has come up to theirs.
        feeding = speed * over * laws.capillary_nm / (radius * radius)
        closeness = (laws.capillary_nm / (log_excess * radius) - 1.0) / _CRITICAL_BAND
        lost = feeding / (1.0 + np.exp(np.minimum(-closeness, _STEEPEST)))
        ripe = variance / (_RIPE_SPREAD * radius) ** 2
        narrowing = 2.0 * (growth / (radius + laws.diffusion_nm) - feeding * (1.0 - ripe))
        change = np.empty_like(state)
        change[0] = dots * self._sites * (radius * radius + variance) * growth + self._nucleus * born
        change[1] = born - lost * dots
        widened = grown * (grown * born + self._inequality * dots * np.abs(growth))
        change[2] = widened - (narrowing + lost) * spread
        return change
