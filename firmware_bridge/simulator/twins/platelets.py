"""CsPbBr3 platelets: what the twin takes, yields, and does that was found of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.platelets import PlateletRates, PlateletStocks, thickness
from firmware_bridge.simulator.optics.confinement import LAYER_NM, platelet_exciton_ev, wavelength_nm
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.platelets import (
    BINDING_EV,
    CONTINUUM,
    EXCITON_M2_MOL,
    LINE_EV,
    PlateletProcess,
)
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
from firmware_bridge.simulator.twins.optical import OPTICAL, band
from firmware_bridge.simulator.twins.trends import moves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
    from firmware_bridge.simulator.twins.base import Model

LEAD_PCT: Final = 30.0
"""Of the flow, in every experiment; the solvent has what caesium and ligand leave."""
_ROOM_C: Final = 22.0


class PlateletModel:
    """The noise-free steady state."""

    def __init__(self) -> None:
        self._process = PlateletProcess()

    @property
    def spectrometer(self) -> SpectrometerParameters:
        return self._process.layout.spectrometer

    def settle(self, conditions: Mapping[str, float]) -> Outcome:
        lead, caesium, ligand = (
            share / 100.0 for share in (LEAD_PCT, conditions["caesium"], conditions["ligand"])
        )
        operation = Operation(
            fractions=(lead, caesium, ligand, 1.0 - lead - caesium - ligand),
            total_ul_min=conditions["total_flow"],
            mixer_c=_ROOM_C,
            reactor_c=conditions["temperature"],
        )
        parcels = steady_parcels(self._process, operation)
        platelets = self._process.platelets(parcels)
        absorbance = self._process.absorbance(parcels)
        mean, purity = thickness(platelets, parcels.weight)
        fed = float(self._process.chemistry.fed_mol_m3(parcels.fractions)[0] @ parcels.weight)
        window = self.spectrometer
        pixels_nm = np.linspace(window.first_nm, window.last_nm, window.pixels)
        properties = band(pixels_nm, absorbance)
        properties |= {
            "monolayers": mean,
            "purity": purity,
            "conversion": float(platelets.lead_held_mol_m3 @ parcels.weight) / fed,
        }
        return Outcome(properties, pixels_nm, absorbance)


def parameters() -> tuple[Parameter, ...]:
    """List the constants of the equations as the model holds them."""
    stocks, rates = PlateletStocks(), PlateletRates()
    return (
        Parameter("lead stock", stocks.lead_mol_m3, "mol/m3", CHOSEN),
        Parameter("caesium stock", stocks.caesium_mol_m3, "mol/m3", CHOSEN),
        Parameter("ligand stock", stocks.ligand_mol_m3, "mol/m3", CHOSEN),
        Parameter("k_n", rates.nucleation_m9_mol3_s, "m9/(mol3 s) at 25 degC", CHOSEN),
        Parameter("E of k_n", rates.nucleation_j_mol, "J/mol", CHOSEN),
        Parameter("k_l", rates.layer_m3_mol_s, "m3/(mol s) at 25 degC", CHOSEN),
        Parameter("E of k_l", rates.layer_j_mol, "J/mol", CHOSEN),
        Parameter("g", rates.thickness_penalty, "1", CHOSEN),
        Parameter("K", rates.ligand_m3_mol, "m3/mol at 25 degC", CHOSEN),
        Parameter("heat of K", rates.ligand_heat_j_mol, "J/mol", CHOSEN),
        Parameter("a", LAYER_NM, "nm", "lattice constant, Protesescu et al., Nano Lett. 15, 3692 (2015)"),
        Parameter("exciton's peak", EXCITON_M2_MOL, "m2/mol of a layer's lead", CHOSEN),
        Parameter("exciton's line", LINE_EV, "eV, standard deviation", CHOSEN),
        Parameter("continuum over exciton", CONTINUUM, "1", CHOSEN),
        Parameter("binding", BINDING_EV, "eV", CHOSEN),
    )


def _band_of_a_thickness(twin: Twin, model: Model) -> Finding:
    """See whether the coldest product's band lies where platelets of its thickness absorb."""
    coldest = twin.input("temperature").low
    found = model.settle(twin.typical(temperature=coldest)).properties
    lines_nm = wavelength_nm(platelet_exciton_ev(np.array([2.0, 3.0, 4.0]))).tolist()
    away_nm = min(abs(found["peak_wavelength"] - line_nm) for line_nm in lines_nm)
    text = f"band at {found['peak_wavelength']:.0f} nm, the nearest exciton is {away_nm:.1f} nm away"
    return Finding(away_nm < 3.0, text)


TWIN: Final = Twin(
    name="platelets",
    title="CsPbBr3 nanoplatelets of two to six monolayers",
    paper="Braham et al., Chem. Mater. 31, 3281 (2019)",
    inputs=(
        Input("ligand", "%", 5.0, 40.0, 15.0, "share of the flow", 0.01),
        Input("caesium", "%", 5.0, 25.0, 12.0, "share of the flow; lead has 30 %", 0.01),
        Input("temperature", "degC", 40.0, 120.0, 70.0, "of the reactor", 0.005),
        Input("total_flow", "uL/min", 100.0, 400.0, 200.0, "through the reactor", 0.01),
    ),
    properties=(
        *OPTICAL,
        Property("monolayers", "1", "mean thickness by number", is_optical=False),
        Property("purity", "1", "share of platelets of the commonest thickness", is_optical=False),
        Property("conversion", "1", "of the lead", is_optical=False),
    ),
    build=lambda seed: FlowPlant(PlateletProcess(), seed),
    model=PlateletModel,
    parameters=parameters,
    trends=(
        moves(
            "heat makes them thicker (Bekenstein et al., J. Am. Chem. Soc. 137, 16008 (2015))",
            "monolayers",
            "temperature",
            rises=True,
        ),
        moves(
            "more ligand keeps them thinner (Weidman et al., ACS Nano 10, 7830 (2016))",
            "monolayers",
            "ligand",
            rises=False,
        ),
        moves("thicker platelets absorb further in the red", "peak_wavelength", "temperature", rises=True),
        Trend("the band is that of a whole number of monolayers", _band_of_a_thickness),
    ),
    surfaces=(
        Surface("temperature", "ligand", "monolayers"),
        Surface("temperature", "ligand", "peak_wavelength"),
    ),
    recipe="platelets",
    campaigns=("platelets-target",),
)
