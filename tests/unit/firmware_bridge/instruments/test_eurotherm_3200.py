"""Eurotherm 3200: the setpoint that is not stored, and its window of five seconds."""

from __future__ import annotations

from math import isnan

import pytest

from firmware_bridge.devices.instruments.base import InstrumentSettings, RestartedError
from firmware_bridge.devices.instruments.eurotherm_3200 import Eurotherm3200
from firmware_bridge.devices.interfaces import DeviceError
from tests.unit.firmware_bridge.instruments.modbus_talk import Pair

NAME = "eurotherm-3200"


def test_it_says_what_it_is() -> None:
    pair = Pair(NAME)
    identity = pair.run(pair.driver.identify())
    assert identity.model == "Eurotherm type 3216"
    assert identity.firmware == "2.13"


def test_it_heats_to_what_is_written() -> None:
    pair = Pair(NAME).start()
    pair.write(setpoint=60.0)
    for _ in range(400):
        pair.advance(1.0)
        pair.write(setpoint=60.0)
    values = pair.read()
    assert values["temperature"] == pytest.approx(60.0, abs=0.5)
    assert values["setpoint"] == 60.0
    assert 0.0 < values["output_power"] < 100.0


def test_a_setpoint_is_never_stored() -> None:
    pair = Pair(NAME).start()
    for tenths in range(200, 600):
        pair.write(setpoint=tenths / 10.0)
    stored = [line for line in pair.twin.log if "stores" in line]
    assert stored == ["t=0.000 s unit 1 stores SP1 20 degC"]


def test_configured_again_it_stores_nothing_anew() -> None:
    pair = Pair(NAME).start()
    before = len(pair.twin.log)
    pair.run(pair.driver.configure())
    assert len(pair.twin.log) == before


def test_unheard_for_five_seconds_it_goes_to_its_safe_value_by_itself() -> None:
    pair = Pair(NAME).start()
    pair.write(setpoint=60.0)
    pair.advance(4.8)
    assert pair.read()["setpoint"] == 60.0
    pair.advance(0.3)
    with pytest.raises(RestartedError, match="went to SP1"):
        pair.read()
    assert pair.read()["setpoint"] == 20.0
    pair.advance(1.0)
    assert pair.twin.action.heat == 0.0


def test_refreshed_it_holds_and_a_refresh_is_one_request() -> None:
    pair = Pair(NAME).start()
    pair.write(setpoint=60.0)
    for _ in range(10):
        pair.advance(pair.driver.refresh_s)
        asked = len(pair.asked)
        pair.write(setpoint=60.0)
        assert len(pair.asked) == asked + 1
    assert pair.read()["setpoint"] == 60.0


def test_held_at_its_safe_value_the_end_of_the_window_is_nothing_to_tell() -> None:
    pair = Pair(NAME).start()
    pair.advance(20.0)
    assert pair.read()["setpoint"] == 20.0


def test_a_power_cut_is_seen() -> None:
    pair = Pair(NAME).start()
    pair.write(setpoint=60.0)
    pair.twin.power_cycle()
    with pytest.raises(RestartedError):
        pair.read()
    pair.run(pair.driver.configure())
    pair.write(setpoint=60.0)
    assert pair.read()["setpoint"] == 60.0


def test_a_broken_sensor_is_no_temperature() -> None:
    pair = Pair(NAME).start()
    pair.twin.zone.broken = True
    values = pair.read()
    assert isnan(values["temperature"])
    assert values["setpoint"] == 20.0


def test_alarms_are_bits() -> None:
    pair = Pair(NAME).start()
    pair.twin.alarms = 0b0101
    assert pair.read()["alarm"] == 5.0


@pytest.mark.parametrize(("units", "name"), [(1, "degF"), (2, "K"), (9, "9")])
def test_another_unit_than_degrees_celsius_is_refused(units: int, name: str) -> None:
    pair = Pair(NAME)
    pair.twin.units = units
    with pytest.raises(DeviceError, match=f"it is set to {name}: set UNITS to degC"):
        pair.run(pair.driver.configure())


def test_manual_mode_is_refused_where_the_setpoint_is_an_output() -> None:
    pair = Pair(NAME)
    pair.twin.manual = True
    with pytest.raises(DeviceError, match="manual mode"):
        pair.run(pair.driver.configure())


def test_read_alone_it_is_left_as_it_is() -> None:
    pair = Pair(NAME, used=("temperature",), safe={})
    pair.twin.manual = True
    pair.start()
    assert set(pair.read()) == {"temperature"}
    pair.run(pair.driver.stop())
    assert pair.twin.log == []


def test_a_setpoint_out_of_its_range_is_not_sent() -> None:
    pair = Pair(NAME, options={"range": "10..80 degC"}).start()
    asked = len(pair.asked)
    with pytest.raises(DeviceError, match="setpoint 90 degC: its range is 10 to 80 degC"):
        pair.write(setpoint=90.0)
    assert len(pair.asked) == asked


@pytest.mark.parametrize("text", ["10..80", "80..10 degC", "0..9000 degC", "hot"])
def test_a_range_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(DeviceError, match="range"):
        Eurotherm3200(InstrumentSettings("1", {"range": text}))


def test_ascii_is_not_its_language() -> None:
    with pytest.raises(DeviceError, match="frame 'ascii'"):
        Eurotherm3200(InstrumentSettings("1", {"frame": "ascii"}))
