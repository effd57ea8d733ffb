"""Silver nanoprisms toward a whole spectrum: the silver twin at one temperature, and a target."""

from __future__ import annotations

import statistics
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.optics.population import PLATE_SCATTERING
from firmware_bridge.simulator.twins import silver
from firmware_bridge.simulator.twins.base import CHOSEN, Finding, Outcome, Parameter, Property, Surface, Trend
from firmware_bridge.simulator.twins.designs import design
from firmware_bridge.simulator.twins.prism_target import EDGE_NM, THICKNESS_NM, WINDOW_NM, distance
from firmware_bridge.simulator.twins.trends import moves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
    from firmware_bridge.simulator.twins.base import Model, Twin

REACTOR_C: Final = 40.0
"""The study varies flows alone; chosen."""
_TRIED: Final = 120
"""Conditions after which the study's campaign had converged to its target."""
_NEAR: Final = 0.15
_FAR: Final = 0.5
DISTANCE: Final = Property(
    "spectrum_distance",
    "1",
    f"one minus the cosine similarity to the target, {WINDOW_NM[0]:.0f} to {WINDOW_NM[1]:.0f} nm",
    is_optical=True,
    read=lambda wavelengths_nm, absorbance, _: distance(wavelengths_nm, absorbance),
)


class SilverSpectrumModel:
    """The noise-free steady state."""

    def __init__(self) -> None:
        self._model = silver.SilverModel()

    @property
    def spectrometer(self) -> SpectrometerParameters:
        return self._model.spectrometer

    def settle(self, conditions: Mapping[str, float]) -> Outcome:
        outcome = self._model.settle({**conditions, "temperature": REACTOR_C})
        away = distance(outcome.wavelengths_nm, outcome.absorbance)
        return replace(outcome, properties={**outcome.properties, DISTANCE.name: away})


def parameters() -> tuple[Parameter, ...]:
    """List the constants of the equations as the model holds them."""
    return (
        Parameter(
            "edge of the target", EDGE_NM, "nm", "Mekki-Berrada et al., npj Comput. Mater. 7, 55 (2021)"
        ),
        Parameter("thickness of the target", THICKNESS_NM, "nm", CHOSEN),
        Parameter("A of plates", PLATE_SCATTERING, "1", CHOSEN),
        Parameter("reactor", REACTOR_C, "degC", CHOSEN),
        *silver.parameters(),
    )


def _within_120(twin: Twin, model: Model) -> Finding:
    """See whether among as many conditions as the study needed some are near, while most are far."""
    found = [model.settle(point).properties[DISTANCE.name] for point in design(twin, "lhs", _TRIED, seed=1)]
    middle = statistics.median(found)
    text = f"distances of a Latin hypercube of {_TRIED}: least {min(found):.3f}, median {middle:.3f}"
    return Finding(min(found) < _NEAR and middle > _FAR, text)


def _large_and_flat(twin: Twin, model: Model) -> Finding:
    """See whether the nearest of a design has the size and the band of what the target is the spectrum of."""
    points = design(twin, "lhs", _TRIED, seed=1)
    nearest = min(
        (model.settle(point).properties for point in points), key=lambda found: found[DISTANCE.name]
    )
    edge_nm = nearest["edge"]
    text = f"the nearest of {_TRIED} has edges of {edge_nm:.0f} nm, {nearest['thickness']:.1f} nm thick"
    return Finding(0.7 * EDGE_NM < edge_nm < 1.3 * EDGE_NM, text)


_BASE: Final = silver.TWIN

TWIN: Final = replace(
    _BASE,
    name="silver-spectrum",
    title="Silver nanoprisms toward a whole spectrum from theory",
    inputs=tuple(each for each in _BASE.inputs if each.name != "temperature"),
    properties=(*_BASE.properties, DISTANCE),
    model=SilverSpectrumModel,
    parameters=parameters,
    trends=(
        Trend("120 conditions suffice to come near the target; most are far from it", _within_120),
        Trend(f"what comes near it are prisms with edges of about {EDGE_NM:.0f} nm", _large_and_flat),
        moves(
            "fewer seeds for the silver make larger plates",
            "edge",
            "seed",
            rises=False,
        ),
    ),
    surfaces=(
        Surface("citrate", "seed", "spectrum_distance"),
        Surface("seed", "agno3", "spectrum_distance"),
    ),
    recipe="silver-spectrum",
    campaigns=("silver-spectrum-target",),
)
