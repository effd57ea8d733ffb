"""IKA hotplate stirrers with the NAMUR command set: RCT, RET and C-MAG digital, RET control and alike.

After the operating instructions "RCT digital", IKA, "Interfaces and outputs": command syntax and list of
commands. Commands that start, stop or set are not answered, so what they set is read back. The plate's
watchdog (OUT_WD1, OUT_WD2) is armed whenever the rig heats or stirs, and kept quiet by every read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final

from firmware_bridge.devices.instruments.base import (
    Ask,
    Identity,
    InstrumentSettings,
    Purpose,
    RestartedError,
    Script,
    SignalFacts,
)
from firmware_bridge.devices.instruments.options import read_choice, read_quantity, read_range_c
from firmware_bridge.devices.interfaces import DeviceError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT_S: Final = 0.5
_AFTER_COMMAND_S: Final = 0.05
"""Silence after a command that nothing answers; the manual names none. 48 characters at 9600 baud."""
_LONGEST: Final = 82
"""Bytes: the manual's 80 characters and CR LF."""
_FASTEST_RPM, _DEFAULT_RANGE = 1500.0, "0..310 degC"
_COLDEST_C, _HOTTEST_C = -50.0, 600.0
"""Beyond what a plate or its probe reaches."""
_REFRESH_S: Final = 5.0
"""It does not tell whether it heats, and a power cut ends that: so it is told again."""
_VALUE: Final = re.compile(r"(-?\d{1,4}(?:\.\d{1,3})?)(?: +(\d{1,2}))?")
_HALF: Final = 0.51
"""A plate may keep whole degrees and revolutions: how far what is read back may be off."""
_COMMANDS: Final = {
    "process_temperature": "IN_PV_1",
    "temperature": "IN_PV_2",
    "speed": "IN_PV_4",
    "torque": "IN_PV_5",
    "setpoint": "IN_SP_1",
    "safety_temperature": "IN_SP_3",
    "stirring": "IN_SP_4",
}
_CHANNELS: Final = {"setpoint": 1, "stirring": 4}


