"""Omega CN7500 temperature controllers, Modbus ASCII (7E1, as delivered) and RTU.

After Omega's user guide M4704 and, for frames and their examples, the manual of the controllers with the same
addresses that its maker Delta sells (DTB, DT3, "Communication"). Registers count tenths. None is known to be
volatile: each new setpoint may wear its EEPROM, hence the option `step`.
"""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, ClassVar, Final

from firmware_bridge.devices.instruments.base import Identity, Script
from firmware_bridge.devices.instruments.modbus import FRAME_OPTION, Table
from firmware_bridge.devices.instruments.options import read_quantity
from firmware_bridge.devices.instruments.registers import Kind, decode, encode
from firmware_bridge.devices.instruments.temperature_controller import TemperatureController
from firmware_bridge.devices.interfaces import DeviceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.devices.instruments.base import InstrumentSettings

_PV, _SETPOINT, _METHOD, _OUTPUT, _LEDS, _VERSION = 0x1000, 0x1001, 0x1005, 0x1012, 0x102A, 0x102F
_MAY_WRITE, _RUN, _FLAGS = 0x0810, 0x0814, 9
_PID, _ON_OFF = 0, 1
_METHODS: Final = {2: "manual tuning", 3: "ramp and soak"}
# What stands in place of the temperature (M4704, "Communication Error Messages").
_NOT_YET, _BROKEN = 0x8002, (0x8003, 0x8004, 0x8006)
_ALARM_LEDS: Final = (4, 1, 0)
"""Bits of 102AH: alarms 1, 2 and 3."""


class OmegaCN7500(TemperatureController):
    """One controller, in PID or on/off mode; its ramp and soak programs are left alone."""

    OPTIONS: ClassVar[Mapping[str, str]] = {
        **TemperatureController.OPTIONS,
        "frame": FRAME_OPTION,
        "step": 'the setpoint goes in steps of this, so that a ramp wears its memory less: "0.1 K"',
    }

    def __init__(self, settings: InstrumentSettings) -> None:
        super().__init__(settings, frames=("ascii", "rtu"))
        self._step_c = read_quantity(settings.options, "step", "0.1 K", {"K": 1.0}, 0.1, 50.0)

    def identify(self) -> Script[Identity]:
        (version,) = yield from self._unit.read_registers(_VERSION)
        # 102FH: V1.00 is 0x0100.
        return Identity(model="Omega CN7500", firmware=f"{version >> 8:X}.{version & 0xFF:02X}")

    def _prepare(self) -> Script[None]:
        flags = yield from self._unit.read_bits(_MAY_WRITE, _FLAGS, Table.DISCRETE)
        may_write, is_celsius, _, tuning, running = flags[:5]
        if not is_celsius:
            raise DeviceError("it is set to degF: set its unit to degC")
        if self._safe_c is None:
            return
        if tuning:
            raise DeviceError("it is tuning itself: wait, or end that by its keys")
        (method,) = yield from self._unit.read_registers(_METHOD)
        if method not in (_PID, _ON_OFF):
            raise DeviceError(f"it is set to {_METHODS.get(method, method)}: set its control method to PID")
        if not may_write:
            yield from self._unit.write_bit(_MAY_WRITE, on=True)
        yield from self._write_setpoint(self._rounded(self._safe_c))
        if not running:
            yield from self._unit.write_bit(_RUN, on=True)

    def _measure(self) -> Script[Mapping[str, float]]:
        process, setpoint = yield from self._unit.read_registers(_PV, 2)
        found = {"temperature": _tenths(process), "setpoint": _tenths(setpoint)}
        if process in (_NOT_YET, *_BROKEN):
            found["temperature"] = nan
        if "output_power" in self._used:
            (output,) = yield from self._unit.read_registers(_OUTPUT)
            found["output_power"] = _tenths(output)
        if "alarm" in self._used:
            (leds,) = yield from self._unit.read_registers(_LEDS)
            found["alarm"] = float(sum((leds >> led & 1) << place for place, led in enumerate(_ALARM_LEDS)))
        return found

    def _rounded(self, value_c: float) -> float:
        facts = self._signals["setpoint"]
        stepped_c = round(value_c / self._step_c) * self._step_c
        return round(min(max(stepped_c, facts.low), facts.high), 1)

    def _write_setpoint(self, value_c: float) -> Script[None]:
        (word,) = encode(value_c * 10.0, Kind.INT16)
        yield from self._unit.write_register(_SETPOINT, word)

    def _read_setpoint(self) -> Script[float]:
        (word,) = yield from self._unit.read_registers(_SETPOINT)
        return _tenths(word)


def _tenths(word: int) -> float:
    return decode((word,), Kind.INT16) / 10.0
