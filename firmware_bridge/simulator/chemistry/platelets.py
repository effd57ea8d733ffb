"""CsPbBr3 platelets that thicken layer by layer, against the ligands on their faces.

A nucleus is two monolayers thick. A layer comes onto it where ligands have left its faces, and the more
slowly the thicker it is: on narrow facets a new layer forms more easily (Riedinger et al., Nat. Mater. 16,
743 (2017)). Heat makes ligands leave. n monolayers take n lead and n - 1 caesium (Weidman et al., ACS Nano
10, 7830 (2016)).
"""

from __future__ import annotations

import math
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
_LEAST_STEPS: Final = 40
_MOST_STEPS: Final = 2000
"""Liquid that stands longer than these can follow counts as standing that long: all has been used up."""
_TURNS_A_STEP: Final = 1.5
"""Fastest rate times step; Runge-Kutta is stable up to 2.8."""


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
        fastest_per_s = layering[0] * np.minimum(lead, caesium) + birth * lead * caesium * (lead + caesium)
        longest_s = _MOST_STEPS * _TURNS_A_STEP / np.maximum(fastest_per_s, 1e-9)
        time_s = np.minimum(time_s, longest_s)
        steps = max(_LEAST_STEPS, math.ceil(float((time_s * fastest_per_s).max()) / _TURNS_A_STEP))
        h = time_s / steps

        def slopes(state: NDArray[np.float64]) -> NDArray[np.float64]:
            free_lead, free_caesium, layers = state[0], state[1], state[2:]
            meeting = np.maximum(free_lead, 0.0) * np.maximum(free_caesium, 0.0)
            # Lead and caesium of a new layer enter together; which is scarce sets the pace.
            supply = meeting / np.maximum(free_lead + free_caesium, 1e-12)
            born = birth * meeting**2
            thicker = layering * supply * layers[:-1]
            change = np.zeros_like(state)
            change[0] = -THINNEST * born - thicker.sum(axis=0)
            change[1] = -(THINNEST - 1) * born - thicker.sum(axis=0)
            change[2] = born
            change[2:-1] -= thicker
            change[3:] += thicker
            return change

        state = np.zeros((2 + MONOLAYERS.size, lead.size))
        state[0], state[1] = lead, caesium
        for _ in range(steps):
            first = slopes(state)
            second = slopes(state + first * (h / 2.0))
            third = slopes(state + second * (h / 2.0))
            fourth = slopes(state + third * h)
            state = state + (first + 2.0 * (second + third) + fourth) * (h / 6.0)
        return Platelets(state[0], state[1], state[2:])


def thickness(platelets: Platelets, weight: NDArray[np.float64]) -> tuple[float, float]:
    """Mean monolayers by number, and the share of platelets that have the commonest thickness."""
    counts = platelets.layers_mol_m3 @ weight
    total = float(counts.sum())
    if total <= 0.0:
        return float("nan"), float("nan")
    return float(MONOLAYERS @ counts) / total, float(counts.max()) / total
