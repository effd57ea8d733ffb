"""Spheres that nucleate and grow, as the first four moments of their size distribution.

Monomer is in quasi steady state between delivery by reduction in solution, deposition on surfaces and
nucleation of second order (LaMer & Dinegar, J. Am. Chem. Soc. 72, 4847 (1950)); beside that the precursor
reduces on the surfaces that are there (the autocatalytic step of Watzky & Finke, J. Am. Chem. Soc. 119,
10382 (1997)). Growth does not depend on size, so the moments close (Hulburt & Katz, Chem. Eng. Sci. 19, 555
(1964)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

AVOGADRO: Final = 6.02214076e23
_NM: Final = 1e-9
_LEAST_CAPTURE_PER_S: Final = 1e-12
_STEPS: Final = 30
_POWER: Final = 3
_SPENT: Final = 25.0
"""Time constants after which no precursor is left. To go on would make the last steps unstable."""
_LEAST_RATE_PER_S: Final = 1e-9
"""Once in thirty years."""
_FIRST_DROP: Final = 1e-4
"""Share of the liquid that is mixed at once, so that there is something to divide by."""

Delivery: TypeAlias = "Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]"
"""Time into the stretch (s) and precursor left (mol/m3), each (n,), to mol/(m3 s) of monomer, (n,)."""


@dataclass(frozen=True, slots=True)
class Kinetics:
    """Constants of one material at one temperature; each either a number or of shape (n,)."""

    molar_volume_m3_mol: float
    growth_m_s: NDArray[np.float64] | float
    """Deposition of monomer on a surface, per concentration."""
    surface_m_s: NDArray[np.float64] | float
    """Reduction of precursor on a surface, per concentration."""
    nucleation_m3_mol_s: NDArray[np.float64] | float
    nucleus_atoms: float

    @property
    def nucleus_nm(self) -> float:
        """Diameter of a nucleus."""
        volume_m3 = self.nucleus_atoms / AVOGADRO * self.molar_volume_m3_mol
        return math.cbrt(6.0 / math.pi * volume_m3) / _NM


@dataclass(frozen=True, slots=True)
class Spheres:
    """n parcels, each array of shape (n,); moments of the diameter in nm^k per m3 of liquid."""

    precursor_mol_m3: NDArray[np.float64]
    number_per_m3: NDArray[np.float64]
    moment1: NDArray[np.float64]
    moment2: NDArray[np.float64]
    moment3: NDArray[np.float64]

    def solid_mol_m3(self, molar_volume_m3_mol: float) -> NDArray[np.float64]:
        """Material in the spheres."""
        return self.moment3 * (np.pi / 6.0 * _NM**3 / molar_volume_m3_mol)

    @property
    def log_median_nm(self) -> NDArray[np.float64]:
        """Logarithm of the median diameter of the log-normal with these moments; 0 where there are none."""
        there = self.number_per_m3 > 0.0
        mean_nm = np.where(there, self.moment1, 1.0) / np.where(there, self.number_per_m3, 1.0)
        return np.log(mean_nm) - self.log_spread**2 / 2.0

    @property
    def log_spread(self) -> NDArray[np.float64]:
        """Standard deviation of the logarithm of the diameter; 0 where there are none."""
        there = self.number_per_m3 > 0.0
        ratio = np.where(there, self.moment2 * self.number_per_m3, 1.0) / np.where(
            there, self.moment1**2, 1.0
        )
        return np.sqrt(np.log(np.maximum(ratio, 1.0)))


def none_yet(precursor_mol_m3: NDArray[np.float64]) -> Spheres:
    """Give liquid that holds precursor and no particle."""
    nothing = np.zeros(precursor_mol_m3.shape)
    return Spheres(precursor_mol_m3, nothing, nothing, nothing, nothing)


def grow(start: Spheres, kinetics: Kinetics, delivery: Delivery, time_s: NDArray[np.float64]) -> Spheres:
    """Integrate each parcel over its `time_s`, shape (n,)."""
    time_s = np.minimum(time_s, _SPENT / _fastest_per_s(start, kinetics, delivery))

    def slopes(state: NDArray[np.float64], at_s: NDArray[np.float64]) -> NDArray[np.float64]:
        return _slopes(state, at_s, kinetics, delivery)

    return Spheres(*_integrate(slopes, _state(start), time_s))


def _fastest_per_s(start: Spheres, kinetics: Kinetics, delivery: Delivery) -> NDArray[np.float64]:
    """Bound the rate at which precursor can vanish: in solution, and on all surface it could come to."""
    left = np.maximum(start.precursor_mol_m3, 1e-12)
    volume = (left + start.solid_mol_m3(kinetics.molar_volume_m3_mol)) * kinetics.molar_volume_m3_mol
    area_per_m = np.cbrt(36.0 * np.pi * np.maximum(start.number_per_m3, 1.0) * volume**2)
    rate_per_s = kinetics.surface_m_s * area_per_m + delivery(np.zeros(left.shape), left) / left
    return np.maximum(rate_per_s, _LEAST_RATE_PER_S)


def grow_while_mixing(
    fresh: Spheres,
    kinetics: Kinetics,
    delivery: Delivery,
    mixing_s: NDArray[np.float64],
    time_s: NDArray[np.float64],
) -> Spheres:
    """As `grow`, but the liquid arrives little by little, with the mixing time `mixing_s`, shape (n,).

    It arrives as `fresh`, having nucleated by itself, and grows on in what has been mixed before it: exchange
    with the mean (Villermaux & Devillon, 1972). What is not mixed by the end has kept its precursor.
    """
    arriving = _state(fresh)
    unmixed_mol_m3 = fresh.precursor_mol_m3 + fresh.solid_mol_m3(kinetics.molar_volume_m3_mol)

    def slopes(state: NDArray[np.float64], at_s: NDArray[np.float64]) -> NDArray[np.float64]:
        mixed, held = state[0], state[1:]
        arrival_per_s = (1.0 - _FIRST_DROP) * np.exp(-at_s / mixing_s) / mixing_s
        change = np.empty_like(state)
        change[0] = arrival_per_s
        change[1:] = _slopes(held / mixed, at_s, kinetics, delivery) * mixed + arrival_per_s * arriving
        return change

    first = np.concatenate((np.full((1, time_s.size), _FIRST_DROP), _FIRST_DROP * arriving))
    mixed, precursor, *rest = _integrate(slopes, first, time_s)
    return Spheres(precursor + (1.0 - mixed) * unmixed_mol_m3, *rest)


def _state(spheres: Spheres) -> NDArray[np.float64]:
    return np.stack(
        (
            spheres.precursor_mol_m3,
            spheres.number_per_m3,
            spheres.moment1,
            spheres.moment2,
            spheres.moment3,
        )
    )


def _integrate(
    slopes_at: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
    state: NDArray[np.float64],
    time_s: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Runge-Kutta of fourth order in the cube root of time: nucleation comes first and is over soon.

    It keeps linear invariants: precursor and spheres together hold what they held, to rounding.
    """

    def slopes(at: NDArray[np.float64], u: float) -> NDArray[np.float64]:
        return slopes_at(at, time_s * u**_POWER) * (time_s * (_POWER * u ** (_POWER - 1)))

    h = 1.0 / _STEPS
    for step in range(_STEPS):
        u = step * h
        first = slopes(state, u)
        second = slopes(state + first * (h / 2.0), u + h / 2.0)
        third = slopes(state + second * (h / 2.0), u + h / 2.0)
        fourth = slopes(state + third * h, u + h)
        state = state + (first + 2.0 * (second + third) + fourth) * (h / 6.0)
    return state


