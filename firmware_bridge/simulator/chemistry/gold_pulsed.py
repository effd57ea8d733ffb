"""Gold spheres from Au(III) and citrate that two pulsing micropumps mix: nucleation goes on while they mix.

The mixing time is inversely proportional to the switching frequency, 95 ms at 200 Hz: Sugano et al.,
Microfluid. Nanofluid. 9, 1165 (2010). Each layer that is mixed nucleates by itself and then grows with what
has been mixed before it: the later, the smaller.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.gold_light import GOLD_M3_MOL
from firmware_bridge.simulator.chemistry.rates import arrhenius
from firmware_bridge.simulator.chemistry.spheres import (
    Kinetics,
    Spheres,
    grow,
    grow_while_mixing,
    none_yet,
)
from firmware_bridge.simulator.plant import mixing

if TYPE_CHECKING:
    from numpy.typing import NDArray

STREAMS: Final = ("gold", "citrate")
_MIXING_TIMES: Final = 8.0
"""After so many the liquid counts as mixed: e^-8 of it is not."""
_CITRATE_PER_GOLD: Final = 1.5
"""Moles of citrate, two electrons each, that reduce a mole of Au(III)."""


@dataclass(frozen=True, slots=True)
class PulsedStocks:
    """All chosen."""

    gold_mol_m3: float = 0.5
    citrate_mol_m3: float = 6.0


@dataclass(frozen=True, slots=True)
class PulsedRates:
    """Mixing after the paper; the rest chosen, at 25 degC, so that diameters are a few tens of nanometres."""

    mixing_s_hz: float = mixing.PULSED_S_HZ
    """Mixing time times switching frequency."""
    unpulsed_hz: float = mixing.UNPULSED_HZ
    """Frequency whose mixing the junction reaches without pulses."""
    nucleation_s: float = 0.3
    """How long a layer that has just been mixed nucleates by itself."""
    reduction_m3_mol_s: float = 4e-2
    reduction_j_mol: float = 50e3
    surface_m_s: float = 2e-4
    surface_j_mol: float = 40e3
    growth_m_s: float = 1e-3
    nucleation_m3_mol_s: float = 1e-5
    nucleus_atoms: float = 100.0


@dataclass(frozen=True, slots=True)
class GoldByPulses:
    """Composition, frequency and temperature in, spheres out."""

    stocks: PulsedStocks = field(default_factory=PulsedStocks)
    rates: PulsedRates = field(default_factory=PulsedRates)

    def mixing_s(self, switching_hz: NDArray[np.float64]) -> NDArray[np.float64]:
        return mixing.pulsed_s(switching_hz, self.rates.mixing_s_hz, self.rates.unpulsed_hz)

    def gold_mol_m3(self, fractions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gold fed, from fractions of shape (n, 2) in the order of STREAMS."""
        return fractions[:, 0] * self.stocks.gold_mol_m3

    def grow(
        self,
        fractions: NDArray[np.float64],
        switching_hz: NDArray[np.float64],
        celsius: NDArray[np.float64],
        time_s: NDArray[np.float64],
    ) -> Spheres:
        """Grow n parcels, arrays of shape (n,), while and after they are mixed."""
        rates = self.rates
        gold = self.gold_mol_m3(fractions)
        citrate = fractions[:, 1] * self.stocks.citrate_mol_m3
        reduction = arrhenius(rates.reduction_m3_mol_s, rates.reduction_j_mol, celsius)
        excess = citrate / (citrate + _CITRATE_PER_GOLD * gold + 1e-12)
        kinetics = Kinetics(
            molar_volume_m3_mol=GOLD_M3_MOL,
            growth_m_s=rates.growth_m_s,
            surface_m_s=arrhenius(rates.surface_m_s, rates.surface_j_mol, celsius) * excess,
            nucleation_m3_mol_s=rates.nucleation_m3_mol_s,
            nucleus_atoms=rates.nucleus_atoms,
        )

        def by_citrate(_at_s: NDArray[np.float64], left: NDArray[np.float64]) -> NDArray[np.float64]:
            spent = _CITRATE_PER_GOLD * (gold - left)
            return reduction * left * np.maximum(citrate - spent, 0.0)

        burst_s = np.minimum(rates.nucleation_s, time_s)
        mixing_s = self.mixing_s(switching_hz)
        meeting_s = np.minimum(_MIXING_TIMES * mixing_s, time_s - burst_s)
        fresh = grow(none_yet(gold), kinetics, by_citrate, burst_s)
        mixed = grow_while_mixing(fresh, kinetics, by_citrate, mixing_s, meeting_s)
        return grow(mixed, kinetics, by_citrate, time_s - burst_s - meeting_s)
