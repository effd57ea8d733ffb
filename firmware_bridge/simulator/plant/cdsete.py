"""CdSeTe dots in a segmented-flow capillary as a process of the common plant: what they absorb and emit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.cdsete import CARRIER, REAGENTS, AlloyDots, CdSeTeGrowth
from firmware_bridge.simulator.optics import alloy
from firmware_bridge.simulator.optics.constants import HC_EV_NM
from firmware_bridge.simulator.optics.luminescence import Emitters, sigma_of_fwhm
from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
from firmware_bridge.simulator.plant.emitting import Emitting
from firmware_bridge.simulator.plant.heat import ThermalParameters
from firmware_bridge.simulator.plant.hydraulics import OCTADECENE, Tube
from firmware_bridge.simulator.plant.layout import Excitation, Geometry, Layout
from firmware_bridge.simulator.plant.slugs import Segmented

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.plant.layout import Parcels

LINE_EV: Final = 0.11
"""Full width at half maximum of one dot's line, alloy disorder included; chosen."""
STOKES_EV: Final = 0.04
"""From the first exciton down to the emission; chosen."""
BEST_YIELD: Final = 0.6
"""Quantum yield of selenide dots whose surface cadmium covers; chosen."""
BARE_YIELD: Final = 0.15
"""Share of the yield that is left without free cadmium; chosen."""
COVERING_MOL_M3: Final = 1.5
"""Free cadmium, as oleate, that covers half of a surface; chosen."""
TELLURIUM_LOSS: Final = 0.4
"""Share of the yield that a pure telluride loses: tellurium at the surface traps holes. Chosen."""
EXCITATION_NM: Final = 405.0
_LAYOUT: Final = Layout(
    first=(*REAGENTS, CARRIER),
    second=(),
    geometry=Geometry(
        mixer=Tube(volume_ul=10.0, bore_mm=0.5),
        reactor=Tube(volume_ul=400.0, bore_mm=0.5),
        outlet=Tube(volume_ul=30.0, bore_mm=0.5),
        path_mm=1.0,
        # A perfluorinated oil wets the capillary, so that the liquid flows in droplets.
        segmented=Segmented(carrier=CARRIER, wets_wall=True, heat=1.0),
    ),
    safe_pressure_kpa=400.0,
    safe_temperature_c=245.0,
    # Insulated, for 220 degC with a modest heater; nothing chills it.
    thermal=ThermalParameters(
        base_c=22.0,
        heater_w=110.0,
        zone_to_base_w_k=0.12,
        driver_loss=0.02,
        liquid_j_ul_k=OCTADECENE.heat_j_ul_k,
    ),
    # It sees the diode's wavelength too, for the share of it that is absorbed.
    spectrometer=SpectrometerParameters(
        first_nm=395.0, last_nm=850.0, response_peak_nm=650.0, response_width_nm=300.0
    ),
    liquid=OCTADECENE,
    excitation=Excitation(wavelength_nm=EXCITATION_NM, counts_nm_per_s=1e8),
)
"""Volumes, bores and powers are chosen."""


class CdSeTeProcess(Emitting[AlloyDots]):
    """Droplets of cadmium, selenium and tellurium react in the heated capillary; the outlet is too cold."""

    def __init__(self) -> None:
        super().__init__(_LAYOUT, self._grow)
        self.chemistry = CdSeTeGrowth()

    def _grow(self, parcels: Parcels) -> tuple[AlloyDots, Emitters]:
        shares = parcels.fractions[:, : len(REAGENTS)]
        grown = self.chemistry.grow(shares, parcels.reactor_c, parcels.reactor_s)
        return grown, self._emitters(grown, parcels.weight)

    def _emitters(self, grown: AlloyDots, weight: NDArray[np.float64]) -> Emitters:
        diameter_nm, sigma_ev = 2.0 * grown.dots.radius_nm, _sigma_ev(grown)
        first_ev = alloy.exciton_ev(diameter_nm, grown.telluride)
        seen_mol_m2 = weight * grown.dots.solid_mol_m3 * (self.layout.geometry.path_mm / 1000.0)

        def absorbances(wavelength_nm: NDArray[np.float64]) -> NDArray[np.float64]:
            per_unit = alloy.absorption_m2_mol(HC_EV_NM / wavelength_nm, first_ev, sigma_ev, diameter_nm)
            return per_unit * seen_mol_m2[:, None]

        return Emitters(absorbances, first_ev - STOKES_EV, sigma_ev, quantum_yield(grown))


def quantum_yield(grown: AlloyDots) -> NDArray[np.float64]:
    """Photons emitted for each one absorbed, (n,): free cadmium covers the surface, tellurium spoils it."""
    cadmium = np.maximum(grown.dots.cation_mol_m3, 0.0)
    covered = cadmium / (cadmium + COVERING_MOL_M3)
    share: NDArray[np.float64] = (
        BEST_YIELD * (BARE_YIELD + (1.0 - BARE_YIELD) * covered) * (1.0 - TELLURIUM_LOSS * grown.telluride)
    )
    return share


def _sigma_ev(grown: AlloyDots) -> NDArray[np.float64]:
    """Join the standard deviations of one dot's line and of sizes."""
    slope_ev_nm = alloy.exciton_slope_ev_nm(2.0 * grown.dots.radius_nm, grown.telluride)
    sigma_ev: NDArray[np.float64] = np.hypot(sigma_of_fwhm(LINE_EV), slope_ev_nm * 2.0 * grown.dots.sigma_nm)
    return sigma_ev
