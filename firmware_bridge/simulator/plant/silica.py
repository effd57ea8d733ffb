"""Silica that stands for a day in a heated tube as a process of the common plant."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.silica import FIRST, SECOND, Conduction, Silica, SilicaGrowth
from firmware_bridge.simulator.optics.clear_spheres import ClearSphereOptics
from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
from firmware_bridge.simulator.plant.hydraulics import Tube
from firmware_bridge.simulator.plant.inline import InlineSensor
from firmware_bridge.simulator.plant.latest import Latest
from firmware_bridge.simulator.plant.layout import Geometry, Layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.interfaces import Drive
    from firmware_bridge.simulator.plant.layout import Parcels

SILICA_INDEX: Final = 1.45
"""Of silica with some pores; chosen."""
ETHANOL_INDEX: Final = 1.361
"""Of ethanol with some water; chosen."""
_LN10: Final = math.log(10.0)
_LEAST_S_M: Final = 1e-9
_LEAST_NM: Final = 1.0

_LAYOUT: Final = Layout(
    first=FIRST,
    second=SECOND,
    geometry=Geometry(
        mixer=Tube(volume_ul=20.0, bore_mm=0.5),
        reactor=Tube(volume_ul=600.0, bore_mm=1.0),
        outlet=Tube(volume_ul=30.0, bore_mm=1.0),
        # Large spheres are as dense as milk.
        path_mm=0.5,
    ),
    safe_pressure_kpa=300.0,
    safe_temperature_c=70.0,
    spectrometer=SpectrometerParameters(
        first_nm=400.0, last_nm=900.0, response_peak_nm=560.0, response_width_nm=220.0
    ),
    # Impedance in kohm.
    sensor=InlineSensor(low=0.0, high=20.0),
)
"""Volumes and bores are chosen; nothing reacts before the base joins behind the mixer."""


class SilicaProcess:
    """It needs no marks: base and water join where the reactor begins."""

    def __init__(self) -> None:
        self.layout = _LAYOUT
        self.chemistry = SilicaGrowth()
        self.conduction = Conduction()
        self._latest = Latest(self._age)

    def mixer_clock_per_s(self, _mixer_c: float) -> float:
        return 0.0

    def marks(self, _drive: Drive) -> tuple[float, ...]:
        return ()

    def met(self, _drive: Drive) -> tuple[float, ...]:
        return ()

    def silica(self, parcels: Parcels) -> Silica:
        return self._latest.of(parcels)

    def reading(self, parcels: Parcels) -> float:
        """Give the impedance in kohm; ethanol alone is far past the sensor's range."""
        _, ammonia, _ = self.chemistry.fed_mol_m3(parcels.fractions)
        volume = self.chemistry.rates.molar_volume_m3_mol
        siemens_m = self.conduction.siemens_m(ammonia, self.silica(parcels), volume)
        mean_s_m = max(float(siemens_m @ parcels.weight), _LEAST_S_M)
        return self.conduction.cell_per_m / mean_s_m / 1000.0

    def absorbance(self, parcels: Parcels) -> NDArray[np.float64]:
        silica = self.silica(parcels)
        spread = np.sqrt(np.log1p(silica.variation**2))
        log_median_nm = np.log(np.maximum(silica.diameter_nm, _LEAST_NM)) - 0.5 * spread**2
        filled = parcels.weight * silica.solid_mol_m3 * self.chemistry.rates.molar_volume_m3_mol
        seen = _table().extinction_per_mm(filled, log_median_nm, spread)
        return seen * (self.layout.geometry.path_mm / _LN10)

    def _age(self, parcels: Parcels) -> Silica:
        return self.chemistry.age(
            parcels.fractions,
            (parcels.reactor_s, parcels.outlet_s),
            (parcels.reactor_c, parcels.outlet_c),
        )


@functools.cache
def _table() -> ClearSphereOptics:
    return ClearSphereOptics(_LAYOUT.pixels_nm, SILICA_INDEX, ETHANOL_INDEX)
