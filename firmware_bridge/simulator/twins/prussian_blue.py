"""Prussian blue by sequential electrothermal micromixing: what the twin takes, yields, and does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.prussian_blue import (
    BLUE_M3_MOL,
    BlueRates,
    BlueStocks,
    size,
)
from firmware_bridge.simulator.optics.prussian_blue import BACKGROUND, BAND_EV, DAMPING_EV, STRENGTH
from firmware_bridge.simulator.plant import mixing
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.prussian_blue import FULL_VPP, MixerParameters, PrussianBlueProcess
from firmware_bridge.simulator.plant.steady import Operation, steady_parcels
from firmware_bridge.simulator.twins.base import (
    CHOSEN,
    Finding,
    Input,
    Outcome,
    Parameter,
    Property,
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

_ROOM_C: Final = 22.0
_RAMOS: Final = "Ramos et al., J. Phys. D: Appl. Phys. 31, 2338 (1998)"


class PrussianBlueModel:
    """The noise-free steady state."""

    def __init__(self) -> None:
        self._process = PrussianBlueProcess()

    @property
    def spectrometer(self) -> SpectrometerParameters:
        return self._process.layout.spectrometer

    def settle(self, conditions: Mapping[str, float]) -> Outcome:
        ferricyanide, seed_metal, feed_metal = (
            conditions[name] / 100.0 for name in ("ferricyanide", "seed_metal", "feed_metal")
        )
        operation = Operation(
            fractions=(ferricyanide, seed_metal, 1.0 - ferricyanide - seed_metal - feed_metal, feed_metal),
            total_ul_min=conditions["total_flow"],
            mixer_c=_ROOM_C,
            reactor_c=_ROOM_C,
            marks=(conditions["voltage"] / 100.0,),
        )
        parcels = steady_parcels(self._process, operation)
        blue = self._process.blue(parcels)
        absorbance = self._process.absorbance(parcels)
        mean_nm, variation = size(blue, parcels.weight)
        fed = np.minimum(*self._process.chemistry.fed_mol_m3(parcels.fractions))
        pixels_nm = self._process.layout.pixels_nm
        properties = band(pixels_nm, absorbance)
        properties |= {
            "diameter": mean_nm,
            "diameter_cv": variation,
            "diameter_sd": mean_nm * variation,
            "conversion": float(blue.solid_mol_m3 @ parcels.weight / (fed @ parcels.weight)),
        }
        return Outcome(properties, pixels_nm, absorbance)


def parameters() -> tuple[Parameter, ...]:
    """List the constants of the equations as the model holds them."""
    stocks, rates, mixers = BlueStocks(), BlueRates(), MixerParameters()
    return (
        Parameter("ferricyanide stock", stocks.ferricyanide_mol_m3, "mol/m3", CHOSEN),
        Parameter("metal stock", stocks.metal_mol_m3, "mol/m3", CHOSEN),
        Parameter("k_g", rates.growth_m_s, "m/s", CHOSEN),
        Parameter("b", rates.nucleation_m9_mol3_s, "m9/(mol3 s)", CHOSEN),
        Parameter("n", rates.nucleus_units, "1", CHOSEN),
        Parameter(
            "v_m", BLUE_M3_MOL, "m3/mol", "cell of 10.2 A, Ludi & Guedel, Struct. Bonding 14, 1 (1973)"
        ),
        Parameter("full voltage", FULL_VPP, "V peak to peak", CHOSEN),
        Parameter("w", mixers.width_m, "m", CHOSEN),
        Parameter("l", mixers.gap_m, "m", CHOSEN),
        Parameter("sigma", mixers.conductivity_s_m, "S/m", CHOSEN),
        Parameter("D", mixers.diffusion_m2_s, "m2/s", CHOSEN),
        Parameter("factor of the vortex's speed", mixing.ELECTROTHERMAL, "1", CHOSEN),
        Parameter("turns that mix", mixing.TURNS, "1", CHOSEN),
        Parameter("E_0", BAND_EV, "eV", CHOSEN),
        Parameter("gamma", DAMPING_EV, "eV", CHOSEN),
        Parameter("f", STRENGTH, "1", CHOSEN),
        Parameter("eps_b", BACKGROUND, "1", CHOSEN),
    )


def _fourth_power(_twin: Twin, _model: Model) -> Finding:
    """See whether what the voltage adds to mixing grows as its fourth power."""
    mixers = MixerParameters()
    still_s, half_s, full_s = mixers.mixing_s(np.array([0.0, 0.5, 1.0])).tolist()
    ratio = (1.0 / full_s - 1.0 / still_s) / (1.0 / half_s - 1.0 / still_s)
    text = f"mixed in {still_s:.2g} s without, {half_s:.2g} s at half, {full_s:.2g} s at full voltage"
    return Finding(abs(ratio - 16.0) < 1e-6, text)


TWIN: Final = Twin(
    name="prussian-blue",
    title="Prussian blue by sequential AC-electrothermal micromixing",
    paper=_RAMOS,
    inputs=(
        Input("voltage", "%", 10.0, 100.0, 60.0, "over both mixers, of 20 V peak to peak", 0.005),
        Input("ferricyanide", "%", 30.0, 50.0, 40.0, "share of the flow", 0.01),
        Input("seed_metal", "%", 5.0, 20.0, 12.0, "share of the flow, iron salt into the first mixer", 0.01),
        Input("feed_metal", "%", 5.0, 25.0, 15.0, "share of the flow, iron salt into the second mixer", 0.01),
        Input("total_flow", "uL/min", 100.0, 400.0, 200.0, "through the reactor", 0.01),
    ),
    properties=(
        *OPTICAL,
        DIAMETER,
        VARIATION,
        Property("diameter_sd", "nm", "standard deviation by number", is_optical=False),
        Property("conversion", "1", "of the ion that is fed less of", is_optical=False),
    ),
    build=lambda seed: FlowPlant(PrussianBlueProcess(), seed),
    model=PrussianBlueModel,
    parameters=parameters,
    trends=(
        Trend(
            f"the vortices of Joule heat grow as the fourth power of the voltage ({_RAMOS})", _fourth_power
        ),
        moves("the higher the voltage, the smaller the particles", "diameter", "voltage", rises=False),
        moves("... and the less their sizes differ", "diameter_sd", "voltage", rises=False),
        moves(
            "the band depends on the size, by scattering (Li et al., arXiv:2307.03883 (2023)): small is blue",
            "peak_wavelength",
            "voltage",
            rises=False,
        ),
        moves("what is fed later makes the seeds larger", "diameter", "feed_metal", rises=True),
    ),
    surfaces=(
        Surface("voltage", "total_flow", "diameter"),
        Surface("voltage", "feed_metal", "diameter_sd"),
    ),
    recipe="prussian-blue",
    campaigns=("prussian-blue-target",),
    shares=("ferricyanide", "seed_metal", "feed_metal"),
    most_share=99.0,
)
