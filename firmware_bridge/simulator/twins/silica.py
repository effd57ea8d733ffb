"""Silica over a day, with a sensor of impedance in the line: what the twin takes, yields, and does."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.silica import Conduction, SilicaRates, SilicaStocks, size
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.silica import ETHANOL_INDEX, SILICA_INDEX, SilicaProcess
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
from firmware_bridge.simulator.twins.optical import band
from firmware_bridge.simulator.twins.trends import moves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
    from firmware_bridge.simulator.twins.base import Model

AGE_S: Final = 23 * 3600.0
"""For which the recipe lets the liquid stand, in all."""
_FILLING_UL_MIN: Final = 400.0
_OUT_S: Final = 15.0
"""From the reactor to the flow cell, when it is pushed there."""
_AMBIENT_C: Final = 22.0
_BOGUSH: Final = "Bogush, Tracy & Zukoski, J. Non-Cryst. Solids 104, 95 (1988)"
_TAN: Final = "Tan, Bowen & Epstein, J. Colloid Interface Sci. 118, 290 (1987)"


class SilicaModel:
    """What has stood for a day, free of noise."""

    def __init__(self) -> None:
        self._process = SilicaProcess()

    @property
    def spectrometer(self) -> SpectrometerParameters:
        return self._process.layout.spectrometer

    def settle(self, conditions: Mapping[str, float]) -> Outcome:
        return self.aged(conditions, AGE_S)

    def aged(self, conditions: Mapping[str, float], age_s: float) -> Outcome:
        """Give what the detector sees of liquid that filled the reactor and stood there for `age_s`."""
        teos, ammonia, water = (conditions[name] / 100.0 for name in ("teos", "ammonia", "water"))
        operation = Operation(
            fractions=(teos, 1.0 - teos - ammonia - water, ammonia, water),
            total_ul_min=_FILLING_UL_MIN,
            mixer_c=_AMBIENT_C,
            reactor_c=conditions["temperature"],
        )
        flowing = steady_parcels(self._process, operation)
        every = np.ones(flowing.weight.shape)
        parcels = dataclasses.replace(flowing, reactor_s=age_s * every, outlet_s=_OUT_S * every)
        silica = self._process.silica(parcels)
        absorbance = self._process.absorbance(parcels)
        diameter_nm, variation = size(silica, parcels.weight)
        fed, _, _ = self._process.chemistry.fed_mol_m3(parcels.fractions)
        pixels_nm = self._process.layout.pixels_nm
        properties = band(pixels_nm, absorbance)
        properties |= {
            "impedance": self._process.reading(parcels),
            "diameter": diameter_nm,
            "diameter_cv": variation,
            "conversion": float(silica.solid_mol_m3 @ parcels.weight / (fed @ parcels.weight)),
        }
        return Outcome(properties, pixels_nm, absorbance)


def parameters() -> tuple[Parameter, ...]:
    """List the constants of the equations as the model holds them."""
    stocks, rates, conduction = SilicaStocks(), SilicaRates(), Conduction()
    return (
        Parameter("orthosilicate stock", stocks.teos_mol_m3, "mol/m3", CHOSEN),
        Parameter("ammonia stock", stocks.ammonia_mol_m3, "mol/m3", CHOSEN),
        Parameter("water stock", stocks.water_mol_m3, "mol/m3", CHOSEN),
        Parameter("k", rates.hydrolysis_per_s, "1/s", CHOSEN),
        Parameter("E_k", rates.hydrolysis_j_mol, "J/mol", CHOSEN),
        Parameter("r", rates.condensation, "1", CHOSEN),
        Parameter("s", rates.solubility_mol_m3, "mol/m3", CHOSEN),
        Parameter("E_d", rates.size_j_mol, "J/mol", CHOSEN),
        Parameter("v_m", rates.molar_volume_m3_mol, "m3/mol", CHOSEN),
        Parameter("d_s", rates.subparticle_nm, "nm", CHOSEN),
        Parameter("n_0", rates.early_number, "1", CHOSEN),
        Parameter("x_a", rates.aggregation_conversion, "1", CHOSEN),
        Parameter("least variation", rates.variation, "1", CHOSEN),
        Parameter("K_b", conduction.base_constant_mol_m3, "mol/m3", CHOSEN),
        Parameter("Lambda", conduction.molar_s_m2, "S m2/mol", CHOSEN),
        Parameter("P_b", conduction.silanol_mol_m3, "mol/m3", CHOSEN),
        Parameter("c", conduction.cell_per_m, "1/m", CHOSEN),
        Parameter("index of silica", SILICA_INDEX, "1", CHOSEN),
        Parameter("index of the liquid", ETHANOL_INDEX, "1", CHOSEN),
    )


def _rising(twin: Twin, _model: Model) -> Finding:
    """See whether conversion and impedance rise together, at any time of the day."""
    model = SilicaModel()
    outcomes = [model.aged(twin.typical(), age_s) for age_s in np.geomspace(300.0, AGE_S, 24)]
    before, after = outcomes[0].properties, outcomes[-1].properties
    holds = all(
        earlier.properties[name] < later.properties[name]
        for earlier, later in pairwise(outcomes)
        for name in ("conversion", "impedance")
    )
    text = f"{before['impedance']:.3g} to {after['impedance']:.3g} kohm within 23 h, conversion"
    return Finding(holds, f"{text} {before['conversion']:.3g} to {after['conversion']:.3g}")


def _turns(twin: Twin, model: Model) -> Finding:
    """See whether the largest particles are had within the range of water."""
    span = twin.input("water")
    shares = np.linspace(span.low, span.high, 25)
    sizes_nm = [model.settle(twin.typical(water=float(share))).properties["diameter"] for share in shares]
    top = int(np.argmax(sizes_nm))
    falls = [after < before for before, after in pairwise(sizes_nm)]
    holds = 0 < top < 24 and not any(falls[:top]) and all(falls[top:])
    return Finding(holds, f"largest, {sizes_nm[top]:.4g} nm, at {shares[top]:.3g} % of water")


TWIN: Final = Twin(
    name="silica",
    title="Silica spheres over a day, with impedance in the line",
    paper=_BOGUSH,
    inputs=(
        Input("teos", "%", 10.0, 30.0, 20.0, "share of the flow, 1 M orthosilicate in ethanol", 0.01),
        Input("ammonia", "%", 10.0, 35.0, 15.0, "share of the flow, 5 M ammonia in ethanol", 0.01),
        Input("water", "%", 10.0, 35.0, 20.0, "share of the flow, 30 M water in ethanol", 0.01),
        Input("temperature", "degC", 25.0, 60.0, 30.0, "of the tube in which it stands", 0.003),
    ),
    properties=(
        Property("absorbance", "1", "turbidity at the short end, decadic, 0.5 mm", is_optical=True),
        Property("impedance", "kohm", "of the liquid, in the line", is_optical=False),
        DIAMETER,
        VARIATION,
        Property("conversion", "1", "of the silicon to spheres", is_optical=False),
    ),
    build=lambda seed: FlowPlant(SilicaProcess(), seed),
    model=SilicaModel,
    parameters=parameters,
    trends=(
        moves(f"more ammonia makes larger spheres ({_BOGUSH})", "diameter", "ammonia", rises=True),
        moves("... and so does more water", "diameter", "water", rises=True, within=(10.0, 20.0)),
        Trend("... up to a maximum", _turns),
        moves(
            f"the warmer it stands, the smaller the spheres ({_TAN})", "diameter", "temperature", rises=False
        ),
        moves("more orthosilicate makes larger spheres", "diameter", "teos", rises=True),
        Trend("impedance rises as long as silica forms", _rising),
    ),
    surfaces=(Surface("water", "ammonia", "diameter"), Surface("temperature", "ammonia", "impedance")),
    recipe="silica",
    campaigns=("silica-target",),
    shares=("teos", "ammonia", "water"),
    most_share=95.0,
)
