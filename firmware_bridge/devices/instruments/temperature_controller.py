"""What temperature controllers have in common: a zone that they hold at a setpoint by their own PID.

They hold it for ever, whoever asked for it. So the setpoint is read back after every change, and one that is
no longer what was written, after a hand on the keys or a power cut, counts as a lost configuration.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import isnan
from typing import TYPE_CHECKING, ClassVar, Final

from firmware_bridge.devices.instruments.base import Identity, Purpose, RestartedError, Script, SignalFacts
from firmware_bridge.devices.instruments.modbus import BAUD_OPTION, read_unit
from firmware_bridge.devices.instruments.options import read_range_c
from firmware_bridge.devices.interfaces import DeviceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.devices.instruments.base import InstrumentSettings

_COLDEST_C, _HOTTEST_C = -270.0, 2500.0
"""What any thermocouple of these controllers can show; setpoints too must lie within."""
_DEFAULT_RANGE: Final = "0..300 degC"


class TemperatureController(ABC):
    """One loop of one controller; makes differ in `_prepare`, `_measure` and where the setpoint stands."""

    PURPOSE: ClassVar[Purpose] = Purpose.TEMPERATURE
    OPTIONS: ClassVar[Mapping[str, str]] = {
        "range": f'what its setpoint may be: "{_DEFAULT_RANGE}"',
        "baud": BAUD_OPTION,
    }
    refresh_s = 0.0
    RESOLUTION_C: ClassVar[float] = 0.06
    """How far what is read back may be from what was written: half of 0.1 degC, and the float's rounding."""

    def __init__(self, settings: InstrumentSettings, *, frames: tuple[str, ...]) -> None:
        self._unit = read_unit(settings, frames=frames)
        low_c, high_c = read_range_c(settings.options, _DEFAULT_RANGE, coldest=_COLDEST_C, hottest=_HOTTEST_C)
        self._signals = {
            "temperature": SignalFacts("degC", _COLDEST_C, _HOTTEST_C),
            "setpoint": SignalFacts("degC", low_c, high_c, actuator=True),
            "output_power": SignalFacts("percent", -100.0, 100.0),
            "alarm": SignalFacts("1", 0.0, 15.0),
        }
        self._used = settings.used
        self._safe_c = settings.safe.get("setpoint")
        # What it is known to hold; None: not written yet, or a write was abandoned.
        self._held_c: float | None = None

    @property
    def signals(self) -> Mapping[str, SignalFacts]:
        return self._signals

    @abstractmethod
    def identify(self) -> Script[Identity]: ...

    def configure(self) -> Script[None]:
        self._held_c = None
        yield from self._prepare()
        if self._safe_c is not None:
            yield from self._set(self._rounded(self._safe_c))

    def read(self) -> Script[Mapping[str, float]]:
        found = yield from self._measure()
        for name, value in found.items():
            facts = self._signals[name]
            # A setpoint may have been put anywhere by hand: that is told below, or shown as it is.
            if not facts.actuator and not isnan(value) and not facts.low <= value <= facts.high:
                raise DeviceError(
                    f"{name} {value:g} {facts.unit} can't be: check its units and its data format"
                )
        self._check_held(found.get("setpoint"))
        return {name: found[name] for name in self._used}

    def write(self, wanted: Mapping[str, float]) -> Script[None]:
        if "setpoint" not in wanted:
            return
        value_c, facts = wanted["setpoint"], self._signals["setpoint"]
        if not facts.low <= value_c <= facts.high:
            raise DeviceError(f"setpoint {value_c:g} degC: its range is {facts.low:g} to {facts.high:g} degC")
        value_c = self._rounded(value_c)
        if self._held_c != value_c:
            yield from self._set(value_c)
        elif self.refresh_s:
            yield from self._write_setpoint(value_c)  # only to be heard from in time

    def stop(self) -> Script[None]:
        if self._safe_c is not None:
            safe_c = self._rounded(self._safe_c)
            self._held_c = None
            yield from self._write_setpoint(safe_c)
            self._held_c = safe_c

    def _set(self, value_c: float) -> Script[None]:
        self._held_c = None
        yield from self._write_setpoint(value_c)
        taken_c = yield from self._read_setpoint()
        if not abs(taken_c - value_c) <= self.RESOLUTION_C:
            raise DeviceError(
                f"it took {taken_c:g} degC for {value_c:g} degC: check its setpoint limits and lock"
            )
        self._held_c = value_c

    def _check_held(self, found_c: float | None) -> None:
        if self._held_c is None or found_c is None:
            return
        if not abs(found_c - self._held_c) <= self.RESOLUTION_C:
            self._held_c = None
            raise RestartedError(
                f"its setpoint is {found_c:g} degC, not what was written: by hand, or after a power cut"
            )

    def _rounded(self, value_c: float) -> float:
        """Say which setpoint is sent for the one that is wanted."""
        return value_c

    @property
    def _acts(self) -> bool:
        """Whether the rig uses its setpoint as an output: then each read looks whether it still holds."""
        return self._safe_c is not None

    @abstractmethod
    def _prepare(self) -> Script[None]:
        """Check and bring about what the other scripts rely on: units, mode, where it stores."""

    @abstractmethod
    def _measure(self) -> Script[Mapping[str, float]]:
        """Read at least the used signals, and the setpoint if `_acts`; NaN for a broken sensor."""

    @abstractmethod
    def _write_setpoint(self, value_c: float) -> Script[None]: ...

    @abstractmethod
    def _read_setpoint(self) -> Script[float]: ...
