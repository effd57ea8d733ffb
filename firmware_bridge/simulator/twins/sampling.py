"""Experiments by the thousand: the noise-free model with the machine's errors and the detector's noise on it.

The fast path. No device, no frame and no washout takes part, so what a control loop does to an experiment
is not in it: conditions are achieved with each input's repeatability, the spectrum is counted with shot, read
and dark noise through the twin's own spectrometer, and optical properties are read off that spectrum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.optics.spectrometer import Spectrometer
from firmware_bridge.simulator.plant.noise import generator
from firmware_bridge.simulator.twins.optical import band, emission_band

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from firmware_bridge.simulator.twins.base import Input, Twin

LAMP: Final = 0.8
INTEGRATION_S: Final = 0.01
SCANS: Final = 64
EMISSION_INTEGRATION_S: Final = 0.1
EMISSION_SCANS: Final = 16
"""What the recipes ask for."""
_LEAST_COUNTS: Final = 1.0
_MICROSCOPE: Final = 0.02
"""Standard deviation of a property that is not optical, over its value; chosen: 300 particles or so."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One experiment; `absorbance`, and `emission` in counts/s, as measured, of shape (pixels,)."""

    asked: Mapping[str, float]
    achieved: Mapping[str, float]
    properties: Mapping[str, float]
    wavelengths_nm: NDArray[np.float64]
    absorbance: NDArray[np.float64]
    emission: NDArray[np.float64] | None


class Sampler:
    """One simulated rig. A sample depends on the seed, its number and what is asked, on nothing else."""

    def __init__(self, twin: Twin, seed: int) -> None:
        self._twin = twin
        self._seed = seed
        self._model = twin.model()
        self._parameters = self._model.spectrometer

    def take(self, number: int, asked: Mapping[str, float]) -> Sample:
        """Run experiment `number` under these conditions."""
        noise = generator(self._seed, f"sample {number}")
        achieved = self._achieve(asked, noise)
        outcome = self._model.settle(achieved)
        spectrometer = Spectrometer(self._parameters, noise)
        measured = _absorbance(spectrometer, outcome.absorbance)
        emission = None if outcome.emission is None else _emission(spectrometer, outcome.emission)
        optical = self._read(outcome.wavelengths_nm, measured, emission)
        properties = {
            each.name: optical[each.name]
            if each.is_optical
            else outcome.properties[each.name] * (1.0 + _MICROSCOPE * noise.standard_normal())
            for each in self._twin.properties
        }
        return Sample(asked, achieved, properties, outcome.wavelengths_nm, measured, emission)

    def _read(
        self,
        wavelengths_nm: NDArray[np.float64],
        absorbance: NDArray[np.float64],
        emission: NDArray[np.float64] | None,
    ) -> dict[str, float]:
        """Read off the spectra as measured whatever they show."""
        optical = band(wavelengths_nm, absorbance)
        if emission is not None:
            optical |= emission_band(wavelengths_nm, emission)
        read = {each.name: each.read for each in self._twin.properties if each.read is not None}
        return optical | {name: of(wavelengths_nm, absorbance, emission) for name, of in read.items()}

    def _achieve(self, asked: Mapping[str, float], noise: np.random.Generator) -> dict[str, float]:
        """Err by each input's repeatability, but not past what the pumps can share."""
        achieved = {each.name: _err(each, asked[each.name], noise) for each in self._twin.inputs}
        total = sum(achieved[name] for name in self._twin.shares)
        shrink = min(1.0, self._twin.most_share / total) if total > 0.0 else 1.0
        return {
            name: value * shrink if name in self._twin.shares else value for name, value in achieved.items()
        }


def _absorbance(spectrometer: Spectrometer, absorbance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take dark, reference and sample as a recipe does."""
    clear = np.ones_like(absorbance)
    dark = spectrometer.expose(clear, 0.0, INTEGRATION_S, SCANS)
    reference = spectrometer.expose(clear, LAMP, INTEGRATION_S, SCANS)
    sample = spectrometer.expose(np.power(10.0, -absorbance), LAMP, INTEGRATION_S, SCANS)
    return np.log10(np.maximum(reference - dark, _LEAST_COUNTS) / np.maximum(sample - dark, _LEAST_COUNTS))


def _emission(spectrometer: Spectrometer, emitted_per_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take it with the lamp off, less a dark of the same integration, in counts/s."""
    clear = np.ones_like(emitted_per_s)
    dark = spectrometer.expose(clear, 0.0, EMISSION_INTEGRATION_S, EMISSION_SCANS)
    lit = spectrometer.expose(clear, 0.0, EMISSION_INTEGRATION_S, EMISSION_SCANS, emitted_per_s)
    return (lit - dark) / EMISSION_INTEGRATION_S


def _err(of: Input, asked: float, noise: np.random.Generator) -> float:
    return asked * (1.0 + of.repeatability * float(noise.standard_normal()))
