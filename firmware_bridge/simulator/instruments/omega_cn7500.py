"""The twin of an Omega CN7500, from its user guide M4704 and the DTB and DT3 manuals of its maker, Delta."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

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
    from collections.abc import Sequence

    from firmware_bridge.simulator.instruments.interfaces import Surroundings, TwinSettings

_LOW, _HIGH = -2000, 13000
"""Of a type K thermocouple, in tenths of a degree."""
_SENSOR_IS_OFF: Final = 0x8003
_MOST_WORDS: Final = 8
"""That it gives at once."""


class OmegaCN7500Twin(ModbusTwin):
    """One controller as delivered: setpoint 0, PID, running, degC, writing over the line not allowed."""

    def __init__(self, settings: TwinSettings) -> None:
        self.zone = HeatedZone()
        self.method = 0
        self.leds = 0x0008
        """102AH: bit 3 is degC; alarms 1, 2 and 3 are bits 4, 1 and 0."""
        self.writes = 0
        """To what it keeps: its EEPROM's wear."""
        self._setpoint = 0
        self._flags = {"may write": False, "celsius": True, "decimal": True, "tuning": False, "running": True}
        super().__init__(
            settings,
            ascii_frames=settings.options.get("frame", "ascii") == "ascii",
            tables=Tables(
                self._registers(), discrete=self._bits(), coils=self._bits(), most_registers=_MOST_WORDS
            ),
        )

    @property
    def action(self) -> Action:
        return Action(heat=self.zone.power)

    def advance(self, dt_s: float) -> None:
        super().advance(dt_s)
        self.zone.advance(dt_s, self._setpoint / 10.0, enabled=self._flags["running"])

    def sense(self, surroundings: Surroundings) -> None:
        self.zone.sense(surroundings.temperature_c)

    def press(self, flag: str, on: bool) -> None:
        """Set by its keys: may write, celsius, decimal, tuning or running."""
        self._flags[flag] = on

    def _registers(self) -> dict[int, Parameter]:
        return {
            0x1000: Parameter(lambda: (self._process,)),
            0x1001: Parameter(lambda: (self._setpoint & 0xFFFF,), self._take_setpoint),
            0x1002: Parameter(lambda: (_HIGH,)),
            0x1003: Parameter(lambda: (_LOW & 0xFFFF,)),
            0x1005: Parameter(lambda: (self.method,), self._take_method),
            0x1012: Parameter(lambda: (round(1000.0 * self.zone.power),)),
            0x102A: Parameter(lambda: (self.leds,)),
            0x102F: Parameter(lambda: (0x0100,)),
        }

    def _bits(self) -> dict[int, Bit]:
        bits = {0x0810 + place: self._bit(flag) for place, flag in enumerate(self._flags)}
        # Programs: ended, and not halted. 0817H and 0818H are spare.
        return bits | {address: Bit(lambda: False) for address in range(0x0815, 0x0819)}

    def _bit(self, flag: str) -> Bit:
        def write(on: bool) -> None:
            if flag != "may write":
                self._allow()
            self._flags[flag] = on
            self._count(f"{flag} {'on' if on else 'off'}")

        return Bit(lambda: self._flags[flag], write)

    @property
    def _process(self) -> int:
        return _SENSOR_IS_OFF if self.zone.broken else round(self.zone.filtered_c * 10.0) & 0xFFFF

    def _take_setpoint(self, words: Sequence[int]) -> None:
        self._allow()
        tenths = words[0] - 0x10000 if words[0] & 0x8000 else words[0]
        if not _LOW <= tenths <= _HIGH:
            raise out_of_range()
        self._setpoint = tenths
        self._count(f"setpoint {tenths / 10.0:g} degC")

    def _take_method(self, words: Sequence[int]) -> None:
        self._allow()
        if words[0] > 3:
            raise out_of_range()
        self.method = words[0]
        self._count(f"control method {words[0]}")

    def _allow(self) -> None:
        if not self._flags["may write"]:
            raise out_of_range()

    def _count(self, text: str) -> None:
        self.writes += 1
        self._note(text)
