"""Turbidity of spheres that scatter and absorb nothing, such as lipid or silica: Mie's series in one table.

With one real index over that of the liquid, an efficiency depends on 2 pi r / lambda alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.optics.sphere import extinction_efficiency

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LOG_SIZE: Final = np.linspace(np.log(0.01), np.log(30.0), 600)
_COARSE: Final = 48
"""Wavelengths at which it is summed; between them runs a line, as nothing here is narrow."""
_nodes, _weights = np.polynomial.hermite_e.hermegauss(6)
_WEIGHTS: Final = _weights / _weights.sum()


class ClearSphereOptics:
    """Extinction per volume of solid; indices are real, and taken as the same at all wavelengths."""

    def __init__(self, wavelength_nm: NDArray[np.float64], index: float, medium_index: float) -> None:
        self._wavelength_nm = wavelength_nm
        self._coarse_nm = np.linspace(wavelength_nm.min(), wavelength_nm.max(), _COARSE)
        self._log_wave = np.log(2.0 * np.pi * medium_index / self._coarse_nm)
        size = np.exp(_LOG_SIZE)
        relative = np.full(size.shape, index / medium_index, dtype=np.complex128)
        self._log_efficiency = np.log(extinction_efficiency(relative, size))

    def extinction_per_mm(
        self,
        volume_fraction: NDArray[np.float64],
        log_median_nm: NDArray[np.float64],
        log_spread: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Sum n log-normals to the napierian extinction (1/mm) at each wavelength; arrays of shape (n,).

        `volume_fraction` is m3 of solid per m3 of liquid, the median that of the diameters by number.
        """
        # By volume, a log-normal's median lies three variances above that by number (Hatch & Choate).
        centre = log_median_nm - np.log(2.0) + 3.0 * log_spread**2
        log_radius = centre[:, None] + log_spread[:, None] * _nodes
        shares = (volume_fraction[:, None] * _WEIGHTS).ravel()
        log_size = log_radius.ravel()[:, None] + self._log_wave
        efficiency = np.exp(np.interp(log_size, _LOG_SIZE, self._log_efficiency))
        per_nm = (shares * 0.75 * np.exp(-log_radius.ravel())) @ efficiency
        per_mm: NDArray[np.float64] = np.interp(self._wavelength_nm, self._coarse_nm, per_nm) * 1e6
        return per_mm
