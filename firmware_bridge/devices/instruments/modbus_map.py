"""Any Modbus instrument, RTU or ASCII, by the registers that the rig file declares (see `register_map`)."""

from __future__ import annotations

from math import isnan, nan
from typing import TYPE_CHECKING, ClassVar, Final

from firmware_bridge.devices.instruments.base import Identity, Purpose, RestartedError, Script
from firmware_bridge.devices.instruments.modbus import BAUD_OPTION, FRAME_OPTION, Table, read_unit
from firmware_bridge.devices.instruments.register_map import (
    Register,
    Setting,
    parse_registers,
    parse_settings,
)
from firmware_bridge.devices.instruments.registers import Kind, decode, encode
from firmware_bridge.devices.interfaces import DeviceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.devices.instruments.base import InstrumentSettings, SignalFacts

_MOST_DECIMALS: Final = 6


class ModbusMap:
    """One instrument. Its outputs are read back after each change, as every signal is with each reading."""

    PURPOSE: ClassVar[Purpose] = Purpose.TEMPERATURE
    OPTIONS: ClassVar[Mapping[str, str]] = {
        "registers": 'its signals, a line each: "temperature: input 0 int16 unit=degC range=-50..400"',
        "expect": 'what tells that it is the right model: "holding 0x007A = 0x3216"',
        "prepare": 'what must be set before it obeys: "coil 0x0810 = 1; holding 0x1005 = 0"',
        "frame": FRAME_OPTION,
        "baud": BAUD_OPTION,
    }
    refresh_s = 0.0

    def __init__(self, settings: InstrumentSettings) -> None:
        options = settings.options
        self._unit = read_unit(settings, frames=("rtu", "ascii"))
        self._registers = parse_registers(options.get("registers", ""))
        self._expect = parse_settings(options.get("expect", ""), "expect")
        self._settings = parse_settings(options.get("prepare", ""), "prepare")
        self._used = settings.used
        self._safe = dict(settings.safe)
        # By ten to this power a register's numbers are divided; told by the instrument.
        self._decimals: dict[int, int] = {}
        # What outputs are known to hold.
        self._held: dict[str, float] = {}

    @property
    def signals(self) -> Mapping[str, SignalFacts]:
        return {name: register.facts for name, register in self._registers.items()}

    def identify(self) -> Script[Identity]:
        """Look for what is expected; without that, that the first register answers."""
        for each in self._expect:
            found = yield from self._look(each)
            if found != each.word:
                raise DeviceError(
                    f"{each.table} {each.address:#06x} is {found:#06x}, not {each.word:#06x}: another model"
                )
        if not self._expect:
            yield from self._read_words(next(iter(self._registers.values())))
        return Identity(model=f"Modbus unit {self._unit.address}")

    def configure(self) -> Script[None]:
        self._held.clear()
        for setting in self._settings:
            found = yield from self._look(setting)
            if found != setting.word:  # they may be stored: not more often than must be
                yield from self._put(setting)
        for register in self._registers.values():
            if register.decimals is not None:
                yield from self._read_decimals(register.decimals)
        for name, value in self._safe.items():
            yield from self._set(self._registers[name], value)

    def read(self) -> Script[Mapping[str, float]]:
        values: dict[str, float] = {}
        for name in self._used:
            register = self._registers[name]
            values[name] = yield from self._read(register)
            held = self._held.get(name)
            if held is not None and not abs(values[name] - held) <= self._tolerance(register, held):
                del self._held[name]
                raise RestartedError(
                    f"{name} is {values[name]:g}, not what was written: by hand, or restarted"
                )
        return values

    def write(self, wanted: Mapping[str, float]) -> Script[None]:
        for name, value in wanted.items():
            facts = self._registers[name].facts
            if not facts.low <= value <= facts.high:
                raise DeviceError(
                    f"{name} {value:g} {facts.unit}: its range is {facts.low:g} to {facts.high:g}"
                )
        for name, value in wanted.items():
            yield from self._set(self._registers[name], value)

    def stop(self) -> Script[None]:
        self._held.clear()
        for name, value in self._safe.items():
            yield from self._write(self._registers[name], value)
        self._held.update(self._safe)

    def _set(self, register: Register, value: float) -> Script[None]:
        self._held.pop(register.name, None)
        yield from self._write(register, value)
        taken = yield from self._read(register)
        if not abs(taken - value) <= self._tolerance(register, value):
            raise DeviceError(f"{register.name}: it took {taken:g} for {value:g}: check its limits and lock")
        self._held[register.name] = value

    def _read(self, register: Register) -> Script[float]:
        words = yield from self._read_words(register)
        if register.broken is not None and register.broken[0] <= words[0] <= register.broken[1]:
            return nan
        value = decode(words, register.kind, register.order) * self._factor(register)
        facts = register.facts
        if not isnan(value) and not facts.actuator and not facts.low <= value <= facts.high:
            raise DeviceError(f"{register.name} {value:g} {facts.unit} can't be: check its line in registers")
        return value

    def _read_words(self, register: Register) -> Script[tuple[int, ...]]:
        if register.is_bit:
            return (yield from self._unit.read_bits(register.address, table=register.table))
        return (
            yield from self._unit.read_registers(register.address, register.kind.words, table=register.table)
        )

    def _write(self, register: Register, value: float) -> Script[None]:
        if register.is_bit:
            yield from self._unit.write_bit(register.address, on=value >= 0.5)
            return
        words = encode(value / self._factor(register), register.kind, register.order)
        if len(words) == 1 and register.function == 6:
            yield from self._unit.write_register(register.address, words[0])
        else:
            yield from self._unit.write_registers(register.address, words)

    def _factor(self, register: Register) -> float:
        if register.decimals is None:
            return register.scale
        return register.scale / 10.0 ** self._decimals.get(register.decimals, 0)

    def _tolerance(self, register: Register, value: float) -> float:
        """Say how far a value read back may be from the one written: the register's rounding."""
        if register.is_bit:
            return 0.5
        if register.kind is Kind.FLOAT32:
            return 1e-6 * max(abs(value), 1.0)
        return 0.51 * abs(self._factor(register))

    def _read_decimals(self, address: int) -> Script[None]:
        (decimals,) = yield from self._unit.read_registers(address)
        if decimals > _MOST_DECIMALS:
            raise DeviceError(f"{decimals} decimals at {address:#06x} can't be: check decimals in registers")
        self._decimals[address] = decimals

    def _look(self, setting: Setting) -> Script[int]:
        if setting.table is Table.COIL:
            (bit,) = yield from self._unit.read_bits(setting.address)
            return int(bit)
        (word,) = yield from self._unit.read_registers(setting.address)
        return word

    def _put(self, setting: Setting) -> Script[None]:
        if setting.table is Table.COIL:
            yield from self._unit.write_bit(setting.address, on=bool(setting.word))
        else:
            yield from self._unit.write_register(setting.address, setting.word)
