"""Watlow EZ-ZONE PM integrated controllers, Modbus RTU, by either of their two data maps.

After the user's guide 0600-0059-0000 (Modbus addresses of each menu) and the EZ-ZONE communications manual
(chapter 2: floats, units, saving to non-volatile memory). Setpoints are written to RAM alone: the controller
is told not to store what comes over the line, since its EEPROM takes about a million writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, ClassVar, Final

from firmware_bridge.devices.instruments.base import Identity, Script
from firmware_bridge.devices.instruments.options import read_choice
from firmware_bridge.devices.instruments.registers import Kind, Order, decode, encode
from firmware_bridge.devices.instruments.temperature_controller import TemperatureController
from firmware_bridge.devices.interfaces import DeviceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.devices.instruments.base import InstrumentSettings


@dataclass(frozen=True, slots=True)
class _Map:
    """Where things of the first instance stand; `alarm_step` leads to the next alarm."""

    control_mode: int
    heat_power: int
    setpoint: int
    units: int
    save: int
    alarm: int
    alarm_step: int


_MAPS: Final = {
    "1": _Map(1880, 1904, 2160, 2490, 2494, 1496, 50),
    "2": _Map(2360, 2384, 2640, 2970, 2974, 1896, 60),
}
_REVISION, _SERIAL_NUMBER = 4, 12
_PV = 360
"""In both maps; its error status stands at 362."""
_ALARMS: Final = 4
# Enumerations, the same everywhere in the guide.
_CELSIUS, _FAHRENHEIT, _NO, _AUTO, _NONE, _ALARM_HIGH, _ALARM_LOW = 15, 30, 59, 10, 61, 7, 8
_MODES: Final = {62: "off", 54: "manual"}


class WatlowEzZonePm(TemperatureController):
    """Loop 1 of one controller."""

    OPTIONS: ClassVar[Mapping[str, str]] = {
        **TemperatureController.OPTIONS,
        "map": "the data map that it is set to: 1 or 2",
        "word_order": "its setting for floats: low-first (as delivered) or high-first",
    }

    def __init__(self, settings: InstrumentSettings) -> None:
        super().__init__(settings, frames=("rtu",))
        self._map = _MAPS[read_choice(settings.options, "map", tuple(_MAPS))]
        choices = (Order.LOW_FIRST.value, Order.HIGH_FIRST.value)
        self._order = Order(read_choice(settings.options, "word_order", choices))

    def identify(self) -> Script[Identity]:
        (units,) = yield from self._unit.read_registers(self._map.units)
        if units not in (_CELSIUS, _FAHRENHEIT):
            raise DeviceError(f"units are {units}: no EZ-ZONE PM, or set to the other data map (option map)")
        revision = yield from self._read(_REVISION, Kind.UINT32)
        serial_number = yield from self._read(_SERIAL_NUMBER, Kind.UINT32)
        return Identity("Watlow EZ-ZONE PM", f"{serial_number:.0f}", f"{revision:.0f}")

    def _prepare(self) -> Script[None]:
        # Both are stored themselves: only when they differ.
        yield from self._keep(self._map.units, _CELSIUS)
        yield from self._keep(self._map.save, _NO)
        if self._safe_c is None:
            return
        yield from self._write_setpoint(self._safe_c)
        (mode,) = yield from self._unit.read_registers(self._map.control_mode)
        if mode != _AUTO:
            raise DeviceError(f"its control mode is {_MODES.get(mode, mode)}: set it to auto")

    def _measure(self) -> Script[Mapping[str, float]]:
        found: dict[str, float] = {}
        if "temperature" in self._used:
            low, high, error = yield from self._unit.read_registers(_PV, 3)
            found["temperature"] = decode((low, high), Kind.FLOAT32, self._order) if error == _NONE else nan
        if self._acts or "setpoint" in self._used:
            found["setpoint"] = yield from self._read_setpoint()
        if "output_power" in self._used:
            found["output_power"] = yield from self._read(self._map.heat_power, Kind.FLOAT32)
        if "alarm" in self._used:
            found["alarm"] = yield from self._read_alarms()
        return found

    def _read_alarms(self) -> Script[float]:
        """Read which of the four alarms stand, alarm 1 as bit 0; those that the model lacks are none."""
        standing = 0
        for place in range(_ALARMS):
            (state,) = yield from self._unit.read_registers(self._map.alarm + place * self._map.alarm_step)
            standing |= (state in (_ALARM_HIGH, _ALARM_LOW)) << place
        return float(standing)

    def _write_setpoint(self, value_c: float) -> Script[None]:
        words = encode(value_c, Kind.FLOAT32, self._order)
        yield from self._unit.write_registers(self._map.setpoint, words)

    def _read_setpoint(self) -> Script[float]:
        return (yield from self._read(self._map.setpoint, Kind.FLOAT32))

    def _keep(self, address: int, word: int) -> Script[None]:
        (found,) = yield from self._unit.read_registers(address)
        if found != word:
            yield from self._unit.write_register(address, word)

    def _read(self, address: int, kind: Kind) -> Script[float]:
        words = yield from self._unit.read_registers(address, 2)
        return decode(words, kind, self._order)
