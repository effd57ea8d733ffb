"""The twin of a Watlow EZ-ZONE PM, from its user's guide 0600-0059-0000 and the communications manual."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.instruments.interfaces import Action
from firmware_bridge.simulator.instruments.modbus_server import ModbusTwin, Parameter, Tables, out_of_range
from firmware_bridge.simulator.instruments.zone import HeatedZone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from firmware_bridge.simulator.instruments.interfaces import Surroundings, TwinSettings

# Registers that stand elsewhere in the second data map.
_MAPS: Final = {
    "1": {
        "mode": 1880,
        "power": 1904,
        "setpoint": 2160,
        "units": 2490,
        "save": 2494,
        "alarm": 1496,
        "next": 50,
    },
    "2": {
        "mode": 2360,
        "power": 2384,
        "setpoint": 2640,
        "units": 2970,
        "save": 2974,
        "alarm": 1896,
        "next": 60,
    },
}
_LOW_F, _HIGH_F = -328.0, 2500.0
_CELSIUS, _FAHRENHEIT, _YES, _NO = 15, 30, 106, 59
_AUTO, _OFF, _MANUAL = 10, 62, 54
_FINE, _OPEN = 61, 65


class WatlowEzZonePmTwin(ModbusTwin):
    """One controller as delivered: 75 degF, auto, floats low word first, all stored, degF on the line."""

    def __init__(self, settings: TwinSettings) -> None:
        self.zone = HeatedZone()
        self.mode = _AUTO
        self.alarms = [_FINE] * 4
        self.writes = 0
        """To what it keeps: its EEPROM's wear."""
        self._low_first = settings.options.get("word_order", "low-first") == "low-first"
        self._serial_number = int("".join(filter(str.isdigit, settings.serial_number)) or "0") & 0xFFFF_FFFF
        self._setpoint_f = self._stored_f = 75.0
        self._units, self._save = _FAHRENHEIT, _YES
        tables = Tables(self._registers(settings.options.get("map", "1")))
        super().__init__(settings, ascii_frames=False, tables=tables)

    @property
    def action(self) -> Action:
        return Action(heat=self.zone.power)

    def advance(self, dt_s: float) -> None:
        super().advance(dt_s)
        self.zone.advance(dt_s, _celsius(self._setpoint_f), enabled=self.mode == _AUTO)

    def sense(self, surroundings: Surroundings) -> None:
        self.zone.sense(surroundings.temperature_c)

    def power_cycle(self) -> None:
        """Start anew with what was stored."""
        super().power_cycle()
        self._setpoint_f = self._stored_f
        self.zone.power = 0.0

    def _registers(self, name: str) -> dict[int, Parameter]:
        places = _MAPS[name]
        table = {
            4: self._long(lambda: 7),
            12: self._long(lambda: self._serial_number),
            360: self._float(lambda: self._shown(_fahrenheit(self.zone.filtered_c))),
            362: Parameter(lambda: (_OPEN if self.zone.broken else _FINE,)),
            places["mode"]: Parameter(lambda: (self.mode,), self._take_mode),
            places["power"]: self._float(lambda: 100.0 * self.zone.power),
            places["setpoint"]: self._float(lambda: self._shown(self._setpoint_f), self._take_setpoint),
            places["units"]: Parameter(lambda: (self._units,), self._take_units),
            places["save"]: Parameter(lambda: (self._save,), self._take_save),
        }
        for place in range(len(self.alarms)):
            table[places["alarm"] + place * places["next"]] = self._alarm(place)
        return table

    def _alarm(self, place: int) -> Parameter:
        return Parameter(lambda: (self.alarms[place],))

    def _shown(self, value_f: float) -> float:
        return value_f if self._units == _FAHRENHEIT else _celsius(value_f)

    def _take_setpoint(self, value: float) -> None:
        value_f = value if self._units == _FAHRENHEIT else _fahrenheit(value)
        if not _LOW_F <= value_f <= _HIGH_F:
            raise out_of_range()
        self._setpoint_f = value_f
        if self._save == _YES:
            self._stored_f = value_f
            self.writes += 1
        self._note(f"setpoint {_celsius(value_f):.2f} degC{', stored' if self._save == _YES else ''}")

    def _take_mode(self, words: Sequence[int]) -> None:
        self.mode = _one_of(words, (_AUTO, _OFF, _MANUAL))
        self._note(f"control mode {self.mode}")

    def _take_units(self, words: Sequence[int]) -> None:
        self._units = _one_of(words, (_CELSIUS, _FAHRENHEIT))
        self.writes += 1
        self._note(f"units {self._units}")

    def _take_save(self, words: Sequence[int]) -> None:
        self._save = _one_of(words, (_YES, _NO))
        self.writes += 1
        self._note(f"saves to its memory: {self._save == _YES}")

    def _order(self, words: Sequence[int]) -> tuple[int, ...]:
        return tuple(reversed(words)) if self._low_first else tuple(words)

    def _long(self, read: Callable[[], int]) -> Parameter:
        return Parameter(lambda: self._order((read() >> 16, read() & 0xFFFF)), width=2)

    def _float(self, read: Callable[[], float], write: Callable[[float], None] | None = None) -> Parameter:
        def take(words: Sequence[int]) -> None:
            assert write is not None
            (value,) = struct.unpack(">f", struct.pack(">HH", *self._order(words)))
            write(value)

        return Parameter(
            lambda: self._order(struct.unpack(">HH", struct.pack(">f", read()))),
            None if write is None else take,
            width=2,
        )


def _one_of(words: Sequence[int], choices: tuple[int, ...]) -> int:
    if words[0] not in choices:
        raise out_of_range()
    return words[0]


def _celsius(value_f: float) -> float:
    return (value_f - 32.0) / 1.8


def _fahrenheit(value_c: float) -> float:
    return value_c * 1.8 + 32.0
