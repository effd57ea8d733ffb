"""The twin of whatever Modbus instrument a rig file declares: its registers, and what their names stand for.

temperature, setpoint and output_power are those of a heated zone; lamp is a lamp's share of its full power,
in 1 or percent. All other signals keep what is written.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Any, Final

from firmware_bridge.simulator.instruments.interfaces import Action
from firmware_bridge.simulator.instruments.modbus_server import (
    Bit,
    ModbusTwin,
    Parameter,
    Tables,
    out_of_range,
)
from firmware_bridge.simulator.instruments.zone import HeatedZone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from firmware_bridge.simulator.instruments.interfaces import Surroundings, TwinSettings

_REGISTER: Final = re.compile(r"\s*(\w+):\s+(\w+)\s+(\w+)\s*(.*)")
_SETTING: Final = re.compile(r"\s*(\w+)\s+(\w+)\s*=\s*(\w+)\s*")
_FORMATS: Final = {"int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "float32": ">f"}
_DECIMALS: Final = 1


class ModbusMapTwin(ModbusTwin):
    """One instrument as the rig file has it, at rest. `values` are its signals, in their own units."""

    def __init__(self, settings: TwinSettings) -> None:
        self.zone = HeatedZone()
        self.values: dict[str, float] = {}
        options = settings.options
        self._tables: dict[str, dict[int, Any]] = {"holding": {}, "input": {}, "coil": {}, "discrete": {}}
        self._kept: dict[tuple[str, int], int] = {}
        self._units: dict[str, str] = {}
        for line in options.get("registers", "").splitlines():
            found = _REGISTER.fullmatch(line)
            if found is not None:
                self._declare(found[1], found[2], int(found[3], 0), found[4].split())
        for option in ("expect", "prepare"):
            for each in options.get(option, "").split(";"):
                setting = _SETTING.fullmatch(each)
                if setting is not None:  # it is the model expected, and not prepared yet
                    word = int(setting[3], 0) if option == "expect" else 0
                    self._keep(setting[1], int(setting[2], 0), word)
        tables = self._tables
        super().__init__(
            settings,
            ascii_frames=options.get("frame", "rtu") == "ascii",
            tables=Tables(tables["holding"], tables["input"], tables["coil"], tables["discrete"]),
        )

    @property
    def action(self) -> Action:
        light = self.values.get("lamp", 0.0) / (100.0 if self._units.get("lamp") == "percent" else 1.0)
        return Action(heat=self.zone.power, light=min(max(light, 0.0), 1.0))

    def advance(self, dt_s: float) -> None:
        super().advance(dt_s)
        self.zone.advance(dt_s, self.values.get("setpoint", 0.0))

    def sense(self, surroundings: Surroundings) -> None:
        self.zone.sense(surroundings.temperature_c)

    def _value(self, name: str) -> float:
        if name == "temperature":
            return self.zone.filtered_c
        if name == "output_power":
            return 100.0 * self.zone.power
        return self.values[name]

    def _declare(self, name: str, table: str, address: int, words: list[str]) -> None:
        self.values[name] = 0.0
        if table in ("coil", "discrete"):
            self._tables[table][address] = Bit(
                lambda: bool(self._value(name)), lambda on: self._take(name, on)
            )
            return
        keys = dict(word.partition("=")[::2] for word in words[1:])
        self._units[name] = keys.get("unit", "1")
        factor = float(keys.get("scale", "1"))
        if "decimals" in keys:
            self._keep("holding", int(keys["decimals"], 0), _DECIMALS)
            factor /= 10.0**_DECIMALS
        code, low_first = _FORMATS[words[0]], keys.get("order") == "low-first"
        low, high = (float(each) for each in keys["range"].split(".."))
        broken = int(keys["broken"].split("..")[0], 0) if "broken" in keys else None

        def read() -> Sequence[int]:
            if broken is not None and self.zone.broken:
                return (broken,) * (struct.calcsize(code) // 2)
            value = self._value(name) / factor
            packed = struct.pack(code, value if code == ">f" else round(value))
            found = struct.unpack(f">{len(packed) // 2}H", packed)
            return tuple(reversed(found)) if low_first else found

        def write(given: Sequence[int]) -> None:
            row = tuple(reversed(given)) if low_first else tuple(given)
            (value,) = struct.unpack(code, struct.pack(f">{len(row)}H", *row))
            if not low <= value * factor <= high:
                raise out_of_range()
            self._take(name, value * factor)

        writes: Callable[[Sequence[int]], None] | None = write if "writable" in keys else None
        self._tables[table][address] = Parameter(read, writes, struct.calcsize(code) // 2)

    def _take(self, name: str, value: float) -> None:
        self.values[name] = float(value)
        self._note(f"{name} {value:g}")

    def _keep(self, table: str, address: int, word: int) -> None:
        """Have a word or a bit that nothing but the line changes."""
        place = (table, address)
        self._kept[place] = word

        def put(value: int) -> None:
            self._kept[place] = value
            self._note(f"{table} {address:#06x} {value}")

        if table == "coil":
            self._tables[table][address] = Bit(lambda: bool(self._kept[place]), lambda on: put(int(on)))
        else:
            self._tables[table][address] = Parameter(
                lambda: (self._kept[place],), lambda words: put(words[0])
            )
