"""Extinction of a population of elongated particles, from a table over their size and aspect ratio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from firmware_bridge.simulator.optics.weights import cubic_weights, gaussian_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The step in ln(aspect) is the narrowest spread that a sum over the grid can show.
LEAST_SPREAD: Final = 0.05
_LOG_ASPECT: Final = np.arange(0.0, 2.0, LEAST_SPREAD)
# Even in its square root: retardation grows with the radius cubed, surface damping with its inverse.
_ROOT_RADIUS: Final = np.linspace(1.0, 8.5, 24)


class Shape(Protocol):
    """Extinction per volume (1/nm) of one shape; wavelengths, radius of equal volume and aspect broadcast."""

    def __call__(
        self,
        wavelength_nm: NDArray[np.float64],
        radius_nm: NDArray[np.float64] | float,
        aspect: NDArray[np.float64],
        /,
    ) -> NDArray[np.float64]: ...


class ElongatedOptics:
    """Radii of 1 to 72 nm, aspect ratios of 1 to 7, tabulated for one set of wavelengths."""

    def __init__(self, wavelength_nm: NDArray[np.float64], shape: Shape) -> None:
        radius_nm = (_ROOT_RADIUS**2)[:, None, None]
        aspect = np.exp(_LOG_ASPECT)[:, None]
        self._table = shape(wavelength_nm, radius_nm, aspect).reshape(-1, wavelength_nm.size)

    def extinction_per_mm(
        self,
        volume_fraction: NDArray[np.float64],
        radius_nm: NDArray[np.float64],
        aspect: NDArray[np.float64],
        aspect_spread: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Sum n populations to the napierian extinction (1/mm) at each wavelength; arrays of shape (n,).

        `volume_fraction` is m3 of metal per m3 of liquid; the spread is that of the logarithm.
        """
        aspects = gaussian_weights(_LOG_ASPECT, np.log(aspect), np.maximum(aspect_spread, LEAST_SPREAD))
        sizes = cubic_weights(_ROOT_RADIUS, np.sqrt(radius_nm))
        shares = np.einsum("n,nr,na->ra", volume_fraction, sizes, aspects)
        per_nm: NDArray[np.float64] = shares.ravel() @ self._table
        return per_nm * 1e6
