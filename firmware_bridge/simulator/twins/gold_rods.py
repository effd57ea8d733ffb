"""Gold, second stage: rods from the first stage's spheres. What the twin takes, yields, and hands on."""

from __future__ import annotations

import functools
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.gold_rods import RodRates, RodStocks
from firmware_bridge.simulator.chemistry.overgrowth import NM3_PER_MOL, SPHERE_VOLUME, SeedStock
from firmware_bridge.simulator.optics.constants import GOLD
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.gold_stages import SHAPE_SPREAD, GoldRodsProcess
from firmware_bridge.simulator.plant.steady import Operation, steady_parcels
from firmware_bridge.simulator.twins import gold_spheres
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
from firmware_bridge.simulator.twins.gold_spheres import CONVERSION, JUNCTION_C, PAPER
from firmware_bridge.simulator.twins.optical import OPTICAL, band
from firmware_bridge.simulator.twins.trends import moves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
    from firmware_bridge.simulator.plant.layout import Parcels
    from firmware_bridge.simulator.twins.base import Model

SEEDED: Final = "the model of gold-{} at its SEEDS_FROM; seeded by the last stage as in Jiang et al. (2022)"
SEEDS_FROM: Final[Mapping[str, float]] = {
    "gold": 48.0,
    "silver": 10.0,
    "ascorbate": 33.0,
    "seeds": 4.9,
    "total_flow": 100.0,
    "temperature": 34.0,
}
"""Where the next stage has its seeds from: what this stage's campaign settles at ..."""
DILUTION: Final = 5.0
"""... and by how much they are thinned for it; chosen, so that its pump runs at a share that it can meter."""


class GoldRodsModel:
    """The noise-free steady state; `seeds` are those of the first stage where nothing else is given."""

    def __init__(self, seeds: SeedStock | None = None) -> None:
        self._process = GoldRodsProcess(gold_spheres.seeds() if seeds is None else seeds)

    @property
    def spectrometer(self) -> SpectrometerParameters:
        return self._process.layout.spectrometer

    def settle(self, conditions: Mapping[str, float]) -> Outcome:
        parcels = self._parcels(conditions)
        weight = parcels.weight
        rods = self._process.rods(parcels)
        absorbance = self._process.absorbance(parcels)
        in_rods = float(rods.rods_mol_m3 @ weight)
        solid = in_rods + float((rods.round_mol_m3 + rods.nuclei_mol_m3) @ weight)
        seeded = float(parcels.fractions[:, 3] @ weight) * self._process.chemistry.seeds.gold_mol_m3
        fed = float(self._process.chemistry.gold_mol_m3(parcels.fractions) @ weight) - seeded
        pixels_nm = self._process.layout.pixels_nm
        properties = band(pixels_nm, absorbance)
        properties |= {
            "length": float(rods.length_nm @ weight),
            "width": float(rods.width_nm @ weight),
            "aspect_ratio": float(rods.aspect @ weight),
            "rod_yield": in_rods / solid,
            "conversion": (solid - seeded) / fed,
        }
        return Outcome(properties, pixels_nm, absorbance)

    def seeds(self, conditions: Mapping[str, float]) -> tuple[SeedStock, ...]:
        """Give the product of these conditions as seeds: rods and round ones, as many, with as much gold."""
        parcels = self._parcels(conditions)
        weight = parcels.weight
        rods = self._process.rods(parcels)
        spread = self._process.chemistry.seeds.log_spread
        aspect = float(rods.aspect @ weight)
        rods_per_m3 = float(rods.rods_per_m3 @ weight)
        round_per_m3 = float((rods.round_per_m3 + rods.grown.nuclei_per_m3) @ weight)
        width_nm = _diameter_nm(float(rods.rods_mol_m3 @ weight) / aspect, rods_per_m3)
        round_nm = _diameter_nm(float((rods.round_mol_m3 + rods.nuclei_mol_m3) @ weight), round_per_m3)
        return (
            SeedStock(rods_per_m3, width_nm, width_nm * aspect, spread),
            SeedStock(round_per_m3, round_nm, round_nm, spread),
        )

    def _parcels(self, conditions: Mapping[str, float]) -> Parcels:
        names = ("gold", "silver", "ascorbate", "seeds")
        shares = tuple(conditions[name] / 100.0 for name in names)
        operation = Operation(
            fractions=(*shares, 1.0 - sum(shares)),
            total_ul_min=conditions["total_flow"],
            mixer_c=JUNCTION_C,
            reactor_c=conditions["temperature"],
        )
        return steady_parcels(self._process, operation)


def _diameter_nm(gold_mol_m3: float, number_per_m3: float) -> float:
    return float(np.cbrt(gold_mol_m3 * NM3_PER_MOL / SPHERE_VOLUME / number_per_m3))


@functools.cache
def seeds() -> tuple[SeedStock, ...]:
    """Give the rods, and what is round among them, that octahedra are grown from."""
    made = GoldRodsModel().seeds(SEEDS_FROM)
    return tuple(replace(kind, number_per_m3=kind.number_per_m3 / DILUTION) for kind in made)


