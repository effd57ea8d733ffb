"""CsPbX3 cubes by halide exchange: what the twin takes, yields, and does that was found of them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.halide_exchange import ExchangeRates, ExchangeStocks
from firmware_bridge.simulator.optics import perovskite
from firmware_bridge.simulator.plant import cspbx3_exchange as process_of
from firmware_bridge.simulator.plant.cspbx3_exchange import HalideExchangeProcess
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
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
from firmware_bridge.simulator.twins.optical import EMISSION, QUANTUM_YIELD, emission_band
from firmware_bridge.simulator.twins.trends import moves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
    from firmware_bridge.simulator.twins.base import Model

SHARES: Final = ("amine", "acid", "iodide", "chloride", "gas")
_PROTESESCU: Final = "Protesescu et al., Nano Lett. 15, 3692 (2015)"
_REACH_EV: Final = (1.9, 2.9)


class HalideExchangeModel:
    """The noise-free steady state."""

    def __init__(self) -> None:
        self._process = HalideExchangeProcess()

    @property
    def spectrometer(self) -> SpectrometerParameters:
        return self._process.layout.spectrometer

    def settle(self, conditions: Mapping[str, float]) -> Outcome:
        process, layout = self._process, self._process.layout
        given = {name: conditions[name] / 100.0 for name in SHARES}
        given["seeds"] = 1.0 - sum(given.values())
        operation = Operation(
            fractions=tuple(given[name] for name in layout.streams),
            total_ul_min=conditions["total_flow"],
            mixer_c=conditions["conditioning"],
            reactor_c=conditions["temperature"],
        )
        parcels = steady_parcels(process, operation)
        exchanged = process.product(parcels)
        emission = layout.shown_emission(process.emission(parcels))
        properties = emission_band(layout.pixels_nm, emission)
        properties |= {
            QUANTUM_YIELD.name: process.quantum_yield(parcels),
            "iodide_share": float(exchanged.iodide @ parcels.weight),
            "chloride_share": float(exchanged.chloride @ parcels.weight),
            "edge": float(exchanged.edge_nm @ parcels.weight),
        }
        return Outcome(properties, layout.pixels_nm, process.absorbance(parcels), emission)


def parameters() -> tuple[Parameter, ...]:
    """List the constants of the equations as the model holds them."""
    stocks, rates, warm = ExchangeStocks(), ExchangeRates(), "at 25 degC"
    return (
        Parameter("lead stock", stocks.lead_mol_m3, "mol/m3, as cubes", CHOSEN),
        Parameter("iodide stock", stocks.iodide_mol_m3, "mol/m3", CHOSEN),
        Parameter("chloride stock", stocks.chloride_mol_m3, "mol/m3", CHOSEN),
        Parameter("amine stock", stocks.amine_mol_m3, "mol/m3", CHOSEN),
        Parameter("acid stock", stocks.acid_mol_m3, "mol/m3", CHOSEN),
        Parameter("edge of the seeds", rates.seed_nm, "nm", CHOSEN),
        Parameter("k_I", rates.iodide_m3_mol_s, f"m3/(mol s) {warm}", CHOSEN),
        Parameter("k_Cl", rates.chloride_m3_mol_s, f"m3/(mol s) {warm}", CHOSEN),
        Parameter("E of both", rates.exchange_j_mol, "J/mol", CHOSEN),
        Parameter("K_I", rates.iodide_preference, "1", CHOSEN),
        Parameter("K_Cl", rates.chloride_preference, "1", CHOSEN),
        Parameter("D", rates.dissolving_mol_m3, "mol/m3", CHOSEN),
        Parameter("P", rates.shell_mol_m3, "mol/m3", CHOSEN),
        Parameter("k_s", rates.shell_per_s, f"1/s {warm}", CHOSEN),
        Parameter("E of k_s", rates.shell_j_mol, "J/mol", CHOSEN),
        Parameter("e", rates.etching_m3_mol, "m3/mol", CHOSEN),
        Parameter("gap of CsPbCl3", perovskite.CHLORIDE_GAP_EV, "eV", _PROTESESCU),
        Parameter("gap of CsPbBr3", perovskite.BROMIDE_GAP_EV, "eV", _PROTESESCU),
        Parameter("gap of CsPbI3", perovskite.IODIDE_GAP_EV, "eV", _PROTESESCU),
        Parameter("formula unit", perovskite.UNIT_NM3, "nm3", _PROTESESCU),
        Parameter("absorption at 3.4 eV", perovskite.ABSORPTION_M2_MOL, "m2/mol of lead", CHOSEN),
        Parameter("exciton over it", perovskite.EXCITON_SHARE, "1", CHOSEN),
        Parameter("Stokes shift", process_of.STOKES_EV, "eV", CHOSEN),
        Parameter("a cube's line", process_of.LINE_EV, "eV, full width", CHOSEN),
        Parameter("spread of edges", process_of.EDGE_SPREAD, "1", CHOSEN),
        Parameter("disorder", process_of.DISORDER_EV, "eV", CHOSEN),
        Parameter("u", process_of.UNMIXED, "1", CHOSEN),
        Parameter("q_0", process_of.BEST_YIELD, "1", CHOSEN),
        Parameter("l_I", process_of.IODIDE_LOSS, "1", CHOSEN),
        Parameter("l_Cl", process_of.CHLORIDE_LOSS, "1", CHOSEN),
        Parameter("q_v", process_of.UNFILLED_YIELD, "1", CHOSEN),
        Parameter("V", process_of.PASSIVATING_MOL_M3, "mol/m3", CHOSEN),
        Parameter("S", process_of.STRIPPING_MOL_M3, "mol/m3", CHOSEN),
    )


def _reaches(twin: Twin, model: Model) -> Finding:
    """Look for the ends of the range of photon energies at the ends of the halides' ranges."""
    most_i, most_cl = twin.input("iodide").high, twin.input("chloride").high
    red = model.settle(twin.typical(iodide=most_i, chloride=0.0)).properties["emission_energy"]
    blue = model.settle(twin.typical(iodide=0.0, chloride=most_cl)).properties["emission_energy"]
    return Finding(red <= _REACH_EV[0] and blue >= _REACH_EV[1], f"{red:.2f} to {blue:.2f} eV")


