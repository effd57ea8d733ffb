"""Mixing times of the junctions and channels that streams meet in, and when they limit a reaction.

Each is the time after which e^-1 of the unmixedness is left. All but `diffusive_s` are scaling laws: their
sources give the powers, and the factors stand here by name. Arguments broadcast against each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

FOLD_WIDTHS: Final = 5.0
"""Widths of channel in which a staggered herringbone folds the streams e times thinner; chosen."""
TURNS: Final = 3.0
"""Turns of an electrothermal vortex that mix; chosen."""
ELECTROTHERMAL: Final = 5e-4
"""Speed of a vortex over eps sigma V^4 / (k mu l); chosen, for a gap between coplanar electrodes."""
WATER_PERMITTIVITY_F_M: Final = 6.95e-10
"""78.5 times that of the vacuum, at 25 degC."""
WATER_CONDUCTION_W_M_K: Final = 0.606
PULSED_S_HZ: Final = 19.0
"""Mixing time times frequency, 95 ms at 200 Hz: Sugano et al., Microfluid. Nanofluid. 9, 1165 (2010)."""
UNPULSED_HZ: Final = 5.0
"""Frequency whose mixing their junction reaches without pulses; chosen."""


def diffusive_s(width_m: ArrayLike, diffusion_m2_s: ArrayLike) -> NDArray[np.float64]:
    """Two streams side by side in a Y: w^2 / (pi^2 D), the slowest mode of diffusion across the width."""
    return np.asarray(np.square(width_m) / (np.pi**2 * np.asarray(diffusion_m2_s)), dtype=np.float64)


def herringbone_s(width_m: ArrayLike, speed_m_s: ArrayLike, diffusion_m2_s: ArrayLike) -> NDArray[np.float64]:
    """Staggered herringbone: a length that grows as ln(Pe), over the speed; diffusion where that is quicker.

    Stroock et al., Science 295, 647 (2002); Williams, Longmuir & Yager, Lab Chip 8, 1121 (2008).
    """
    return _folded(FOLD_WIDTHS * np.asarray(width_m), width_m, speed_m_s, diffusion_m2_s)


def slug_s(
    length_m: ArrayLike, width_m: ArrayLike, speed_m_s: ArrayLike, diffusion_m2_s: ArrayLike
) -> NDArray[np.float64]:
    """Inside a slug of this length, which slip along the wall stirs: (l / U) ln(Pe), Pe = U w / D.

    Song, Bringer, Tice, Gerdts & Ismagilov, Appl. Phys. Lett. 83, 4664 (2003); their factor is taken as 1.
    """
    return _folded(np.asarray(length_m), width_m, speed_m_s, diffusion_m2_s)


def electrothermal_speed_m_s(
    voltage_v: ArrayLike, gap_m: ArrayLike, conductivity_s_m: ArrayLike, viscosity_pa_s: ArrayLike
) -> NDArray[np.float64]:
    """Speed of the vortices that Joule heat drives in water above electrodes, for an effective voltage.

    eps sigma V^4 / (k mu l) times a number of the geometry: the heat grows as V^2, the force on the
    gradients that it makes as V^2 again. Ramos, Morgan, Green & Castellanos, J. Phys. D 31, 2338 (1998).
    """
    heat = WATER_PERMITTIVITY_F_M * np.asarray(conductivity_s_m) * np.asarray(voltage_v) ** 4.0
    resisted = WATER_CONDUCTION_W_M_K * np.asarray(viscosity_pa_s) * np.asarray(gap_m)
    return np.asarray(ELECTROTHERMAL * heat / resisted, dtype=np.float64)


def electrothermal_s(
    width_m: ArrayLike, vortex_m_s: ArrayLike, diffusion_m2_s: ArrayLike
) -> NDArray[np.float64]:
    """Streams that vortices of this speed stir beside their diffusion: without voltage a Y, then V^-4."""
    stirred_per_s = np.asarray(vortex_m_s) / (TURNS * np.asarray(width_m))
    return np.asarray(1.0 / (1.0 / diffusive_s(width_m, diffusion_m2_s) + stirred_per_s), dtype=np.float64)


def pulsed_s(
    frequency_hz: ArrayLike, pulsed_s_hz: float = PULSED_S_HZ, unpulsed_hz: float = UNPULSED_HZ
) -> NDArray[np.float64]:
    """Two piezo micropumps that take turns: inversely proportional to the frequency."""
    return np.asarray(pulsed_s_hz / np.maximum(frequency_hz, unpulsed_hz), dtype=np.float64)


def damkohler(rate_per_s: ArrayLike, mixing_s: ArrayLike) -> NDArray[np.float64]:
    """Mixing time over the reaction's: above 1, mixing is what limits it."""
    return np.asarray(np.asarray(rate_per_s) * np.asarray(mixing_s), dtype=np.float64)


def _folded(
    fold_m: NDArray[np.float64], width_m: ArrayLike, speed_m_s: ArrayLike, diffusion_m2_s: ArrayLike
) -> NDArray[np.float64]:
    """Chaotic folding over `fold_m`; where the flow is too slow for it, plain diffusion."""
    speed = np.maximum(np.asarray(speed_m_s, dtype=np.float64), _LEAST_M_S)
    peclet = speed * np.asarray(width_m) / np.asarray(diffusion_m2_s)
    folded_s = fold_m / speed * np.log(np.maximum(peclet, np.e))
    return np.asarray(np.minimum(folded_s, diffusive_s(width_m, diffusion_m2_s)), dtype=np.float64)


_LEAST_M_S: Final = 1e-12