def _slopes(
    state: NDArray[np.float64], at_s: NDArray[np.float64], kinetics: Kinetics, delivery: Delivery
) -> NDArray[np.float64]:
    """Time derivative of precursor and moments, shape (5, n)."""
    precursor, number, moment1, moment2, _ = state
    # Rounding may carry the last drop below zero.
    left = np.maximum(precursor, 0.0)
    delivered = delivery(at_s, left)
    area_nm2 = np.maximum(moment2, 0.0)
    area_per_m = area_nm2 * (math.pi * _NM**2)
    capture = kinetics.growth_m_s * area_per_m
    # Monomer, from delivery = capture c + nucleation c^2.
    loss = np.sqrt(capture * capture + (4.0 * kinetics.nucleation_m3_mol_s) * delivered)
    monomer = 2.0 * delivered / np.maximum(capture + loss, _LEAST_CAPTURE_PER_S)
    born = (kinetics.nucleation_m3_mol_s * (AVOGADRO / kinetics.nucleus_atoms)) * (monomer * monomer)
    flux = kinetics.growth_m_s * monomer + kinetics.surface_m_s * left
    rise_nm_s = (2.0 * kinetics.molar_volume_m3_mol / _NM) * flux
    nucleus_nm = kinetics.nucleus_nm
    change = np.empty_like(state)
    # What is deposited, not what is delivered: equal but for the floor above, and then nothing is lost.
    change[0] = -(flux * area_per_m + born * (kinetics.nucleus_atoms / AVOGADRO))
    change[1] = born
    change[2] = rise_nm_s * number + born * nucleus_nm
    change[3] = (2.0 * rise_nm_s) * moment1 + born * nucleus_nm**2
    # The area of above: the third moment gains exactly what the precursor loses.
    change[4] = (3.0 * rise_nm_s) * area_nm2 + born * nucleus_nm**3
    return change


def moments(spheres: Spheres, weight: NDArray[np.float64]) -> tuple[float, float]:
    """Mean diameter in nm by number and its coefficient of variation, over parcels mixed by `weight`."""
    number = float(spheres.number_per_m3 @ weight)
    if number <= 0.0:
        return float("nan"), float("nan")
    mean_nm = float(spheres.moment1 @ weight) / number
    variance_nm2 = float(spheres.moment2 @ weight) / number - mean_nm**2
    return mean_nm, float(np.sqrt(max(variance_nm2, 0.0))) / mean_nm
