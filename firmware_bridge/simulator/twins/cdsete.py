"""CdSeTe dots in a segmented-flow capillary: what the twin takes, yields, and does that was found of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.cdsete import REFERENCE_C, UNIT_NM3, CdSeTeRates, CdSeTeStocks
from firmware_bridge.simulator.optics import alloy
from firmware_bridge.simulator.plant.cdsete import (
    BARE_YIELD,
    BEST_YIELD,
    COVERING_MOL_M3,
    LINE_EV,
    STOKES_EV,
    TELLURIUM_LOSS,
    CdSeTeProcess,
)
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

CARRIER_PCT: Final = 50.0
"""Of the flow, in every experiment; selenium has what cadmium and tellurium leave of the other half."""
REACTOR_C: Final = 220.0
_ROOM_C: Final = 22.0
_YU: Final = "fit to Yu et al., Chem. Mater. 15, 2854 (2003)"


class CdSeTeModel:
    """The noise-free steady state."""

    def __init__(self) -> None:
        self._process = CdSeTeProcess()

    @property
    def spectrometer(self) -> SpectrometerParameters:
        return self._process.layout.spectrometer

    def settle(self, conditions: Mapping[str, float]) -> Outcome:
        process, layout = self._process, self._process.layout
        cadmium, tellurium = conditions["cadmium"] / 100.0, conditions["tellurium"] / 100.0
        carrier = CARRIER_PCT / 100.0
        operation = Operation(
            fractions=(cadmium, 1.0 - carrier - cadmium - tellurium, tellurium, carrier),
            total_ul_min=conditions["total_flow"],
            mixer_c=_ROOM_C,
            reactor_c=REACTOR_C,
        )
        parcels = steady_parcels(process, operation)
        grown = process.product(parcels)
        emission = layout.shown_emission(process.emission(parcels))
        properties = emission_band(layout.pixels_nm, emission)
        properties |= {
            QUANTUM_YIELD.name: process.quantum_yield(parcels),
            "diameter": float(2.0 * grown.dots.radius_nm @ parcels.weight),
            "spread": float((grown.dots.sigma_nm / grown.dots.radius_nm) @ parcels.weight),
            "telluride": float(grown.telluride @ parcels.weight),
        }
        return Outcome(properties, layout.pixels_nm, process.absorbance(parcels), emission)


def parameters() -> tuple[Parameter, ...]:
    """List the constants of the equations as the model holds them."""
    stocks, rates = CdSeTeStocks(), CdSeTeRates()
    hot = f"at {REFERENCE_C:g} degC"
    return (
        Parameter("cadmium stock", stocks.cadmium_mol_m3, "mol/m3", CHOSEN),
        Parameter("selenium stock", stocks.selenium_mol_m3, "mol/m3", CHOSEN),
        Parameter("tellurium stock", stocks.tellurium_mol_m3, "mol/m3", CHOSEN),
        Parameter("k_c", rates.conversion_m3_mol_s, f"m3/(mol s) {hot}", CHOSEN),
        Parameter("E of k_c", rates.conversion_j_mol, "J/mol", CHOSEN),
        Parameter(
            "r", rates.tellurium_over_selenium, "1", "Bailey & Nie, J. Am. Chem. Soc. 125, 7100 (2003)"
        ),
        Parameter("k_g", rates.growth_nm_m3_mol_s, f"nm m3/(mol s) {hot}", CHOSEN),
        Parameter("E of k_g", rates.growth_j_mol, "J/mol", CHOSEN),
        Parameter("diffusion over k_g", rates.diffusion_nm, "nm", CHOSEN),
        Parameter("solubility", rates.solubility_mol_m3, f"mol/m3 {hot}", CHOSEN),
        Parameter("heat of solubility", rates.solubility_j_mol, "J/mol", CHOSEN),
        Parameter("capillary length", rates.capillary_nm, "nm", CHOSEN),
        Parameter("nucleation", rates.nucleation_per_s, "1/s", CHOSEN),
        Parameter("B", rates.barrier, "1", CHOSEN),
        Parameter("unequal growth", rates.unequal, "1", CHOSEN),
        Parameter("formula unit", UNIT_NM3, "nm3", CHOSEN),
        Parameter("gap of CdSe", alloy.CDSE_GAP_EV, "eV", "bulk, 300 K"),
        Parameter("gap of CdTe", alloy.CDTE_GAP_EV, "eV", "bulk, 300 K"),
        Parameter("a of CdSe", alloy.CDSE_CURVE[0], "1/(eV nm2)", _YU),
        Parameter("b of CdSe", alloy.CDSE_CURVE[1], "1/(eV nm)", _YU),
        Parameter("a of CdTe", alloy.CDTE_CURVE[0], "1/(eV nm2)", _YU),
        Parameter("b of CdTe", alloy.CDTE_CURVE[1], "1/(eV nm)", _YU),
        Parameter("bowing", alloy.BOWING_EV, "eV", CHOSEN),
        Parameter("absorption at 3.1 eV", alloy.ABSORPTION_M2_MOL, "m2/mol", CHOSEN),
        Parameter("exciton over it", alloy.EXCITON_SHARE, "1, at 4 nm", CHOSEN),
        Parameter("Stokes shift", STOKES_EV, "eV", CHOSEN),
        Parameter("a dot's line", LINE_EV, "eV, full width", CHOSEN),
        Parameter("q_0", BEST_YIELD, "1", CHOSEN),
        Parameter("q_b", BARE_YIELD, "1", CHOSEN),
        Parameter("K_Cd", COVERING_MOL_M3, "mol/m3", CHOSEN),
        Parameter("l_Te", TELLURIUM_LOSS, "1", CHOSEN),
    )


def _bows(twin: Twin, model: Model) -> Finding:
    """Compare a mixture's photon energy with the straight line between little and much tellurium."""
    span = twin.input("tellurium")
    ends = [model.settle(twin.typical(tellurium=value)).properties for value in (span.low, span.high)]
    middle = model.settle(twin.typical(tellurium=(span.low + span.high) / 2.0)).properties
    straight_ev = np.interp(
        middle["telluride"],
        [each["telluride"] for each in ends],
        [each["emission_energy"] for each in ends],
    )
    below_ev = float(straight_ev) - middle["emission_energy"]
    text = f"{below_ev:.3f} eV below the line at a telluride share of {middle['telluride']:.2f}"
    return Finding(below_ev > 0.02, text)


