"""What circulators have in common: a bath that they hold at a setpoint, and a pump, both on or off.

They hold it for ever, whoever asked for it. So each read compares setpoint and state with what was written:
after a hand on the keys or a power cut they differ, and it is configured anew.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import isnan
from typing import TYPE_CHECKING, ClassVar, Final

from firmware_bridge.devices.instruments.base import Identity, Purpose, RestartedError, Script, SignalFacts
from firmware_bridge.devices.instruments.options import read_range_c
from firmware_bridge.devices.interfaces import DeviceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.devices.instruments.base import InstrumentSettings

COLDEST_C, HOTTEST_C = -151.0, 500.0
"""Beyond what any circulator reaches, so that a reading outside is nonsense."""
_HALF_C: Final = 0.006
"""How far what is read back may be from what was written: half of 0.01 degC, and the float's rounding."""


class Circulator(ABC):
    """One circulator. `setpoint` in degC; `running` is 1 while it circulates and tempers.

    A rig that uses the setpoint but not `running` has it run from the configuration on.
    """

    PURPOSE: ClassVar[Purpose] = Purpose.TEMPERATURE
    OPTIONS: ClassVar[Mapping[str, str]]
    EXTRA: ClassVar[Mapping[str, SignalFacts]] = {}
    """What this make's circulators tell beside temperature, setpoint, running and alarm."""
    DEFAULT_RANGE: ClassVar[str] = "-20..100 degC"
    refresh_s = 0.0

    def __init__(self, settings: InstrumentSettings) -> None:
        low_c, high_c = read_range_c(
            settings.options, self.DEFAULT_RANGE, coldest=COLDEST_C, hottest=HOTTEST_C
        )
        self._signals = {
            "temperature": SignalFacts("degC", COLDEST_C, HOTTEST_C),
            "setpoint": SignalFacts("degC", low_c, high_c, actuator=True),
            "running": SignalFacts("1", 0.0, 1.0, actuator=True),
            "alarm": SignalFacts("1", 0.0, 32767.0),
            **self.EXTRA,
        }
        self._used = settings.used
        self._safe = settings.safe
        asked = set(settings.used)
        if settings.safe:
            asked |= {"setpoint", "running"}
        self._asked = frozenset(asked)
        # What it is known to hold. What a write is under way for is not known.
        self._held: dict[str, float] = {}

    @property
    def signals(self) -> Mapping[str, SignalFacts]:
        return self._signals

    @abstractmethod
    def identify(self) -> Script[Identity]: ...

    def configure(self) -> Script[None]:
        self._held = {}
        yield from self._prepare()
        yield from self._make(self._safe)
        if "setpoint" in self._safe and "running" not in self._safe:
            yield from self._run(running=True)

    def read(self) -> Script[Mapping[str, float]]:
        found = yield from self._measure(self._asked)
        for name, value in found.items():
            facts = self._signals[name]
            # A setpoint may have been put anywhere by hand: that is told below, or shown as it is.
            if not facts.actuator and not isnan(value) and not facts.low <= value <= facts.high:
                raise DeviceError(f"{name} {value:g} {facts.unit} can't be: check its temperature unit")
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
        """Stop before the setpoint changes, start after: it never tempers to a value that is not wanted."""
        running = wanted.get("running")
        if running is not None and running < 0.5:
            yield from self._run(running=False)
        if "setpoint" in wanted:
            yield from self._set(round(wanted["setpoint"], 2))
        if running is not None and running >= 0.5:
            yield from self._run(running=True)

    def _set(self, value_c: float) -> Script[None]:
        self._held.pop("setpoint", None)
        taken_c = yield from self._send_setpoint(value_c)
        if not abs(taken_c - value_c) <= _HALF_C:
            raise DeviceError(f"it took {taken_c:g} degC for {value_c:g} degC: check its setpoint limits")
        self._held["setpoint"] = value_c

    def _run(self, *, running: bool) -> Script[None]:
        self._held.pop("running", None)
        taken = yield from self._send_running(running=running)
        if taken is not running:
            raise DeviceError(f"it does not {'start' if running else 'stop'}: see its display")
        self._held["running"] = float(running)

    def _check_held(self, found: Mapping[str, float]) -> None:
        for name, held in self._held.items():
            value = found.get(name, held)
            if abs(value - held) <= _HALF_C:
                continue
            if name == "running" and found.get("alarm"):
                continue  # it stopped itself, and says why; starting it again is not ours to decide
            self._held = {}
            raise RestartedError(
                f"{name} is {value:g}, not {held:g} as written: by hand, or after a power cut"
            )

    @abstractmethod
    def _prepare(self) -> Script[None]:
        """Check what the other scripts rely on: remote control."""

    @abstractmethod
    def _measure(self, names: frozenset[str]) -> Script[Mapping[str, float]]:
        """Read these signals; with `running`, `alarm` too. NaN for a sensor that is absent."""

    @abstractmethod
    def _send_setpoint(self, value_c: float) -> Script[float]:
        """Write the setpoint, and return the one it holds then."""

    @abstractmethod
    def _send_running(self, *, running: bool) -> Script[bool]:
        """Start or stop it, and return what it does then."""
