"""Light that populations of PbS dots take up and give off in the near infrared.

Gap: Moreels et al., ACS Nano 3, 3023 (2009), who also say how dots absorb by their volume at 400 nm, and how
the exciton's absorption grows with the diameter. Its magnitude, and all widths, are chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.optics.confinement import lead_sulfide_gap_ev
from firmware_bridge.simulator.optics.constants import HC_EV_NM
from firmware_bridge.simulator.optics.luminescence import emitted_per_nm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.chemistry.dots import Dots

HOMOGENEOUS_EV: Final = 0.015
"""Standard deviation of one dot's line at room temperature; chosen: its half width is below the 20 meV
that Weidman et al., ACS Nano 8, 6363 (2014), found of an ensemble."""
STOKES_EV: Final = 0.03
"""From the first exciton to the line of emission; chosen."""
EXCITON_M2_MOL: Final = 1600.0
EXCITON_POWER: Final = 1.3
"""Decadic absorption of dots of 1 nm at the first exciton, chosen, and Moreels' power of the diameter."""
EXCITON_FWHM_EV: Final = 0.1
"""Width of the exciton at which it is that high; its area stays. Chosen: that of good samples."""
VOLUME_M2_MOL: Final = 2330.0
"""Decadic absorption of dots at 400 nm, 0.0233 cm2/nmol x (diameter / nm)^3."""
REFERENCE_EV: Final = HC_EV_NM / 400.0
_RISE: Final = 1.5
"""Power by which the continuum rises; chosen."""
_STEP_EV: Final = 0.25
"""From the exciton to where the continuum begins; chosen."""
_SMALLEST_NM: Final = 2.0
"""Smaller ones count as this large: the sizing curve has left what was measured."""
_SIGMA_TO_FWHM: Final = 2.0 * np.sqrt(2.0 * np.log(2.0))


def excitons(dots: Dots) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Diameters, gaps and standard deviations of the lines, homogeneous and by size, each (n,)."""
    diameter_nm = np.maximum(2.0 * dots.radius_nm, _SMALLEST_NM)
    gap_ev = lead_sulfide_gap_ev(diameter_nm)
    step_nm = 1e-3
    slope_ev_nm = (lead_sulfide_gap_ev(diameter_nm + step_nm) - gap_ev) / step_nm
    return diameter_nm, gap_ev, np.hypot(HOMOGENEOUS_EV, slope_ev_nm * 2.0 * dots.sigma_nm)


def absorbances(dots: Dots, wavelengths_nm: NDArray[np.float64], path_m: float) -> NDArray[np.float64]:
    """Decadic absorbance of n parcels, shape (n, wavelengths): exciton and continuum."""
    diameter_nm, gap_ev, sigma_ev = (each[:, None] for each in excitons(dots))
    above_ev = HC_EV_NM / wavelengths_nm - gap_ev
    height = EXCITON_M2_MOL * diameter_nm**EXCITON_POWER
    exciton = (EXCITON_FWHM_EV / _SIGMA_TO_FWHM / sigma_ev) * np.exp(-0.5 * (above_ev / sigma_ev) ** 2)
    reach = np.maximum(above_ev, 0.0) / (REFERENCE_EV - gap_ev)
    onset = 1.0 / (1.0 + np.exp(-np.clip((above_ev - _STEP_EV) / sigma_ev, -50.0, 50.0)))
    per_dot = height * exciton + VOLUME_M2_MOL * diameter_nm**3 * reach**_RISE * onset
    seen: NDArray[np.float64] = np.maximum(dots.dots_mol_m3, 0.0)[:, None] * per_dot * path_m
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
    taken = weight * absorbances(dots, np.array([excitation_nm]), path_m)[:, 0]
    _, gap_ev, sigma_ev = excitons(dots)
    return emitted_per_nm(wavelengths_nm, gap_ev - STOKES_EV, sigma_ev, taken, quantum_yield)
