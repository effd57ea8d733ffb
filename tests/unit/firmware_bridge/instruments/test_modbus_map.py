"""Any Modbus instrument by the registers that a rig file declares."""

from __future__ import annotations

from contextlib import suppress
from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices.instruments.base import InstrumentSettings, RestartedError
from firmware_bridge.devices.instruments.modbus import Table
from firmware_bridge.devices.instruments.modbus_map import ModbusMap
from firmware_bridge.devices.instruments.register_map import parse_registers, parse_settings
from firmware_bridge.devices.instruments.registers import Kind, Order
from firmware_bridge.devices.interfaces import DeviceError
from tests.unit.firmware_bridge.instruments.modbus_talk import Pair

NAME = "modbus-map"
REGISTERS = """
    # an oven
    temperature: input 0x10 int16 unit=degC range=-50..400 decimals=0x30 broken=0x8000..0x8007
    setpoint: holding 0x20 int16 scale=0.1 unit=degC range=0..300 writable
    level: holding 0x22 uint32 order=low-first range=0..1e6 writable
    fan: coil 3 writable
"""
USED = ("temperature", "setpoint", "level", "fan")
SAFE = {"setpoint": 20.0, "level": 0.0, "fan": 1.0}


def oven(**options: str) -> Pair:
    return Pair(NAME, options={"registers": REGISTERS, **options}, used=USED, safe=SAFE)


def test_a_line_says_where_a_signal_stands_and_what_it_is() -> None:
    registers = parse_registers(REGISTERS)
    assert list(registers) == list(USED)
    temperature, level = registers["temperature"], registers["level"]
    assert (temperature.table, temperature.address, temperature.kind) == (Table.INPUT, 0x10, Kind.INT16)
    assert (temperature.facts.unit, temperature.facts.low, temperature.facts.high) == ("degC", -50.0, 400.0)
    assert (temperature.decimals, temperature.broken) == (0x30, (0x8000, 0x8007))
    assert not temperature.facts.actuator
    assert (level.kind, level.order, level.facts.actuator) == (Kind.UINT32, Order.LOW_FIRST, True)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "registers is missing"),
        ("temperature input 0 int16", "write a name, a colon"),
        ("t: analog 0 int16 range=0..1", "one of holding, input, coil, discrete"),
        ("t: input 0 int8 range=0..1", "after the address comes one of int16"),
        ("t: input 0", "after the address comes one of int16"),
        ("t: input 70000 int16 range=0..1", "'70000' is no whole number from 0 to 65535"),
        ("t: input zero int16 range=0..1", "'zero' is no whole number"),
        ("t: input 0 int16", "range="),
        ("t: input 0 int16 range=9..1", "range=9..1"),
        ("t: input 0 int16 range=1e..2", "range="),
        ("t: input 0 int16 range=0..1 writable", "input can't be written: take holding"),
        ("t: discrete 0 writable", "discrete can't be written: take coil"),
        ("t: input 0 int16 range=0..1 speed=3", "'speed=3': there are"),
        ("t: input 0 int16 range=0..1 scale", "'scale': there are"),
        ("t: input 0 int16 range=0..1 scale=0", "scale=0 is no factor"),
        ("t: input 0 int16 range=0..1 scale=nan", "scale=nan is no factor"),
        ("t: input 0 float32 range=0..1 order=middle", "order=middle"),
        ("t: holding 0 int16 range=0..1 function=5", "function=5: 6 or 16"),
        ("t: input 0 int16 range=0..1\nt: input 1 int16 range=0..1", "t is declared twice"),
        ("\n".join(f"t{index}: coil {index}" for index in range(33)), "33 lines, 32 at most"),
    ],
)
def test_a_line_that_cannot_be_is_refused_with_a_remedy(text: str, why: str) -> None:
    with pytest.raises(DeviceError, match=why):
        parse_registers(text)


@given(st.text(max_size=200))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    for parse in (parse_registers, lambda given: parse_settings(given, "prepare")):
        with suppress(DeviceError):
            parse(text)


@pytest.mark.parametrize("text", ["holding 1", "input 1 = 2", "coil 1 = 2", "holding 1 = 65536", "= 1"])
def test_a_setting_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(DeviceError, match="prepare"):
        ModbusMap(InstrumentSettings("1", {"registers": REGISTERS, "prepare": text}))


