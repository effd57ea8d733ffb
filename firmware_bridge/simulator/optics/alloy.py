"""CdSe(1-y)Te(y) dots: first exciton from diameter and composition, and the light that they absorb.

The ends are the sizing curves of Yu, Qu, Guo & Peng, Chem. Mater. 15, 2854 (2003), turned around and carried
past what was measured by E = gap + 1 / (a d^2 + b d), the form that Moreels et al., ACS Nano 3, 3023 (2009)
gave PbS. Between the ends the energy bows: Bailey & Nie, J. Am. Chem. Soc. 125, 7100 (2003).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.optics.confinement import dot_diameter_nm
from firmware_bridge.simulator.optics.constants import HC_EV_NM

if TYPE_CHECKING:
    from numpy.typing import NDArray

CDSE_GAP_EV: Final = 1.74
CDTE_GAP_EV: Final = 1.50
"""Of the bulk at room temperature."""
BOWING_EV: Final = 0.75
"""Of E = (1 - y) E_CdSe + y E_CdTe - bowing y (1 - y); chosen, so that dots near y = 0.6 lie furthest in the
red, as Bailey & Nie found."""
ABSORPTION_M2_MOL: Final = 80.0
"""Decadic, per formula unit, at REFERENCE_EV, where dots absorb by their volume; chosen, near the bulk's."""
REFERENCE_EV: Final = 3.1
EXCITON_SHARE: Final = 0.12
"""Height of a 4 nm dot's first exciton over the absorption at REFERENCE_EV; chosen. It falls as 1 / d^3."""
_EXCITON_AT_NM: Final = 4.0
_STEP_EV: Final = 0.12
"""From the exciton to where the continuum begins; chosen."""
_RISE: Final = 1.5
"""Power by which the continuum rises; chosen."""


def _confinement(material: str, gap_ev: float, low_nm: float, high_nm: float) -> tuple[float, float]:
    """Fit a and b of 1 / (E - gap) = a d^2 + b d to a sizing curve between two wavelengths."""
    wavelengths_nm = np.linspace(low_nm, high_nm, 40)
    diameter_nm = np.array([dot_diameter_nm(material, float(nm)) for nm in wavelengths_nm])
    inverse = 1.0 / (HC_EV_NM / wavelengths_nm - gap_ev)
    # Weighted so that errors of the energy count alike.
    columns = np.column_stack((diameter_nm**2, diameter_nm)) / inverse[:, None]
    (a, b), *_ = np.linalg.lstsq(columns, np.ones(inverse.shape), rcond=None)
    return float(a), float(b)


CDSE_CURVE: Final = _confinement("CdSe", CDSE_GAP_EV, 460.0, 640.0)
CDTE_CURVE: Final = _confinement("CdTe", CDTE_GAP_EV, 570.0, 720.0)


def exciton_ev(diameter_nm: NDArray[np.float64], telluride: NDArray[np.float64]) -> NDArray[np.float64]:
    """First transition by diameter and by tellurium's share of the anions, arrays that broadcast."""
    selenide_ev = _end_ev(CDSE_GAP_EV, CDSE_CURVE, diameter_nm)
    telluride_ev = _end_ev(CDTE_GAP_EV, CDTE_CURVE, diameter_nm)
    straight = (1.0 - telluride) * selenide_ev + telluride * telluride_ev
    energy: NDArray[np.float64] = straight - BOWING_EV * telluride * (1.0 - telluride)
    return energy


def exciton_slope_ev_nm(
    diameter_nm: NDArray[np.float64], telluride: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Change of the first transition with the diameter; negative."""
    step_nm = 1e-3
    after, before = (exciton_ev(diameter_nm + sign * step_nm, telluride) for sign in (1.0, -1.0))
    slope: NDArray[np.float64] = (after - before) / (2.0 * step_nm)
    return slope


def absorption_m2_mol(
    photon_ev: NDArray[np.float64],
    first_ev: NDArray[np.float64],
    sigma_ev: NDArray[np.float64],
    diameter_nm: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Decadic absorption per formula unit of n populations, shape (n, photons): exciton and continuum."""
    above_ev = photon_ev - first_ev[:, None]
    height = EXCITON_SHARE * (_EXCITON_AT_NM / diameter_nm[:, None]) ** 3
    exciton = height * np.exp(-0.5 * (above_ev / sigma_ev[:, None]) ** 2)
    reach = np.maximum(above_ev, 0.0) / (REFERENCE_EV - first_ev[:, None])
    onset = 1.0 / (1.0 + np.exp(-np.clip((above_ev - _STEP_EV) / sigma_ev[:, None], -50.0, 50.0)))
    absorption: NDArray[np.float64] = ABSORPTION_M2_MOL * (exciton + reach**_RISE * onset)
    return absorption


def _end_ev(
    gap_ev: float, curve: tuple[float, float], diameter_nm: NDArray[np.float64]
) -> NDArray[np.float64]:
    a, b = curve
    energy: NDArray[np.float64] = gap_ev + 1.0 / (a * diameter_nm**2 + b * diameter_nm)
    return energy
