"""Gold, first stage: spheres. What the twin takes and yields, and the seeds that it hands on."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.gold_light import GOLD_M3_MOL
from firmware_bridge.simulator.chemistry.gold_spheres import SphereRates, SphereStocks
from firmware_bridge.simulator.chemistry.overgrowth import SeedStock
from firmware_bridge.simulator.chemistry.spheres import moments
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.gold_stages import SHAPE_SPREAD, GoldSpheresProcess
from firmware_bridge.simulator.plant.steady import Operation, steady_parcels
from firmware_bridge.simulator.twins.base import CHOSEN, Input, Outcome, Parameter, Property, Surface, Twin
from firmware_bridge.simulator.twins.gold_light import DIAMETER, VARIATION
from firmware_bridge.simulator.twins.optical import OPTICAL, band
from firmware_bridge.simulator.twins.trends import moves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
    from firmware_bridge.simulator.plant.layout import Parcels

PAPER: Final = "Jiang et al., Sci. Adv. 8, eabo2626 (2022)"
JUNCTION_C: Final = 22.0
CONVERSION: Final = Property("conversion", "1", "of the gold that is fed in solution", is_optical=False)
SEEDS_FROM: Final[Mapping[str, float]] = {
    "gold": 27.0,
    "reductant": 32.0,
    "surfactant": 39.5,
    "total_flow": 200.0,
    "temperature": 60.0,
}
"""Where the next stage has its seeds from: what this stage's campaign settles at."""


class GoldSpheresModel:
    """The noise-free steady state."""

    def __init__(self) -> None:
        self._process = GoldSpheresProcess()

    @property
    def spectrometer(self) -> SpectrometerParameters:
        return self._process.layout.spectrometer

    def settle(self, conditions: Mapping[str, float]) -> Outcome:
        parcels = self._parcels(conditions)
        spheres = self._process.spheres(parcels)
        absorbance = self._process.absorbance(parcels)
        mean_nm, variation = moments(spheres, parcels.weight)
        fed_mol_m3 = self._process.chemistry.gold_mol_m3(parcels.fractions) @ parcels.weight
        pixels_nm = self._process.layout.pixels_nm
        properties = band(pixels_nm, absorbance)
        properties |= {
            "diameter": mean_nm,
            "diameter_cv": float(np.hypot(variation, SHAPE_SPREAD)),
            "conversion": float(1.0 - spheres.precursor_mol_m3 @ parcels.weight / fed_mol_m3),
        }
        return Outcome(properties, pixels_nm, absorbance)

    def seeds(self, conditions: Mapping[str, float]) -> SeedStock:
        """Give the product of these conditions as seeds: as many of them, holding as much gold."""
        parcels = self._parcels(conditions)
        spheres = self._process.spheres(parcels)
        number_per_m3 = float(spheres.number_per_m3 @ parcels.weight)
        size_nm = float(np.cbrt(spheres.moment3 @ parcels.weight / number_per_m3))
        return SeedStock(number_per_m3, size_nm, size_nm, moments(spheres, parcels.weight)[1])

    def _parcels(self, conditions: Mapping[str, float]) -> Parcels:
        gold, reductant, surfactant = (
            conditions[name] / 100.0 for name in ("gold", "reductant", "surfactant")
        )
        operation = Operation(
            fractions=(gold, reductant, surfactant, 1.0 - gold - reductant - surfactant),
            total_ul_min=conditions["total_flow"],
            mixer_c=JUNCTION_C,
            reactor_c=conditions["temperature"],
        )
        return steady_parcels(self._process, operation)


@functools.cache
def seeds() -> SeedStock:
    """Give the spheres that rods are grown from."""
    return GoldSpheresModel().seeds(SEEDS_FROM)


def parameters() -> tuple[Parameter, ...]:
    """List the constants of the equations as the model holds them."""
    stocks, rates = SphereStocks(), SphereRates()
    return (
        Parameter("gold stock", stocks.gold_mol_m3, "mol/m3", CHOSEN),
        Parameter("reductant stock", stocks.reductant_mol_m3, "mol/m3", CHOSEN),
        Parameter("surfactant stock", stocks.surfactant_mol_m3, "mol/m3", CHOSEN),
        Parameter("k", rates.reduction_m3_mol_s, "m3/(mol s) at 25 degC", CHOSEN),
        Parameter("E of k", rates.reduction_j_mol, "J/mol", CHOSEN),
        Parameter("k_g", rates.growth_m_s, "m/s at 25 degC", CHOSEN),
        Parameter("E of k_g", rates.growth_j_mol, "J/mol", CHOSEN),
        Parameter("K", rates.surfactant_m3_mol, "m3/mol", CHOSEN),
        Parameter("k_s", rates.surface_m_s, "m/s", CHOSEN),
        Parameter("b", rates.nucleation_m3_mol_s, "m3/(mol s)", CHOSEN),
        Parameter("n", rates.nucleus_atoms, "1", CHOSEN),
        Parameter("spread of ln d within a parcel", SHAPE_SPREAD, "1", CHOSEN),
        Parameter("v_m", GOLD_M3_MOL, "m3/mol", "196.97 g/mol over 19.30 g/cm3"),
    )


TWIN: Final = Twin(
    name="gold-spheres",
    title="Gold by hierarchical evolution, first stage: spheres",
    paper=PAPER,
    inputs=(
        Input("gold", "%", 10.0, 30.0, 20.0, "share of the flow", 0.01),
        Input("reductant", "%", 10.0, 40.0, 20.0, "share of the flow", 0.01),
        Input("surfactant", "%", 5.0, 40.0, 20.0, "share of the flow; the rest is water", 0.01),
        Input("total_flow", "uL/min", 100.0, 400.0, 200.0, "through the reactor", 0.01),
        Input("temperature", "degC", 25.0, 60.0, 35.0, "of the reactor", 0.005),
    ),
    properties=(*OPTICAL, DIAMETER, VARIATION, CONVERSION),
    build=lambda seed: FlowPlant(GoldSpheresProcess(), seed),
    model=GoldSpheresModel,
    parameters=parameters,
    trends=(
        moves(
            "faster reduction makes more nuclei, hence smaller spheres "
            "(LaMer & Dinegar, J. Am. Chem. Soc. 72, 4847 (1950))",
            "diameter",
            "reductant",
            rises=False,
        ),
        moves("what covers the gold keeps it small", "diameter", "surfactant", rises=False),
        moves("warmth completes the reduction", "conversion", "temperature", rises=True),
    ),
    surfaces=(
        Surface("surfactant", "reductant", "diameter"),
        Surface("total_flow", "temperature", "conversion"),
    ),
    recipe="gold-spheres",
    campaigns=("gold-spheres-target",),
    shares=("gold", "reductant", "surfactant"),
    most_share=99.0,
)
