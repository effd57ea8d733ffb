"""Gold spheres mixed by pulsing micropumps: what the twin takes, yields, and does that the paper found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.gold_light import GOLD_M3_MOL, GROWTH_SPREAD
from firmware_bridge.simulator.chemistry.gold_pulsed import GoldByPulses, PulsedRates, PulsedStocks
from firmware_bridge.simulator.chemistry.spheres import moments
from firmware_bridge.simulator.optics.constants import GOLD
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.gold import GoldByPulsesProcess
from firmware_bridge.simulator.plant.steady import Operation, steady_parcels
from firmware_bridge.simulator.twins.base import (
    CHOSEN,
    Finding,
    Input,
    Outcome,
    Parameter,
    Surface,
    Trend,
    Twin,
)
from firmware_bridge.simulator.twins.gold_light import DIAMETER, VARIATION
from firmware_bridge.simulator.twins.optical import OPTICAL, band
from firmware_bridge.simulator.twins.trends import moves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
    from firmware_bridge.simulator.twins.base import Model

_JUNCTION_C: Final = 22.0


class GoldByPulsesModel:
    """The noise-free steady state."""

    def __init__(self) -> None:
        self._process = GoldByPulsesProcess()

    @property
    def spectrometer(self) -> SpectrometerParameters:
        return self._process.layout.spectrometer

    def settle(self, conditions: Mapping[str, float]) -> Outcome:
        citrate = conditions["citrate"] / 100.0
        operation = Operation(
            fractions=(1.0 - citrate, citrate),
            total_ul_min=conditions["total_flow"],
            mixer_c=_JUNCTION_C,
            reactor_c=conditions["temperature"],
            marks=(conditions["switching"],),
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
    stocks, rates = PulsedStocks(), PulsedRates()
    return (
        Parameter("gold stock", stocks.gold_mol_m3, "mol/m3", CHOSEN),
        Parameter("citrate stock", stocks.citrate_mol_m3, "mol/m3", CHOSEN),
        Parameter("tau f", rates.mixing_s_hz, "s Hz", "95 ms at 200 Hz, Sugano et al. (2010)"),
        Parameter("f0", rates.unpulsed_hz, "Hz", CHOSEN),
        Parameter("t_n", rates.nucleation_s, "s", CHOSEN),
        Parameter("k", rates.reduction_m3_mol_s, "m3/(mol s) at 25 degC", CHOSEN),
        Parameter("E of k", rates.reduction_j_mol, "J/mol", CHOSEN),
        Parameter("k_s", rates.surface_m_s, "m/s at 25 degC", CHOSEN),
        Parameter("E of k_s", rates.surface_j_mol, "J/mol", CHOSEN),
        Parameter("k_g", rates.growth_m_s, "m/s", CHOSEN),
        Parameter("b", rates.nucleation_m3_mol_s, "m3/(mol s)", CHOSEN),
        Parameter("n", rates.nucleus_atoms, "1", CHOSEN),
        Parameter("spread of ln d within a parcel", GROWTH_SPREAD, "1", CHOSEN),
        Parameter("v_m", GOLD_M3_MOL, "m3/mol", "196.97 g/mol over 19.30 g/cm3"),
        Parameter("A of surface damping", GOLD.scattering, "1", "Berciaud et al., Nano Lett. 5, 515 (2005)"),
    )


def _mixing_time(_twin: Twin, _model: Model) -> Finding:
    fast_s, slow_s = GoldByPulses().mixing_s(np.array([200.0, 100.0])).tolist()
    holds = abs(slow_s / fast_s - 2.0) < 1e-9 and abs(fast_s - 0.095) < 1e-9
    return Finding(holds, f"{1000.0 * fast_s:.0f} ms at 200 Hz, {1000.0 * slow_s:.0f} ms at 100 Hz")


def _tens_of_nanometres(twin: Twin, model: Model) -> Finding:
    corners = [
        model.settle(twin.typical(citrate=share, temperature=celsius)).properties["diameter"]
        for share in (30.0, 70.0)
        for celsius in (25.0, 60.0)
    ]
    low_nm, high_nm = min(corners), max(corners)
    return Finding(10.0 < low_nm < high_nm < 60.0, f"{low_nm:.0f} to {high_nm:.0f} nm")


_PAPER: Final = "Sugano et al., Microfluid. Nanofluid. 9, 1165 (2010)"

TWIN: Final = Twin(
    name="gold-pulsed",
    title="Gold nanoparticles in a Y-mixer with two pulsing micropumps",
    paper=_PAPER,
    inputs=(
        Input("switching", "Hz", 20.0, 200.0, 100.0, "frequency of the micropumps", 0.001),
        Input("citrate", "%", 30.0, 70.0, 50.0, "share of the flow, the rest is gold", 0.01),
        Input("total_flow", "uL/min", 500.0, 2000.0, 1000.0, "through the reactor", 0.01),
        Input("temperature", "degC", 25.0, 60.0, 40.0, "of the reactor", 0.005),
    ),
    properties=(*OPTICAL, DIAMETER, VARIATION),
    build=lambda seed: FlowPlant(GoldByPulsesProcess(), seed),
    model=GoldByPulsesModel,
    parameters=parameters,
    trends=(
        moves("the faster the mixing, the larger the mean diameter", "diameter", "switching", rises=True),
        moves("the faster the mixing, the narrower the sizes", "diameter_cv", "switching", rises=False),
        Trend("the mixing time is inversely proportional to the frequency, 95 ms at 200 Hz", _mixing_time),
        Trend("diameters are a few tens of nanometres", _tens_of_nanometres),
    ),
    surfaces=(
        Surface("switching", "total_flow", "diameter_cv"),
        Surface("citrate", "temperature", "diameter"),
    ),
    recipe="gold-pulsed",
    campaigns=("gold-pulsed-target",),
)
