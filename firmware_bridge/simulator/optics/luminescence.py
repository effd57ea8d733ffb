"""Lines of emission: Gaussian in energy, as photons per nm of wavelength."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.optics.constants import HC_EV_NM

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_SIGMA_TO_FWHM: Final = 2.0 * np.sqrt(2.0 * np.log(2.0))


def lines_per_nm(
    wavelength_nm: NDArray[np.float64], centre_ev: NDArray[np.float64], sigma_ev: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give n lines, shape (n, wavelengths), each with the integral 1 over the wavelength.

    A line is Gaussian in energy: `centre_ev` and `sigma_ev`, its standard deviation, have shape (n,).
    """
    photon_ev = HC_EV_NM / wavelength_nm
    away = (photon_ev - centre_ev[:, None]) / sigma_ev[:, None]
    per_ev = np.exp(-0.5 * away**2) / (np.sqrt(2.0 * np.pi) * sigma_ev[:, None])
    lines: NDArray[np.float64] = per_ev * (photon_ev / wavelength_nm)
    return lines


def emitted_per_nm(
    wavelength_nm: NDArray[np.float64],
    centre_ev: NDArray[np.float64],
    sigma_ev: NDArray[np.float64],
    absorbance: NDArray[np.float64],
    quantum_yield: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Photons emitted per nm for each photon of the excitation that enters, shape (wavelengths,).

    n kinds of emitter, arrays (n,), share the light that all of them absorb by their decadic `absorbance` at
    the excitation's wavelength.
    """
    total = float(absorbance.sum())
    if total <= 0.0:
        return np.zeros(wavelength_nm.shape)
    absorbed = -np.expm1(-np.log(10.0) * total) * absorbance / total
    emitted: NDArray[np.float64] = (absorbed * quantum_yield) @ lines_per_nm(
        wavelength_nm, centre_ev, sigma_ev
    )
    return emitted


def sigma_of_fwhm(fwhm: float) -> float:
    """Give the standard deviation of a Gaussian of this width at half its height."""
    return fwhm / float(_SIGMA_TO_FWHM)


@dataclass(frozen=True, slots=True)
class Emitters:
    """n populations that absorb and emit; `absorbances` gives the share of each, (n, k), at k wavelengths."""

    absorbances: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    line_ev: NDArray[np.float64]
    sigma_ev: NDArray[np.float64]
    quantum_yield: NDArray[np.float64]

    def absorbance(self, wavelength_nm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Decadic absorbance of all of them, shape (wavelengths,)."""
        seen: NDArray[np.float64] = self.absorbances(wavelength_nm).sum(axis=0)
        return seen

    def emission(self, wavelength_nm: NDArray[np.float64], excitation_nm: float) -> NDArray[np.float64]:
        """Photons emitted per nm for each photon of the excitation that enters, shape (wavelengths,)."""
        absorbed = self._absorbed(excitation_nm)
        return emitted_per_nm(wavelength_nm, self.line_ev, self.sigma_ev, absorbed, self.quantum_yield)

    def mean_yield(self, excitation_nm: float) -> float:
        """Photons emitted for each one absorbed; NaN where nothing absorbs."""
        absorbed = self._absorbed(excitation_nm)
        total = float(absorbed.sum())
        return float(absorbed @ self.quantum_yield) / total if total > 0.0 else float("nan")

    def _absorbed(self, excitation_nm: float) -> NDArray[np.float64]:
        return self.absorbances(np.array([excitation_nm]))[:, 0]
