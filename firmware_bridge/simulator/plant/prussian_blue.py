"""Prussian blue by two electrothermal mixers in a row as a process of the common plant."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.chemistry.prussian_blue import BLUE_M3_MOL, FIRST, SECOND, BlueGrowth
from firmware_bridge.simulator.chemistry.spheres import Spheres
from firmware_bridge.simulator.optics.prussian_blue import PRUSSIAN_BLUE
from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
from firmware_bridge.simulator.optics.spheres import SphereOptics
from firmware_bridge.simulator.plant import mixing
from firmware_bridge.simulator.plant.heat import ThermalParameters
from firmware_bridge.simulator.plant.hydraulics import Tube, viscosity_pa_s
from firmware_bridge.simulator.plant.latest import Latest
from firmware_bridge.simulator.plant.layout import Geometry, Layout

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from firmware_bridge.simulator.chemistry.prussian_blue import Blue
    from firmware_bridge.simulator.interfaces import Drive
    from firmware_bridge.simulator.plant.layout import Parcels

FULL_VPP: Final = 20.0
"""Of the amplifier at full duty, peak to peak; chosen."""
_VPP_PER_VOLT: Final = 2.0 * math.sqrt(2.0)
_LN10: Final = math.log(10.0)
_ROOM_C: Final = 22.0


@dataclass(frozen=True, slots=True)
class MixerParameters:
    """Of either mixer: two streams above coplanar electrodes; all chosen but the diffusion's order."""

    width_m: float = 1.5e-4
    gap_m: float = 5e-5
    """Between the electrodes."""
    conductivity_s_m: float = 0.4
    """Of the liquid: an indifferent electrolyte sets it."""
    diffusion_m2_s: float = 1e-9

    def mixing_s(self, share: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the mixing time at these shares of the amplifier's full voltage, shape (n,)."""
        vortex_m_s = mixing.electrothermal_speed_m_s(
            share * (FULL_VPP / _VPP_PER_VOLT),
            self.gap_m,
            self.conductivity_s_m,
            viscosity_pa_s(_ROOM_C, 0.0),
        )
        return mixing.electrothermal_s(self.width_m, vortex_m_s, self.diffusion_m2_s)


_LAYOUT: Final = Layout(
    first=FIRST,
    second=SECOND,
    geometry=Geometry(
        mixer=Tube(volume_ul=20.0, bore_mm=0.4),
        reactor=Tube(volume_ul=150.0, bore_mm=0.5),
        outlet=Tube(volume_ul=20.0, bore_mm=0.5),
        path_mm=10.0,
    ),
    safe_pressure_kpa=300.0,
    safe_temperature_c=60.0,
    # Nothing chills or heats this chip.
    thermal=ThermalParameters(base_c=_ROOM_C),
    spectrometer=SpectrometerParameters(
        first_nm=400.0, last_nm=950.0, response_peak_nm=600.0, response_width_nm=230.0
    ),
)
"""Volumes and bores are chosen, so that an experiment takes minutes."""


class PrussianBlueProcess:
    """Marked at the second junction: the voltage over both mixers (duty 0). The mixer's clock is time."""

    def __init__(self) -> None:
        self.layout = _LAYOUT
        self.chemistry = BlueGrowth()
        self.mixers = MixerParameters()
        self._latest = Latest(self._grow)

    def mixer_clock_per_s(self, _mixer_c: float) -> float:
        return 1.0

    def marks(self, drive: Drive) -> tuple[float, ...]:
        # A board without duty outputs drives nothing.
        return (drive.duty[0] if drive.duty else 0.0,)

    def met(self, _drive: Drive) -> tuple[float, ...]:
        return ()

    def blue(self, parcels: Parcels) -> Blue:
        return self._latest.of(parcels)

    def absorbance(self, parcels: Parcels) -> NDArray[np.float64]:
        blue = self.blue(parcels)
        particles = Spheres(blue.metal_mol_m3, blue.number_per_m3, blue.moment1, blue.moment2, blue.moment3)
        seen = _table().extinction_per_mm(
            parcels.weight * blue.solid_mol_m3 * BLUE_M3_MOL, particles.log_median_nm, particles.log_spread
        )
        return seen * (self.layout.geometry.path_mm / _LN10)

    def _grow(self, parcels: Parcels) -> Blue:
        return self.chemistry.grow(
            parcels.fractions,
            self.mixers.mixing_s(parcels.marks[:, 0]),
            parcels.mixer_exposure,
            parcels.reactor_s + parcels.outlet_s,
        )


@functools.cache
def _table() -> SphereOptics:
    """Make it once: it takes a second, and never changes."""
    return SphereOptics(_LAYOUT.pixels_nm, PRUSSIAN_BLUE)
