"""Extinction of log-normal spheres of one metal in water, from a table of Mie's series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.interpolate import CubicSpline

from firmware_bridge.simulator.optics import sphere

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.optics.constants import Metal

# Radii of 1 to 110 nm. The step is the narrowest spread below, where a sum equals the integral to 1e-3.
_LOG_RADIUS: Final = np.arange(0.0, 4.71, 0.08)
_LEAST_SPREAD: Final = 0.08
_STEP_NM: Final = 2.5
"""Narrow against the resonance of gold and silver spheres in water."""


class SphereOptics:
    """Extinction per volume of metal, tabulated for one set of wavelengths."""

    def __init__(self, wavelength_nm: NDArray[np.float64], metal: Metal) -> None:
        self.wavelength_nm = wavelength_nm
        coarse_nm = np.arange(wavelength_nm.min(), wavelength_nm.max() + _STEP_NM, _STEP_NM)
        rows = [
            sphere.extinction_per_volume(coarse_nm, float(radius_nm), metal.scattering, metal)
            for radius_nm in np.exp(_LOG_RADIUS)
        ]
        self._table: NDArray[np.float64] = CubicSpline(coarse_nm, np.array(rows), axis=1)(wavelength_nm)

    def extinction_per_mm(
        self,
        volume_fraction: NDArray[np.float64],
        log_median_nm: NDArray[np.float64],
        log_spread: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Sum n log-normals to the napierian extinction (1/mm) at each wavelength; arrays of shape (n,).

        `volume_fraction` is m3 of metal per m3 of liquid, the median that of the diameters by number.
        """
        spread = np.maximum(log_spread, _LEAST_SPREAD)
        # By volume, a log-normal's median lies three variances above that by number (Hatch & Choate).
        centre = np.clip(log_median_nm - np.log(2.0) + 3.0 * log_spread**2, _LOG_RADIUS[0], _LOG_RADIUS[-1])
        density = np.exp(-0.5 * ((_LOG_RADIUS - centre[:, None]) / spread[:, None]) ** 2)
        shares = volume_fraction @ (density / density.sum(axis=1, keepdims=True))
        per_nm: NDArray[np.float64] = shares @ self._table
        return per_nm * 1e6