@pytest.mark.parametrize("frame", ["rtu", "ascii"])
def test_it_is_read_and_written_in_its_own_units(frame: str) -> None:
    pair = oven(frame=frame).start()
    assert pair.read() == {"temperature": 25.0, "setpoint": 20.0, "level": 0.0, "fan": 1.0}
    pair.write(setpoint=55.5, level=100_000.0, fan=0.0)
    assert pair.read() == {"temperature": 25.0, "setpoint": 55.5, "level": 100_000.0, "fan": 0.0}
    assert pair.twin.values["setpoint"] == pytest.approx(55.5)


def test_the_zone_behind_it_heats() -> None:
    pair = oven().start()
    pair.write(setpoint=60.0)
    pair.advance(400.0)
    assert pair.read()["temperature"] == pytest.approx(60.0, abs=0.5)


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("lamp: holding 0 uint16 scale=0.001 range=0..1 writable", 0.25),
        ("lamp: holding 0 uint16 scale=0.1 unit=percent range=0..100 writable", 25.0),
    ],
)
def test_a_lamp_behind_it_shines(line: str, written: float) -> None:
    pair = Pair(NAME, options={"registers": line}, used=("lamp",), safe={"lamp": 0.0}).start()
    pair.write(lamp=written)
    assert pair.twin.action.light == pytest.approx(0.25)


def test_what_must_be_set_is_set_only_when_it_is_not() -> None:
    pair = oven(prepare="coil 0x0810 = 1; holding 0x1005 = 7").start()
    pair.run(pair.driver.configure())
    assert sum("0x0810 1" in line for line in pair.twin.log) == 1
    assert sum("0x1005 7" in line for line in pair.twin.log) == 1


def test_another_model_is_refused() -> None:
    pair = oven(expect="holding 0x7A = 0x3216")
    assert pair.run(pair.driver.identify()).model == "Modbus unit 1"
    other = pair.another(options={"registers": REGISTERS, "expect": "holding 0x7A = 0x3208"})
    with pytest.raises(DeviceError, match="holding 0x007a is 0x3216, not 0x3208: another model"):
        pair.run(other.identify())


def test_a_broken_sensor_is_no_temperature() -> None:
    pair = oven().start()
    pair.twin.zone.broken = True
    assert isnan(pair.read()["temperature"])


def test_a_value_that_cannot_be_is_an_error_and_no_data() -> None:
    pair = oven().start()
    pair.twin.zone.filtered_c = 500.0
    with pytest.raises(DeviceError, match="temperature 500 degC can't be"):
        pair.read()


def test_one_value_out_of_its_range_keeps_all_from_being_sent() -> None:
    pair = oven().start()
    asked = len(pair.asked)
    with pytest.raises(DeviceError, match="level 1e\\+07 1: its range is 0 to 1e\\+06"):
        pair.write(setpoint=50.0, level=1e7)
    assert len(pair.asked) == asked


def test_a_hand_on_its_keys_is_seen() -> None:
    pair = oven().start()
    pair.write(setpoint=60.0)
    pair.twin.values["setpoint"] = 90.0
    with pytest.raises(RestartedError, match="setpoint is 90, not what was written"):
        pair.read()


def test_what_it_did_not_take_is_told() -> None:
    pair = oven().start()
    pair.twin._take = lambda _name, _value: None
    with pytest.raises(DeviceError, match="setpoint: it took 20 for 60"):
        pair.write(setpoint=60.0)


def test_a_stop_writes_every_output_and_reads_nothing() -> None:
    pair = oven().start()
    pair.write(setpoint=60.0, fan=0.0)
    asked = len(pair.asked)
    pair.run(pair.driver.stop())
    assert len(pair.asked) == asked + len(SAFE)
    assert pair.read() == {"temperature": 25.0, **SAFE}


def test_decimals_that_cannot_be_are_refused() -> None:
    pair = oven()
    pair.twin._kept[("holding", 0x30)] = 0x8002
    with pytest.raises(DeviceError, match="decimals at 0x0030 can't be"):
        pair.run(pair.driver.configure())
