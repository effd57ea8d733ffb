"""The twin of a Eurotherm 3216, from the engineering handbook HA028651, chapter 15."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.instruments.interfaces import Action
from firmware_bridge.simulator.instruments.modbus_server import ModbusTwin, Parameter, Tables, out_of_range
from firmware_bridge.simulator.instruments.zone import HeatedZone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from firmware_bridge.simulator.instruments.interfaces import Surroundings, TwinSettings

_REMOTE_WINDOW_S: Final = 5.0
_LOW_C, _HIGH_C = -200.0, 1372.0
"""A type K input's range: the setpoint limits as delivered."""


class Eurotherm3200Twin(ModbusTwin):
    """One controller as delivered: SP1 at 0, local setpoint, automatic, one decimal, degC."""

    def __init__(self, settings: TwinSettings) -> None:
        self.zone = HeatedZone()
        self.manual = False
        self.units = 0
        self.alarms = 0
        self._stored_c = {24: 0.0, 25: 0.0}
        self._selected = 0
        self._remote = 0
        self._remote_c = 0.0
        # Nothing received yet: the window has run out.
        self._remote_age_s = _REMOTE_WINDOW_S
        super().__init__(settings, ascii_frames=False, tables=Tables(self._parameters()))

    @property
    def action(self) -> Action:
        return Action(heat=self.zone.power)

    def advance(self, dt_s: float) -> None:
        super().advance(dt_s)
        self._remote_age_s += dt_s
        self.zone.advance(dt_s, self._working_c, enabled=not self.manual)

    def sense(self, surroundings: Surroundings) -> None:
        self.zone.sense(surroundings.temperature_c)

    def power_cycle(self) -> None:
        """Start anew: SP1, SP2 and the selections are kept, the remote setpoint is not."""
        super().power_cycle()
        self._remote_c, self._remote_age_s = 0.0, _REMOTE_WINDOW_S
        self.zone.power = 0.0

    @property
    def _remote_failed(self) -> bool:
        return bool(self._remote) and self._remote_age_s >= _REMOTE_WINDOW_S

    @property
    def _working_c(self) -> float:
        if self._remote and not self._remote_failed:
            return min(max(self._remote_c, _LOW_C), _HIGH_C)
        return self._stored_c[24 + self._selected]

    @property
    def _status(self) -> int:
        """Parameter 75, a bit for each condition."""
        over_range = self.zone.filtered_c > _HIGH_C + 0.05 * (_HIGH_C - _LOW_C)
        return (
            self.alarms & 0xF
            | self.manual << 4
            | self.zone.broken << 5
            | over_range << 10
            | self._remote_failed << 14
        )

    def _parameters(self) -> dict[int, Parameter]:
        floats: dict[int, tuple[Callable[[], float], Callable[[float], None] | None]] = {
            1: (lambda: self.zone.filtered_c, None),
            2: (lambda: self._working_c, None),
            3: (lambda: 0.0, None),
            4: (lambda: 100.0 * self.zone.power, None),
            5: (lambda: self._working_c, None),
            24: (lambda: self._stored_c[24], lambda value: self._store(24, value)),
            25: (lambda: self._stored_c[25], lambda value: self._store(25, value)),
            26: (lambda: self._remote_c, self._take_remote),
        }
        words: dict[int, tuple[Callable[[], int], Callable[[int], None] | None]] = {
            15: (lambda: self._selected, self._select),
            75: (lambda: self._status, None),
            107: (lambda: 0x0213, None),
            122: (lambda: 0x3216, None),
            276: (lambda: self._remote, self._select_remote),
            516: (lambda: self.units, None),
        }
        table = {address: _word(read, write) for address, (read, write) in words.items()}
        for number, (value, take) in floats.items():
            table[number] = _tenths(value, take)
            # 15.4: the same, as two words of an IEEE float, at twice the address in the upper half.
            table[0x8000 + 2 * number] = _float(value, take)
        return table

    def _store(self, number: int, value_c: float) -> None:
        if not _LOW_C <= value_c <= _HIGH_C:
            raise out_of_range()
        self._stored_c[number] = value_c
        self._note(f"stores SP{number - 23} {value_c:g} degC")

    def _take_remote(self, value_c: float) -> None:
        if value_c != self._remote_c:
            self._note(f"takes the remote setpoint {value_c:g} degC")
        self._remote_c, self._remote_age_s = value_c, 0.0

    def _select(self, word: int) -> None:
        if word > 1:
            raise out_of_range()
        self._selected = word
        self._note(f"selects SP{word + 1}")

    def _select_remote(self, word: int) -> None:
        if word > 1:
            raise out_of_range()
        self._remote = word
        self._note("selects the remote setpoint" if word else "selects the local setpoint")


def _word(read: Callable[[], int], write: Callable[[int], None] | None) -> Parameter:
    return Parameter(lambda: (read(),), None if write is None else lambda words: write(words[0]))


def _tenths(read: Callable[[], float], write: Callable[[float], None] | None) -> Parameter:
    """Give a value as 15.4 has it: a signed integer, the decimal point of the display left out."""

    def take(words: Sequence[int]) -> None:
        assert write is not None
        write((words[0] - 0x10000 if words[0] & 0x8000 else words[0]) / 10.0)

    return Parameter(lambda: (round(read() * 10.0) & 0xFFFF,), None if write is None else take)


def _float(read: Callable[[], float], write: Callable[[float], None] | None) -> Parameter:
    def take(words: Sequence[int]) -> None:
        assert write is not None
        (value,) = struct.unpack(">f", struct.pack(">HH", *words))
        write(value)

    return Parameter(
        lambda: struct.unpack(">HH", struct.pack(">f", read())), None if write is None else take, width=2
    )
