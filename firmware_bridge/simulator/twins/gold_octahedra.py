"""Gold, third stage: octahedra from the second stage's rods. What the twin takes and yields."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.gold_octahedra import OctahedronRates, OctahedronStocks
from firmware_bridge.simulator.optics.octahedron import MODES
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.gold_stages import SHAPE_SPREAD, GoldOctahedraProcess
from firmware_bridge.simulator.plant.steady import Operation, steady_parcels
from firmware_bridge.simulator.twins import gold_rods
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
from firmware_bridge.simulator.twins.gold_rods import SEEDED
from firmware_bridge.simulator.twins.gold_spheres import CONVERSION, JUNCTION_C, PAPER
from firmware_bridge.simulator.twins.optical import OPTICAL, band
from firmware_bridge.simulator.twins.trends import moves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.simulator.chemistry.overgrowth import SeedStock
    from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
    from firmware_bridge.simulator.plant.layout import Parcels
    from firmware_bridge.simulator.twins.base import Model

TARGET_NM: Final = 580.0
"""Of the study."""
_EDGE_PER_VOLUME: Final = 3.0 / float(np.sqrt(2.0))
_POLARISABILITY: Final = (
    "polarisability of octahedra, Sihvola et al., IEEE Trans. Antennas Propag. 52, 2226 (2004)"
)


class GoldOctahedraModel:
    """The noise-free steady state; `seeds` are those of the second stage where nothing else is given."""

    def __init__(self, seeds: tuple[SeedStock, ...] | None = None) -> None:
        self._process = GoldOctahedraProcess(gold_rods.seeds() if seeds is None else seeds)

    @property
    def spectrometer(self) -> SpectrometerParameters:
        return self._process.layout.spectrometer

    def settle(self, conditions: Mapping[str, float]) -> Outcome:
        parcels = self._parcels(conditions)
        weight = parcels.weight
        grown = self._process.octahedra(parcels)
        absorbance = self._process.absorbance(parcels)
        faceted_per_m3 = grown.per_m3 * grown.faceted @ weight
        edge_nm = np.cbrt(_EDGE_PER_VOLUME * grown.volume_nm3)
        edges_nm = (grown.per_m3 * grown.faceted * edge_nm) @ weight
        octahedra = float((grown.solid_mol_m3 * grown.faceted).sum(axis=0) @ weight)
        solid = float((grown.solid_mol_m3.sum(axis=0) + grown.nuclei_mol_m3) @ weight)
        chemistry = self._process.chemistry
        seeded = float(parcels.fractions[:, 3] @ weight) * sum(kind.gold_mol_m3 for kind in chemistry.seeds)
        fed = float(chemistry.gold_mol_m3(parcels.fractions) @ weight) - seeded
        pixels_nm = self._process.layout.pixels_nm
        properties = band(pixels_nm, absorbance)
        properties |= {
            "edge": float(edges_nm.sum() / faceted_per_m3.sum()) if octahedra > 0.0 else math.nan,
            "aspect_ratio": float((grown.length_nm[0] / grown.width_nm[0]) @ weight),
            "octahedron_yield": octahedra / solid,
            "conversion": (solid - seeded) / fed,
        }
        return Outcome(properties, pixels_nm, absorbance)

    def _parcels(self, conditions: Mapping[str, float]) -> Parcels:
        names = ("gold", "ascorbate", "surfactant", "seeds")
        shares = tuple(conditions[name] / 100.0 for name in names)
        operation = Operation(
            fractions=(*shares, 1.0 - sum(shares)),
            total_ul_min=conditions["total_flow"],
            mixer_c=JUNCTION_C,
            reactor_c=conditions["temperature"],
        )
        return steady_parcels(self._process, operation)


def parameters() -> tuple[Parameter, ...]:
    """List the constants of the equations as the model holds them."""
    stocks, rates = OctahedronStocks(), OctahedronRates()
    rods, balls = gold_rods.seeds()
    return (
        Parameter("rods in the seed stock", rods.number_per_m3, "1/m3", SEEDED.format("rods")),
        Parameter("their width", rods.width_nm, "nm", SEEDED.format("rods")),
        Parameter("their length", rods.length_nm, "nm", SEEDED.format("rods")),
        Parameter("round ones in the seed stock", balls.number_per_m3, "1/m3", SEEDED.format("rods")),
        Parameter("their diameter", balls.width_nm, "nm", SEEDED.format("rods")),
        Parameter("gold stock", stocks.gold_mol_m3, "mol/m3", CHOSEN),
        Parameter("ascorbic acid stock", stocks.ascorbate_mol_m3, "mol/m3", CHOSEN),
        Parameter("surfactant stock", stocks.surfactant_mol_m3, "mol/m3", CHOSEN),
        Parameter("k_s", rates.surface_m_s, "m/s at 25 degC", CHOSEN),
        Parameter("E of k_s", rates.surface_j_mol, "J/mol", CHOSEN),
        Parameter("E_1/2", rates.half_mol_m3, "mol/m3", CHOSEN),
        Parameter("b", rates.nucleation_m3_mol_s, "m3/(mol s) at 25 degC", CHOSEN),
        Parameter("E of b", rates.nucleation_j_mol, "J/mol", CHOSEN),
        Parameter("n", rates.nucleus_atoms, "1", CHOSEN),
        Parameter("K", rates.surfactant_m3_mol, "m3/mol", CHOSEN),
        Parameter("m", rates.faceting, "1", CHOSEN),
        Parameter("v_0", rates.haste_nm_s, "nm/s", CHOSEN),
        Parameter("c_1", MODES[0][0], "1", _POLARISABILITY),
        Parameter("n_1", MODES[0][1], "1", _POLARISABILITY),
        Parameter("c_2", MODES[1][0], "1", _POLARISABILITY),
        Parameter("n_2", MODES[1][1], "1", _POLARISABILITY),
        Parameter("spread of ln(aspect)", SHAPE_SPREAD, "1", CHOSEN),
    )


def _target_within_reach(twin: Twin, model: Model) -> Finding:
    seeds = twin.input("seeds")
    peaks_nm = [
        model.settle(twin.typical(seeds=share)).properties["peak_wavelength"]
        for share in (seeds.low, seeds.high)
    ]
    text = f"{min(peaks_nm):.0f} to {max(peaks_nm):.0f} nm by the seeds alone"
    return Finding(min(peaks_nm) < TARGET_NM < max(peaks_nm), text)


TWIN: Final = Twin(
    name="gold-octahedra",
    title="Gold by hierarchical evolution, third stage: octahedra",
    paper=PAPER,
    inputs=(
        Input("gold", "%", 10.0, 40.0, 25.0, "share of the flow", 0.01),
        Input("ascorbate", "%", 13.0, 35.0, 20.0, "share of the flow", 0.01),
        Input("surfactant", "%", 2.0, 20.0, 15.0, "share of the flow", 0.01),
        Input("seeds", "%", 2.0, 20.0, 7.0, "share of the flow, rods of stage two; the rest is water", 0.01),
        Input("total_flow", "uL/min", 80.0, 300.0, 150.0, "through the reactor", 0.01),
        Input("temperature", "degC", 25.0, 50.0, 30.0, "of the reactor", 0.005),
    ),
    properties=(
        *OPTICAL,
        Property("edge", "nm", "of the octahedra, mean by number", is_optical=False),
        Property("aspect_ratio", "1", "of what the rods became, mean by number", is_optical=False),
        Property("octahedron_yield", "1", "of the solid gold, in octahedra", is_optical=False),
        CONVERSION,
    ),
    build=lambda seed: FlowPlant(GoldOctahedraProcess(gold_rods.seeds()), seed),
    model=GoldOctahedraModel,
    parameters=parameters,
    trends=(
        moves(
            "more seeds for the gold make smaller octahedra "
            "(Chem. Eur. J. (2011), doi 10.1002/chem.201100365)",
            "edge",
            "seeds",
            rises=False,
        ),
        moves("larger ones absorb further in the red", "peak_wavelength", "seeds", rises=False),
        moves(
            "rods that are overgrown lose their length "
            "(Carbo-Argibay et al., Angew. Chem. Int. Ed. 46, 8983 (2007))",
            "aspect_ratio",
            "gold",
            rises=False,
        ),
        moves("growth that is slow facets them", "octahedron_yield", "ascorbate", rises=False),
        Trend("the study's target, 580 nm, is within reach", _target_within_reach),
    ),
    surfaces=(
        Surface("seeds", "gold", "peak_wavelength"),
        Surface("ascorbate", "surfactant", "octahedron_yield"),
    ),
    recipe="gold-octahedra",
    campaigns=("gold-octahedra-target",),
    shares=("gold", "ascorbate", "surfactant", "seeds"),
    most_share=99.0,
)
