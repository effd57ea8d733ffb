"""Two syntheses of gold spheres as processes of the common plant: written by light, and mixed by pulses."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry import gold_light, gold_pulsed
from firmware_bridge.simulator.chemistry.gold_light import GOLD_M3_MOL, GROWTH_SPREAD, GoldByLight
from firmware_bridge.simulator.chemistry.gold_pulsed import GoldByPulses
from firmware_bridge.simulator.optics.constants import GOLD
from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
from firmware_bridge.simulator.optics.spheres import SphereOptics
from firmware_bridge.simulator.plant.heat import ThermalParameters
from firmware_bridge.simulator.plant.hydraulics import Tube
from firmware_bridge.simulator.plant.layout import Geometry, Layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.chemistry.spheres import Spheres
    from firmware_bridge.simulator.interfaces import Drive
    from firmware_bridge.simulator.plant.layout import Parcels

_SPECTROMETER: Final = SpectrometerParameters(first_nm=380.0, last_nm=880.0)
_LIGHT: Final = Layout(
    first=gold_light.STREAMS,
    second=(),
    geometry=Geometry(
        mixer=Tube(volume_ul=10.0, bore_mm=0.4),
        reactor=Tube(volume_ul=200.0, bore_mm=0.4),
        outlet=Tube(volume_ul=20.0, bore_mm=0.4),
        path_mm=10.0,
    ),
    safe_pressure_kpa=300.0,
    safe_temperature_c=60.0,
    # Nothing chills or heats this plate.
    thermal=ThermalParameters(base_c=22.0),
    spectrometer=_SPECTROMETER,
)
_PULSED: Final = Layout(
    first=gold_pulsed.STREAMS,
    second=(),
    # The Y-junction has next to no volume; the reactor begins behind it.
    geometry=Geometry(
        mixer=Tube(volume_ul=2.0, bore_mm=0.5),
        reactor=Tube(volume_ul=500.0, bore_mm=0.5),
        outlet=Tube(volume_ul=30.0, bore_mm=0.5),
        path_mm=10.0,
    ),
    safe_pressure_kpa=300.0,
    safe_temperature_c=85.0,
    thermal=ThermalParameters(heater_w=90.0),
    spectrometer=_SPECTROMETER,
)
"""Volumes, bores and powers are chosen, so that an experiment takes minutes."""


class GoldByLightProcess:
    """Met in the reactor: the writing light's intensity (duty 0), its stage's step rate (frequency 0)."""

    def __init__(self) -> None:
        self.layout = _LIGHT
        self.chemistry = GoldByLight()
        self._optics = _optics()

    def mixer_clock_per_s(self, _mixer_c: float) -> float:
        return 0.0

    def marks(self, _drive: Drive) -> tuple[float, ...]:
        return ()

    def met(self, drive: Drive) -> tuple[float, ...]:
        return (_first(drive.duty), _first(drive.frequency_hz))

    def spheres(self, parcels: Parcels) -> Spheres:
        total_s = parcels.reactor_s + parcels.outlet_s
        return self.chemistry.grow(parcels.fractions, parcels.met[:, 0], parcels.met[:, 1], total_s)

    def absorbance(self, parcels: Parcels) -> NDArray[np.float64]:
        return _absorbance(self._optics, self.spheres(parcels), parcels.weight, self.layout.geometry.path_mm)


class GoldByPulsesProcess:
    """Marked at the junction: the switching frequency of both micropumps (frequency 0)."""

    def __init__(self) -> None:
        self.layout = _PULSED
        self.chemistry = GoldByPulses()
        self._optics = _optics()

    def mixer_clock_per_s(self, _mixer_c: float) -> float:
        return 0.0

    def marks(self, drive: Drive) -> tuple[float, ...]:
        return (_first(drive.frequency_hz),)

    def met(self, _drive: Drive) -> tuple[float, ...]:
        return ()

    def spheres(self, parcels: Parcels) -> Spheres:
        total_s = parcels.reactor_s + parcels.outlet_s
        return self.chemistry.grow(parcels.fractions, parcels.marks[:, 0], parcels.reactor_c, total_s)

    def absorbance(self, parcels: Parcels) -> NDArray[np.float64]:
        return _absorbance(self._optics, self.spheres(parcels), parcels.weight, self.layout.geometry.path_mm)


def _first(outputs: tuple[float, ...]) -> float:
    """Give output 0 of a board; 0 on a board without any."""
    return outputs[0] if outputs else 0.0


@functools.cache
def _optics() -> SphereOptics:
    """Make the table once: it takes a second, and never changes."""
    window = _SPECTROMETER
    return SphereOptics(np.linspace(window.first_nm, window.last_nm, window.pixels), GOLD)


def _absorbance(
    optics: SphereOptics, spheres: Spheres, weight: NDArray[np.float64], path_mm: float
) -> NDArray[np.float64]:
    extinction = optics.extinction_per_mm(
        weight * spheres.solid_mol_m3(GOLD_M3_MOL) * GOLD_M3_MOL,
        spheres.log_median_nm,
        np.hypot(spheres.log_spread, GROWTH_SPREAD),
    )
    return extinction * (path_mm / math.log(10.0))
