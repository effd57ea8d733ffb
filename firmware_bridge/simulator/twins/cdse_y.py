"""CdSe in a heated Y-shaped reactor: what the twin takes, yields, and does that was found of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.plant.cdse import Y_REACTOR, SelenideProcess
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.steady import Operation
from firmware_bridge.simulator.twins import selenide
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
from firmware_bridge.simulator.twins.optical import EMISSION_INTENSITY, EMISSION_PEAK, emission_band
from firmware_bridge.simulator.twins.trends import moves

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
    from firmware_bridge.simulator.twins.base import Model

TARGET_NM: Final = 530.0
TOLERANCE_NM: Final = 2.0
BRIGHT_PER_S: Final = 150e3
"""The intensity that leaves nothing to wish for; chosen."""
_ROOM_C: Final = 22.0
_CLOSE_NM: Final = 1.0


def dissatisfaction(properties: Mapping[str, float]) -> float:
    """Reduce a spectrum to how far its peak is from the target and how much light it lacks; 0 is perfect."""
    astray = abs(properties[EMISSION_PEAK.name] - TARGET_NM) / TOLERANCE_NM
    return astray + max(0.0, 1.0 - properties[EMISSION_INTENSITY.name] / BRIGHT_PER_S)


def _read_dissatisfaction(
    wavelengths_nm: NDArray[np.float64],
    _absorbance: NDArray[np.float64],
    emission: NDArray[np.float64] | None,
) -> float:
    """Give it of an emission as measured; NaN without one."""
    return math.nan if emission is None else dissatisfaction(emission_band(wavelengths_nm, emission))


DISSATISFACTION: Final = Property(
    "dissatisfaction",
    "1",
    "|emission_peak - 530 nm| / 2 nm + max(0, 1 - emission_intensity / 150 000), as the campaign scores",
    is_optical=True,
    read=_read_dissatisfaction,
)


class YModel:
    """The noise-free steady state."""

    def __init__(self) -> None:
        self._process = SelenideProcess(Y_REACTOR)

    @property
    def spectrometer(self) -> SpectrometerParameters:
        return self._process.layout.spectrometer

    def settle(self, conditions: Mapping[str, float]) -> Outcome:
        cadmium, selenium = conditions["f_cdo"], conditions["f_se"]
        total = cadmium + selenium
        operation = Operation(
            fractions=(cadmium / total, selenium / total, 0.0),
            total_ul_min=total,
            mixer_c=_ROOM_C,
            reactor_c=conditions["temperature"],
        )
        found = selenide.outcome(self._process, operation)
        properties = {**found.properties, DISSATISFACTION.name: dissatisfaction(found.properties)}
        return Outcome(properties, found.wavelengths_nm, found.absorbance, found.emission)


def parameters() -> tuple[Parameter, ...]:
    """List the constants of the equations as the model holds them."""
    return (
        *selenide.parameters(SelenideProcess(Y_REACTOR)),
        Parameter("tolerance", TOLERANCE_NM, "nm", CHOSEN),
        Parameter("bright", BRIGHT_PER_S, "1/s", CHOSEN),
    )


def _one_wavelength_in_several_lights(twin: Twin, model: Model) -> Finding:
    """See whether the target's wavelength is had at several temperatures, with light that differs."""
    temperature = twin.input("temperature")
    flow = twin.input("f_cdo")
    found = []
    for total in (2.5 * flow.low, flow.typical, flow.high):
        low, high = temperature.low, temperature.high
        conditions = twin.typical(f_cdo=total, f_se=total)
        for _ in range(10):
            conditions["temperature"] = (low + high) / 2.0
            is_blue = model.settle(conditions).properties[EMISSION_PEAK.name] < TARGET_NM
            low, high = (conditions["temperature"], high) if is_blue else (low, conditions["temperature"])
        found.append((conditions["temperature"], model.settle(conditions).properties))
    intensities = [properties[EMISSION_INTENSITY.name] for _, properties in found]
    reached = all(abs(properties[EMISSION_PEAK.name] - TARGET_NM) < _CLOSE_NM for _, properties in found)
    cases = ", ".join(
        f"{celsius:.0f} degC with {properties[EMISSION_INTENSITY.name]:.3g} 1/s"
        for celsius, properties in found
    )
    return Finding(
        reached and max(intensities) > 1.2 * min(intensities), f"530 nm at {cases}, as the flow rises"
    )


TWIN: Final = Twin(
    name="cdse-y",
    title="CdSe dots in a heated Y-shaped reactor",
    paper="Krishnadasan, Brown, deMello & deMello, Lab Chip 7, 1434 (2007)",
    inputs=(
        Input("f_cdo", "uL/min", 4.0, 40.0, 15.0, "flow of cadmium oleate", 0.01),
        Input("f_se", "uL/min", 4.0, 40.0, 15.0, "flow of the selenide", 0.01),
        Input("temperature", "degC", 150.0, 240.0, 190.0, "of the reactor", 0.002),
    ),
    properties=(*selenide.PROPERTIES, DISSATISFACTION),
    build=lambda seed: FlowPlant(SelenideProcess(Y_REACTOR), seed),
    model=YModel,
    parameters=parameters,
    trends=(
        Trend(
            "rates and temperature can be found that give a wavelength the most light "
            "(Krishnadasan et al., Lab Chip 7, 1434 (2007))",
            _one_wavelength_in_several_lights,
        ),
        moves(
            "heat makes them larger (Chan et al., Nano Lett. 3, 199 (2003))",
            "emission_peak",
            "temperature",
            rises=True,
        ),
        moves(
            "a shorter stay keeps them smaller (Chan et al., Nano Lett. 3, 199 (2003))",
            "emission_peak",
            "f_cdo",
            rises=False,
        ),
    ),
    surfaces=(
        Surface("temperature", "f_se", "emission_peak"),
        Surface("temperature", "f_cdo", "emission_intensity"),
        Surface("temperature", "f_cdo", "dissatisfaction"),
    ),
    recipe="cdse-y",
    campaigns=("cdse-y-target",),
)