def _beyond(twin: Twin, model: Model) -> Finding:
    """See whether some mixture emits further in the red than both ends do."""
    span = twin.input("tellurium")
    peaks_nm = [
        model.settle(twin.typical(tellurium=float(value))).properties["emission_peak"]
        for value in np.linspace(span.low, span.high, 5)
    ]
    text = ", ".join(f"{peak_nm:.0f}" for peak_nm in peaks_nm) + " nm as tellurium goes up"
    return Finding(max(peaks_nm[1:-1]) > max(peaks_nm[0], peaks_nm[-1]) + 3.0, text)


TWIN: Final = Twin(
    name="cdsete",
    title="CdSeTe quantum dots in a segmented-flow capillary",
    paper="Maceiczyk & deMello, J. Phys. Chem. C 118, 20026 (2014)",
    inputs=(
        Input("cadmium", "%", 12.0, 24.0, 18.0, "R: cadmium's share of the flow", 0.01),
        Input(
            "tellurium", "%", 1.0, 25.0, 8.0, "R': tellurium's share of the flow; selenium has the rest", 0.01
        ),
        Input("total_flow", "uL/min", 60.0, 600.0, 200.0, "residence time is 400 uL over it", 0.01),
    ),
    properties=(
        *EMISSION,
        QUANTUM_YIELD,
        Property("diameter", "nm", "mean by number", is_optical=False),
        Property("spread", "1", "standard deviation of diameters over their mean", is_optical=False),
        Property("telluride", "1", "share of tellurium among the dots' anions", is_optical=False),
    ),
    build=lambda seed: FlowPlant(CdSeTeProcess(), seed),
    model=CdSeTeModel,
    parameters=parameters,
    trends=(
        moves("longer residence shifts the emission to the red", "emission_peak", "total_flow", rises=False),
        Trend(
            "tellurium lowers the energy further than a linear mix would "
            "(Bailey & Nie, J. Am. Chem. Soc. 125, 7100 (2003))",
            _bows,
        ),
        Trend("... so that a mixture emits further in the red than either end", _beyond),
        moves(
            "long residence widens the sizes: small dots feed large ones",
            "spread",
            "total_flow",
            rises=False,
            within=(60.0, 110.0),
        ),
        moves("cadmium on the surface makes dots bright", "quantum_yield", "cadmium", rises=True),
    ),
    surfaces=(
        Surface("tellurium", "total_flow", "emission_peak"),
        Surface("cadmium", "tellurium", "emission_intensity"),
        Surface("total_flow", "tellurium", "emission_fwhm"),
    ),
    recipe="cdsete",
    campaigns=("cdsete-target",),
)
