"""The spectrum that theory has for one kind of silver prism, as a campaign's target.

`python -m firmware_bridge.simulator.twins.prism_target > FILE` writes the file beside the campaign.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.growth import EDGE_PER_DIAMETER
from firmware_bridge.simulator.optics.population import PLATE_SCATTERING
from firmware_bridge.simulator.optics.spheroid import extinction_per_volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

EDGE_NM: Final = 65.0
"""Of the prisms whose spectrum the study aims at: Mekki-Berrada et al., npj Comput. Mater. 7, 55 (2021)."""
THICKNESS_NM: Final = 10.0
"""Chosen."""
WINDOW_NM: Final = (380.0, 800.0)
"""Of the rig's spectrometer, within which spectra are compared."""
_STEP_NM: Final = 5.0


def target_spectrum(wavelengths_nm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Extinction of such prisms over its highest, as of oblates with their volume and aspect ratio.

    The study has it from the discrete dipole approximation, which knows of the prism's tips; Gans's oblates,
    as in all of this twin, do not, so that target and product lie on the same scale.
    """
    diameter_nm = EDGE_NM / EDGE_PER_DIAMETER
    radius_nm = float(np.cbrt(3.0 / 16.0 * diameter_nm**2 * THICKNESS_NM))
    aspect = np.array(diameter_nm / THICKNESS_NM)
    fine_nm = np.arange(WINDOW_NM[0], WINDOW_NM[1] + 0.5, 0.5)
    highest = float(extinction_per_volume(fine_nm, radius_nm, aspect, PLATE_SCATTERING).max())
    return extinction_per_volume(wavelengths_nm, radius_nm, aspect, PLATE_SCATTERING) / highest


def distance(wavelengths_nm: NDArray[np.float64], absorbance: NDArray[np.float64]) -> float:
    """One minus the cosine similarity to the target within the window; 0 is its shape, of any amplitude."""
    inside = (wavelengths_nm >= WINDOW_NM[0]) & (wavelengths_nm <= WINDOW_NM[1])
    seen, wanted = absorbance[inside], target_spectrum(wavelengths_nm[inside])
    norm = float(np.linalg.norm(seen) * np.linalg.norm(wanted))
    return 1.0 - float(seen @ wanted) / norm if norm > 0.0 else 1.0


def as_csv() -> str:
    """Give the target as the file of a campaign, wavelengths ascending."""
    wavelengths_nm = np.arange(WINDOW_NM[0], WINDOW_NM[1] + _STEP_NM, _STEP_NM)
    rows = zip(wavelengths_nm.tolist(), target_spectrum(wavelengths_nm).tolist(), strict=True)
    return "\n".join(
        (
            f"# Silver prisms in water, edge {EDGE_NM:g} nm, {THICKNESS_NM:g} nm thick: Gans's theory.",
            "wavelength_nm,absorbance",
            *(f"{nm:g},{absorbance:.5f}" for nm, absorbance in rows),
            "",
        )
    )


if __name__ == "__main__":
    sys.stdout.write(as_csv())
