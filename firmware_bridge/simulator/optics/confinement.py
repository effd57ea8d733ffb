"""Exciton energies of confined semiconductors: published sizing curves of dots, and a well for platelets.

CdSe, CdTe, CdS: Yu, Qu, Guo & Peng, Chem. Mater. 15, 2854 (2003), diameter from the first absorption maximum.
PbS: Moreels et al., ACS Nano 3, 3023 (2009). CsPbBr3 platelets: a particle in a box (Brus, J. Chem. Phys. 80,
4403 (1984), in one dimension) with the reduced mass of Protesescu et al., Nano Lett. 15, 3692 (2015).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.optics.constants import HC_EV_NM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

# Diameter in nm as a polynomial in the wavelength in nm, lowest power first, and where it was measured.
_YU: Final[Mapping[str, tuple[tuple[float, ...], tuple[float, float]]]] = {
    "CdSe": ((41.57, -0.4277, 1.6242e-3, -2.6575e-6, 1.6122e-9), (400.0, 670.0)),
    "CdTe": ((-194.84, 1.0064, -1.7147e-3, 9.8127e-7), (570.0, 730.0)),
    "CdS": ((13.29, -9.2352e-2, 1.9557e-4, -6.6521e-8), (340.0, 450.0)),
}

LAYER_NM: Final = 0.59
"""One sheet of corner-sharing PbBr6 octahedra: the lattice constant of cubic CsPbBr3."""
_BULK_EV: Final = 2.34
_BOX_EV_NM2: Final = 0.376030 / 0.126
"""h^2 / (8 mu), with mu 0.126 electron masses."""
_TAIL_NM: Final = 0.6
"""How far the wave function reaches into the ligands on either side, binding energy included; chosen."""


def dot_diameter_nm(material: str, first_maximum_nm: float) -> float:
    """Diameter of CdSe, CdTe or CdS dots. ValueError outside of what was measured, or another material."""
    if material not in _YU:
        raise ValueError(f"no sizing curve of {material!r}; there are {', '.join(_YU)}")
    coefficients, (low_nm, high_nm) = _YU[material]
    if not low_nm <= first_maximum_nm <= high_nm:
        raise ValueError(
            f"{material} was measured from {low_nm:g} to {high_nm:g} nm, not {first_maximum_nm:g}"
        )
    return float(np.polynomial.polynomial.polyval(first_maximum_nm, coefficients))


def lead_sulfide_gap_ev(diameter_nm: NDArray[np.float64]) -> NDArray[np.float64]:
    """First transition of PbS dots: 0.41 eV + 1 / (0.0252 d^2 + 0.283 d)."""
    gap_ev: NDArray[np.float64] = 0.41 + 1.0 / (0.0252 * diameter_nm**2 + 0.283 * diameter_nm)
    return gap_ev


def platelet_exciton_ev(monolayers: NDArray[np.float64]) -> NDArray[np.float64]:
    """First exciton of CsPbBr3 platelets of so many monolayers."""
    width_nm = monolayers * LAYER_NM + 2.0 * _TAIL_NM
    energy_ev: NDArray[np.float64] = _BULK_EV + _BOX_EV_NM2 / width_nm**2
    return energy_ev


def wavelength_nm(energy_ev: NDArray[np.float64]) -> NDArray[np.float64]:
    """Wavelength of light of this photon energy."""
    wavelengths_nm: NDArray[np.float64] = HC_EV_NM / energy_ev
    return wavelengths_nm
