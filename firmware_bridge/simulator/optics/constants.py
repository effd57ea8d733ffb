"""Optical constants: silver (Drude and one oscillator), gold (a table) and water (Sellmeier).

Silver: fitted to the measurements of Johnson & Christy, Phys. Rev. B 6, 4370 (1972), from 330 to 900 nm;
root mean square deviation |d eps| from 350 to 850 nm: 0.20. Published fits were compared with the same data
and are not used: Rakic et al., Appl. Opt. 37, 5271 (1998) is off by 3.1, the Drude model of Le Ru & Etchegoin
(Elsevier 2009) by 1.7, and Vial et al., Appl. Phys. A 103, 849 (2011), at 0.37, amplifies light from 410
to 580 nm. A sum of damped oscillators with positive strengths cannot.

Gold: the measurements of Johnson & Christy themselves, interpolated; no short formula follows its interband
edge near 2.4 eV. Free electrons add their collisions at the surface by a Drude term with the plasma energy
9.03 eV and damping 0.0727 eV (Olmon et al. give 8.5 to 9.1 eV, Phys. Rev. B 86, 235147 (2012); chosen).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from scipy.interpolate import CubicSpline

if TYPE_CHECKING:
    from numpy.typing import NDArray

HC_EV_NM: Final = 1239.841984
HBAR_EV_S: Final = 6.582119569e-16
FERMI_VELOCITY_NM_S: Final = 1.39e15
"""Of silver, and within 1 % of gold: Ashcroft & Mermin, Solid State Physics (1976)."""

_PLASMA_EV: Final = 9.17718
_DAMPING_EV: Final = 0.01845
_OSCILLATOR_STRENGTH: Final = 2.56155
_OSCILLATOR_EV: Final = 6.25191
_OSCILLATOR_DAMPING_EV: Final = 0.54967

# Johnson & Christy, Phys. Rev. B 6, 4370 (1972): wavelength in nm, n and k of gold.
_GOLD: Final = np.array(
    (
        (292.4, 1.49, 1.878),
        (300.9, 1.53, 1.889),
        (310.7, 1.53, 1.893),
        (320.4, 1.54, 1.898),
        (331.5, 1.48, 1.883),
        (342.5, 1.48, 1.871),
        (354.2, 1.50, 1.866),
        (367.9, 1.48, 1.895),
        (381.5, 1.46, 1.933),
        (397.4, 1.47, 1.952),
        (413.3, 1.46, 1.958),
        (430.5, 1.45, 1.948),
        (450.9, 1.38, 1.914),
        (471.4, 1.31, 1.849),
        (495.9, 1.04, 1.833),
        (520.9, 0.62, 2.081),
        (548.6, 0.43, 2.455),
        (582.1, 0.29, 2.863),
        (616.8, 0.21, 3.272),
        (659.5, 0.14, 3.697),
        (704.5, 0.13, 4.103),
        (756.0, 0.14, 4.542),
        (821.1, 0.16, 5.083),
        (892.0, 0.17, 5.663),
        (984.0, 0.22, 6.350),
        (1088.0, 0.27, 7.150),
    )
)
_GOLD_PERMITTIVITY: Final = CubicSpline(_GOLD[:, 0], (_GOLD[:, 1] + 1j * _GOLD[:, 2]) ** 2)
_GOLD_PLASMA_EV: Final = 9.03
_GOLD_DAMPING_EV: Final = 0.0727

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


def gold_permittivity(
    wavelength_nm: NDArray[np.float64], surface_damping_ev: NDArray[np.float64] | float = 0.0
) -> NDArray[np.complex128]:
    """As `silver_permittivity`; 300 to 1050 nm."""
    photon_ev = HC_EV_NM / wavelength_nm
    damping = 1j * np.asarray(_GOLD_DAMPING_EV + surface_damping_ev, dtype=np.complex128)
    bulk_drude = _GOLD_PLASMA_EV**2 / (photon_ev * (photon_ev + 1j * _GOLD_DAMPING_EV))
    small_drude = _GOLD_PLASMA_EV**2 / (photon_ev * (photon_ev + damping))
    permittivity: NDArray[np.complex128] = _GOLD_PERMITTIVITY(wavelength_nm) + bulk_drude - small_drude
    return permittivity


class Permittivity(Protocol):
    """Of a metal, as a function of wavelength and of its electrons' collisions at the surface."""

    def __call__(
        self, wavelength_nm: NDArray[np.float64], surface_damping_ev: NDArray[np.float64] | float = 0.0, /
    ) -> NDArray[np.complex128]: ...


@dataclass(frozen=True, slots=True)
class Metal:
    """A metal whose particles are seen; `scattering` is Kreibig's A of its spheres."""

    name: str
    permittivity: Permittivity
    scattering: float


SILVER: Final = Metal("silver", silver_permittivity, 1.0)
GOLD: Final = Metal("gold", gold_permittivity, 0.3)
"""A for gold: Berciaud et al., Nano Lett. 5, 515 (2005) find 0.25 on single particles of 5 to 33 nm."""


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
