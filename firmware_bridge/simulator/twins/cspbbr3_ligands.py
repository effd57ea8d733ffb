"""CsPbBr3 cubes under four pairs of ligands: what the twin takes, yields, and does that was found of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.cspbbr3_ligands import AT_C, PAIRS, LigandRates, LigandStocks
from firmware_bridge.simulator.optics import perovskite
from firmware_bridge.simulator.plant.cspbbr3_ligands import LINE_EV, STOKES_EV, LigandProcess
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

AMINES: Final = tuple(pair.amine for pair in PAIRS)
PRECURSOR_PCT: Final = 10.0
"""Of the flow, in every experiment; the acid has what the amines leave."""
_ROOM_C: Final = 22.0
_PROTESESCU: Final = "Protesescu et al., Nano Lett. 15, 3692 (2015)"
_ACROSS: Final = 9


class LigandModel:
    """The noise-free steady state."""

    def __init__(self) -> None:
        self._process = LigandProcess()

    @property
    def spectrometer(self) -> SpectrometerParameters:
        return self._process.layout.spectrometer

    def settle(self, conditions: Mapping[str, float]) -> Outcome:
        process, layout = self._process, self._process.layout
        amines = [conditions[name] / 100.0 for name in AMINES]
        precursor = PRECURSOR_PCT / 100.0
        operation = Operation(
            fractions=(precursor, *amines, 1.0 - precursor - sum(amines)),
            total_ul_min=conditions["total_flow"],
            mixer_c=_ROOM_C,
            reactor_c=conditions["temperature"],
        )
        parcels = steady_parcels(process, operation)
        cubes = process.product(parcels)
        emission = layout.shown_emission(process.emission(parcels))
        properties = emission_band(layout.pixels_nm, emission)
        properties |= {
            QUANTUM_YIELD.name: process.quantum_yield(parcels),
            "edge": float(cubes.edge_nm @ parcels.weight),
            "spread": float((cubes.edge_sigma_nm / cubes.edge_nm) @ parcels.weight),
            "depleted": float(cubes.depleted @ parcels.weight),
        }
        return Outcome(properties, layout.pixels_nm, process.absorbance(parcels), emission)


def parameters() -> tuple[Parameter, ...]:
    """List the constants of the equations as the model holds them."""
    stocks, rates, at = LigandStocks(), LigandRates(), f"at {AT_C:g} degC"
    pairs = [
        parameter
        for pair in PAIRS
        for parameter in (
            Parameter(f"K of {pair.amine}", pair.binding_m3_mol, f"m3/mol {at}", CHOSEN),
            Parameter(f"heat of K of {pair.amine}", pair.binding_j_mol, "J/mol", CHOSEN),
            Parameter(f"l of {pair.amine}", pair.leak, "1", CHOSEN),
            Parameter(f"q of {pair.amine}", pair.passivation, "1", CHOSEN),
        )
    ]
    return (
        Parameter("salt stock", stocks.salts_mol_m3, "mol/m3", CHOSEN),
        Parameter("amine stocks", stocks.amine_mol_m3, "mol/m3", CHOSEN),
        Parameter("acid stock", stocks.acid_mol_m3, "mol/m3", CHOSEN),
        *pairs,
        Parameter("K_p", rates.pairing_mol_m3, "mol/m3", CHOSEN),
        Parameter("k_c", rates.desolvation_m3_mol_s, f"m3/(mol s) {at}", CHOSEN),
        Parameter("E of k_c", rates.desolvation_j_mol, "J/mol", CHOSEN),
        Parameter("k_g", rates.growth_nm_m3_mol_s, f"nm m3/(mol s) {at}", CHOSEN),
        Parameter("E of k_g", rates.growth_j_mol, "J/mol", CHOSEN),
        Parameter("diffusion over k_g", rates.diffusion_nm, "nm", CHOSEN),
        Parameter("c_s", rates.solubility_mol_m3, f"mol/m3 {at}", CHOSEN),
        Parameter("heat of c_s", rates.solubility_j_mol, "J/mol", CHOSEN),
        Parameter("K_h", rates.acid_mol_m3, "mol/m3", CHOSEN),
        Parameter("tension", rates.tension_j_m2, "J/m2", CHOSEN),
        Parameter("k_n", rates.nucleation_per_s, "1/s", CHOSEN),
        Parameter("B", rates.barrier, "1", CHOSEN),
        Parameter("unequal growth", rates.unequal, "1", CHOSEN),
        Parameter("k_d", rates.depletion_m3_mol_s, f"m3/(mol s) {at}", CHOSEN),
        Parameter("E of k_d", rates.depletion_j_mol, "J/mol", CHOSEN),
        Parameter("G_d", rates.defect_nm_s, "nm/s", CHOSEN),
        Parameter("S", rates.stripping_mol_m3, "mol/m3", CHOSEN),
        Parameter("gap", perovskite.BROMIDE_GAP_EV, "eV", _PROTESESCU),
        Parameter("formula unit", perovskite.UNIT_NM3, "nm3", _PROTESESCU),
        Parameter("absorption at 3.4 eV", perovskite.ABSORPTION_M2_MOL, "m2/mol of lead", CHOSEN),
        Parameter("Stokes shift", STOKES_EV, "eV", CHOSEN),
        Parameter("a cube's line", LINE_EV, "eV, full width", CHOSEN),
    )


def _alone(twin: Twin, amine: str, share: float, **others: float) -> dict[str, float]:
    """Give typical conditions with one pair of ligands only."""
    return twin.typical(**(dict.fromkeys(AMINES, 0.0) | {amine: share} | others))


def _balance(twin: Twin, model: Model) -> Finding:
    """See whether every pair's intensity has its maximum inside the range of ratios, and where."""
    parts, holds = [], True
    for amine in AMINES:
        span = twin.input(amine)
        shares = np.linspace(0.1 * span.high, span.high, _ACROSS).tolist()
        seen = [model.settle(_alone(twin, amine, share)).properties["emission_intensity"] for share in shares]
        best = int(np.argmax(seen))
        holds = holds and 0 < best < len(seen) - 1
        parts.append(f"{amine} at {_ratio(shares[best]):.2f}")
    return Finding(holds, "brightest by base over acid: " + ", ".join(parts))


