"""CsPbBr3 platelets that thicken layer by layer, against the ligands on their faces.

A nucleus is two monolayers thick. A layer comes onto it where ligands have left its faces, and the more
slowly the thicker it is: on narrow facets a new layer forms more easily (Riedinger et al., Nat. Mater. 16,
743 (2017)). Heat makes ligands leave. n monolayers take n lead and n - 1 caesium (Weidman et al., ACS Nano
10, 7830 (2016)).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.rates import arrhenius

if TYPE_CHECKING:
    from numpy.typing import NDArray

STREAMS: Final = ("lead", "caesium", "ligand", "solvent")
THINNEST: Final = 2
MONOLAYERS: Final = np.arange(THINNEST, 10, dtype=np.float64)
"""The thickest does not grow on."""
_MOST_STEPS: Final = 1000
"""Liquid that stands longer than these can follow counts as standing that long."""
_LEAST_STEPS: Final = 12
_TURNS_A_STEP: Final = 0.6
"""Fastest rate times step. Runge-Kutta is stable up to 2.8; the burst of nuclei asks for less."""
_SPENT: Final = 1e-9
"""Share of the supply at first below which nothing more happens."""


def _stoichiometry() -> NDArray[np.float64]:
    """Give what a nucleus and each layer take and make: lead, caesium, platelets by thickness; columns."""
    table = np.zeros((2 + MONOLAYERS.size, MONOLAYERS.size))
    table[:3, 0] = -THINNEST, 1 - THINNEST, 1.0
    layer = np.arange(1, MONOLAYERS.size)
    table[:2, layer] = -1.0
    table[1 + layer, layer] = -1.0
    table[2 + layer, layer] = 1.0
    return table


_STOICHIOMETRY: Final = _stoichiometry()


@dataclass(frozen=True, slots=True)
class PlateletStocks:
    """All chosen."""

    lead_mol_m3: float = 1.0
    caesium_mol_m3: float = 1.0
    ligand_mol_m3: float = 20.0


@dataclass(frozen=True, slots=True)
class PlateletRates:
    """All chosen, at 25 degC, so that two to six monolayers are found between 40 and 120 degC."""

    nucleation_m9_mol3_s: float = 5.0
    """Of second order in lead and in caesium: a burst, over before much has grown."""
    nucleation_j_mol: float = 20e3
    layer_m3_mol_s: float = 2.0
    """Of lead onto a bare face that is two monolayers apart from the other."""
    layer_j_mol: float = 35e3
    thickness_penalty: float = 1.0
    """Logarithm by which a layer comes more slowly for each monolayer that is there."""
    ligand_m3_mol: float = 1.0
    """Langmuir constant of the ligand on a face."""
    ligand_heat_j_mol: float = -25e3


@dataclass(frozen=True, slots=True)
class Platelets:
    """n parcels. `layers_mol_m3`, shape (thicknesses, n), counts platelets by the lead in a layer of each."""

    lead_mol_m3: NDArray[np.float64]
    caesium_mol_m3: NDArray[np.float64]
    layers_mol_m3: NDArray[np.float64]

    @property
    def lead_held_mol_m3(self) -> NDArray[np.float64]:
        held: NDArray[np.float64] = MONOLAYERS @ self.layers_mol_m3
        return held

    @property
    def caesium_held_mol_m3(self) -> NDArray[np.float64]:
        held: NDArray[np.float64] = (MONOLAYERS - 1.0) @ self.layers_mol_m3
        return held


@dataclass(frozen=True, slots=True)
class PlateletGrowth:
    """Composition, temperature and time in, platelets out."""

    stocks: PlateletStocks = field(default_factory=PlateletStocks)
    rates: PlateletRates = field(default_factory=PlateletRates)

    def fed_mol_m3(
        self, fractions: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Give lead, caesium and ligand, each (n,), from fractions (n, 4) in the order of STREAMS."""
        lead, caesium, ligand, _ = fractions.T
        stocks = self.stocks
        return (
            lead * stocks.lead_mol_m3,
            caesium * stocks.caesium_mol_m3,
            ligand * stocks.ligand_mol_m3,
        )

    def grow(
        self, fractions: NDArray[np.float64], celsius: NDArray[np.float64], time_s: NDArray[np.float64]
    ) -> Platelets:
        """Integrate n parcels, arrays (n,) and (n, 4), with Runge-Kutta of fourth order.

        It keeps linear invariants: lead and caesium are conserved to rounding.
        """
        rates = self.rates
        lead, caesium, ligand = self.fed_mol_m3(fractions)
        binding = arrhenius(rates.ligand_m3_mol, rates.ligand_heat_j_mol, celsius) * ligand
        # Both faces have to be free of ligand where a layer is to come.
        bare = arrhenius(rates.layer_m3_mol_s, rates.layer_j_mol, celsius) / (1.0 + binding) ** 2
        layering = bare * np.exp(-rates.thickness_penalty * (MONOLAYERS[:-1, None] - THINNEST))
        birth = arrhenius(rates.nucleation_m9_mol3_s, rates.nucleation_j_mol, celsius)
        state = np.zeros((2 + MONOLAYERS.size, lead.size))
        state[0], state[1] = lead, caesium
        state = _Growing(birth, layering).integrate(state, time_s)
        return Platelets(state[0], state[1], state[2:])


