"""The light path of a plant: lamp and diode shine into the flow cell, the detector counts what comes out.

counts = dark + integration x (lamp x transmission x brightness + diode x emission x response + stray); a
bubble in the cell takes a share of both kinds of light away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.optics.lamp import Lamp, LampParameters
from firmware_bridge.simulator.optics.led import Led, LedParameters
from firmware_bridge.simulator.optics.spectrometer import MOST_SCANS, Spectrometer
from firmware_bridge.simulator.plant.errors import PlantError
from firmware_bridge.simulator.plant.layout import EmittingProcess
from firmware_bridge.simulator.plant.noise import NormalStream, generator

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from firmware_bridge.simulator.interfaces import Drive
    from firmware_bridge.simulator.plant.bubbles import Bubbles
    from firmware_bridge.simulator.plant.layout import Parcels, Process

LONGEST_EXPOSURE_S: Final = 60.0


class LightPath:
    """Lamp, diode where the layout has one, and detector.

    `parcels` looks up what is in the flow cell, and `bubbles` says what light they take away there.
    """

    def __init__(self, process: Process, seed: int, parcels: Callable[[], Parcels], bubbles: Bubbles) -> None:
        layout = process.layout
        self._process = process
        self._layout = layout
        self._parcels = parcels
        self._bubbles = bubbles
        # Onto the liquid between segments of carrier: a bubble is one more of them.
        self._gated = layout.geometry.segmented is not None
        self._unseen_s = 0.0
        self._spectrometer = Spectrometer(layout.spectrometer, generator(seed, "spectrometer"))
        self._lamp = Lamp(LampParameters(), NormalStream(seed, "lamp").draw)
        self._led = Led(LedParameters(), NormalStream(seed, "diode").draw)
        self._wandering = NormalStream(seed, "detector")
        self._emitter = _emitter(process)
        self._seen: Parcels | None = None
        self._transmission: NDArray[np.float64] | None = None
        self._emission: NDArray[np.float64] | None = None

    @property
    def wavelengths_nm(self) -> NDArray[np.float64]:
        return self._spectrometer.wavelengths_nm

    def advance(self, dt_s: float, drive: Drive) -> None:
        self._unseen_s += dt_s
        self._lamp.advance(dt_s, drive.lamp_duty)
        if self._layout.excitation is not None:
            axis = self._layout.excitation.duty_axis
            self._led.advance(dt_s, drive.duty[axis] if axis < len(drive.duty) else 0.0)
        self._seen = self._transmission = self._emission = None

    def expose(self, integration_s: float, scans: int) -> NDArray[np.float64]:
        """Mean detector counts of `scans` exposures that end now. Raises PlantError.

        The liquid is taken as standing still during the exposure.
        """
        if not 0.0 < integration_s <= LONGEST_EXPOSURE_S:
            raise PlantError(
                f"an exposure of {integration_s} s must last above 0 and up to {LONGEST_EXPOSURE_S} s"
            )
        if not 1 <= scans <= MOST_SCANS:
            raise PlantError(f"{scans} scans: take 1 to {MOST_SCANS}")
        if self._transmission is None:
            self._transmission = np.power(10.0, -self._process.absorbance(self._look()))
        # A walk at random: how it got from one exposure to the next shows nowhere.
        self._spectrometer.drift(self._unseen_s, self._wandering.draw())
        self._unseen_s = 0.0
        clear = 1.0 if self._gated else 1.0 - self._bubbles.scattered
        lamp, emitted_per_s = clear * self._lamp.output, self._emitted_per_s()
        if emitted_per_s is not None:
            emitted_per_s = clear * emitted_per_s
        return self._spectrometer.expose(self._transmission, lamp, integration_s, scans, emitted_per_s)

    def _look(self) -> Parcels:
        """Look once a step: a process may know again what it was asked about before."""
        if self._seen is None:
            self._seen = self._parcels()
        return self._seen

    def _emitted_per_s(self) -> NDArray[np.float64] | None:
        output = self._led.output
        if self._emitter is None or output == 0.0:
            return None
        if self._emission is None:
            self._emission = self._emitter.emission(self._look())
        return self._layout.shown_emission(self._emission, output)


def _emitter(process: Process) -> EmittingProcess | None:
    if process.layout.excitation is None:
        return None
    if not isinstance(process, EmittingProcess):
        raise PlantError(f"{type(process).__name__} has an excitation: give it a method 'emission'")
    return process
