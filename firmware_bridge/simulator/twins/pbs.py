"""PbS dots: what the twin takes, yields, and does that was found of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.lead_sulfide import AT_C, UNIT_NM3
from firmware_bridge.simulator.optics import lead_sulfide
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.pbs import CHANNEL_M, SULFIDE_M2_S, SulfideProcess
from firmware_bridge.simulator.plant.steady import Operation, steady_parcels
from firmware_bridge.simulator.twins.base import CHOSEN, Input, Outcome, Parameter, Property, Surface, Twin
from firmware_bridge.simulator.twins.optical import EMISSION, QUANTUM_YIELD, emission_band
from firmware_bridge.simulator.twins.trends import moves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters

_SHARES: Final = ("lead", "sulfur", "acid", "amine")
_MEV: Final = 1000.0
_FWHM_EV: Final = 2.0 * float(np.sqrt(2.0 * np.log(2.0)))


class SulfideModel:
    """The noise-free steady state."""

    def __init__(self) -> None:
        self._process = SulfideProcess()

    @property
    def spectrometer(self) -> SpectrometerParameters:
        return self._process.layout.spectrometer

    def settle(self, conditions: Mapping[str, float]) -> Outcome:
        process = self._process
        parcels = steady_parcels(process, _operation(conditions))
        dots, quantum_yield = process.dots(parcels)
        pixels_nm = process.layout.pixels_nm
        emission = process.layout.shown_emission(process.emission(parcels))
        counted = dots.dots_mol_m3 * parcels.weight
        solid = dots.solid_mol_m3 * parcels.weight
        shares, masses = (each / max(float(each.sum()), 1e-30) for each in (counted, solid))
        diameter_nm, gap_ev, sigma_ev = lead_sulfide.excitons(dots)
        mean_ev = float(gap_ev @ masses)
        variance_ev2 = float((sigma_ev**2 + (gap_ev - mean_ev) ** 2) @ masses)
        properties = emission_band(pixels_nm, emission)
        properties |= {
            QUANTUM_YIELD.name: float(quantum_yield @ masses),
            "band_gap": mean_ev,
            "line_width": _MEV * _FWHM_EV * float(np.sqrt(variance_ev2)),
            "diameter": float(diameter_nm @ shares),
        }
        return Outcome(properties, pixels_nm, process.absorbance(parcels), emission)


def _operation(conditions: Mapping[str, float]) -> Operation:
    shares = [conditions[name] / 100.0 for name in _SHARES]
    return Operation(
        fractions=(*shares, max(1.0 - sum(shares), 0.0)),
        total_ul_min=conditions["total_flow"],
        mixer_c=conditions["injection_temperature"],
        reactor_c=conditions["growth_temperature"],
        marks=(min(conditions["degas"] / 100.0, 1.0),),
    )


def parameters() -> tuple[Parameter, ...]:
    """List the constants of the equations as the model holds them."""
    process = SulfideProcess()
    rates, stocks = process.chemistry.rates, process.stocks
    at = f"at {AT_C:g} degC"
    return (
        Parameter("lead stock", stocks.lead_mol_m3, "mol/m3", CHOSEN),
        Parameter("sulfide stock", stocks.sulfur_mol_m3, "mol/m3", CHOSEN),
        Parameter("acid stock", stocks.acid_mol_m3, "mol/m3", CHOSEN),
        Parameter("amine stock", stocks.amine_mol_m3, "mol/m3", CHOSEN),
        Parameter("k_c", rates.conversion_per_s, f"1/s {at}", CHOSEN),
        Parameter("E of k_c", rates.conversion_j_mol, "J/mol", CHOSEN),
        Parameter("k_g", rates.growth_nm_m3_mol_s, f"nm m3/(mol s) {at}", CHOSEN),
        Parameter("E of k_g", rates.growth_j_mol, "J/mol", CHOSEN),
        Parameter("D V_m", rates.diffusion_nm2_m3_mol_s, f"nm2 m3/(mol s) {at}", CHOSEN),
        Parameter("E of D", rates.diffusion_j_mol, "J/mol", CHOSEN),
        Parameter("K", rates.oleate_m3_mol, f"m3/mol {at}", CHOSEN),
        Parameter("heat of K", rates.oleate_j_mol, "J/mol", CHOSEN),
        Parameter("K of amine", rates.amine_m3_mol, f"m3/mol {at}", CHOSEN),
        Parameter("heat of K of amine", rates.amine_j_mol, "J/mol", CHOSEN),
        Parameter("l", rates.leak, "1", CHOSEN),
        Parameter("c_0", rates.solubility_mol_m3, f"mol/m3 {at}", CHOSEN),
        Parameter("heat of c_0", rates.solubility_j_mol, "J/mol", CHOSEN),
        Parameter("P_h", rates.excess_mol_m3, "mol/m3", CHOSEN),
        Parameter("A_d", rates.acid_mol_m3, "mol/m3", CHOSEN),
        Parameter("gamma", rates.tension_j_m2, "J/m2", CHOSEN),
        Parameter("k_n", rates.nucleation_per_s, "1/s", CHOSEN),
        Parameter("B", rates.barrier, f"1 {at}", CHOSEN),
        Parameter("u_0", rates.unequal, "1", CHOSEN),
        Parameter("u_b", rates.unequal_bare, "1", CHOSEN),
        Parameter("u_m", rates.unequal_mixing, "1", CHOSEN),
        Parameter("u_w", rates.unequal_wet, "1", CHOSEN),
        Parameter("width of the mixer", CHANNEL_M, "m", CHOSEN),
        Parameter("diffusion in it", SULFIDE_M2_S, "m2/s", CHOSEN),
        Parameter("w_c", rates.wet_boost, "1", CHOSEN),
        Parameter("w_q", rates.wet_quench, "1", CHOSEN),
        Parameter("q", rates.passivation, "1", CHOSEN),
        Parameter("G_d", rates.defect_nm_s, "nm/s", CHOSEN),
        Parameter("v", UNIT_NM3, "nm3", "CRC Handbook, 97th ed. (2016): 239.3 g/mol, 7.60 g/cm3"),
        Parameter("exciton", lead_sulfide.EXCITON_M2_MOL, "m2/mol of dots of 1 nm", CHOSEN),
        Parameter(
            "its power of d", lead_sulfide.EXCITON_POWER, "1", "Moreels et al., ACS Nano 3, 3023 (2009)"
        ),
        Parameter(
            "absorption at 400 nm",
            lead_sulfide.VOLUME_M2_MOL,
            "m2/mol of dots of 1 nm",
            "Moreels et al., ACS Nano 3, 3023 (2009)",
        ),
        Parameter("homogeneous width", lead_sulfide.HOMOGENEOUS_EV, "eV, standard deviation", CHOSEN),
        Parameter("Stokes shift", lead_sulfide.STOKES_EV, "eV", CHOSEN),
    )


TWIN: Final = Twin(
    name="pbs",
    title="PbS dots for the near infrared, by hot injection in flow",
    paper="Voznyy et al., ACS Nano 13, 11122 (2019)",
    inputs=(
        Input("lead", "%", 10.0, 40.0, 30.0, "lead oleate's share of the flow", 0.01),
        Input("sulfur", "%", 8.0, 30.0, 15.0, "silyl sulfide's share of the flow", 0.01),
        Input("acid", "%", 2.0, 15.0, 8.0, "free oleic acid's share of the flow", 0.01),
        Input("amine", "%", 0.0, 15.0, 3.0, "oleylamine's share of the flow", 0.01),
        Input("degas", "%", 20.0, 100.0, 80.0, "power of the degasser's vacuum pump", 0.005),
        Input("injection_temperature", "degC", 90.0, 140.0, 115.0, "of the mixer", 0.003),
        Input("growth_temperature", "degC", 70.0, 110.0, 85.0, "of the reactor", 0.005),
        Input("total_flow", "uL/min", 100.0, 400.0, 200.0, "through the reactor of 300 uL", 0.01),
    ),
    properties=(
        *EMISSION,
        QUANTUM_YIELD,
        Property("band_gap", "eV", "of the first exciton, off-line", is_optical=False),
        Property("line_width", "meV", "of the exciton at half its height, off-line", is_optical=False),
        Property("diameter", "nm", "mean by number", is_optical=False),
    ),
    build=lambda seed: FlowPlant(SulfideProcess(), seed),
    model=SulfideModel,
    parameters=parameters,
    trends=(
        moves(
            "more lead per sulfur narrows the line (Voznyy et al., ACS Nano 13, 11122 (2019))",
            "line_width",
            "lead",
            rises=False,
        ),
        moves(
            "less sulfur per lead does so too (Weidman et al., ACS Nano 8, 6363 (2014))",
            "line_width",
            "sulfur",
            rises=True,
        ),
        moves(
            "injection at a lower temperature narrows it (Voznyy et al., ACS Nano 13, 11122 (2019))",
            "line_width",
            "injection_temperature",
            rises=True,
        ),
        moves(
            "oleylamine slows growth, so that nucleation prevails (Voznyy et al., ACS Nano 13, 11122 (2019))",
            "band_gap",
            "amine",
            rises=True,
        ),
        moves(
            "free acid makes dots larger (Abe et al., ACS Nano 7, 943 (2013))", "diameter", "acid", rises=True
        ),
        moves("heat makes them grow, and lowers their gap", "band_gap", "growth_temperature", rises=False),
    ),
    surfaces=(
        Surface("lead", "sulfur", "line_width"),
        Surface("injection_temperature", "growth_temperature", "line_width"),
        Surface("acid", "injection_temperature", "band_gap"),
    ),
    recipe="pbs",
    campaigns=("pbs-target",),
    shares=_SHARES,
)
