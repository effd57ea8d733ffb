"""A Modbus instrument's registers as a rig file declares them, a line each.

    registers = '''
    temperature:  input 0x0000 int16 scale=0.1 unit=degC range=-50..400 broken=0x8000..0x8007
    setpoint:     holding 0x0001 int16 scale=0.1 unit=degC range=0..300 writable
    output_power: holding 5 float32 order=low-first unit=percent range=0..100
    alarm:        coil 0x0810
    '''

Addresses are those on the wire: they count from 0, where tables with 40001 count from 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from firmware_bridge.devices.instruments.base import SignalFacts
from firmware_bridge.devices.instruments.modbus import Table
from firmware_bridge.devices.instruments.registers import Kind, Order
from firmware_bridge.devices.interfaces import DeviceError

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST: Final = 32
"""Signals of one instrument: each is a request in every round."""
_LINE: Final = re.compile(r"([a-z][a-z0-9_]{0,30}):\s+(\S+)\s+(\S+)(?:\s+(.*))?")
_SETTING: Final = re.compile(r"(holding|coil)\s+(\S+)\s*=\s*(\S+)")
_RANGE: Final = re.compile(r"(-?[0-9.e+-]{1,16}?)\.\.(-?[0-9.e+-]{1,16})")
_KEYS: Final = frozenset({"scale", "unit", "range", "order", "decimals", "broken", "function", "writable"})


@dataclass(frozen=True, slots=True)
class Register:
    """One signal: what is on the wire, times `scale`, over ten to the power read at `decimals`."""

    name: str
    table: Table
    address: int
    kind: Kind
    facts: SignalFacts
    order: Order = Order.HIGH_FIRST
    scale: float = 1.0
    decimals: int | None = None
    """Where the controller tells how many decimals it counts in."""
    broken: tuple[int, int] | None = None
    """Words from the first to the second, as they are on the wire, mean a broken sensor."""
    function: int = 6
    """What a single word is written by: 6, or 16 for controllers that know no other."""

    @property
    def is_bit(self) -> bool:
        return self.table in (Table.COIL, Table.DISCRETE)


@dataclass(frozen=True, slots=True)
class Setting:
    """A word or a bit that must be so before anything else: checked, or brought about."""

    table: Table
    address: int
    word: int


def parse_registers(text: str) -> Mapping[str, Register]:
    """Read the declared registers by their signals' names; DeviceError names the line."""
    lines = [line for line in (each.strip() for each in text.splitlines()) if line and line[0] != "#"]
    if not lines:
        raise DeviceError('registers is missing: declare one a line, like "temperature: input 0 int16"')
    if len(lines) > _MOST:
        raise DeviceError(f"registers: {len(lines)} lines, {_MOST} at most")
    registers: dict[str, Register] = {}
    for line in lines:
        register = _parse(line)
        if register.name in registers:
            raise DeviceError(f"registers: {register.name} is declared twice")
        registers[register.name] = register
    return registers


def parse_settings(text: str, option: str) -> tuple[Setting, ...]:
    """Read "holding 0x1005 = 0; coil 0x0810 = 1"; DeviceError names the option."""
    settings = []
    for each in filter(None, (part.strip() for part in text.split(";"))):
        found = _SETTING.fullmatch(each)
        if found is None:
            raise DeviceError(f'{option} {each!r}: write it like "holding 0x1005 = 0"')
        table = Table(found[1])
        word = _whole(found[3], f"{option} {each!r}", 1 if table is Table.COIL else 0xFFFF)
        settings.append(Setting(table, _whole(found[2], f"{option} {each!r}", 0xFFFF), word))
    return tuple(settings)


def _parse(line: str) -> Register:
    found = _LINE.fullmatch(line)
    if found is None or found[2] not in tuple(Table):
        tables = ", ".join(Table)
        raise DeviceError(f"registers: {line!r}: write a name, a colon, one of {tables}, and an address")
    name, table, where = found[1], Table(found[2]), f"registers: {found[1]}"
    words = (found[4] or "").split()
    is_bit = table in (Table.COIL, Table.DISCRETE)
    kind = Kind.UINT16 if is_bit else _kind(words, where)
    keys = _keys(words, where)
    low, high = _range(keys.get("range", "0..1" if is_bit else ""), where)
    if "writable" in keys and table in (Table.INPUT, Table.DISCRETE):
        raise DeviceError(f"{where}: {table} can't be written: take {'coil' if is_bit else 'holding'}")
    return Register(
        name,
        table,
        _whole(found[3], where, 0xFFFF),
        kind,
        SignalFacts(keys.get("unit", "1"), low, high, actuator="writable" in keys),
        _order(keys.get("order", Order.HIGH_FIRST.value), where),
        _scale(keys.get("scale", "1"), where),
        _whole(keys["decimals"], where, 0xFFFF) if "decimals" in keys else None,
        _broken(keys["broken"], where) if "broken" in keys else None,
        _function(keys.get("function", "6"), where),
    )


def _kind(words: list[str], where: str) -> Kind:
    if not words or words[0] not in tuple(Kind):
        raise DeviceError(f"{where}: after the address comes one of {', '.join(Kind)}")
    return Kind(words.pop(0))


def _keys(words: list[str], where: str) -> dict[str, str]:
    keys: dict[str, str] = {}
    for word in words:
        key, _, value = word.partition("=")
        if key not in _KEYS or bool(value) is (key == "writable") or key in keys:
            raise DeviceError(
                f"{where}: {word!r}: there are {', '.join(sorted(_KEYS))}, each once, as key=value"
            )
        keys[key] = value
    return keys


def _whole(text: str, where: str, most: int) -> int:
    try:
        value = int(text, 0)
    except ValueError:
        value = -1
    if not 0 <= value <= most:
        raise DeviceError(f"{where}: {text!r} is no whole number from 0 to {most}")
    return value


def _range(text: str, where: str) -> tuple[float, float]:
    found = _RANGE.fullmatch(text)
    try:
        low, high = (float(found[1]), float(found[2])) if found else (0.0, 0.0)
    except ValueError:
        low = high = 0.0
    if not low < high:
        raise DeviceError(f"{where}: range={text}: write what it can be, like range=-50..400")
    return low, high


def _broken(text: str, where: str) -> tuple[int, int]:
    first, _, last = text.partition("..")
    return _whole(first, where, 0xFFFF), _whole(last or first, where, 0xFFFF)


def _order(text: str, where: str) -> Order:
    if text not in tuple(Order):
        raise DeviceError(f"{where}: order={text}: choose one of {', '.join(Order)}")
    return Order(text)


def _scale(text: str, where: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not 1e-9 <= abs(scale) <= 1e9:
        raise DeviceError(f"{where}: scale={text} is no factor, like scale=0.1")
    return scale


def _function(text: str, where: str) -> int:
    if text not in ("6", "16"):
        raise DeviceError(f"{where}: function={text}: 6 or 16")
    return int(text)
