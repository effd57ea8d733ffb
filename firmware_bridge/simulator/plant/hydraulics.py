"""Viscosity, pressure drop and dispersion of PVA solutions in a capillary."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

_INTRINSIC_M3_KG: Final = 0.05
"""Intrinsic viscosity of PVA of about 30 kg/mol in water; chosen."""
_HUGGINS: Final = 0.5
_DIFFUSION_25C_M2_S: Final = 1.0e-9
"""Of small ions in water at 25 degC."""
_COIL: Final = 0.3
"""Dispersion in the coiled capillary over that in a straight one (secondary flow); chosen."""
_LEAST_VARIANCE: Final = 1e-4
MOST_VARIANCE: Final = 0.2
"""Past it Taylor's description of so short a tube ends anyway; it bounds the history that is kept."""


@dataclass(frozen=True, slots=True)
class Tube:
    """A capillary by its volume and bore."""

    volume_ul: float
    bore_mm: float

    @property
    def length_m(self) -> float:
        return self.volume_ul * 1e-9 / (math.pi / 4.0 * (self.bore_mm * 1e-3) ** 2)


def viscosity_pa_s(celsius: float, pva_kg_m3: float) -> float:
    """Water after Vogel (2.414e-5 Pa s x 10^(247.8 K / (T - 140 K))), PVA after Huggins."""
    water: float = 2.414e-5 * 10.0 ** (247.8 / (celsius + 273.15 - 140.0))
    thickening = _INTRINSIC_M3_KG * pva_kg_m3
    return water * (1.0 + thickening + _HUGGINS * thickening * thickening)


def pressure_drop_kpa(tube: Tube, flow_ul_s: float, celsius: float, pva_kg_m3: float) -> float:
    """Hagen and Poiseuille: 128 mu L Q / (pi d^4)."""
    bore_m = tube.bore_mm * 1e-3
    drop_pa = 128.0 * viscosity_pa_s(celsius, pva_kg_m3) * tube.length_m * flow_ul_s * 1e-9
    return drop_pa / (math.pi * bore_m**4) / 1000.0


def residence_variance(tube: Tube, residence_s: float, celsius: float, pva_kg_m3: float) -> float:
    """Variance of the residence time over its squared mean, by Taylor and Aris: 2 K / (u L).

    K = D + coil * (u a)^2 / (48 D): Aris, Proc. R. Soc. A 235, 67 (1956). D follows Stokes and Einstein.
    """
    ratio = (celsius + 273.15) / 298.15 * viscosity_pa_s(25.0, 0.0) / viscosity_pa_s(celsius, pva_kg_m3)
    diffusion = _DIFFUSION_25C_M2_S * ratio
    length_m = tube.length_m
    speed = length_m / max(residence_s, 1e-6)
    radius_m = tube.bore_mm * 0.5e-3
    spread = diffusion + _COIL * (speed * radius_m) ** 2 / (48.0 * diffusion)
    return min(max(2.0 * spread / (speed * length_m), _LEAST_VARIANCE), MOST_VARIANCE)