class _Growing:
    """n parcels: births and layers at one temperature each."""

    def __init__(self, birth_m9_mol3_s: NDArray[np.float64], layering_m3_mol_s: NDArray[np.float64]) -> None:
        self._birth = birth_m9_mol3_s
        self._layering = layering_m3_mol_s

    def integrate(self, state: NDArray[np.float64], time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Step lead, caesium and platelets, shape (2 + thicknesses, n); each parcel as its rates ask."""
        least = _SPENT * _supply(state)[1]
        left_s, longest_s = time_s, time_s / _LEAST_STEPS
        for _ in range(_MOST_STEPS):
            meeting, supply = _supply(state)
            left_s = np.where(supply > least, left_s, 0.0)
            if not left_s.any():
                break
            chain = self._layering[0] * supply + (self._layering * state[2:-1]).sum(axis=0)
            fastest_per_s = chain + self._birth * meeting * state[:2].sum(axis=0)
            h = np.minimum(np.minimum(longest_s, left_s), _TURNS_A_STEP / np.maximum(fastest_per_s, 1e-9))
            first = self._slopes(state)
            second = self._slopes(state + first * (h / 2.0))
            third = self._slopes(state + second * (h / 2.0))
            fourth = self._slopes(state + third * h)
            state = state + (first + 2.0 * (second + third) + fourth) * (h / 6.0)
            left_s = np.maximum(left_s - h, 0.0)
        return state

    def _slopes(self, state: NDArray[np.float64]) -> NDArray[np.float64]:
        meeting, supply = _supply(state)
        events = np.empty_like(state[1:-1])
        events[0] = self._birth * meeting * meeting
        np.multiply(self._layering * supply, state[2:-1], out=events[1:])
        change: NDArray[np.float64] = _STOICHIOMETRY @ events
        return change


def _supply(state: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the product of free lead and caesium, and what sets the pace of a layer.

    Both enter it together; the scarcer one counts most.
    """
    free = np.maximum(state[:2], 0.0)
    meeting = free[0] * free[1]
    return meeting, meeting / np.maximum(free[0] + free[1], 1e-12)


def thickness(platelets: Platelets, weight: NDArray[np.float64]) -> tuple[float, float]:
    """Mean monolayers by number, and the share of platelets that have the commonest thickness."""
    counts = platelets.layers_mol_m3 @ weight
    total = float(counts.sum())
    if total <= 0.0:
        return float("nan"), float("nan")
    return float(MONOLAYERS @ counts) / total, float(counts.max()) / total
