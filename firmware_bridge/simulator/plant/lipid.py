"""Lipid nanoparticles from a staggered herringbone mixer as a process of the common plant."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.lipid import FIRST, LipidAssembly, Lipids, scattered
from firmware_bridge.simulator.optics.clear_spheres import ClearSphereOptics
from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
from firmware_bridge.simulator.plant import mixing
from firmware_bridge.simulator.plant.heat import ThermalParameters
from firmware_bridge.simulator.plant.hydraulics import Tube
from firmware_bridge.simulator.plant.inline import InlineSensor
from firmware_bridge.simulator.plant.latest import Latest
from firmware_bridge.simulator.plant.layout import Geometry, Layout
from firmware_bridge.simulator.plant.pumps import NOMINAL_STEPS_PER_UL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.interfaces import Drive
    from firmware_bridge.simulator.plant.layout import Parcels

LIPID_INDEX: Final = 1.46
"""Of lipid with little water in it; chosen."""
BUFFER_INDEX: Final = 1.337
"""Of water with some ethanol and salt; chosen."""
_LN10: Final = math.log(10.0)
_ROOM_C: Final = 22.0
_UL_S_M3_S: Final = 1e-9


@dataclass(frozen=True, slots=True)
class ChipParameters:
    """A channel with staggered herringbones on its floor; all chosen."""

    width_m: float = 2e-4
    height_m: float = 8e-5
    diffusion_m2_s: float = 1e-9

    def mixing_s(self, flow_ul_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the mixing time at these flows, shape (n,)."""
        speed_m_s = flow_ul_s * (_UL_S_M3_S / (self.width_m * self.height_m))
        return mixing.herringbone_s(self.width_m, speed_m_s, self.diffusion_m2_s)


_LAYOUT: Final = Layout(
    first=FIRST,
    second=(),
    geometry=Geometry(
        mixer=Tube(volume_ul=1.0, bore_mm=0.15),
        reactor=Tube(volume_ul=60.0, bore_mm=0.5),
        outlet=Tube(volume_ul=20.0, bore_mm=0.5),
        path_mm=10.0,
    ),
    safe_pressure_kpa=600.0,
    safe_temperature_c=60.0,
    # Nothing chills or heats this chip.
    thermal=ThermalParameters(base_c=_ROOM_C),
    # Short waves, which small particles scatter.
    spectrometer=SpectrometerParameters(
        first_nm=380.0, last_nm=780.0, response_peak_nm=500.0, response_width_nm=190.0
    ),
    # Dynamic light scattering: the mean diameter in nm.
    sensor=InlineSensor(low=0.0, high=250.0),
)
"""Volumes and bores are chosen, so that an experiment takes minutes."""


class LipidProcess:
    """Marked behind the mixer: the flow through it in uL/s, as the pumps are asked for."""

    def __init__(self) -> None:
        self.layout = _LAYOUT
        self.chemistry = LipidAssembly()
        self.chip = ChipParameters()
        self._latest = Latest(self._assemble)

    def mixer_clock_per_s(self, _mixer_c: float) -> float:
        return 1.0

    def marks(self, drive: Drive) -> tuple[float, ...]:
        flow_ul_s = 0.0
        for steps_s in drive.pump_steps_s[: len(FIRST)]:
            flow_ul_s += steps_s / NOMINAL_STEPS_PER_UL
        return (flow_ul_s,)

    def met(self, _drive: Drive) -> tuple[float, ...]:
        return ()

    def lipids(self, parcels: Parcels) -> Lipids:
        return self._latest.of(parcels)

    def scattered(self, parcels: Parcels) -> tuple[float, float]:
        """Give mean diameter in nm and polydispersity index, NaN of clear liquid."""
        return scattered(self.lipids(parcels), parcels.weight, self.chemistry.rates.size_spread)

    def reading(self, parcels: Parcels) -> float:
        return self.scattered(parcels)[0]

    def absorbance(self, parcels: Parcels) -> NDArray[np.float64]:
        lipids, rates = self.lipids(parcels), self.chemistry.rates
        spread = np.full(lipids.diameter_nm.size, rates.size_spread)
        solid = lipids.pieces_mol_m3 * parcels.weight[:, None]
        # The mean volume's diameter lies one and a half variances above the median.
        log_median_nm = np.log(lipids.diameter_nm).ravel() - 1.5 * spread**2
        seen = _table().extinction_per_mm(solid.ravel() * rates.molar_volume_m3_mol, log_median_nm, spread)
        return seen * (self.layout.geometry.path_mm / _LN10)

    def _assemble(self, parcels: Parcels) -> Lipids:
        time_s = np.maximum(parcels.reactor_s + parcels.outlet_s, 0.0)
        return self.chemistry.assemble(parcels.fractions, self.chip.mixing_s(parcels.marks[:, 0]), time_s)


@functools.cache
def _table() -> ClearSphereOptics:
    return ClearSphereOptics(_LAYOUT.pixels_nm, LIPID_INDEX, BUFFER_INDEX)
