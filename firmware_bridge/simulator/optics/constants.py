"""Optical constants as closed formulas: silver (Drude and one oscillator) and water (Sellmeier).

Silver: fitted to the measurements of Johnson & Christy, Phys. Rev. B 6, 4370 (1972), from 330 to 900 nm;
root mean square deviation |d eps| from 350 to 850 nm: 0.20. Published fits were compared with the same data
and are not used: Rakic et al., Appl. Opt. 37, 5271 (1998) is off by 3.1, the Drude model of Le Ru & Etchegoin
(Elsevier 2009) by 1.7, and Vial et al., Appl. Phys. A 103, 849 (2011), at 0.37, amplifies light from 410
to 580 nm. A sum of damped oscillators with positive strengths cannot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

HC_EV_NM: Final = 1239.841984
HBAR_EV_S: Final = 6.582119569e-16
FERMI_VELOCITY_NM_S: Final = 1.39e15
"""Of silver: Ashcroft & Mermin, Solid State Physics (1976)."""

_PLASMA_EV: Final = 9.17718
_DAMPING_EV: Final = 0.01845
_OSCILLATOR_STRENGTH: Final = 2.56155
_OSCILLATOR_EV: Final = 6.25191
_OSCILLATOR_DAMPING_EV: Final = 0.54967

# Daimon & Masumura, Appl. Opt. 46, 3811 (2007), 20 degC: strengths, and squared resonances in um^2.
_WATER_SELLMEIER: Final = (
    (5.684027565e-1, 5.101829712e-3),
    (1.726177391e-1, 1.821153936e-2),
    (2.086189578e-2, 2.620722293e-2),
    (1.130748688e-1, 1.069792721e1),
)


def silver_permittivity(
    wavelength_nm: NDArray[np.float64], surface_damping_ev: NDArray[np.float64] | float = 0.0
) -> NDArray[np.complex128]:
    """Relative permittivity with positive imaginary part; arguments broadcast against each other.

    `surface_damping_ev` adds to the collision rate of the free electrons (see `surface_damping`).
    """
    photon_ev = HC_EV_NM / wavelength_nm
    damping = 1j * np.asarray(_DAMPING_EV + surface_damping_ev, dtype=np.complex128)
    free = _PLASMA_EV**2 / (photon_ev * (photon_ev + damping))
    bound = (_OSCILLATOR_STRENGTH * _OSCILLATOR_EV**2) / (
        _OSCILLATOR_EV**2 - photon_ev**2 - 1j * photon_ev * _OSCILLATOR_DAMPING_EV
    )
    permittivity: NDArray[np.complex128] = 1.0 - free + bound
    return permittivity


def surface_damping_ev(
    mean_path_nm: NDArray[np.float64] | float, scattering: float
) -> NDArray[np.float64] | float:
    """Collisions of electrons with the surface: hbar A v_F / L (Kreibig & Vollmer, Springer 1995).

    For any convex body L = 4 V / S (Coronado & Schatz, J. Chem. Phys. 119, 3926 (2003)).
    """
    return scattering * HBAR_EV_S * FERMI_VELOCITY_NM_S / mean_path_nm


def water_index(wavelength_nm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Refractive index of water at 20 degC, valid 182 to 1129 nm."""
    squared_um2 = (wavelength_nm / 1000.0) ** 2
    index_squared = np.ones_like(squared_um2)
    for strength, resonance_um2 in _WATER_SELLMEIER:
        index_squared += strength * squared_um2 / (squared_um2 - resonance_um2)
    return np.sqrt(index_squared)
