"""Gold that ascorbic acid deposits on seeds, and on the nuclei that form beside them.

Ascorbic acid turns Au(III) into Au(I) at once, and Au(I) into metal where metal is: on surfaces (the
autocatalytic step of Watzky & Finke, J. Am. Chem. Soc. 119, 10382 (1997)). Each gives two electrons. New
nuclei form of second order. All facets advance in proportion to one length, which is integrated; what is
dissolved follows from what has been deposited, so that gold is conserved to rounding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from firmware_bridge.simulator.chemistry.gold_light import GOLD_M3_MOL
from firmware_bridge.simulator.chemistry.spheres import AVOGADRO

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

NM3_PER_MOL: Final = GOLD_M3_MOL * 1e27
SPHERE_VOLUME: Final = math.pi / 6.0
"""Of diameter 1."""
_LEAST_STEPS: Final = 20
_MOST_STEPS: Final = 600
_TURNS_A_STEP: Final = 1.5
"""Fastest rate times step; Runge-Kutta is stable up to 2.8."""
_SPENT: Final = 1e-7
"""Share of the Au(I) that there is at first below which nothing more happens."""

SeedVolume: TypeAlias = "Callable[[NDArray[np.float64]], NDArray[np.float64]]"
"""Growth of a bare facet (nm, (n,)) to the volume of all seeds, nm3 per m3 of liquid, (n,)."""


@dataclass(frozen=True, slots=True)
class SeedStock:
    """Particles of one kind that growth starts from, each as a spheroid: `length_nm` >= `width_nm`."""

    number_per_m3: float
    width_nm: float
    length_nm: float
    log_spread: float
    """Standard deviation of the logarithm of their sizes."""

    @property
    def volume_nm3(self) -> float:
        """Of one seed."""
        return SPHERE_VOLUME * self.width_nm**2 * self.length_nm

    @property
    def gold_mol_m3(self) -> float:
        return self.number_per_m3 * self.volume_nm3 / NM3_PER_MOL


@dataclass(frozen=True, slots=True)
class OvergrowthRates:
    """Constants at one temperature, each a number or of shape (n,)."""

    surface_m_s: NDArray[np.float64] | float
    """Deposition on a bare facet, per concentration of Au(I)."""
    half_mol_m3: float
    """Ascorbic acid at which a facet is half as fast as with any excess."""
    nucleation_m3_mol_s: NDArray[np.float64] | float
    nucleus_atoms: float

    @property
    def nucleus_nm(self) -> float:
        """Diameter of a nucleus."""
        return float(np.cbrt(self.nucleus_atoms / AVOGADRO * NM3_PER_MOL / SPHERE_VOLUME))


@dataclass(frozen=True, slots=True)
class Overgrown:
    """n parcels, each array of shape (n,); moments of the nuclei's diameter in nm^k per m3 of liquid."""

    advance_nm: NDArray[np.float64]
    """Of a bare facet's diameter."""
    gold_left_mol_m3: NDArray[np.float64]
    """Au(III) and Au(I)."""
    nuclei_per_m3: NDArray[np.float64]
    moment1: NDArray[np.float64]
    moment2: NDArray[np.float64]
    moment3: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bath:
    """Growth solution with seeds in it, n parcels."""

    gold_mol_m3: NDArray[np.float64]
    """Fed as Au(III)."""
    ascorbate_mol_m3: NDArray[np.float64]
    seeds_per_m3: NDArray[np.float64]
    seed_volume: SeedVolume
    nuclei_pace: NDArray[np.float64]
    """Speed at which nuclei grow, over that of a bare facet."""

    @property
    def ready_mol_m3(self) -> NDArray[np.float64]:
        """Give the Au(I) that there is at first."""
        return np.minimum(self.gold_mol_m3, self.ascorbate_mol_m3)

    def deposited_mol_m3(self, state: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the gold that has come onto seeds and nuclei; `state` is advance and moments, shape (5, n)."""
        grown = self.seed_volume(state[0]) - self.seed_volume(np.zeros_like(state[0]))
        deposited: NDArray[np.float64] = (grown + SPHERE_VOLUME * state[4]) / NM3_PER_MOL
        return deposited

    def supply_mol_m3(self, deposited_mol_m3: NDArray[np.float64], half_mol_m3: float) -> NDArray[np.float64]:
        """Give Au(I) times the share of its speed that the ascorbic acid left allows."""
        spare = np.maximum(self.ascorbate_mol_m3 - self.ready_mol_m3 - deposited_mol_m3 / 2.0, 0.0)
        return np.maximum(self.ready_mol_m3 - deposited_mol_m3, 0.0) * spare / (spare + half_mol_m3)

    def pace_nm_s(self, surface_m_s: NDArray[np.float64] | float, half_mol_m3: float) -> NDArray[np.float64]:
        """Give the speed at which a bare facet's diameter grows at first."""
        supply = self.supply_mol_m3(np.zeros_like(self.gold_mol_m3), half_mol_m3)
        return np.asarray(2e9 * GOLD_M3_MOL * surface_m_s * supply, dtype=np.float64)


def overgrow(bath: Bath, rates: OvergrowthRates, time_s: NDArray[np.float64]) -> Overgrown:
    """Integrate each parcel over its `time_s`, shape (n,), with Runge-Kutta of fourth order."""
    pace_nm_m3_mol_s = 2.0 * GOLD_M3_MOL * 1e9 * np.asarray(rates.surface_m_s)
    nucleus_nm = rates.nucleus_nm

    born_per_mol2 = np.asarray(rates.nucleation_m3_mol_s) * (AVOGADRO / rates.nucleus_atoms)

    def slopes(state: NDArray[np.float64]) -> NDArray[np.float64]:
        supply = bath.supply_mol_m3(bath.deposited_mol_m3(state), rates.half_mol_m3)
        change = np.empty_like(state)
        change[0] = pace_nm_m3_mol_s * supply
        rise_nm_s = bath.nuclei_pace * change[0]
        change[1] = born = born_per_mol2 * supply * supply
        change[2] = rise_nm_s * state[1] + born * nucleus_nm
        change[3] = 2.0 * rise_nm_s * state[2] + born * nucleus_nm**2
        change[4] = 3.0 * rise_nm_s * state[3] + born * nucleus_nm**3
        return change

    fastest_per_s = _fastest_per_s(bath, rates, time_s)
    time_s = np.minimum(time_s, _MOST_STEPS * _TURNS_A_STEP / fastest_per_s)
    steps = max(_LEAST_STEPS, math.ceil(float((time_s * fastest_per_s).max()) / _TURNS_A_STEP))
    h = time_s / steps
    state = np.zeros((5, time_s.size))
    slowest_nm_s = _SPENT * bath.pace_nm_s(rates.surface_m_s, rates.half_mol_m3)
    for _ in range(steps):
        first = slopes(state)
        if (first[0] <= slowest_nm_s).all():
            break
        second = slopes(state + first * (h / 2.0))
        third = slopes(state + second * (h / 2.0))
        fourth = slopes(state + third * h)
        state = state + (first + 2.0 * (second + third) + fourth) * (h / 6.0)
    return Overgrown(state[0], bath.gold_mol_m3 - bath.deposited_mol_m3(state), *state[1:])


def _fastest_per_s(bath: Bath, rates: OvergrowthRates, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bound the rate at which Au(I) can vanish: on as many spheres as there can be, of all gold there is."""
    none = np.zeros_like(time_s)
    supply = bath.supply_mol_m3(none, rates.half_mol_m3)
    gold_nm3 = bath.ready_mol_m3 * NM3_PER_MOL + bath.seed_volume(none)
    born = rates.nucleation_m3_mol_s * supply**2 * (AVOGADRO / rates.nucleus_atoms)
    # No more nuclei than one every 100 nuclei's worth of gold can ever form and grow.
    most = bath.ready_mol_m3 * (AVOGADRO / rates.nucleus_atoms / 100.0)
    count = bath.seeds_per_m3 + np.minimum(born * time_s, most) + 1.0
    area_per_m = np.cbrt(36.0 * np.pi * count * gold_nm3**2) * 1e-18
    return np.maximum(np.asarray(rates.surface_m_s) * area_per_m, 1e-9)
