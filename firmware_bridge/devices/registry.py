"""Every driver that a rig file may name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar, Final

from firmware_bridge.devices.board import Board
from firmware_bridge.devices.instruments.base import InstrumentSettings
from firmware_bridge.devices.interfaces import DeviceError
from firmware_bridge.devices.spectrometer import FramedSpectrometer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from firmware_bridge.devices.instruments.base import Instrument
    from firmware_bridge.devices.interfaces import (
        BoardConfiguration,
        ControlBoard,
        DescribedSpectrometer,
        Spectrometer,
    )
    from firmware_bridge.link.interfaces import Link


class DeviceKind(StrEnum):
    """What a device is for, which decides the process that owns it."""

    BOARD = "board"
    """Acts: belongs to the control process."""
    SPECTROMETER = "spectrometer"
    """Only sees: belongs to the service process."""
    INSTRUMENT = "instrument"
    """Acts or senses by questions and answers, maybe beside others on one line: belongs to control."""


@dataclass(frozen=True, slots=True)
class BoardDriver:
    """How to make a board's driver, from a way to open its line."""

    make: Callable[[Callable[[], Link], BoardConfiguration], ControlBoard]
    kind: ClassVar[DeviceKind] = DeviceKind.BOARD


@dataclass(frozen=True, slots=True)
class SpectrometerDriver:
    """How to make a spectrometer's driver, from a way to open its line."""

    make: Callable[[Callable[[], Link]], Spectrometer]
    kind: ClassVar[DeviceKind] = DeviceKind.SPECTROMETER


@dataclass(frozen=True, slots=True)
class DescribedSpectrometerDriver:
    """Where a driver is that takes options from the rig file. Loaded when a rig uses it."""

    module: str
    name: str
    kind: ClassVar[DeviceKind] = DeviceKind.SPECTROMETER

    def load(self) -> type[DescribedSpectrometer]:
        """Import the driver's class."""
        driver: type[DescribedSpectrometer] = getattr(
            import_module(f"firmware_bridge.devices.{self.module}"), self.name
        )
        return driver

    def make(self, open_link: Callable[[], Link], settings: InstrumentSettings | None = None) -> Spectrometer:
        """Make the driver; DeviceError names a setting that is missing or can't be."""
        return self.load()(open_link, InstrumentSettings() if settings is None else settings)


@dataclass(frozen=True, slots=True)
class InstrumentDriver:
    """Where an instrument's driver is. Loaded when a rig uses it: some of them bring a heavy library."""

    module: str
    name: str
    kind: ClassVar[DeviceKind] = DeviceKind.INSTRUMENT

    def load(self) -> type[Instrument]:
        """Import the driver's class; it is made from `InstrumentSettings`."""
        driver: type[Instrument] = getattr(import_module(f"{_INSTRUMENTS}.{self.module}"), self.name)
        return driver

    def make(self, settings: InstrumentSettings) -> Instrument:
        """Make the driver; DeviceError names a setting that can't be."""
        return self.load()(settings)


Driver = BoardDriver | SpectrometerDriver | DescribedSpectrometerDriver | InstrumentDriver

_INSTRUMENTS: Final = "firmware_bridge.devices.instruments"
DRIVERS: Final[Mapping[str, Driver]] = {
    "ostwald-board": BoardDriver(Board),
    "ostwald-spectrometer": SpectrometerDriver(FramedSpectrometer),
    "ocean": DescribedSpectrometerDriver("ocean", "OceanSpectrometer"),
    "text-spectrometer": DescribedSpectrometerDriver("text_spectrometer", "TextSpectrometer"),
    "cavro": InstrumentDriver("cavro", "Cavro"),
    "new-era": InstrumentDriver("new_era", "NewEra"),
    "sensirion-flow": InstrumentDriver("sensirion_flow", "SensirionFlow"),
    "vici": InstrumentDriver("vici", "Vici"),
    "eurotherm-3200": InstrumentDriver("eurotherm_3200", "Eurotherm3200"),
    "omega-cn7500": InstrumentDriver("omega_cn7500", "OmegaCN7500"),
    "watlow-ez-zone-pm": InstrumentDriver("watlow_ez_zone_pm", "WatlowEzZonePm"),
    "modbus-map": InstrumentDriver("modbus_map", "ModbusMap"),
    "chemyx": InstrumentDriver("chemyx", "Chemyx"),
    "harvard": InstrumentDriver("harvard", "Harvard"),
    "julabo": InstrumentDriver("julabo", "Julabo"),
    "huber": InstrumentDriver("huber", "Huber"),
    "ika": InstrumentDriver("ika", "Ika"),
    "syringe-pair": InstrumentDriver("syringe_pair", "SyringePair"),
}


def find_driver(name: str) -> Driver:
    """Look a driver up; DeviceError names the ones there are."""
    try:
        return DRIVERS[name]
    except KeyError:
        raise DeviceError(f"unknown driver {name!r}: there are {', '.join(sorted(DRIVERS))}") from None


def find_board_driver(name: str) -> BoardDriver:
    driver = find_driver(name)
    if not isinstance(driver, BoardDriver):
        raise DeviceError(f"driver {name!r} drives a {driver.kind.value}, not a board")
    return driver


def find_spectrometer_driver(name: str) -> SpectrometerDriver | DescribedSpectrometerDriver:
    driver = find_driver(name)
    if not isinstance(driver, SpectrometerDriver | DescribedSpectrometerDriver):
        raise DeviceError(f"driver {name!r} drives a {driver.kind.value}, not a spectrometer")
    return driver


def find_instrument_driver(name: str) -> InstrumentDriver:
    driver = find_driver(name)
    if not isinstance(driver, InstrumentDriver):
        raise DeviceError(f"driver {name!r} drives a {driver.kind.value}, not an instrument")
    return driver
