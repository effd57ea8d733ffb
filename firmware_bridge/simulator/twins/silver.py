"""Seeded silver nanoprisms: what the twin takes, yields, and does that was found of such particles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.chemistry.growth import SEED_DIAMETER_NM
from firmware_bridge.simulator.chemistry.rates import Rates
from firmware_bridge.simulator.chemistry.streams import Stocks
from firmware_bridge.simulator.plant.nanoprism_model import Conditions
from firmware_bridge.simulator.plant.nanoprisms import NanoprismPlant, NanoprismProcess, nanoprism_model
from firmware_bridge.simulator.twins.base import CHOSEN, Input, Outcome, Parameter, Property, Surface, Twin
from firmware_bridge.simulator.twins.optical import OPTICAL, band
from firmware_bridge.simulator.twins.trends import moves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters


class SilverModel:
    """The noise-free steady state."""

    def __init__(self) -> None:
        self._model = nanoprism_model()
        self._spectrometer = NanoprismProcess(self._model).layout.spectrometer

    @property
    def spectrometer(self) -> SpectrometerParameters:
        return self._spectrometer

    def settle(self, conditions: Mapping[str, float]) -> Outcome:
        steady = self._model.steady(
            Conditions(
                agno3_pct=conditions["agno3"],
                pva_pct=conditions["pva"],
                citrate_pct=conditions["citrate"],
                seed_pct=conditions["seed"],
                total_ul_min=conditions["total_flow"],
                reactor_c=conditions["temperature"],
            )
        )
        properties = band(steady.wavelengths_nm, steady.absorbance)
        properties |= {
            "edge": steady.edge_nm,
            "thickness": steady.thickness_nm,
            "sphere_share": steady.sphere_share,
            "conversion": steady.conversion,
        }
        return Outcome(properties, steady.wavelengths_nm, steady.absorbance)


def parameters() -> tuple[Parameter, ...]:
    """List the constants of the equations as the model holds them."""
    stocks, rates = Stocks(), Rates()
    return (
        Parameter("AgNO3 stock", stocks.silver_mol_m3, "mol/m3", CHOSEN),
        Parameter("PVA stock", stocks.pva_kg_m3, "kg/m3", CHOSEN),
        Parameter("citrate stock", stocks.citrate_mol_m3, "mol/m3", CHOSEN),
        Parameter("seed stock", stocks.seed_per_m3, "1/m3", CHOSEN),
        Parameter("seed diameter", SEED_DIAMETER_NM, "nm", CHOSEN),
        Parameter("ascorbic acid stock", stocks.ascorbate_mol_m3, "mol/m3", CHOSEN),
        Parameter("k of reduction", rates.reduction_m3_mol_s, "m3/(mol s) at 25 degC", CHOSEN),
        Parameter("k_ads", rates.adsorption_per_s, "1/s at 25 degC", CHOSEN),
        Parameter("K_c", rates.citrate_m3_mol, "m3/mol at 25 degC", CHOSEN),
        Parameter("K_p", rates.pva_m3_kg, "m3/kg", CHOSEN),
        Parameter("k_e", rates.growth_m_s, "m/s at 25 degC", CHOSEN),
        Parameter("leak", rates.leak, "1 at 25 degC", CHOSEN),
        Parameter("b", rates.nucleation_m3_mol_s, "m3/(mol s) at 25 degC", CHOSEN),
    )


TWIN: Final = Twin(
    name="silver",
    title="Seeded silver nanoprisms in a two-stage microreactor",
    paper="Mekki-Berrada et al., npj Comput. Mater. 7, 55 (2021)",
    inputs=(
        Input("agno3", "%", 5.0, 40.0, 20.0, "share of the flow", 0.01),
        Input("pva", "%", 10.0, 40.0, 22.0, "share of the flow", 0.01),
        Input("citrate", "%", 0.5, 30.0, 8.0, "share of the flow", 0.01),
        Input("seed", "%", 0.5, 19.0, 8.0, "share of the flow", 0.01),
        Input("total_flow", "uL/min", 200.0, 980.0, 500.0, "through the reactor", 0.01),
        Input("temperature", "degC", 20.0, 60.0, 40.0, "of the reactor", 0.005),
    ),
    properties=(
        *OPTICAL,
        Property("edge", "nm", "of the prisms, mean by number", is_optical=False),
        Property("thickness", "nm", "of the prisms, mean by number", is_optical=False),
        Property("sphere_share", "1", "of the silver, in spheres", is_optical=False),
        Property("conversion", "1", "of the silver", is_optical=False),
    ),
    build=NanoprismPlant,
    model=SilverModel,
    parameters=parameters,
    trends=(
        moves("more citrate makes flatter plates", "thickness", "citrate", rises=False),
        moves(
            "... whose band lies further in the red",
            "peak_wavelength",
            "citrate",
            rises=True,
            within=(0.5, 20.0),
        ),
        moves("fewer seeds for the silver make larger plates", "edge", "seed", rises=False),
        moves("warmth completes the reduction", "conversion", "temperature", rises=True),
        moves("haste leaves silver unreduced", "conversion", "total_flow", rises=False),
    ),
    surfaces=(
        Surface("citrate", "seed", "peak_wavelength"),
        Surface("temperature", "total_flow", "conversion"),
    ),
    recipe="silver-prism",
    campaigns=("silver-target", "silver-explore"),
    shares=("agno3", "pva", "citrate", "seed"),
    most_share=92.0,
)
