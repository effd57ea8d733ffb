"""Seeded silver nanoprisms in a two-stage microreactor: the process behind the simulated board.

Silver nitrate, PVA, citrate and seeds meet at the first junction and pass the mixer (heater 0), where caps
adsorb and nothing reduces; the reductant joins at the second junction, before the reactor (heater 1). After
Mekki-Berrada et al., npj Comput. Mater. 7, 55 (2021); equations in docs/twins/silver.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.growth import Passage
from firmware_bridge.simulator.chemistry.rates import adsorption_per_s
from firmware_bridge.simulator.chemistry.streams import STREAMS
from firmware_bridge.simulator.optics.population import PopulationOptics
from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.layout import Layout, Parcels
from firmware_bridge.simulator.plant.nanoprism_model import NanoprismModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.interfaces import Drive
    from firmware_bridge.simulator.plant.nanoprism_model import Conditions, SteadyState

SAFE_PRESSURE_KPA: Final = 400.0
"""Of the fittings; the published flows stay below half of it."""
SAFE_TEMPERATURE_C: Final = 85.0
"""Of liquid that must not boil in the flow cell."""
_WINDOW: Final = SpectrometerParameters()


def nanoprism_model() -> NanoprismModel:
    """Chemistry and optics for the pixels of the twin's spectrometer."""
    pixels_nm = np.linspace(_WINDOW.first_nm, _WINDOW.last_nm, _WINDOW.pixels)
    return NanoprismModel(PopulationOptics(pixels_nm))


class NanoprismProcess:
    """What the silver synthesis adds to the common plant."""

    def __init__(self, model: NanoprismModel) -> None:
        self._model = model
        self.layout = Layout(
            first=STREAMS[:-1],
            second=STREAMS[-1:],
            geometry=model.geometry,
            safe_pressure_kpa=SAFE_PRESSURE_KPA,
            safe_temperature_c=SAFE_TEMPERATURE_C,
            thermal=model.thermal,
            spectrometer=_WINDOW,
            polymer="pva",
            polymer_kg_m3=model.stocks.pva_kg_m3,
        )

    def mixer_clock_per_s(self, mixer_c: float) -> float:
        """Adsorption of the caps."""
        return adsorption_per_s(self._model.rates, mixer_c)

    def marks(self, _drive: Drive) -> tuple[float, ...]:
        return ()

    def met(self, _drive: Drive) -> tuple[float, ...]:
        return ()

    def absorbance(self, parcels: Parcels) -> NDArray[np.float64]:
        passage = Passage(
            mixer_c=parcels.mixer_c,
            adsorption_exposure=parcels.mixer_exposure,
            reactor_s=parcels.reactor_s,
            reactor_c=parcels.reactor_c,
            outlet_s=parcels.outlet_s,
            outlet_c=parcels.outlet_c,
        )
        return self._model.view(parcels.fractions, passage, parcels.weight).absorbance


class NanoprismPlant(FlowPlant):
    """The silver synthesis in its rig."""

    def __init__(self, seed: int) -> None:
        self._model = nanoprism_model()
        super().__init__(NanoprismProcess(self._model), seed)

    def steady(self, conditions: Conditions) -> SteadyState:
        """Find the noise-free steady state of one condition, with pumps that deliver what they are asked."""
        return self._model.steady(conditions)
