"""Every synthesis that the twin can run, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from firmware_bridge.errors import BridgeError
from firmware_bridge.simulator.twins.registry import TWINS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from firmware_bridge.simulator.twins.base import SimulatedSynthesis


class SynthesisError(BridgeError):
    """No synthesis of this name."""


SYNTHESES: Final[Mapping[str, Callable[[int], SimulatedSynthesis]]] = {
    name: twin.build for name, twin in TWINS.items()
}


def build(name: str, seed: int) -> SimulatedSynthesis:
    """Make the named synthesis, at rest, rinsed and at ambient temperature. Raises SynthesisError."""
    factory = SYNTHESES.get(name)
    if factory is None:
        raise SynthesisError(f"unknown synthesis {name!r}; known: {', '.join(sorted(SYNTHESES))}")
    return factory(seed)
