"""Viscosity, pressure drop and dispersion of a liquid in a capillary."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

_COIL: Final = 0.3
"""Dispersion in the coiled capillary over that in a straight one (secondary flow); chosen."""
_LEAST_VARIANCE: Final = 1e-4
MOST_VARIANCE: Final = 0.2
"""Past it Taylor's description of so short a tube ends anyway; it bounds the history that is kept."""


@dataclass(frozen=True, slots=True)
class Liquid:
    """A solvent, its viscosity after Vogel, and the polymer in it, which thickens it after Huggins."""

    viscosity_pa_s: float
    """Vogel's factor of mu = factor 10^(rise / (T - zero))."""
    rise_k: float
    zero_k: float
    diffusion_25c_m2_s: float
    """Of small solutes."""
    heat_j_ul_k: float
    intrinsic_m3_kg: float = 0.0
    huggins: float = 0.5


WATER: Final = Liquid(2.414e-5, 247.8, 140.0, 1.0e-9, 4.18e-3, intrinsic_m3_kg=0.05)
"""Ions in it diffuse at 1e-9 m2/s; the polymer is PVA of about 30 kg/mol, its intrinsic viscosity chosen."""

OCTADECENE: Final = Liquid(7.65e-5, 270.0, 140.0, 5.0e-10, 1.74e-3)
"""Through 3.9 mPa s at 25 degC and 1.1 mPa s at 100 degC; all chosen."""


@dataclass(frozen=True, slots=True)
class Tube:
    """A capillary by its volume and bore."""

    volume_ul: float
    bore_mm: float
    length_m: float = field(init=False, compare=False)
    poiseuille_m4: float = field(init=False, compare=False)
    """pi d^4, of the bore d."""

    def __post_init__(self) -> None:
        # Once, not in every step.
        bore_m = self.bore_mm * 1e-3
        object.__setattr__(self, "length_m", self.volume_ul * 1e-9 / (math.pi / 4.0 * bore_m**2))
        object.__setattr__(self, "poiseuille_m4", math.pi * bore_m**4)


def viscosity_pa_s(celsius: float, polymer_kg_m3: float, liquid: Liquid = WATER) -> float:
    """Solvent after Vogel (for water 2.414e-5 Pa s x 10^(247.8 K / (T - 140 K))), polymer after Huggins."""
    solvent: float = liquid.viscosity_pa_s * 10.0 ** (liquid.rise_k / (celsius + 273.15 - liquid.zero_k))
    thickening = liquid.intrinsic_m3_kg * polymer_kg_m3
    return solvent * (1.0 + thickening + liquid.huggins * thickening * thickening)


def pressure_drop_kpa(
    tube: Tube, flow_ul_s: float, celsius: float, polymer_kg_m3: float, liquid: Liquid = WATER
) -> float:
    """Hagen and Poiseuille: 128 mu L Q / (pi d^4)."""
    drop_pa = 128.0 * viscosity_pa_s(celsius, polymer_kg_m3, liquid) * tube.length_m * flow_ul_s * 1e-9
    return drop_pa / tube.poiseuille_m4 / 1000.0


def residence_variance(
    tube: Tube, residence_s: float, celsius: float, polymer_kg_m3: float, liquid: Liquid = WATER
) -> float:
    """Variance of the residence time over its squared mean, by Taylor and Aris: 2 K / (u L).

    K = D + coil * (u a)^2 / (48 D): Aris, Proc. R. Soc. A 235, 67 (1956). D follows Stokes and Einstein.
    """
    here_pa_s = viscosity_pa_s(celsius, polymer_kg_m3, liquid)
    ratio = (celsius + 273.15) / 298.15 * viscosity_pa_s(25.0, 0.0, liquid) / here_pa_s
    diffusion = liquid.diffusion_25c_m2_s * ratio
    length_m = tube.length_m
    speed = length_m / max(residence_s, 1e-6)
    radius_m = tube.bore_mm * 0.5e-3
    spread = diffusion + _COIL * (speed * radius_m) ** 2 / (48.0 * diffusion)
    return min(max(2.0 * spread / (speed * length_m), _LEAST_VARIANCE), MOST_VARIANCE)
