"""Watlow EZ-ZONE PM: two maps, two word orders, and a memory that is left alone."""

from __future__ import annotations

from math import isnan

import pytest

from firmware_bridge.devices.instruments.base import RestartedError
from firmware_bridge.devices.interfaces import DeviceError
from tests.unit.firmware_bridge.instruments.modbus_talk import Pair

NAME = "watlow-ez-zone-pm"


@pytest.mark.parametrize("options", [{}, {"map": "2"}, {"word_order": "high-first"}])
def test_it_heats_to_what_is_written_by_either_map(options: dict[str, str]) -> None:
    pair = Pair(NAME, options=options, serial_number="4711").start()
    pair.write(setpoint=60.0)
    pair.advance(400.0)
    values = pair.read()
    assert values["setpoint"] == pytest.approx(60.0, abs=1e-4)
    assert values["temperature"] == pytest.approx(60.0, abs=0.5)
    assert values["alarm"] == 0.0


def test_its_serial_number_is_told() -> None:
    pair = Pair(NAME, serial_number="4711")
    assert pair.run(pair.driver.identify()).serial_number == "4711"


def test_set_to_the_other_map_it_is_not_taken_for_itself() -> None:
    pair = Pair(NAME, options={"map": "2"})
    other = pair.another(options={"map": "1"})
    with pytest.raises(DeviceError, match="no such address"):
        pair.run(other.identify())


def test_nothing_but_two_settings_is_ever_stored() -> None:
    pair = Pair(NAME).start()
    for tenths in range(200, 600):
        pair.write(setpoint=tenths / 10.0)
    pair.run(pair.driver.configure())
    assert pair.twin.writes == 2


def test_a_power_cut_brings_back_what_was_stored_and_that_is_seen() -> None:
    pair = Pair(NAME).start()
    pair.write(setpoint=60.0)
    pair.twin.power_cycle()
    with pytest.raises(RestartedError, match="not what was written"):
        pair.read()


@pytest.mark.parametrize(("mode", "name"), [(62, "off"), (54, "manual"), (3, "3")])
def test_another_mode_than_auto_is_refused(mode: int, name: str) -> None:
    pair = Pair(NAME)
    pair.twin.mode = mode
    with pytest.raises(DeviceError, match=f"control mode is {name}: set it to auto"):
        pair.run(pair.driver.configure())


def test_an_open_sensor_is_no_temperature() -> None:
    pair = Pair(NAME).start()
    pair.twin.zone.broken = True
    assert isnan(pair.read()["temperature"])


def test_alarms_are_bits() -> None:
    pair = Pair(NAME).start()
    pair.twin.alarms = [7, 61, 8, 88]
    assert pair.read()["alarm"] == 0b101


def test_only_what_is_used_is_asked_for() -> None:
    pair = Pair(NAME, used=("temperature",), safe={}).start()
    asked = len(pair.asked)
    assert set(pair.read()) == {"temperature"}
    assert len(pair.asked) == asked + 1
