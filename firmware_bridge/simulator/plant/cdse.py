"""CdSe dots as a process of the common plant: two precursors, any amines, one heated tube."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.cadmium_selenide import (
    DODECYLAMINE,
    OCTYLAMINE,
    OLEYLAMINE,
    Ligand,
    SelenideGrowth,
)
from firmware_bridge.simulator.optics import selenide
from firmware_bridge.simulator.plant.heat import ThermalParameters
from firmware_bridge.simulator.plant.hydraulics import OCTADECENE, Tube
from firmware_bridge.simulator.plant.layout import Excitation, Geometry, Layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.chemistry.dots import Dots
    from firmware_bridge.simulator.interfaces import Drive
    from firmware_bridge.simulator.plant.layout import Parcels

HOT_ZONE: Final = ThermalParameters(
    heater_w=180.0, zone_to_base_w_k=0.25, driver_loss=0.02, liquid_j_ul_k=OCTADECENE.heat_j_ul_k
)
"""Insulated, so that 180 W hold 300 degC; chosen."""
EXCITATION_NM: Final = 405.0


@dataclass(frozen=True, slots=True)
class SelenideStocks:
    """In the syringes; `amines` in the order of their streams. All chosen."""

    cadmium_mol_m3: float
    selenium_mol_m3: float
    amines_mol_m3: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class SelenideRig:
    """One way to make CdSe in a tube. Streams: cadmium, selenium, one for each amine, solvent."""

    layout: Layout
    stocks: SelenideStocks
    amines: tuple[Ligand, ...] = ()


AMINES: Final = SelenideRig(
    layout=Layout(
        first=("cadmium", "selenium", "dda", "ola", "oa", "solvent"),
        second=(),
        geometry=Geometry(
            mixer=Tube(volume_ul=10.0, bore_mm=0.5),
            reactor=Tube(volume_ul=300.0, bore_mm=0.5),
            outlet=Tube(volume_ul=30.0, bore_mm=0.5),
            path_mm=1.0,
        ),
        safe_pressure_kpa=300.0,
        safe_temperature_c=300.0,
        thermal=HOT_ZONE,
        liquid=OCTADECENE,
        excitation=Excitation(wavelength_nm=EXCITATION_NM, counts_nm_per_s=5e7),
    ),
    stocks=SelenideStocks(cadmium_mol_m3=50.0, selenium_mol_m3=50.0, amines_mol_m3=(1000.0,) * 3),
    amines=(DODECYLAMINE, OLEYLAMINE, OCTYLAMINE),
)

Y_REACTOR: Final = SelenideRig(
    layout=Layout(
        first=("cadmium", "selenium", "solvent"),
        second=(),
        geometry=Geometry(
            mixer=Tube(volume_ul=2.0, bore_mm=0.3),
            reactor=Tube(volume_ul=40.0, bore_mm=0.3),
            outlet=Tube(volume_ul=8.0, bore_mm=0.3),
            path_mm=0.5,
        ),
        safe_pressure_kpa=400.0,
        safe_temperature_c=260.0,
        thermal=HOT_ZONE,
        liquid=OCTADECENE,
        excitation=Excitation(wavelength_nm=EXCITATION_NM, counts_nm_per_s=5e8),
    ),
    stocks=SelenideStocks(cadmium_mol_m3=40.0, selenium_mol_m3=40.0),
)


class SelenideProcess:
    """Precursors meet cold, and react in the heated reactor; the outlet is too cold for them."""

    def __init__(self, rig: SelenideRig) -> None:
        self.layout = rig.layout
        self.stocks = rig.stocks
        self.chemistry = SelenideGrowth(rig.amines)
        self._pixels_nm = rig.layout.pixels_nm
        self._path_m = rig.layout.geometry.path_mm / 1000.0
        self._last: tuple[Parcels, Dots, NDArray[np.float64]] | None = None

    def mixer_clock_per_s(self, _mixer_c: float) -> float:
        return 0.0

    def marks(self, _drive: Drive) -> tuple[float, ...]:
        return ()

    def met(self, _drive: Drive) -> tuple[float, ...]:
        return ()

    def dots(self, parcels: Parcels) -> tuple[Dots, NDArray[np.float64]]:
        """Give the parcels' dots and their quantum yields; of the same parcels only once worked out."""
        if self._last is None or self._last[0] is not parcels:
            cadmium, selenium, *others = parcels.fractions.T
            amines = zip(self.stocks.amines_mol_m3, others, strict=False)
            amines_mol_m3 = np.reshape([stock * share for stock, share in amines], (-1, cadmium.size))
            made = self.chemistry.react(
                cadmium * self.stocks.cadmium_mol_m3,
                selenium * self.stocks.selenium_mol_m3,
                amines_mol_m3,
                parcels.reactor_c,
                parcels.reactor_s,
            )
            self._last = (parcels, *made)
        return self._last[1:]

    def absorbance(self, parcels: Parcels) -> NDArray[np.float64]:
        dots, _ = self.dots(parcels)
        return selenide.absorbance(dots, parcels.weight, self._pixels_nm, self._path_m)

    def emission(self, parcels: Parcels) -> NDArray[np.float64]:
        dots, quantum_yield = self.dots(parcels)
        return selenide.emission(
            dots, quantum_yield, parcels.weight, self._pixels_nm, self._path_m, EXCITATION_NM
        )
