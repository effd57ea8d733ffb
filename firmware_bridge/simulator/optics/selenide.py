"""Light that populations of CdSe dots take up and give off: published sizing curve, chosen widths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.optics.alloy import absorption_m2_mol, exciton_ev, exciton_slope_ev_nm
from firmware_bridge.simulator.optics.constants import HC_EV_NM
from firmware_bridge.simulator.optics.luminescence import emitted_per_nm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.chemistry.dots import Dots

HOMOGENEOUS_EV: Final = 0.028
"""Standard deviation of one dot's line at room temperature; chosen."""
STOKES_EV: Final = 0.05
"""From the first exciton to the line of emission; chosen."""
_SMALLEST_NM: Final = 1.5
"""Smaller ones count as this large: the sizing curve has left what was measured."""


def absorbance(
    dots: Dots, weight: NDArray[np.float64], wavelengths_nm: NDArray[np.float64], path_m: float
) -> NDArray[np.float64]:
    """Decadic absorbance of n parcels mixed by weight, shape (wavelengths,)."""
    seen: NDArray[np.float64] = weight @ _absorbances(dots, wavelengths_nm, path_m)
    return seen


def emission(
    dots: Dots,
    quantum_yield: NDArray[np.float64],
    weight: NDArray[np.float64],
    wavelengths_nm: NDArray[np.float64],
    path_m: float,
    excitation_nm: float,
) -> NDArray[np.float64]:
    """Photons per nm for each of the excitation that enters, as `EmittingProcess.emission` gives them."""
    taken = weight * _absorbances(dots, np.array([excitation_nm]), path_m)[:, 0]
    _, first_ev, sigma_ev = _excitons(dots)
    return emitted_per_nm(wavelengths_nm, first_ev - STOKES_EV, sigma_ev, taken, quantum_yield)


def _excitons(dots: Dots) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Diameters, first transitions and their widths, homogeneous and by size, each (n,)."""
    diameter_nm = np.maximum(2.0 * dots.radius_nm, _SMALLEST_NM)
    pure = np.zeros_like(diameter_nm)
    spread_ev = exciton_slope_ev_nm(diameter_nm, pure) * 2.0 * dots.sigma_nm
    return diameter_nm, exciton_ev(diameter_nm, pure), np.hypot(HOMOGENEOUS_EV, spread_ev)


def _absorbances(dots: Dots, wavelengths_nm: NDArray[np.float64], path_m: float) -> NDArray[np.float64]:
    """Each parcel's, shape (n, wavelengths)."""
    diameter_nm, first_ev, sigma_ev = _excitons(dots)
    per_unit = absorption_m2_mol(HC_EV_NM / wavelengths_nm, first_ev, sigma_ev, diameter_nm)
    seen: NDArray[np.float64] = np.maximum(dots.solid_mol_m3, 0.0)[:, None] * per_unit * path_m
    return seen
