"""Gold spheres written by light: what the twin takes, yields, and does that the paper found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.gold_light import (
    GOLD_M3_MOL,
    GROWTH_SPREAD,
    LightRates,
    LightStocks,
)
from firmware_bridge.simulator.chemistry.spheres import moments
from firmware_bridge.simulator.optics.constants import GOLD
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.gold import GoldByLightProcess
from firmware_bridge.simulator.plant.steady import Operation, steady_parcels
from firmware_bridge.simulator.twins.base import CHOSEN, Input, Outcome, Parameter, Property, Surface, Twin
from firmware_bridge.simulator.twins.optical import OPTICAL, band
from firmware_bridge.simulator.twins.trends import moves, ranks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters

GOLD_PCT: Final = 50.0
"""Of the flow, in every experiment; citrate and water share the rest."""
DIAMETER: Final = Property("diameter", "nm", "mean by number", is_optical=False)
VARIATION: Final = Property("diameter_cv", "1", "coefficient of variation of the diameter", is_optical=False)
_ROOM_C: Final = 22.0


class GoldByLightModel:
    """The noise-free steady state."""

    def __init__(self) -> None:
        self._process = GoldByLightProcess()

    @property
    def spectrometer(self) -> SpectrometerParameters:
        return self._process.layout.spectrometer

    def settle(self, conditions: Mapping[str, float]) -> Outcome:
        citrate = conditions["citrate"] / 100.0
        gold = GOLD_PCT / 100.0
        operation = Operation(
            fractions=(gold, citrate, 1.0 - gold - citrate),
            total_ul_min=conditions["total_flow"],
            mixer_c=_ROOM_C,
            reactor_c=_ROOM_C,
            met=(conditions["light"] / 100.0, conditions["scan_rate"]),
        )
        parcels = steady_parcels(self._process, operation)
        spheres = self._process.spheres(parcels)
        absorbance = self._process.absorbance(parcels)
        mean_nm, variation = moments(spheres, parcels.weight)
        window = self.spectrometer
        pixels_nm = np.linspace(window.first_nm, window.last_nm, window.pixels)
        properties = band(pixels_nm, absorbance)
        properties |= {"diameter": mean_nm, "diameter_cv": float(np.hypot(variation, GROWTH_SPREAD))}
        return Outcome(properties, pixels_nm, absorbance)


def parameters() -> tuple[Parameter, ...]:
    """List the constants of the equations as the model holds them."""
    stocks, rates = LightStocks(), LightRates()
    return (
        Parameter("gold stock", stocks.gold_mol_m3, "mol/m3", CHOSEN),
        Parameter("citrate stock", stocks.citrate_mol_m3, "mol/m3", CHOSEN),
        Parameter("k_photo", rates.photo_per_s, "1/s", CHOSEN),
        Parameter("K", rates.binding, "1", CHOSEN),
        Parameter("k_s", rates.surface_m_s, "m/s", CHOSEN),
        Parameter("k_g", rates.growth_m_s, "m/s", CHOSEN),
        Parameter("b", rates.nucleation_m3_mol_s, "m3/(mol s)", CHOSEN),
        Parameter("n", rates.nucleus_atoms, "1", CHOSEN),
        Parameter("w", rates.spot_um, "um", CHOSEN),
        Parameter("spread of ln d within a parcel", GROWTH_SPREAD, "1", CHOSEN),
        Parameter("v_m", GOLD_M3_MOL, "m3/mol", "196.97 g/mol over 19.30 g/cm3"),
        Parameter("A of surface damping", GOLD.scattering, "1", "Berciaud et al., Nano Lett. 5, 515 (2005)"),
    )


TWIN: Final = Twin(
    name="gold-light",
    title="Gold nanoparticles written by scanned light",
    paper="Gherman et al., Mater. Res. Express 5, 085011 (2018): a neural network on 118 samples",
    inputs=(
        Input("citrate", "%", 2.5, 25.0, 10.0, "share of the flow; citrate : gold is 0.4 times it", 0.01),
        Input("light", "%", 20.0, 100.0, 50.0, "intensity of the writing light", 0.01),
        Input("scan_rate", "Hz", 1000.0, 20000.0, 5000.0, "of the stage, 1 um a step: 1 to 20 mm/s", 0.001),
        Input("total_flow", "uL/min", 60.0, 200.0, 100.0, "through the channel", 0.01),
    ),
    properties=(*OPTICAL, DIAMETER, VARIATION),
    build=lambda seed: FlowPlant(GoldByLightProcess(), seed),
    model=GoldByLightModel,
    parameters=parameters,
    trends=(
        moves("the absorption maximum grows as the intensity falls", "peak_wavelength", "light", rises=False),
        moves("it grows as the citrate : gold ratio falls", "peak_wavelength", "citrate", rises=False),
        moves("it grows with the scanning velocity", "peak_wavelength", "scan_rate", rises=True),
        moves("so does the particle: it grows as the intensity falls", "diameter", "light", rises=False),
        moves("... as the ratio falls", "diameter", "citrate", rises=False),
        moves("... and with the scanning velocity", "diameter", "scan_rate", rises=True),
        ranks(
            "the intensity matters most, then the velocity, then the ratio",
            "diameter",
            ("light", "scan_rate", "citrate"),
        ),
    ),
    surfaces=(
        Surface("light", "scan_rate", "peak_wavelength"),
        Surface("citrate", "light", "diameter"),
    ),
    recipe="gold-light",
    campaigns=("gold-light-target",),
)
