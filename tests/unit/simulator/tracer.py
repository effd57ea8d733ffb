"""A synthesis in which nothing reacts: salt, water and a carrier flow through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.plant.heat import ThermalParameters
from firmware_bridge.simulator.plant.hydraulics import Tube
from firmware_bridge.simulator.plant.layout import Geometry, Layout, Parcels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.interfaces import Drive
    from firmware_bridge.simulator.plant.slugs import Segmented

LONG: Final = Tube(volume_ul=400.0, bore_mm=0.5)


class Tracer:
    """Marks what enters the reactor with frequency 0 of the drive."""

    def __init__(self, segmented: Segmented | None, *, joins_late: bool = False) -> None:
        carrier = "gas" if segmented is None else segmented.carrier
        self.layout = Layout(
            first=("salt", "water") if joins_late else ("salt", "water", carrier),
            second=(carrier,) if joins_late else (),
            geometry=Geometry(
                mixer=Tube(10.0, 0.5), reactor=LONG, outlet=Tube(30.0, 0.5), path_mm=10.0, segmented=segmented
            ),
            safe_pressure_kpa=300.0,
            safe_temperature_c=150.0,
            # Nothing chills it, so that all stays at 22 degC where nothing heats.
            thermal=ThermalParameters(base_c=22.0),
        )

    def mixer_clock_per_s(self, _mixer_c: float) -> float:
        return 0.0

    def marks(self, drive: Drive) -> tuple[float, ...]:
        return (drive.frequency_hz[0] if drive.frequency_hz else 0.0,)

    def met(self, _drive: Drive) -> tuple[float, ...]:
        return ()

    def absorbance(self, parcels: Parcels) -> NDArray[np.float64]:
        return np.full(512, float(parcels.fractions[:, 0] @ parcels.weight))
