"""The plant of a twin alone, in this process: what a day costs without board, wire and control."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.interfaces import Drive
from firmware_bridge.wire.messages import DUTIES, FREQUENCIES

if TYPE_CHECKING:
    from firmware_bridge.simulator.twins.base import Twin

_SEED: Final = 1
_FLOW_UL_MIN: Final = 300.0
_SPECTRA: Final = 20
_INTEGRATION_S: Final = 0.01
_SCANS: Final = 16


@dataclass(frozen=True, slots=True)
class PlantCost:
    """Of the processor, for one step and for one exposure of what has moved since the last."""

    step_us: float
    exposure_ms: float


def measure_plant(twin: Twin, dt_s: float, steps: int) -> PlantCost:
    """Step a plant at work, then expose now and then."""
    plant = twin.build(_SEED)
    pumps = len(plant.facts.pumps)
    rate = _FLOW_UL_MIN / 60.0 * plant.facts.steps_per_ul / pumps
    drive = Drive((rate,) * pumps, (0.3, 0.3), 0.8, (100.0,) * FREQUENCIES, (0.3,) * DUTIES)
    for _ in range(steps // 4):
        plant.advance(dt_s, drive)
    start_s = time.process_time()
    for _ in range(steps):
        plant.advance(dt_s, drive)
    stepped_s, exposed_s = time.process_time() - start_s, 0.0
    # The first works out tables that the others look up.
    plant.expose(_INTEGRATION_S, _SCANS)
    for _ in range(_SPECTRA):
        plant.advance(dt_s, drive)
        start_s = time.process_time()
        plant.expose(_INTEGRATION_S, _SCANS)
        exposed_s += time.process_time() - start_s
    return PlantCost(1e6 * stepped_s / steps, 1e3 * exposed_s / _SPECTRA)
