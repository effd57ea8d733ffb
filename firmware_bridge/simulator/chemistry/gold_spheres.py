"""Small gold spheres by a strong reductant; a surfactant slows their growth, so that more nuclei form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.chemistry.gold_light import GOLD_M3_MOL
from firmware_bridge.simulator.chemistry.rates import arrhenius
from firmware_bridge.simulator.chemistry.spheres import Kinetics, Spheres, grow, none_yet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STREAMS: Final = ("gold", "reductant", "surfactant", "water")
_REDUCTANT_PER_GOLD: Final = 1.5
"""Moles of it, two electrons each, that reduce a mole of Au(III)."""


@dataclass(frozen=True, slots=True)
class SphereStocks:
    """All chosen."""

    gold_mol_m3: float = 1.0
    reductant_mol_m3: float = 4.0
    surfactant_mol_m3: float = 100.0


@dataclass(frozen=True, slots=True)
class SphereRates:
    """All chosen, at 25 degC, so that spheres of 4 to 12 nm take a minute."""

    reduction_m3_mol_s: float = 0.12
    reduction_j_mol: float = 45e3
    growth_m_s: float = 1.2e-2
    growth_j_mol: float = 15e3
    surfactant_m3_mol: float = 0.5
    """Langmuir constant of the surfactant on gold; a covered surface does not grow."""
    surface_m_s: float = 2e-5
    nucleation_m3_mol_s: float = 2e-2
    nucleus_atoms: float = 60.0


@dataclass(frozen=True, slots=True)
class SphereGrowth:
    """Composition, temperature and time in, spheres out."""

    stocks: SphereStocks = field(default_factory=SphereStocks)
    rates: SphereRates = field(default_factory=SphereRates)

    def gold_mol_m3(self, fractions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gold fed, from fractions of shape (n, 4) in the order of STREAMS."""
        return fractions[:, 0] * self.stocks.gold_mol_m3

    def grow(
        self, fractions: NDArray[np.float64], celsius: NDArray[np.float64], time_s: NDArray[np.float64]
    ) -> Spheres:
        """Grow n parcels, arrays of shape (n,) and fractions (n, 4) in the order of STREAMS."""
        rates, stocks = self.rates, self.stocks
        gold = self.gold_mol_m3(fractions)
        reductant = fractions[:, 1] * stocks.reductant_mol_m3
        bare = 1.0 / (1.0 + rates.surfactant_m3_mol * fractions[:, 2] * stocks.surfactant_mol_m3)
        reduction = arrhenius(rates.reduction_m3_mol_s, rates.reduction_j_mol, celsius)
        kinetics = Kinetics(
            molar_volume_m3_mol=GOLD_M3_MOL,
            growth_m_s=arrhenius(rates.growth_m_s, rates.growth_j_mol, celsius) * bare,
            surface_m_s=rates.surface_m_s * bare,
            nucleation_m3_mol_s=rates.nucleation_m3_mol_s,
            nucleus_atoms=rates.nucleus_atoms,
        )

        def by_reductant(_at_s: NDArray[np.float64], left: NDArray[np.float64]) -> NDArray[np.float64]:
            spare = reductant - _REDUCTANT_PER_GOLD * (gold - left)
            delivered: NDArray[np.float64] = reduction * left * spare.clip(min=0.0)
            return delivered

        return grow(none_yet(gold), kinetics, by_reductant, time_s)