class Ika:
    """One plate. A setpoint at the low end of `range` switches the heater off, a stirring of 0 the motor."""

    PURPOSE: ClassVar[Purpose] = Purpose.TEMPERATURE
    OPTIONS: ClassVar[Mapping[str, str]] = {
        "range": f'what its setpoint may be; its low end is "heater off": "{_DEFAULT_RANGE}"',
        "watchdog": 'after how long without a word it acts by itself, 20 s to 1500 s: "30 s"',
        "lost": '"off": heater and motor then go off (default); "safe": both go to their safe values',
    }
    refresh_s = _REFRESH_S

    def __init__(self, settings: InstrumentSettings) -> None:
        if settings.address:
            raise DeviceError(f"address {settings.address!r}: NAMUR commands have none, remove it")
        options = settings.options
        low_c, high_c = read_range_c(options, _DEFAULT_RANGE, coldest=_COLDEST_C, hottest=_HOTTEST_C)
        self._watchdog_s = round(read_quantity(options, "watchdog", "30 s", {"s": 1.0}, 20.0, 1500.0))
        self._stays_on = read_choice(options, "lost", ("off", "safe")) == "safe"
        self._signals = {
            "temperature": SignalFacts("degC", _COLDEST_C, _HOTTEST_C),
            "process_temperature": SignalFacts("degC", _COLDEST_C, _HOTTEST_C),
            "safety_temperature": SignalFacts("degC", 0.0, 650.0),
            "setpoint": SignalFacts("degC", low_c, high_c, actuator=True),
            "speed": SignalFacts("rpm", 0.0, 2.0 * _FASTEST_RPM),
            "stirring": SignalFacts("rpm", 0.0, _FASTEST_RPM, actuator=True),
            "torque": SignalFacts("percent", -1000.0, 1000.0),
        }
        self._used = settings.used
        self._safe = settings.safe
        self._asked = set(settings.used) | set(settings.safe)
        self._held: dict[str, float] = {}
        self._gap_s = _AFTER_COMMAND_S

    @property
    def signals(self) -> Mapping[str, SignalFacts]:
        return self._signals

    def identify(self) -> Script[Identity]:
        """IN_NAME; its serial number it does not tell."""
        name = yield from self._ask("IN_NAME")
        if not name or _VALUE.fullmatch(name) is not None:
            raise DeviceError(f"IN_NAME: {name!r} is no name of a plate: check the driver")
        return Identity(model=name)

    def configure(self) -> Script[None]:
        self._held = {}
        if not self._safe:
            return
        if self._stays_on:
            # Where the watchdog takes it, before it can bite.
            for name, channel in _CHANNELS.items():
                value = self._safe.get(name, self._signals[name].low)
                yield from self._echoed(f"OUT_SP_{channel}2@{value:g}", value)
        yield from self._feed_watchdog()
        yield from self._make(self._safe)

    def read(self) -> Script[Mapping[str, float]]:
        if self._safe:
            yield from self._feed_watchdog()
        found: dict[str, float] = {}
        for name, command in _COMMANDS.items():
            if name not in self._asked:
                continue
            value, facts = (yield from self._read_value(command)), self._signals[name]
            if not facts.actuator and not facts.low <= value <= facts.high:
                raise DeviceError(f"{name} {value:g} {facts.unit} can't be: check the sensor and the cable")
            found[name] = value
        self._check_held(found)
        return {name: found[name] for name in self._used}

    def write(self, wanted: Mapping[str, float]) -> Script[None]:
        for name, value in wanted.items():
            facts = self._signals[name]
            if not facts.low <= value <= facts.high:
                raise DeviceError(
                    f"{name} {value:g}: its range is {facts.low:g} to {facts.high:g} {facts.unit}"
                )
        yield from self._make(wanted)

    def stop(self) -> Script[None]:
        yield from self._make(self._safe)

    def _make(self, wanted: Mapping[str, float]) -> Script[None]:
        """Switch off what goes off, then set the values and switch on; at last see what came of it."""
        off = [name for name, value in wanted.items() if value <= self._signals[name].low]
        for name in wanted:
            self._held.pop(name, None)
        for name in off:
            yield self._tell(f"STOP_{_CHANNELS[name]}")
        for name, value in wanted.items():
            yield self._tell(f"OUT_SP_{_CHANNELS[name]} {round(value, 1):g}")
            if name not in off:
                yield self._tell(f"START_{_CHANNELS[name]}")
        for name, value in wanted.items():
            taken = yield from self._read_value(_COMMANDS[name])
            if not abs(taken - value) <= _HALF:
                raise DeviceError(f"{name}: it took {taken:g} for {value:g}: check its safety limit and mode")
            self._held[name] = taken

    def _check_held(self, found: Mapping[str, float]) -> None:
        for name, held in self._held.items():
            if abs(found[name] - held) > 0.05:
                self._held = {}
                raise RestartedError(
                    f"{name} is {found[name]:g}, not {held:g} as written: by hand, or by its watchdog"
                )

    def _feed_watchdog(self) -> Script[None]:
        """Arm it, or have it wait anew; the plate echoes the time."""
        yield from self._echoed(f"OUT_WD{2 if self._stays_on else 1}@{self._watchdog_s}", self._watchdog_s)

    def _echoed(self, command: str, value: float) -> Script[None]:
        taken = yield from self._read_value(command)
        if not abs(taken - value) <= _HALF:
            raise DeviceError(f"{command}: it understood {taken:g}")

    def _read_value(self, command: str) -> Script[float]:
        """Ask for a value; of a measured one or a setpoint, the channel's number follows it."""
        text = yield from self._ask(command)
        found = _VALUE.fullmatch(text)
        if found is None:
            raise DeviceError(f"{command}: {text!r} is no value")
        channel = command.rpartition("_")[2]
        if found[2] is not None and command.startswith("IN_") and found[2] != channel:
            raise DeviceError(f"{command}: {text!r} is the value of channel {found[2]}")
        return float(found[1])

    def _tell(self, command: str) -> Ask:
        quiet_s, self._gap_s = self._gap_s, _AFTER_COMMAND_S
        return Ask(f"{command}\r\n".encode(), None, timeout_s=_TIMEOUT_S, quiet_s=quiet_s)

    def _ask(self, command: str) -> Script[str]:
        answer = yield Ask(f"{command}\r\n".encode(), _ends, timeout_s=_TIMEOUT_S, quiet_s=self._gap_s)
        self._gap_s = 0.0
        return answer.decode("ascii").strip()


def _ends(received: bytes) -> int:
    """Find the line feed that ends an answer; ValueError for what is no line of text."""
    end = received.find(b"\n") + 1
    line = received[:end] if end else received
    if len(line) > _LONGEST:
        raise ValueError(f"{len(line)} bytes without a line's end")
    if not all(32 <= byte < 127 or byte in b"\r\n" for byte in line):
        raise ValueError(f"{line[:20]!r} is no text")
    return end