def parameters() -> tuple[Parameter, ...]:
    """List the constants of the equations as the model holds them."""
    stocks, rates, seed = RodStocks(), RodRates(), gold_spheres.seeds()
    return (
        Parameter("seeds in their stock", seed.number_per_m3, "1/m3", SEEDED.format("spheres")),
        Parameter("seed diameter", seed.width_nm, "nm", SEEDED.format("spheres")),
        Parameter("spread of ln d of the seeds", seed.log_spread, "1", SEEDED.format("spheres")),
        Parameter("gold stock", stocks.gold_mol_m3, "mol/m3", CHOSEN),
        Parameter("silver stock", stocks.silver_mol_m3, "mol/m3", CHOSEN),
        Parameter("ascorbic acid stock", stocks.ascorbate_mol_m3, "mol/m3", CHOSEN),
        Parameter("k_s", rates.surface_m_s, "m/s at 25 degC", CHOSEN),
        Parameter("E of k_s", rates.surface_j_mol, "J/mol", CHOSEN),
        Parameter("E_1/2", rates.half_mol_m3, "mol/m3", CHOSEN),
        Parameter("b", rates.nucleation_m3_mol_s, "m3/(mol s) at 25 degC", CHOSEN),
        Parameter("E of b", rates.nucleation_j_mol, "J/mol", CHOSEN),
        Parameter("n", rates.nucleus_atoms, "1", CHOSEN),
        Parameter("K_side", rates.side_m3_mol, "m3/mol", CHOSEN),
        Parameter("K_end", rates.end_m3_mol, "m3/mol", CHOSEN),
        Parameter("leak", rates.leak, "1", CHOSEN),
        Parameter("K_b", rates.breaking_m3_mol, "m3/mol", CHOSEN),
        Parameter("spread of ln(aspect)", SHAPE_SPREAD, "1", CHOSEN),
        Parameter("A of surface damping", GOLD.scattering, "1", "Berciaud et al., Nano Lett. 5, 515 (2005)"),
    )


def _silver_optimum(twin: Twin, model: Model) -> Finding:
    """See whether the aspect ratio rises to a maximum inside the range of silver, and falls behind it."""
    silver = np.linspace(twin.input("silver").low, twin.input("silver").high, 13)
    aspects = [model.settle(twin.typical(silver=float(share))).properties["aspect_ratio"] for share in silver]
    top = int(np.argmax(aspects))
    steps = np.diff(aspects)
    holds = 0 < top < silver.size - 1 and bool((steps[:top] > 0.0).all() and (steps[top:] < 0.0).all())
    rise = f"{aspects[0]:.2f}, at most {aspects[top]:.2f} with {silver[top]:.0f} % of silver"
    return Finding(holds, f"{rise}, then {aspects[-1]:.2f}")


def _longitudinal_shift(twin: Twin, model: Model) -> Finding:
    """See whether the main band of rods lies the further in the red, the higher their aspect ratio."""
    found = [model.settle(twin.typical(silver=share)).properties for share in (2.0, 3.0, 4.5, 6.0, 9.0)]
    pairs = sorted((each["aspect_ratio"], each["peak_wavelength"]) for each in found)
    peaks_nm = [peak_nm for _, peak_nm in pairs]
    holds = all(before < after for before, after in pairwise(peaks_nm))
    return Finding(
        holds, f"{peaks_nm[0]:.0f} to {peaks_nm[-1]:.0f} nm from {pairs[0][0]:.2f} to {pairs[-1][0]:.2f}"
    )


TWIN: Final = Twin(
    name="gold-rods",
    title="Gold by hierarchical evolution, second stage: rods",
    paper=PAPER,
    inputs=(
        Input("gold", "%", 20.0, 50.0, 35.0, "share of the flow", 0.01),
        Input("silver", "%", 0.5, 25.0, 6.0, "share of the flow", 0.01),
        Input("ascorbate", "%", 15.0, 40.0, 30.0, "share of the flow", 0.01),
        Input(
            "seeds", "%", 1.0, 12.0, 4.0, "share of the flow, spheres of stage one; the rest is CTAB", 0.01
        ),
        Input("total_flow", "uL/min", 80.0, 300.0, 150.0, "through the reactor", 0.01),
        Input("temperature", "degC", 25.0, 50.0, 30.0, "of the reactor", 0.005),
    ),
    properties=(
        *OPTICAL,
        Property("length", "nm", "of the rods, mean by number", is_optical=False),
        Property("width", "nm", "of the rods, mean by number", is_optical=False),
        Property("aspect_ratio", "1", "of the rods, mean by number", is_optical=False),
        Property("rod_yield", "1", "of the solid gold, in rods", is_optical=False),
        CONVERSION,
    ),
    build=lambda seed: FlowPlant(GoldRodsProcess(gold_spheres.seeds()), seed),
    model=GoldRodsModel,
    parameters=parameters,
    trends=(
        moves("more seeds for the gold make shorter rods", "length", "seeds", rises=False),
        Trend(
            "silver raises the aspect ratio to a maximum "
            "(Nikoobakht & El-Sayed, Chem. Mater. 15, 1957 (2003))",
            _silver_optimum,
        ),
        Trend(
            "the longitudinal band shifts to the red with the aspect ratio "
            "(Link, Mohamed & El-Sayed, J. Phys. Chem. B 103, 3073 (1999))",
            _longitudinal_shift,
        ),
        moves("warmth costs rods: nuclei form beside them", "rod_yield", "temperature", rises=False),
    ),
    surfaces=(
        Surface("silver", "seeds", "aspect_ratio"),
        Surface("silver", "seeds", "peak_wavelength"),
    ),
    recipe="gold-rods",
    campaigns=("gold-rods-target",),
    shares=("gold", "silver", "ascorbate", "seeds"),
    most_share=99.0,
)
