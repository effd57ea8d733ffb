"""What the twins of CdSe share: their steady state and its properties, and the constants behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.cadmium_selenide import AT_C, UNIT_NM3, SelenideRates
from firmware_bridge.simulator.optics.alloy import ABSORPTION_M2_MOL, CDSE_CURVE, CDSE_GAP_EV
from firmware_bridge.simulator.optics.selenide import HOMOGENEOUS_EV, STOKES_EV
from firmware_bridge.simulator.plant.steady import steady_parcels
from firmware_bridge.simulator.twins.base import CHOSEN, Outcome, Parameter, Property
from firmware_bridge.simulator.twins.optical import EMISSION, QUANTUM_YIELD, emission_band

if TYPE_CHECKING:
    from firmware_bridge.simulator.plant.cdse import SelenideProcess
    from firmware_bridge.simulator.plant.steady import Operation

PROPERTIES: Final = (
    *EMISSION,
    QUANTUM_YIELD,
    Property("diameter", "nm", "mean by number", is_optical=False),
    Property("spread", "%", "standard deviation of the diameters over their mean", is_optical=False),
    Property("product_yield", "1", "CdSe in dots over the scarcer precursor", is_optical=False),
)


def outcome(process: SelenideProcess, operation: Operation) -> Outcome:
    """Find the noise-free steady state of an operation."""
    parcels = steady_parcels(process, operation)
    dots, quantum_yield = process.dots(parcels)
    weight = parcels.weight
    fed = min(
        float(parcels.fractions[0, 0]) * process.stocks.cadmium_mol_m3,
        float(parcels.fractions[0, 1]) * process.stocks.selenium_mol_m3,
    )
    counted = dots.dots_mol_m3 * weight
    shares = counted / max(float(counted.sum()), 1e-30)
    diameter_nm = 2.0 * float(dots.radius_nm @ shares)
    variance_nm2 = float((dots.sigma_nm**2 + (dots.radius_nm - diameter_nm / 2.0) ** 2) @ shares)
    pixels_nm = process.layout.pixels_nm
    emission = process.layout.shown_emission(process.emission(parcels))
    solid = dots.solid_mol_m3 * weight
    properties = emission_band(pixels_nm, emission)
    properties |= {
        QUANTUM_YIELD.name: float(quantum_yield @ solid) / max(float(solid.sum()), 1e-30),
        "diameter": diameter_nm,
        "spread": 200.0 * np.sqrt(variance_nm2) / diameter_nm,
        "product_yield": float(solid.sum()) / fed,
    }
    return Outcome(properties, pixels_nm, process.absorbance(parcels), emission)


def parameters(process: SelenideProcess) -> tuple[Parameter, ...]:
    """List the constants of the equations as the process holds them."""
    rates: SelenideRates = process.chemistry.rates
    a, b = CDSE_CURVE
    at = f"at {AT_C:g} degC"
    return (
        Parameter("cadmium stock", process.stocks.cadmium_mol_m3, "mol/m3", CHOSEN),
        Parameter("selenium stock", process.stocks.selenium_mol_m3, "mol/m3", CHOSEN),
        Parameter("k_c", rates.conversion_m3_mol_s, f"m3/(mol s) {at}", CHOSEN),
        Parameter("E of k_c", rates.conversion_j_mol, "J/mol", CHOSEN),
        Parameter("k_g", rates.growth_nm_m3_mol_s, f"nm m3/(mol s) {at}", CHOSEN),
        Parameter("E of k_g", rates.growth_j_mol, "J/mol", CHOSEN),
        Parameter("D V_m", rates.diffusion_nm2_m3_mol_s, f"nm2 m3/(mol s) {at}", CHOSEN),
        Parameter("E of D", rates.diffusion_j_mol, "J/mol", CHOSEN),
        Parameter("c_s", rates.solubility_mol_m3, f"mol/m3 {at}", CHOSEN),
        Parameter("heat of c_s", rates.solubility_j_mol, "J/mol", CHOSEN),
        Parameter("gamma", rates.tension_j_m2, "J/m2", CHOSEN),
        Parameter("k_n", rates.nucleation_per_s, "1/s", CHOSEN),
        Parameter("B", rates.barrier, f"1 {at}", CHOSEN),
        Parameter("u", rates.unequal, "1", CHOSEN),
        Parameter("G_d", rates.defect_nm_s, "nm/s", CHOSEN),
        Parameter("v", UNIT_NM3, "nm3", "CRC Handbook, 97th ed. (2016): 191.37 g/mol, 5.81 g/cm3"),
        Parameter("gap", CDSE_GAP_EV, "eV", "of the bulk, CRC Handbook, 97th ed. (2016)"),
        Parameter("a", a, "1/(eV nm2)", "fitted to Yu et al., Chem. Mater. 15, 2854 (2003)"),
        Parameter("b", b, "1/(eV nm)", "fitted to Yu et al., Chem. Mater. 15, 2854 (2003)"),
        Parameter("absorption at 3.1 eV", ABSORPTION_M2_MOL, "m2/mol of CdSe", CHOSEN),
        Parameter("homogeneous width", HOMOGENEOUS_EV, "eV, standard deviation", CHOSEN),
        Parameter("Stokes shift", STOKES_EV, "eV", CHOSEN),
    )
