"""Liquid of an emitting twin that stood hot for a day comes out finite, and what follows it is fresh."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from firmware_bridge.simulator.interfaces import Drive
from firmware_bridge.simulator.plant.cdsete import CdSeTeProcess
from firmware_bridge.simulator.plant.cspbbr3_ligands import LigandProcess
from firmware_bridge.simulator.plant.cspbx3_exchange import HalideExchangeProcess
from firmware_bridge.simulator.plant.flow_plant import FlowPlant

if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware_bridge.simulator.plant.layout import EmittingProcess

HEAT = (0.1, 0.35)


def run(plant: FlowPlant, process: EmittingProcess, steps: int, dt_s: float, rate: float) -> float:
    """Run all pumps alike; give the strongest emission at any pixel in the end."""
    drive = Drive((rate,) * len(process.layout.streams), HEAT, 0.8, duty=(0.6,))
    for _ in range(steps):
        plant.advance(dt_s, drive)
    parcels = plant.parcels()
    absorbance, emission = process.absorbance(parcels), process.emission(parcels)
    assert np.isfinite(absorbance).all()
    assert (absorbance >= 0.0).all()
    assert np.isfinite(emission).all()
    return float(emission.max())


@pytest.mark.parametrize("build", [CdSeTeProcess, HalideExchangeProcess, LigandProcess])
def test_what_stood_for_a_day_passes_and_leaves_no_trace(build: Callable[[], EmittingProcess]) -> None:
    process = build()
    plant = FlowPlant(process, 1)
    before = run(plant, process, 900, 1.0, 200.0)
    run(plant, process, 8640, 10.0, 0.0)
    # Its front, its middle and its end reach the detector one after another.
    passing = [run(plant, process, 12, 5.0, 200.0) for _ in range(4)]
    assert any(emission != pytest.approx(before, rel=0.02) for emission in passing)
    assert run(plant, process, 900, 1.0, 200.0) == pytest.approx(before, rel=0.02)
