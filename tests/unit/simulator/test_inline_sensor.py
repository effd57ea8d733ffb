"""An in-line sensor: what the process reads is on the second analog input, held and within range."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from firmware_bridge.simulator.interfaces import Drive
from firmware_bridge.simulator.plant.errors import PlantError
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.inline import InlineSensor, SensorLine
from tests.unit.simulator.tracer import Tracer

if TYPE_CHECKING:
    from firmware_bridge.simulator.plant.layout import Parcels

SALT = InlineSensor(low=0.0, high=200.0, period_s=5.0)
FLOWING = Drive((300.0, 300.0, 0.0), (0.0, 0.0), 0.0)


class Salted(Tracer):
    """Its sensor reads the salt in mM, of which the stock has 150."""

    def __init__(self) -> None:
        super().__init__(None)
        self.layout = dataclasses.replace(self.layout, sensor=SALT)

    def reading(self, parcels: Parcels) -> float:
        share = float(parcels.fractions[:, 0] @ parcels.weight)
        return 150.0 * share if share > 0.0 else float("nan")


class Deaf(Tracer):
    """Has a sensor in its layout, and no reading."""

    def __init__(self) -> None:
        super().__init__(None)
        self.layout = dataclasses.replace(self.layout, sensor=SALT)


def signals(plant: FlowPlant, seconds: float, drive: Drive = FLOWING) -> np.ndarray:
    return np.array([plant.advance(0.5, drive).pressures_kpa[1] for _ in range(round(seconds / 0.5))])


def test_the_second_analog_input_shows_what_the_process_reads() -> None:
    plant = FlowPlant(Salted(), 3)
    assert signals(plant, 10.0).max() < 10.0
    signals(plant, 900.0)
    shown = signals(plant, 600.0)
    # 75 mM of 200 is 375 of 1000 kPa, with a noise of 2 kPa.
    assert shown.mean() == pytest.approx(375.0, abs=4.0)
    assert 1.0 < shown.std() < 4.0


def test_it_measures_once_a_period_and_holds_what_it_measured() -> None:
    changes = np.flatnonzero(np.diff(signals(FlowPlant(Salted(), 3), 100.0)))
    assert len(changes) > 10
    assert (np.diff(changes) % 10 == 0).all()


def test_a_signal_ends_where_its_range_does() -> None:
    values = iter((-50.0, 500.0, float("nan")))
    line = SensorLine(dataclasses.replace(SALT, noise=0.0), 1, lambda: next(values))
    assert [line.advance(5.0) for _ in range(3)] == [0.0, 1000.0, 0.0]


def test_a_plant_without_one_shows_nothing_there() -> None:
    assert (signals(FlowPlant(Tracer(None), 3), 60.0) == 0.0).all()


def test_a_process_must_read_if_its_layout_has_a_sensor() -> None:
    with pytest.raises(PlantError, match="Deaf has an in-line sensor"):
        FlowPlant(Deaf(), 1)
    for wrong in ({"low": 3.0, "high": 3.0}, {"period_s": 0.0}, {"signal_kpa": -1.0}):
        with pytest.raises(PlantError, match="the range must rise"):
            dataclasses.replace(SALT, **wrong)
