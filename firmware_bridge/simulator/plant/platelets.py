"""CsPbBr3 platelets as a process of the common plant, and the light that they absorb."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.platelets import MONOLAYERS, STREAMS, PlateletGrowth
from firmware_bridge.simulator.optics.confinement import platelet_exciton_ev
from firmware_bridge.simulator.optics.constants import HC_EV_NM
from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
from firmware_bridge.simulator.plant.heat import ThermalParameters
from firmware_bridge.simulator.plant.hydraulics import OCTADECENE, Tube
from firmware_bridge.simulator.plant.layout import Geometry, Layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.chemistry.platelets import Platelets
    from firmware_bridge.simulator.interfaces import Drive
    from firmware_bridge.simulator.plant.layout import Parcels

EXCITON_M2_MOL: Final = 1400.0
"""Decadic absorption at an exciton's peak per lead of one layer: a platelet's is that of its area. Chosen."""
LINE_EV: Final = 0.035
"""Standard deviation of an exciton's line at room temperature; chosen."""
CONTINUUM: Final = 0.25
"""Absorption above the gap over that at the exciton; chosen."""
BINDING_EV: Final = 0.2
"""From the exciton to the continuum; chosen."""
_LAYOUT: Final = Layout(
    first=STREAMS,
    second=(),
    geometry=Geometry(
        mixer=Tube(volume_ul=10.0, bore_mm=0.5),
        reactor=Tube(volume_ul=300.0, bore_mm=0.5),
        outlet=Tube(volume_ul=30.0, bore_mm=0.5),
        path_mm=10.0,
    ),
    safe_pressure_kpa=300.0,
    safe_temperature_c=150.0,
    thermal=ThermalParameters(heater_w=120.0, liquid_j_ul_k=OCTADECENE.heat_j_ul_k),
    spectrometer=SpectrometerParameters(first_nm=400.0, last_nm=640.0),
    liquid=OCTADECENE,
)


class PlateletProcess:
    """Lead, caesium and ligand meet, and grow in the heated reactor; the outlet is too cold for them."""

    def __init__(self) -> None:
        self.layout = _LAYOUT
        self.chemistry = PlateletGrowth()
        window = _LAYOUT.spectrometer
        pixels_nm = np.linspace(window.first_nm, window.last_nm, window.pixels)
        self._spectra = layer_spectra(pixels_nm)

    def mixer_clock_per_s(self, _mixer_c: float) -> float:
        return 0.0

    def marks(self, _drive: Drive) -> tuple[float, ...]:
        return ()

    def met(self, _drive: Drive) -> tuple[float, ...]:
        return ()

    def platelets(self, parcels: Parcels) -> Platelets:
        return self.chemistry.grow(parcels.fractions, parcels.reactor_c, parcels.reactor_s)

    def absorbance(self, parcels: Parcels) -> NDArray[np.float64]:
        layers_mol_m3 = self.platelets(parcels).layers_mol_m3 @ parcels.weight
        path_m = self.layout.geometry.path_mm / 1000.0
        seen: NDArray[np.float64] = np.maximum(layers_mol_m3, 0.0) @ self._spectra * path_m
        return seen


def layer_spectra(wavelength_nm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Absorption per lead in one layer, m2/mol, for every thickness, shape (thicknesses, wavelengths).

    A Gaussian exciton, and a step to the continuum that is as wide as it.
    """
    above_ev = HC_EV_NM / wavelength_nm - platelet_exciton_ev(MONOLAYERS)[:, None]
    exciton = np.exp(-0.5 * (above_ev / LINE_EV) ** 2)
    step = CONTINUUM / (1.0 + np.exp(-np.clip((above_ev - BINDING_EV) / LINE_EV, -50.0, 50.0)))
    return EXCITON_M2_MOL * (exciton + step)
