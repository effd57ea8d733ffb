"""Every synthesis that the twin can run, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from firmware_bridge.errors import BridgeError
from firmware_bridge.simulator.interfaces import Plant
from firmware_bridge.simulator.plant.nanoprisms import NanoprismPlant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from firmware_bridge.simulator.plant.facts import RigFacts
    from firmware_bridge.simulator.plant.nanoprism_model import Conditions, SteadyState


class SynthesisError(BridgeError):
    """No synthesis of this name."""


class SimulatedSynthesis(Plant, Protocol):
    """A plant that can also tell the noise-free steady state of any condition."""

    @property
    def facts(self) -> RigFacts:
        """What a rig file has to say about this plant."""
        ...

    def steady(self, conditions: Conditions) -> SteadyState:
        """Find what the conditions settle at, without pump errors, drift or noise."""
        ...


SYNTHESES: Final[Mapping[str, Callable[[int], SimulatedSynthesis]]] = {
    "silver": NanoprismPlant,
}


def build(name: str, seed: int) -> SimulatedSynthesis:
    """Make the named synthesis, at rest, rinsed and at ambient temperature. Raises SynthesisError."""
    factory = SYNTHESES.get(name)
    if factory is None:
        raise SynthesisError(f"unknown synthesis {name!r}; known: {', '.join(sorted(SYNTHESES))}")
    return factory(seed)
