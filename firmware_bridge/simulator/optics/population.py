"""What a detector at the flow cell sees: the extinction of a population of plates and spheres.

Plates are taken as oblates of equal volume and aspect ratio. Both kinds are computed once on a grid;
a population is then a set of weights on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.interpolate import CubicSpline

from firmware_bridge.simulator.optics import sphere, spheroid
from firmware_bridge.simulator.optics.weights import cubic_weights, gaussian_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

PLATE_SCATTERING: Final = 0.5
SPHERE_SCATTERING: Final = 1.0
"""Kreibig's A, chosen inside the 0.25 to 1 reported for silver: the facets of a plate are smooth."""

# The step in ln(aspect) stays at the narrowest spread a population has (`chemistry.growth`), where a
# sum over the grid equals the integral over a Gaussian to 1e-4.
_LOG_ASPECT: Final = np.arange(0.0, 2.35, 0.055)
# Even in its square root: retardation grows with the radius cubed, surface damping with its inverse.
_ROOT_PLATE_RADIUS: Final = np.linspace(1.0, 9.5, 24)
_LOG_SPHERE_RADIUS: Final = np.arange(0.0, 4.3, 0.2)
_MIE_STEP_NM: Final = 5.0


@dataclass(frozen=True, slots=True)
class Particles:
    """Silver in n parcels of liquid, each array of shape (n,).

    Volume fractions are m3 of silver per m3 of liquid; spreads are standard deviations of the logarithm.
    """

    plate_volume: NDArray[np.float64]
    plate_radius_nm: NDArray[np.float64]
    """Of the sphere of equal volume."""
    plate_aspect: NDArray[np.float64]
    plate_spread: NDArray[np.float64]
    sphere_volume: NDArray[np.float64]
    sphere_radius_nm: NDArray[np.float64]
    sphere_spread: float


class PopulationOptics:
    """Extinction per volume of silver, tabulated for one set of wavelengths."""

    def __init__(self, wavelength_nm: NDArray[np.float64]) -> None:
        self.wavelength_nm = wavelength_nm
        self._plates = spheroid.extinction_per_volume(
            wavelength_nm,
            (_ROOT_PLATE_RADIUS**2)[:, None, None],
            np.exp(_LOG_ASPECT)[:, None],
            PLATE_SCATTERING,
        ).reshape(-1, wavelength_nm.size)
        self._spheres = _mie_table(wavelength_nm)

    def extinction_per_mm(self, particles: Particles, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum parcels by `weight`, shape (n,), to the napierian extinction (1/mm) at each wavelength."""
        aspects = gaussian_weights(_LOG_ASPECT, np.log(particles.plate_aspect), particles.plate_spread)
        sizes = cubic_weights(_ROOT_PLATE_RADIUS, np.sqrt(particles.plate_radius_nm))
        plates = np.einsum("n,nr,na->ra", weight * particles.plate_volume, sizes, aspects)
        spheres = (weight * particles.sphere_volume) @ gaussian_weights(
            _LOG_SPHERE_RADIUS,
            np.log(particles.sphere_radius_nm),
            np.full(weight.shape, particles.sphere_spread),
        )
        per_nm: NDArray[np.float64] = plates.ravel() @ self._plates + spheres @ self._spheres
        return per_nm * 1e6


def _mie_table(wavelength_nm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shape (sphere radii, wavelengths). The resonance of a sphere is smooth on the coarse grid."""
    count = int(np.ceil(np.ptp(wavelength_nm) / _MIE_STEP_NM)) + 1
    coarse_nm = np.linspace(wavelength_nm.min(), wavelength_nm.max(), max(count, 4))
    rows = [
        sphere.extinction_per_volume(coarse_nm, float(radius_nm), SPHERE_SCATTERING)
        for radius_nm in np.exp(_LOG_SPHERE_RADIUS)
    ]
    table: NDArray[np.float64] = CubicSpline(coarse_nm, np.array(rows), axis=1)(wavelength_nm)
    return table
