"""Eurotherm 3200 series temperature controllers (3216, 3208, 32h8, 3204), Modbus RTU.

After the engineering handbook HA028651, issue 7.0 (Apr-09), chapter 15: 15.4 data encoding, 15.5 addresses.
The setpoint goes to Rm.SP (26), which is not stored and falls back to the stored SP1 when nothing was written
to it for about 5 s: the controller's own dead-man's switch. SP1 holds the safe value.
"""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, ClassVar, Final

from firmware_bridge.devices.instruments.base import Identity, RestartedError, Script
from firmware_bridge.devices.instruments.registers import Kind, decode, encode
from firmware_bridge.devices.instruments.temperature_controller import TemperatureController
from firmware_bridge.devices.interfaces import DeviceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.devices.instruments.base import InstrumentSettings

_PV, _WORKING_OUTPUT, _WORKING_SETPOINT = 1, 4, 5
_SP_SELECT, _SP1, _REMOTE_SETPOINT = 15, 24, 26
_STATUS, _VERSION, _TYPE, _REMOTE_SELECT, _UNITS = 75, 107, 122, 276, 516
_ALARMS, _MANUAL, _SENSOR_BREAK, _OVER_RANGE, _REMOTE_FAIL = 0xF, 1 << 4, 1 << 5, 1 << 10, 1 << 14
_UNIT_NAMES: Final = {1: "degF", 2: "K", 3: "none", 4: "%"}


class Eurotherm3200(TemperatureController):
    """One controller. Every value is read in the region where the handbook gives it as a float."""

    OPTIONS: ClassVar[Mapping[str, str]] = TemperatureController.OPTIONS
    refresh_s = 1.5
    """Three times within the 5 s after which Rm.SP falls back."""

    def __init__(self, settings: InstrumentSettings) -> None:
        super().__init__(settings, frames=("rtu",))

    def identify(self) -> Script[Identity]:
        (version,) = yield from self._unit.read_registers(_VERSION)
        (kind,) = yield from self._unit.read_registers(_TYPE)
        # The version is written in hexadecimal digits: 0x0213 is V2.13.
        return Identity(model=f"Eurotherm type {kind:04X}", firmware=f"{version >> 8:X}.{version & 0xFF:02X}")

    def _prepare(self) -> Script[None]:
        (units,) = yield from self._unit.read_registers(_UNITS)
        if units != 0:
            raise DeviceError(f"it is set to {_UNIT_NAMES.get(units, units)}: set UNITS to degC")
        (status,) = yield from self._unit.read_registers(_STATUS)
        if self._safe_c is None:
            return
        if status & _MANUAL:
            raise DeviceError("it is in manual mode: set it to automatic by its keys")
        # SP1 and both selectors are stored, which 100 000 writes wear out: only when they differ.
        yield from self._keep(_SP_SELECT, 0)
        stored_c = yield from self._read_float(_SP1)
        if not abs(stored_c - self._safe_c) <= self.RESOLUTION_C:
            yield from self._write_float(_SP1, self._safe_c)
        yield from self._write_setpoint(self._safe_c)  # before it is selected
        yield from self._keep(_REMOTE_SELECT, 1)

    def _measure(self) -> Script[Mapping[str, float]]:
        # 1 PV, 2 target setpoint, 3 manual output, 4 working output, 5 working setpoint: at once.
        words = yield from self._unit.read_registers(_float_address(_PV), 2 * _WORKING_SETPOINT)
        (status,) = yield from self._unit.read_registers(_STATUS)
        broken = bool(status & (_SENSOR_BREAK | _OVER_RANGE))
        if status & _REMOTE_FAIL and self._held_c not in (None, self._safe_c):
            self._held_c = None
            raise RestartedError("it heard no setpoint for 5 s, or lost its power, and went to SP1")
        return {
            "temperature": nan if broken else _float_of(words, _PV),
            "setpoint": _float_of(words, _WORKING_SETPOINT),
            "output_power": _float_of(words, _WORKING_OUTPUT),
            "alarm": float(status & _ALARMS),
        }

    def _check_held(self, found_c: float | None) -> None:
        """Leave it: the working setpoint may follow at its own rate limit. The status tells the rest."""

    def _write_setpoint(self, value_c: float) -> Script[None]:
        yield from self._write_float(_REMOTE_SETPOINT, value_c)

    def _read_setpoint(self) -> Script[float]:
        return (yield from self._read_float(_REMOTE_SETPOINT))

    def _keep(self, address: int, word: int) -> Script[None]:
        (found,) = yield from self._unit.read_registers(address)
        if found != word:
            yield from self._unit.write_register(address, word)

    def _read_float(self, parameter: int) -> Script[float]:
        words = yield from self._unit.read_registers(_float_address(parameter), 2)
        return decode(words, Kind.FLOAT32)

    def _write_float(self, parameter: int, value: float) -> Script[None]:
        yield from self._unit.write_registers(_float_address(parameter), encode(value, Kind.FLOAT32))


def _float_address(parameter: int) -> int:
    """Find a parameter where it stands as an IEEE float of two words, high word first."""
    return 0x8000 + 2 * parameter


def _float_of(words: tuple[int, ...], parameter: int) -> float:
    place = 2 * (parameter - _PV)
    return decode(words[place : place + 2], Kind.FLOAT32)
