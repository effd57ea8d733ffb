"""Lipid nanoparticles in a staggered herringbone mixer: what the twin takes, yields, and does."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.chemistry.lipid import LipidRates, LipidStocks
from firmware_bridge.simulator.plant import mixing
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.lipid import BUFFER_INDEX, LIPID_INDEX, ChipParameters, LipidProcess
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
from firmware_bridge.simulator.twins.optical import band
from firmware_bridge.simulator.twins.trends import moves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
    from firmware_bridge.simulator.twins.base import Model

_ROOM_C: Final = 22.0
_BELLIVEAU: Final = "Belliveau et al., Mol. Ther. Nucleic Acids 1, e37 (2012)"
_ZHIGALTSEV: Final = "Zhigaltsev et al., Langmuir 28, 3633 (2012)"
_ORGANIC: Final = {"lipid": 0.5, "peg": 0.15, "ethanol": 0.35}
"""Shares of the ethanolic streams among themselves, while the ratio to the buffer varies."""
_RATIOS: Final = (1.5, 2.0, 3.0, 5.0)


class LipidModel:
    """The noise-free steady state."""

    def __init__(self) -> None:
        self._process = LipidProcess()

    @property
    def spectrometer(self) -> SpectrometerParameters:
        return self._process.layout.spectrometer

    def settle(self, conditions: Mapping[str, float]) -> Outcome:
        lipid, peg, ethanol = (conditions[name] / 100.0 for name in ("lipid", "peg", "ethanol"))
        operation = Operation(
            fractions=(lipid, peg, ethanol, 1.0 - lipid - peg - ethanol),
            total_ul_min=conditions["total_flow"],
            mixer_c=_ROOM_C,
            reactor_c=_ROOM_C,
            marks=(conditions["total_flow"] / 60.0,),
        )
        parcels = steady_parcels(self._process, operation)
        absorbance = self._process.absorbance(parcels)
        size_nm, polydispersity = self._process.scattered(parcels)
        pixels_nm = self._process.layout.pixels_nm
        return Outcome(
            band(pixels_nm, absorbance) | {"size": size_nm, "pdi": polydispersity}, pixels_nm, absorbance
        )


def parameters() -> tuple[Parameter, ...]:
    """List the constants of the equations as the model holds them."""
    stocks, rates, chip = LipidStocks(), LipidRates(), ChipParameters()
    return (
        Parameter("lipid stock", stocks.lipid_mol_m3, "mol/m3", CHOSEN),
        Parameter("PEG-lipid stock", stocks.peg_mol_m3, "mol/m3", CHOSEN),
        Parameter("v_m", rates.molar_volume_m3_mol, "m3/mol", CHOSEN),
        Parameter("S_w", rates.water_solubility_mol_m3, "mol/m3", CHOSEN),
        Parameter("sigma", rates.solubility_decades, "1", CHOSEN),
        Parameter("d_0", rates.disc_nm, "nm", CHOSEN),
        Parameter("a_peg", rates.covered_nm2, "nm2", CHOSEN),
        Parameter("K", rates.coalescence_m3_s, "m3/s", CHOSEN),
        Parameter("e_0", rates.ethanol_scale, "1", CHOSEN),
        Parameter("spread of ln(mixing time)", rates.striation_spread, "1", CHOSEN),
        Parameter("spread of ln(diameter)", rates.size_spread, "1", CHOSEN),
        Parameter("w", chip.width_m, "m", CHOSEN),
        Parameter("height of the channel", chip.height_m, "m", CHOSEN),
        Parameter("D", chip.diffusion_m2_s, "m2/s", CHOSEN),
        Parameter("widths that fold e times thinner", mixing.FOLD_WIDTHS, "1", CHOSEN),
        Parameter("index of lipid", LIPID_INDEX, "1", CHOSEN),
        Parameter("index of the liquid", BUFFER_INDEX, "1", CHOSEN),
    )


def _ratio(twin: Twin, model: Model) -> Finding:
    """See what more buffer does to the same solution of lipid."""
    sizes_nm = []
    for ratio in _RATIOS:
        shares = {name: 100.0 * share / (1.0 + ratio) for name, share in _ORGANIC.items()}
        sizes_nm.append(model.settle(twin.typical(**shares)).properties["size"])
    sizes = f"{sizes_nm[0]:.4g} to {sizes_nm[-1]:.4g}"
    text = f"size {sizes} nm as the ratio goes from {_RATIOS[0]:g} to {_RATIOS[-1]:g}"
    return Finding(all(before > after for before, after in pairwise(sizes_nm)), text)


def _limit(twin: Twin, model: Model) -> Finding:
    """See whether the size comes to an end as mixing becomes ever faster."""
    flows = (250.0, 1000.0, 4e3, 16e3, 64e3)
    sizes_nm = [model.settle(twin.typical(total_flow=flow)).properties["size"] for flow in flows]
    steps = [before - after for before, after in pairwise(sizes_nm)]
    holds = all(before > after > 0.0 for before, after in pairwise(steps)) and steps[-1] < 0.1 * sizes_nm[-1]
    shown = ", ".join(f"{size_nm:.3g}" for size_nm in sizes_nm)
    return Finding(holds, f"{shown} nm at {flows[0]:g} uL/min, and four times as much each")


TWIN: Final = Twin(
    name="lipid",
    title="Lipid nanoparticles by the ratio of flows in a staggered herringbone mixer",
    paper=f"{_ZHIGALTSEV} and {_BELLIVEAU}",
    inputs=(
        Input("lipid", "%", 5.0, 12.0, 10.0, "share of the flow, 50 mM lipid in ethanol", 0.01),
        Input("peg", "%", 1.0, 6.0, 3.0, "share of the flow, 5 mM PEG-lipid in ethanol", 0.01),
        Input("ethanol", "%", 2.0, 15.0, 7.0, "share of the flow; the rest is buffer", 0.01),
        Input("total_flow", "uL/min", 200.0, 2000.0, 800.0, "through the chip", 0.01),
    ),
    properties=(
        Property("absorbance", "1", "turbidity at the short end, decadic, 10 mm", is_optical=True),
        Property("size", "nm", "mean diameter by light scattering (z-average)", is_optical=False),
        Property("pdi", "1", "polydispersity index by light scattering", is_optical=False),
    ),
    build=lambda seed: FlowPlant(LipidProcess(), seed),
    model=LipidModel,
    parameters=parameters,
    trends=(
        moves(
            f"the faster the flow and so the mixing, the smaller the particles ({_ZHIGALTSEV})",
            "size",
            "total_flow",
            rises=False,
        ),
        Trend("... until a limit size", _limit),
        Trend(
            f"the higher the ratio of aqueous to lipid flow, the smaller the particles ({_ZHIGALTSEV})",
            _ratio,
        ),
        moves("more PEG-lipid makes them smaller", "size", "peg", rises=False),
        moves("fast mixing makes their sizes more alike", "pdi", "total_flow", rises=False),
        moves("more lipid makes them larger", "size", "lipid", rises=True),
    ),
    surfaces=(Surface("total_flow", "lipid", "size"), Surface("total_flow", "peg", "pdi")),
    recipe="lipid",
    campaigns=("lipid-target",),
    shares=("lipid", "peg", "ethanol"),
    most_share=50.0,
)