def _chloride_dims(twin: Twin, model: Model) -> Finding:
    """Compare the quantum yields of nearly pure iodide, bromide and chloride."""
    most_i, most_cl = twin.input("iodide").high, twin.input("chloride").high
    iodide, bromide, chloride = (
        model.settle(twin.typical(iodide=i, chloride=cl)).properties["quantum_yield"]
        for i, cl in ((most_i, 0.0), (1.0, 1.0), (0.0, most_cl))
    )
    text = f"{iodide:.2f} as iodide, {bromide:.2f} as bromide, {chloride:.2f} as chloride"
    return Finding(chloride < 0.6 * min(iodide, bromide), text)


def _best_amine(twin: Twin, model: Model) -> Finding:
    """See whether the quantum yield has its maximum inside the range of amine, not at an end."""
    span = twin.input("amine")
    yields = [
        model.settle(twin.typical(amine=float(value))).properties["quantum_yield"]
        for value in np.linspace(span.low, span.high, 9)
    ]
    best = int(np.argmax(yields))
    signs = [after > before for before, after in pairwise(yields)]
    single = signs == sorted(signs, reverse=True)
    text = f"quantum yield {yields[0]:.2f}, at best {yields[best]:.2f}, {yields[-1]:.2f} as amine goes up"
    return Finding(single and 0 < best < len(yields) - 1, text)


TWIN: Final = Twin(
    name="cspbx3-exchange",
    title="CsPbX3 cubes by halide exchange in three-phase flow",
    paper="Epps et al., Adv. Mater. 32, 2001626 (2020)",
    inputs=(
        Input("iodide", "%", 0.0, 25.0, 6.0, "share of the flow, as zinc iodide", 0.01),
        Input("chloride", "%", 0.0, 25.0, 1.0, "share of the flow, as zinc chloride", 0.01),
        Input("amine", "%", 1.0, 12.0, 5.0, "share of the flow", 0.01),
        Input("acid", "%", 1.0, 12.0, 5.0, "share of the flow; the seeds have the rest", 0.01),
        Input("gas", "%", 20.0, 50.0, 35.0, "share of the flow, with the oil that wets the wall", 0.01),
        Input("total_flow", "uL/min", 150.0, 600.0, 300.0, "through the reactor", 0.01),
        Input("conditioning", "degC", 25.0, 80.0, 50.0, "temperature of seeds and ligands before", 0.005),
        Input("temperature", "degC", 30.0, 110.0, 70.0, "of the exchange", 0.005),
    ),
    properties=(
        *EMISSION,
        QUANTUM_YIELD,
        Property("iodide_share", "1", "of the cubes' halide", is_optical=False),
        Property("chloride_share", "1", "of the cubes' halide", is_optical=False),
        Property("edge", "nm", "of the cubes", is_optical=False),
    ),
    build=lambda seed: FlowPlant(HalideExchangeProcess(), seed),
    model=HalideExchangeModel,
    parameters=parameters,
    trends=(
        Trend("photon energies from 1.9 to 2.9 eV can be had", _reaches),
        moves(
            "iodide lowers the photon energy (Nedelcu et al., Nano Lett. 15, 5635 (2015))",
            "emission_energy",
            "iodide",
            rises=False,
        ),
        moves(
            "chloride raises it (Akkerman et al., J. Am. Chem. Soc. 137, 10276 (2015))",
            "emission_energy",
            "chloride",
            rises=True,
        ),
        moves("warmth takes the exchange further", "iodide_share", "temperature", rises=True),
        moves("haste cuts it short", "iodide_share", "total_flow", rises=False),
        Trend("chlorides are the dimmest (Protesescu et al., Nano Lett. 15, 3692 (2015))", _chloride_dims),
        Trend(
            "too little amine leaves cubes bare and too much strips them "
            "(De Roo et al., ACS Nano 10, 2071 (2016))",
            _best_amine,
        ),
    ),
    surfaces=(
        Surface("iodide", "chloride", "emission_energy"),
        Surface("amine", "acid", "quantum_yield"),
        Surface("total_flow", "temperature", "emission_fwhm"),
    ),
    recipe="cspbx3-exchange",
    campaigns=("cspbx3-exchange-target",),
    shares=SHARES,
    most_share=85.0,
)
