"""Spheroids in water: Gans' factors with the finite-size terms of Meier and Wokaun.

R. Gans, Ann. Phys. 342, 881 (1912); M. Meier and A. Wokaun, Opt. Lett. 8, 581 (1983).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from firmware_bridge.simulator.optics.constants import (
    GOLD,
    SILVER,
    Metal,
    surface_damping_ev,
    water_index,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NEARLY_ROUND: Final = 1e-4


def depolarisation(aspect: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """In-plane and out-of-plane factor of oblates with diameter / height = `aspect` >= 1.

    Twice the first plus the second is 1. Formula: Bohren & Huffman (Wiley 1983), section 5.3.
    """
    squared = np.asarray(aspect, dtype=np.float64) ** 2
    eccentricity2 = np.maximum(1.0 - 1.0 / squared, _NEARLY_ROUND)
    ratio = np.sqrt((1.0 - eccentricity2) / eccentricity2)
    exact = ratio / (2.0 * eccentricity2) * (np.pi / 2.0 - np.arctan(ratio)) - ratio**2 / 2.0
    # The closed form cancels to nothing at a sphere; its series there: 1/3 - e^2/15.
    series = 1.0 / 3.0 - (1.0 - 1.0 / squared) / 15.0
    in_plane = np.where(1.0 - 1.0 / squared > _NEARLY_ROUND, exact, series)
    return in_plane, 1.0 - 2.0 * in_plane


def mean_path_nm(radius_nm: NDArray[np.float64] | float, aspect: NDArray[np.float64]) -> NDArray[np.float64]:
    """4 V / S of oblates whose volume is that of a sphere of `radius_nm`."""
    major_nm = radius_nm * np.cbrt(aspect)
    eccentricity = np.sqrt(np.maximum(1.0 - 1.0 / aspect**2, _NEARLY_ROUND))
    # The polar term tends to 1 at a sphere.
    polar = (1.0 - eccentricity**2) / eccentricity * np.arctanh(eccentricity)
    surface_nm2 = 2.0 * np.pi * major_nm**2 * (1.0 + polar)
    return 4.0 * (4.0 / 3.0 * np.pi * np.asarray(radius_nm) ** 3) / surface_nm2


def prolate_depolarisation(
    aspect: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Long-axis and short-axis factor of prolates with length / width = `aspect` >= 1.

    The first plus twice the second is 1. Formula: Bohren & Huffman (Wiley 1983), section 5.3.
    """
    eccentricity2 = 1.0 - 1.0 / np.asarray(aspect, dtype=np.float64) ** 2
    eccentricity = np.sqrt(np.maximum(eccentricity2, _NEARLY_ROUND))
    exact = (1.0 - eccentricity**2) / eccentricity**2 * (np.arctanh(eccentricity) / eccentricity - 1.0)
    # The closed form cancels to nothing at a sphere; its series there: 1/3 - 2 e^2/15.
    along = np.where(eccentricity2 > _NEARLY_ROUND, exact, 1.0 / 3.0 - 2.0 / 15.0 * eccentricity2)
    return along, (1.0 - along) / 2.0


def prolate_mean_path_nm(
    radius_nm: NDArray[np.float64] | float, aspect: NDArray[np.float64]
) -> NDArray[np.float64]:
    """4 V / S of prolates whose volume is that of a sphere of `radius_nm`."""
    minor_nm = radius_nm / np.cbrt(aspect)
    eccentricity = np.sqrt(np.maximum(1.0 - 1.0 / aspect**2, _NEARLY_ROUND))
    # arcsin(e) / e tends to 1 at a sphere.
    surface_nm2 = 2.0 * np.pi * minor_nm**2 * (1.0 + aspect * np.arcsin(eccentricity) / eccentricity)
    return 4.0 * (4.0 / 3.0 * np.pi * np.asarray(radius_nm) ** 3) / surface_nm2


def extinction_per_volume(
    wavelength_nm: NDArray[np.float64],
    radius_nm: NDArray[np.float64] | float,
    aspect: NDArray[np.float64],
    scattering: float,
) -> NDArray[np.float64]:
    """Extinction cross-section over particle volume, in 1/nm, of randomly turned silver oblates in water.

    The three arrays broadcast. `scattering` is Kreibig's A of the surface damping.
    """
    in_plane, out_of_plane = depolarisation(aspect)
    major_nm = radius_nm * np.cbrt(aspect)
    axes = ((2.0 / 3.0, in_plane, major_nm), (1.0 / 3.0, out_of_plane, major_nm / aspect))
    path_nm = mean_path_nm(radius_nm, aspect)
    return _oriented_mean(wavelength_nm, radius_nm, axes, surface_damping_ev(path_nm, scattering), SILVER)


def rod_extinction_per_volume(
    wavelength_nm: NDArray[np.float64],
    radius_nm: NDArray[np.float64] | float,
    aspect: NDArray[np.float64],
    metal: Metal = GOLD,
) -> NDArray[np.float64]:
    """As `extinction_per_volume`, of prolates with length / width = `aspect`: the model of a rod."""
    along, across = prolate_depolarisation(aspect)
    minor_nm = radius_nm / np.cbrt(aspect)
    axes = ((1.0 / 3.0, along, minor_nm * aspect), (2.0 / 3.0, across, minor_nm))
    path_nm = prolate_mean_path_nm(radius_nm, aspect)
    damping_ev = surface_damping_ev(path_nm, metal.scattering)
    return _oriented_mean(wavelength_nm, radius_nm, axes, damping_ev, metal)


_Axis: TypeAlias = "tuple[float, NDArray[np.float64], NDArray[np.float64]]"
"""Share of orientations, depolarisation factor, half axis in nm."""


def _oriented_mean(
    wavelength_nm: NDArray[np.float64],
    radius_nm: NDArray[np.float64] | float,
    axes: tuple[_Axis, _Axis],
    damping_ev: NDArray[np.float64] | float,
    metal: Metal,
) -> NDArray[np.float64]:
    index = water_index(wavelength_nm)
    medium = index**2
    wavenumber = 2.0 * np.pi * index / wavelength_nm
    contrast = metal.permittivity(wavelength_nm, damping_ev) - medium
    volume_nm3 = 4.0 / 3.0 * np.pi * np.asarray(radius_nm) ** 3
    radiation = 1j * wavenumber**3 * volume_nm3 / (6.0 * np.pi)
    total = np.zeros(np.broadcast_shapes(contrast.shape, np.shape(radius_nm)))
    for weight, factor, half_axis_nm in axes:
        static = contrast / (medium + factor * contrast)
        dynamic = wavenumber**2 * volume_nm3 / (4.0 * np.pi * half_axis_nm)
        total += weight * wavenumber * (static / (1.0 - static * (dynamic + radiation))).imag
    return total
