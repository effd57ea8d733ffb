"""CdSe with three amines: what the twin takes, yields, and does that was found of it."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.plant.cdse import AMINES, SelenideProcess
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.steady import Operation
from firmware_bridge.simulator.twins import selenide
from firmware_bridge.simulator.twins.base import (
    CHOSEN,
    Finding,
    Input,
    Outcome,
    Parameter,
    Surface,
    Trend,
    Twin,
)
from firmware_bridge.simulator.twins.optical import EMISSION_PEAK, QUANTUM_YIELD
from firmware_bridge.simulator.twins.trends import moves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
    from firmware_bridge.simulator.twins.base import Model

CADMIUM_PCT: Final = 15.0
"""Of the flow, in every experiment; the solvent has what the others leave."""
AMINE_NAMES: Final = ("dda", "ola", "oa")
_ROOM_C: Final = 22.0
_ASKED_NM: Final = 560.0
_NEAR_NM: Final = 1.0
_BISECTIONS: Final = 8
_ALONE_PCT: Final = 25.0
_DIP_NM: Final = 2.0


class AmineModel:
    """The noise-free steady state."""

    def __init__(self) -> None:
        self._process = SelenideProcess(AMINES)

    @property
    def spectrometer(self) -> SpectrometerParameters:
        return self._process.layout.spectrometer

    def settle(self, conditions: Mapping[str, float]) -> Outcome:
        shares = [CADMIUM_PCT, conditions["selenium"], *(conditions[name] for name in AMINE_NAMES)]
        fractions = [share / 100.0 for share in shares]
        operation = Operation(
            fractions=(*fractions, max(1.0 - sum(fractions), 0.0)),
            total_ul_min=conditions["total_flow"],
            mixer_c=_ROOM_C,
            reactor_c=conditions["temperature"],
        )
        return selenide.outcome(self._process, operation)


def parameters() -> tuple[Parameter, ...]:
    """List the constants of the equations as the model holds them."""
    process = SelenideProcess(AMINES)
    amines = [
        each
        for name, stock, ligand in zip(AMINE_NAMES, AMINES.stocks.amines_mol_m3, AMINES.amines, strict=True)
        for each in (
            Parameter(f"{name} stock", stock, "mol/m3", CHOSEN),
            Parameter(f"K of {name}", ligand.binding_m3_mol, "m3/mol at 240 degC", CHOSEN),
            Parameter(f"heat of K of {name}", ligand.binding_j_mol, "J/mol", CHOSEN),
            Parameter(f"l of {name}", ligand.leak, "1", CHOSEN),
            Parameter(f"b of {name}", ligand.boost, "1", CHOSEN),
            Parameter(f"q of {name}", ligand.passivation, "1", CHOSEN),
        )
    ]
    return (*selenide.parameters(process), *amines)


def _several_optima(twin: Twin, model: Model) -> Finding:
    """See whether one wavelength is reached by each amine alone, and on both sides of equal precursors."""

    def peak_nm(**changes: float) -> float:
        return model.settle(twin.typical(**changes)).properties[EMISSION_PEAK.name]

    def solve(over: str, low: float, high: float, changes: Mapping[str, float]) -> dict[str, float] | None:
        """Find where an input reaches the wavelength by bisection; None where it does not."""
        ends = [peak_nm(**changes, **{over: each}) - _ASKED_NM for each in (low, high)]
        if ends[0] * ends[1] > 0.0:
            return None
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2.0
            is_before = (peak_nm(**changes, **{over: middle}) - _ASKED_NM) * ends[0] > 0.0
            low, high = (middle, high) if is_before else (low, middle)
        return twin.typical(**changes, **{over: (low + high) / 2.0})

    temperature, selenium = twin.input("temperature"), twin.input("selenium")
    alone = [solve("temperature", temperature.low, temperature.high, _alone(name)) for name in AMINE_NAMES]
    sides = [
        solve("selenium", low, high, {})
        for low, high in ((selenium.low, CADMIUM_PCT), (CADMIUM_PCT, selenium.high))
    ]
    found = [each for each in (*alone, *sides) if each is not None]
    yields = [model.settle(each).properties[QUANTUM_YIELD.name] for each in found]
    dips = [
        abs(peak_nm(**{name: (one[name] + other[name]) / 2.0 for name in one}) - _ASKED_NM)
        for one, other in combinations(found, 2)
    ]
    apart = sum(dip > _DIP_NM for dip in dips)
    text = (
        f"{len(found)} conditions with {_ASKED_NM:.0f} nm, "
        f"quantum yields {min(yields):.2f} to {max(yields):.2f}; "
        f"halfway between two it is missed by more than {_DIP_NM:.0f} nm in {apart} of {len(dips)} cases"
    )
    return Finding(len(found) >= len(AMINE_NAMES) + 1 and apart > 0, text)


def _alone(amine: str) -> dict[str, float]:
    return {name: _ALONE_PCT if name == amine else 0.0 for name in AMINE_NAMES}


TWIN: Final = Twin(
    name="cdse-amines",
    title="CdSe dots with three amines in a heated tube",
    paper="Orimoto et al., J. Phys. Chem. C 116, 17885 (2012)",
    inputs=(
        Input("dda", "%", 0.0, 25.0, 10.0, "dodecylamine's share of the flow", 0.01),
        Input("ola", "%", 0.0, 25.0, 5.0, "oleylamine's share of the flow", 0.01),
        Input("oa", "%", 0.0, 25.0, 5.0, "octylamine's share of the flow", 0.01),
        Input("selenium", "%", 5.0, 30.0, 15.0, "share of the flow; cadmium has 15 %", 0.01),
        Input("temperature", "degC", 180.0, 280.0, 230.0, "of the reactor", 0.002),
        Input("total_flow", "uL/min", 100.0, 600.0, 300.0, "through the reactor of 300 uL", 0.01),
    ),
    properties=selenide.PROPERTIES,
    build=lambda seed: FlowPlant(SelenideProcess(AMINES), seed),
    model=AmineModel,
    parameters=parameters,
    trends=(
        Trend(
            "one wavelength has several optima (Orimoto et al., J. Phys. Chem. C 116, 17885 (2012))",
            _several_optima,
        ),
        moves(
            "heat makes them larger (Chan et al., Nano Lett. 3, 199 (2003))",
            "emission_peak",
            "temperature",
            rises=True,
        ),
        moves(
            "so does a longer stay (Chan et al., Nano Lett. 3, 199 (2003))",
            "emission_peak",
            "total_flow",
            rises=False,
        ),
        moves(
            "amines make them glow (Talapin et al., Nano Lett. 1, 207 (2001))",
            "quantum_yield",
            "dda",
            rises=True,
        ),
    ),
    surfaces=(
        Surface("temperature", "dda", "emission_peak"),
        Surface("selenium", "temperature", "emission_peak"),
        Surface("temperature", "ola", "quantum_yield"),
    ),
    recipe="cdse-amines",
    campaigns=("cdse-amines-target",),
    shares=(*AMINE_NAMES, "selenium"),
    most_share=100.0 - CADMIUM_PCT,
)
