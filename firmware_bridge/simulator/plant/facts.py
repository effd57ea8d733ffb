"""What a rig file has to say about a simulated synthesis."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RigFacts:
    """The twin's data sheet; nominal values, as a maker would print them."""

    pumps: tuple[str, ...]
    """Reagent on each pump axis, from axis 0."""
    steps_per_ul: float
    mixer_volume_ul: float
    reactor_volume_ul: float
    """The heated tube, from the junction of the reductant on."""
    outlet_volume_ul: float
    """From the end of the heated tube through the flow cell."""
    path_mm: float
    safe_pressure_kpa: float
    safe_temperature_c: float

    @property
    def dead_volume_ul(self) -> float:
        """All between the first junction and the detector: what a change of conditions has to displace."""
        return self.mixer_volume_ul + self.reactor_volume_ul + self.outlet_volume_ul
