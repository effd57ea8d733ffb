"""Gold spheres written by light: Au(III) and citrate beneath a spot that is scanned along the channel.

A parcel is lit once, for the time that the spot takes to pass it; afterwards what is left of the precursor
reduces on the particles that the light has made. After Gherman et al., Mater. Res. Express 5, 085011 (2018).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.spheres import Kinetics, Spheres, grow, none_yet

if TYPE_CHECKING:
    from numpy.typing import NDArray

GOLD_M3_MOL: Final = 1.0206e-5
"""196.97 g/mol over 19.30 g/cm3."""
GROWTH_SPREAD: Final = 0.12
"""Of ln(diameter) among particles of one age; chosen."""
STREAMS: Final = ("gold", "citrate", "water")


@dataclass(frozen=True, slots=True)
class LightStocks:
    """All chosen."""

    gold_mol_m3: float = 0.5
    citrate_mol_m3: float = 10.0


@dataclass(frozen=True, slots=True)
class LightRates:
    """All chosen; they span absorption maxima from 525 to 560 nm over the twin's conditions."""

    photo_per_s: float = 5e-3
    """Reduction of bound Au(III) at full intensity."""
    binding: float = 3.0
    """Citrate over gold at which a quarter of the Au(III) is not bound: K of theta = K r / (1 + K r)."""
    surface_m_s: float = 4e-4
    growth_m_s: float = 2e-4
    nucleation_m3_mol_s: float = 1e-5
    nucleus_atoms: float = 300.0
    spot_um: float = 2000.0
    um_per_step: float = 1.0
    """Of the stage that scans the spot."""


@dataclass(frozen=True, slots=True)
class GoldByLight:
    """Composition and light in, spheres out."""

    stocks: LightStocks = field(default_factory=LightStocks)
    rates: LightRates = field(default_factory=LightRates)

    def gold_mol_m3(self, fractions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gold fed, from fractions of shape (n, 3) in the order of STREAMS."""
        return fractions[:, 0] * self.stocks.gold_mol_m3

    def grow(
        self,
        fractions: NDArray[np.float64],
        intensity: NDArray[np.float64],
        scan_hz: NDArray[np.float64],
        total_s: NDArray[np.float64],
    ) -> Spheres:
        """`intensity` 0 to 1 and `scan_hz` are means over the passage, `total_s` the time to the detector."""
        rates = self.rates
        gold = self.gold_mol_m3(fractions)
        ratio = fractions[:, 1] * self.stocks.citrate_mol_m3 / np.maximum(gold, 1e-12)
        bound = rates.binding * ratio / (1.0 + rates.binding * ratio)
        speed_um_s = np.maximum(scan_hz * rates.um_per_step, 1e-9)
        lit_s = np.minimum(rates.spot_um / speed_um_s, total_s)
        kinetics = Kinetics(
            molar_volume_m3_mol=GOLD_M3_MOL,
            growth_m_s=rates.growth_m_s,
            surface_m_s=rates.surface_m_s * bound,
            nucleation_m3_mol_s=rates.nucleation_m3_mol_s,
            nucleus_atoms=rates.nucleus_atoms,
        )

        def in_light(_at_s: NDArray[np.float64], left: NDArray[np.float64]) -> NDArray[np.float64]:
            return rates.photo_per_s * intensity * bound * left

        def in_the_dark(_at_s: NDArray[np.float64], left: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.zeros_like(left)

        written = grow(none_yet(gold), kinetics, in_light, lit_s)
        return grow(written, kinetics, in_the_dark, total_s - lit_s)
