"""Omega CN7500: tenths, words in place of a temperature, and a memory that wears."""

from __future__ import annotations

from math import isnan

import pytest

from firmware_bridge.devices.instruments.base import RestartedError
from firmware_bridge.devices.interfaces import DeviceError
from tests.unit.firmware_bridge.instruments.modbus_talk import Pair

NAME = "omega-cn7500"


@pytest.mark.parametrize("frame", ["ascii", "rtu"])
def test_it_heats_to_what_is_written_in_either_frame(frame: str) -> None:
    pair = Pair(NAME, options={"frame": frame}).start()
    pair.write(setpoint=60.04)
    pair.advance(400.0)
    values = pair.read()
    assert values["setpoint"] == 60.0
    assert values["temperature"] == pytest.approx(60.0, abs=0.5)


def test_writing_is_allowed_once_and_only_where_it_was_not() -> None:
    pair = Pair(NAME).start()
    pair.run(pair.driver.configure())
    assert sum("may write" in line for line in pair.twin.log) == 1


def test_it_is_set_running_only_after_its_setpoint_is_safe() -> None:
    pair = Pair(NAME)
    pair.twin.press("running", False)
    pair.start()
    done = [line.split("unit 1 ")[1] for line in pair.twin.log]
    assert done.index("setpoint 20 degC") < done.index("running on")


@pytest.mark.parametrize(
    ("flag", "on", "why"), [("celsius", False, "degF"), ("tuning", True, "tuning itself")]
)
def test_what_its_keys_have_set_otherwise_is_refused(flag: str, on: bool, why: str) -> None:
    pair = Pair(NAME)
    pair.twin.press(flag, on)
    with pytest.raises(DeviceError, match=why):
        pair.run(pair.driver.configure())


@pytest.mark.parametrize(("method", "name"), [(2, "manual tuning"), (3, "ramp and soak"), (7, "7")])
def test_a_program_is_not_interfered_with(method: int, name: str) -> None:
    pair = Pair(NAME)
    pair.twin.method = method
    with pytest.raises(DeviceError, match=f"set to {name}: set its control method to PID"):
        pair.run(pair.driver.configure())
    assert pair.twin.log == []


def test_a_sensor_that_is_off_is_no_temperature() -> None:
    pair = Pair(NAME).start()
    pair.twin.zone.broken = True
    assert isnan(pair.read()["temperature"])


def test_alarm_lamps_are_bits() -> None:
    pair = Pair(NAME).start()
    pair.twin.leds = 0x0008 | 1 << 4 | 1 << 0
    assert pair.read()["alarm"] == 0b101


def test_below_zero_is_read_as_such() -> None:
    pair = Pair(NAME).start()
    pair.twin.zone.filtered_c = -12.3
    assert pair.read()["temperature"] == pytest.approx(-12.3)


def test_a_hand_on_its_keys_is_seen() -> None:
    pair = Pair(NAME).start()
    pair.write(setpoint=60.0)
    pair.twin._setpoint = 1234
    with pytest.raises(RestartedError, match=r"123\.4 degC, not what was written"):
        pair.read()


def test_steps_spare_its_memory_in_a_ramp() -> None:
    fine, coarse = Pair(NAME).start(), Pair(NAME, options={"step": "5 K"}).start()
    for pair in (fine, coarse):
        for tenths in range(200, 400):
            pair.write(setpoint=tenths / 10.0)
            pair.read()
    assert fine.twin.writes > 150
    assert coarse.twin.writes < 15
    assert coarse.read()["setpoint"] == 40.0


def test_no_step_leads_out_of_the_range() -> None:
    pair = Pair(NAME, options={"step": "50 K", "range": "0..80 degC"}).start()
    pair.write(setpoint=79.0)
    assert pair.read()["setpoint"] == 80.0


def test_the_step_must_be_one_that_it_can_show() -> None:
    with pytest.raises(DeviceError, match=r"step '0\.01 K'"):
        Pair(NAME, options={"step": "0.01 K"})