def _pairs_differ(twin: Twin, model: Model) -> Finding:
    """Compare the four pairs at one ratio and temperature."""
    found = [model.settle(_alone(twin, amine, 35.0)).properties for amine in AMINES]
    intensities = [each["emission_intensity"] for each in found]
    widths_nm = [each["emission_fwhm"] for each in found]
    text = ", ".join(
        f"{amine} {intensity:.3g}/s and {width_nm:.1f} nm"
        for amine, intensity, width_nm in zip(AMINES, intensities, widths_nm, strict=True)
    )
    return Finding(max(intensities) > 1.3 * min(intensities) and np.ptp(widths_nm) > 1.0, text)


def _ratio(share_pct: float) -> float:
    """Give base over acid by moles, where the amines have this share of the flow."""
    stocks = LigandStocks()
    acid_pct = 100.0 - PRECURSOR_PCT - share_pct
    return share_pct * stocks.amine_mol_m3 / (acid_pct * stocks.acid_mol_m3)


TWIN: Final = Twin(
    name="cspbbr3-ligands",
    title="CsPbBr3 cubes under four pairs of ligands",
    paper="Pan et al., ACS Nano 10, 7943 (2016)",
    inputs=(
        Input("butyl", "%", 0.0, 45.0, 2.0, "butylamine's share of the flow", 0.01),
        Input("octyl", "%", 0.0, 45.0, 10.0, "octylamine's share of the flow", 0.01),
        Input("dodecyl", "%", 0.0, 45.0, 15.0, "dodecylamine's share of the flow", 0.01),
        Input(
            "oleyl",
            "%",
            0.0,
            45.0,
            5.0,
            "oleylamine's share of the flow; oleic acid has what they leave",
            0.01,
        ),
        Input("temperature", "degC", 30.0, 80.0, 55.0, "of the reactor", 0.005),
        Input("total_flow", "uL/min", 150.0, 600.0, 300.0, "through the reactor", 0.01),
    ),
    properties=(
        *EMISSION,
        QUANTUM_YIELD,
        Property("edge", "nm", "of the cubes, mean by number", is_optical=False),
        Property("spread", "1", "standard deviation of edges over their mean", is_optical=False),
        Property("depleted", "1", "share of the cubes that amine has turned into Cs4PbBr6", is_optical=False),
    ),
    build=lambda seed: FlowPlant(LigandProcess(), seed),
    model=LigandModel,
    parameters=parameters,
    trends=(
        Trend(
            "base and acid in balance are the brightest "
            "(Nair et al., Phys. Chem. Chem. Phys. 2025, doi 10.1039/d5cp00853k)",
            _balance,
        ),
        Trend("the pairs differ in intensity and in width", _pairs_differ),
        moves(
            "heat makes larger cubes, which emit further in the red "
            "(Protesescu et al., Nano Lett. 15, 3692 (2015))",
            "emission_peak",
            "temperature",
            rises=True,
        ),
        moves("... and in a narrower line, being confined less", "emission_fwhm", "temperature", rises=False),
        moves(
            "amine without acid depletes cubes of lead (Liu et al., J. Am. Chem. Soc. 139, 5309 (2017))",
            "depleted",
            "dodecyl",
            rises=True,
        ),
    ),
    surfaces=(
        Surface("dodecyl", "temperature", "emission_intensity"),
        Surface("octyl", "temperature", "emission_fwhm"),
        Surface("butyl", "oleyl", "emission_peak"),
    ),
    recipe="cspbbr3-ligands",
    campaigns=("cspbbr3-ligands-target",),
    shares=AMINES,
    most_share=80.0,
)
