"""Metal spheres in water: Mie's series, with the electrons' collisions at the surface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import miepython
import numpy as np

from firmware_bridge.simulator.optics.constants import SILVER, Metal, surface_damping_ev, water_index

if TYPE_CHECKING:
    from numpy.typing import NDArray


def extinction_efficiency(index: NDArray[np.complex128], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Extinction cross-section over pi r^2; relative index n + ik, size 2 pi r / lambda."""
    # miepython takes n - ik.
    return np.asarray(miepython.efficiencies_mx(np.conj(index), size)[0], dtype=np.float64)


def extinction_per_volume(
    wavelength_nm: NDArray[np.float64], radius_nm: float, scattering: float, metal: Metal = SILVER
) -> NDArray[np.float64]:
    """Extinction cross-section over particle volume, in 1/nm, shape of `wavelength_nm`."""
    medium_index = water_index(wavelength_nm)
    damping_ev = surface_damping_ev(4.0 * radius_nm / 3.0, scattering)
    permittivity = metal.permittivity(wavelength_nm, damping_ev)
    index = np.asarray(np.sqrt(permittivity) / medium_index, dtype=np.complex128)
    size = 2.0 * np.pi * radius_nm * medium_index / wavelength_nm
    return extinction_efficiency(index, size) * 0.75 / radius_nm
