"""PbS dots as a process of the common plant: nuclei form in a hot mixer and grow in the reactor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.lead_sulfide import Feed, Stage, SulfideGrowth
from firmware_bridge.simulator.optics import lead_sulfide
from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
from firmware_bridge.simulator.plant.heat import ThermalParameters
from firmware_bridge.simulator.plant.hydraulics import OCTADECENE, Tube
from firmware_bridge.simulator.plant.layout import Excitation, Geometry, Layout
from firmware_bridge.simulator.plant.mixing import herringbone_s

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.chemistry.dots import Dots
    from firmware_bridge.simulator.interfaces import Drive
    from firmware_bridge.simulator.plant.layout import Parcels

EXCITATION_NM: Final = 780.0
CHANNEL_M: Final = 0.5e-3
"""Width of the staggered herringbone at the mixer's entrance; chosen."""
SULFIDE_M2_S: Final = 5e-10
"""Diffusion of the sulfide in octadecene; chosen."""
_SHORTEST_S: Final = 1e-3
DEGASSER_AXIS: Final = 1
"""Of the board's duty outputs: the vacuum pump of the degasser before the mixer."""
LAYOUT: Final = Layout(
    first=("lead", "sulfur", "acid", "amine", "solvent"),
    second=(),
    geometry=Geometry(
        mixer=Tube(volume_ul=30.0, bore_mm=0.5),
        reactor=Tube(volume_ul=300.0, bore_mm=0.5),
        outlet=Tube(volume_ul=30.0, bore_mm=0.5),
        path_mm=2.0,
    ),
    safe_pressure_kpa=300.0,
    safe_temperature_c=180.0,
    thermal=ThermalParameters(
        heater_w=120.0, zone_to_zone_w_k=0.01, driver_loss=0.02, liquid_j_ul_k=OCTADECENE.heat_j_ul_k
    ),
    spectrometer=SpectrometerParameters(
        first_nm=800.0,
        last_nm=1700.0,
        dark_per_s=20000.0,
        read_noise=30.0,
        lamp_k=2900.0,
        response_peak_nm=1350.0,
        response_width_nm=320.0,
    ),
    liquid=OCTADECENE,
    excitation=Excitation(wavelength_nm=EXCITATION_NM, counts_nm_per_s=3e8),
)
"""The detector is a cooled line of InGaAs: more dark current and read noise than silicon has. Chosen."""


@dataclass(frozen=True, slots=True)
class SulfideStocks:
    """All chosen."""

    lead_mol_m3: float = 100.0
    sulfur_mol_m3: float = 25.0
    acid_mol_m3: float = 1000.0
    amine_mol_m3: float = 1000.0


class SulfideProcess:
    """Lead, sulfide and ligands meet in the hot mixer, and go on into the cooler reactor."""

    def __init__(self) -> None:
        self.layout = LAYOUT
        self.stocks = SulfideStocks()
        self.chemistry = SulfideGrowth()
        self._pixels_nm = LAYOUT.pixels_nm
        self._path_m = LAYOUT.geometry.path_mm / 1000.0
        self._last: tuple[Parcels, Dots, NDArray[np.float64]] | None = None

    def mixer_clock_per_s(self, _mixer_c: float) -> float:
        """Count the seconds in the mixer."""
        return 1.0

    def marks(self, drive: Drive) -> tuple[float, ...]:
        """Note how well liquid has been degassed."""
        return (drive.duty[DEGASSER_AXIS] if len(drive.duty) > DEGASSER_AXIS else 0.0,)

    def met(self, _drive: Drive) -> tuple[float, ...]:
        return ()

    def feed(self, parcels: Parcels) -> Feed:
        """Give what the mixer holds."""
        lead, sulfur, acid, amine, _ = parcels.fractions.T
        stocks = self.stocks
        length_m = self.layout.geometry.mixer.length_m
        speed_m_s = length_m / np.maximum(parcels.mixer_exposure, _SHORTEST_S)
        return Feed(
            lead * stocks.lead_mol_m3,
            sulfur * stocks.sulfur_mol_m3,
            acid * stocks.acid_mol_m3,
            amine * stocks.amine_mol_m3,
            1.0 - parcels.marks[:, 0],
            herringbone_s(CHANNEL_M, speed_m_s, SULFIDE_M2_S),
        )

    def dots(self, parcels: Parcels) -> tuple[Dots, NDArray[np.float64]]:
        """Give the parcels' dots and their quantum yields; of the same parcels only once worked out."""
        if self._last is None or self._last[0] is not parcels:
            injection = Stage(parcels.mixer_c, parcels.mixer_exposure)
            growth = Stage(parcels.reactor_c, parcels.reactor_s)
            self._last = (parcels, *self.chemistry.react(self.feed(parcels), injection, growth))
        return self._last[1:]

    def absorbance(self, parcels: Parcels) -> NDArray[np.float64]:
        dots, _ = self.dots(parcels)
        seen: NDArray[np.float64] = parcels.weight @ lead_sulfide.absorbances(
            dots, self._pixels_nm, self._path_m
        )
        return seen

    def emission(self, parcels: Parcels) -> NDArray[np.float64]:
        dots, quantum_yield = self.dots(parcels)
        return lead_sulfide.emission(
            dots, quantum_yield, parcels.weight, self._pixels_nm, self._path_m, EXCITATION_NM
        )
