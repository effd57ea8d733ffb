"""CsPbBr3 cubes under pairs of ligands as a process of the common plant: what they absorb and emit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.cspbbr3_ligands import STREAMS, LigandCubes, LigandGrowth
from firmware_bridge.simulator.optics import perovskite
from firmware_bridge.simulator.optics.constants import HC_EV_NM
from firmware_bridge.simulator.optics.luminescence import Emitters, sigma_of_fwhm
from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
from firmware_bridge.simulator.plant.emitting import Emitting
from firmware_bridge.simulator.plant.heat import ThermalParameters
from firmware_bridge.simulator.plant.hydraulics import OCTADECENE, Tube
from firmware_bridge.simulator.plant.layout import Excitation, Geometry, Layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.plant.layout import Parcels

LINE_EV: Final = 0.07
"""Full width at half maximum of one cube's line; chosen."""
STOKES_EV: Final = 0.03
EXCITATION_NM: Final = 365.0
_SMALLEST_NM: Final = 2.0
"""Smaller cubes count as this large: clusters, of which the box says nothing."""
_LAYOUT: Final = Layout(
    first=STREAMS,
    second=(),
    geometry=Geometry(
        mixer=Tube(volume_ul=10.0, bore_mm=0.5),
        reactor=Tube(volume_ul=300.0, bore_mm=0.5),
        outlet=Tube(volume_ul=30.0, bore_mm=0.5),
        path_mm=0.5,
    ),
    safe_pressure_kpa=300.0,
    safe_temperature_c=95.0,
    thermal=ThermalParameters(heater_w=90.0, liquid_j_ul_k=OCTADECENE.heat_j_ul_k),
    # It sees the diode's wavelength too, for the share of it that is absorbed.
    spectrometer=SpectrometerParameters(first_nm=355.0, last_nm=640.0, response_width_nm=300.0),
    liquid=OCTADECENE,
    excitation=Excitation(wavelength_nm=EXCITATION_NM, counts_nm_per_s=3e7),
)
"""Volumes, bores and powers are chosen; the liquid flows as octadecene does."""


class LigandProcess(Emitting[LigandCubes]):
    """Salts meet amines and acid; cubes grow in the heated reactor, and the outlet is too cold for them."""

    def __init__(self) -> None:
        super().__init__(_LAYOUT, self._grow)
        self.chemistry = LigandGrowth()

    def _grow(self, parcels: Parcels) -> tuple[LigandCubes, Emitters]:
        cubes = self.chemistry.grow(parcels.fractions, parcels.reactor_c, parcels.reactor_s)
        return cubes, self._emitters(cubes, parcels.weight)

    def _emitters(self, cubes: LigandCubes, weight: NDArray[np.float64]) -> Emitters:
        first_ev, sigma_ev = _first_ev(cubes), _sigma_ev(cubes)
        # Cs4PbBr6 does not absorb here.
        seen_mol_m2 = weight * cubes.bright_mol_m3 * (self.layout.geometry.path_mm / 1000.0)

        def absorbances(wavelength_nm: NDArray[np.float64]) -> NDArray[np.float64]:
            per_lead = perovskite.absorption_m2_mol(HC_EV_NM / wavelength_nm, first_ev, sigma_ev)
            return per_lead * seen_mol_m2[:, None]

        return Emitters(absorbances, first_ev - STOKES_EV, sigma_ev, cubes.quantum_yield)


def _first_ev(cubes: LigandCubes) -> NDArray[np.float64]:
    edge_nm = np.maximum(cubes.edge_nm, _SMALLEST_NM)
    none = np.zeros_like(edge_nm)
    return perovskite.exciton_ev(edge_nm, none, none)


def _sigma_ev(cubes: LigandCubes) -> NDArray[np.float64]:
    """Join the standard deviations of one cube's line and of edges."""
    slope_ev_nm = perovskite.exciton_slope_ev_nm(np.maximum(cubes.edge_nm, _SMALLEST_NM))
    sigma_ev: NDArray[np.float64] = np.hypot(sigma_of_fwhm(LINE_EV), slope_ev_nm * cubes.edge_sigma_nm)
    return sigma_ev
