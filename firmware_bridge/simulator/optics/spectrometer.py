"""Lamp, fibre, grating, detector: transmission and emitted light in, counts out. All magnitudes are chosen.

A 16-bit line sensor: dark offset and current, stray light, shot noise, read noise, saturation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.optics.constants import HC_EV_NM

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_SCANS: Final = 1000
"""Bounds the memory of one exposure at 4 MB."""
_SCANS_AT_ONCE: Final = 64
_BOLTZMANN_EV_K: Final = 8.617333262e-5


@dataclass(frozen=True, slots=True)
class SpectrometerParameters:
    """An instrument that reaches 60 % of full scale in 10 ms at a lamp duty of 0.8."""

    first_nm: float = 350.0
    last_nm: float = 850.0
    pixels: int = 512
    full_scale: float = 65535.0
    counts_per_s_at_full_duty: float = 4.72e6
    """At the brightest pixel, water in the cell."""
    electrons_per_count: float = 2.5
    read_noise: float = 12.0
    dark_offset: float = 1500.0
    dark_per_s: float = 2000.0
    dark_pattern: float = 0.05
    dark_drift_per_root_hour: float = 0.02
    """Standard deviation of the logarithm of the dark current after one hour: the detector is not cooled."""
    stray: float = 0.002
    """Share of the mean light that reaches every pixel."""
    lamp_k: float = 5000.0
    """Colour temperature of the lamp behind its balancing filter."""
    response_peak_nm: float = 540.0
    response_width_nm: float = 190.0

    def response(self, wavelength_nm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give grating's and detector's sensitivity to photons over the highest one: a bell."""
        offset = (wavelength_nm - self.response_peak_nm) / self.response_width_nm
        bell: NDArray[np.float64] = np.exp(-0.5 * offset**2)
        return bell


class Spectrometer:
    """One instrument with its own dark pattern; `generator` supplies that and every noise after it."""

    def __init__(self, parameters: SpectrometerParameters, generator: np.random.Generator) -> None:
        self._parameters = parameters
        self._generator = generator
        self.wavelengths_nm: NDArray[np.float64] = np.linspace(
            parameters.first_nm, parameters.last_nm, parameters.pixels
        )
        self.wavelengths_nm.flags.writeable = False
        self._bright_per_s = parameters.counts_per_s_at_full_duty * _brightness(
            parameters, self.wavelengths_nm
        )
        pattern = 1.0 + parameters.dark_pattern * generator.standard_normal(parameters.pixels)
        self._dark_per_s = parameters.dark_per_s * np.maximum(pattern, 0.0)

    def drift(self, seconds: float, draw: float) -> None:
        """Let the dark current wander for so long; `draw` is a standard normal number."""
        spread = self._parameters.dark_drift_per_root_hour * math.sqrt(seconds / 3600.0)
        self._dark_per_s = self._dark_per_s * math.exp(spread * draw)

    def expected_counts(
        self,
        transmission: NDArray[np.float64],
        lamp: float,
        integration_s: float,
        emitted_per_s: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """Give the mean counts of one scan before noise and saturation.

        `lamp` is 1 at full duty; `emitted_per_s` are the counts of light that the cell itself gives off.
        """
        light_per_s = lamp * self._bright_per_s * transmission
        if emitted_per_s is not None:
            light_per_s = light_per_s + emitted_per_s
        stray_per_s = self._parameters.stray * light_per_s.mean()
        expected: NDArray[np.float64] = self._parameters.dark_offset + integration_s * (
            self._dark_per_s + light_per_s + stray_per_s
        )
        return expected

    def expose(
        self,
        transmission: NDArray[np.float64],
        lamp: float,
        integration_s: float,
        scans: int,
        emitted_per_s: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """Average `scans` digitised scans, shape (pixels,); callers keep scans within 1 to MOST_SCANS."""
        p = self._parameters
        expected = self.expected_counts(transmission, lamp, integration_s, emitted_per_s)
        shot_variance = (expected - p.dark_offset) / p.electrons_per_count
        noise = np.sqrt(shot_variance + p.read_noise**2)
        total = np.zeros(p.pixels)
        for first in range(0, scans, _SCANS_AT_ONCE):
            count = min(_SCANS_AT_ONCE, scans - first)
            counts = expected + noise * self._generator.standard_normal((count, p.pixels))
            total += np.clip(np.rint(counts), 0.0, p.full_scale).sum(axis=0)
        return total / scans


def _brightness(
    parameters: SpectrometerParameters, wavelength_nm: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Photons of a black body times a bell-shaped response, 1 at the brightest pixel."""
    photon_kt = HC_EV_NM / wavelength_nm / (_BOLTZMANN_EV_K * parameters.lamp_k)
    photons = wavelength_nm**-4.0 / np.expm1(photon_kt)
    light: NDArray[np.float64] = photons * parameters.response(wavelength_nm)
    brightness: NDArray[np.float64] = light / light.max()
    return brightness
