"""Optical constants of Prussian blue: one oscillator, the charge transfer from Fe(II) to Fe(III).

Its band near 700 nm is that of Robin, Inorg. Chem. 1, 337 (1962); strength, width and background index are
chosen so that particles much smaller than the wavelength absorb 1e4 L/(mol cm) at its peak. An oscillator
keeps index and absorption consistent, so that larger particles scatter, and flatten and shift their band.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.optics.constants import HC_EV_NM, Metal

if TYPE_CHECKING:
    from numpy.typing import NDArray

BACKGROUND: Final = 2.4
"""Permittivity without the band."""
BAND_EV: Final = 1.61
DAMPING_EV: Final = 0.7
STRENGTH: Final = 1.26


def prussian_blue_permittivity(
    wavelength_nm: NDArray[np.float64], _surface_damping_ev: NDArray[np.float64] | float = 0.0, /
) -> NDArray[np.complex128]:
    """Relative permittivity with positive imaginary part; it has no free electrons to meet a surface."""
    photon_ev = HC_EV_NM / wavelength_nm
    band = STRENGTH * BAND_EV**2 / (BAND_EV**2 - photon_ev**2 - 1j * photon_ev * DAMPING_EV)
    return np.asarray(BACKGROUND + band, dtype=np.complex128)


PRUSSIAN_BLUE: Final = Metal("Prussian blue", prussian_blue_permittivity, 0.0)
