"""Every driver that a rig file may name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Final

from firmware_bridge.devices.board import Board
from firmware_bridge.devices.interfaces import DeviceError
from firmware_bridge.devices.spectrometer import FramedSpectrometer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from firmware_bridge.devices.interfaces import BoardConfiguration, ControlBoard, Spectrometer
    from firmware_bridge.link.interfaces import Link


class DeviceKind(StrEnum):
    """What a device is for, which decides the process that owns it."""

    BOARD = "board"
    """Acts: belongs to the control process."""
    SPECTROMETER = "spectrometer"
    """Only sees: belongs to the service process."""


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


Driver = BoardDriver | SpectrometerDriver

DRIVERS: Final[Mapping[str, Driver]] = {
    "ostwald-board": BoardDriver(Board),
    "ostwald-spectrometer": SpectrometerDriver(FramedSpectrometer),
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


def find_spectrometer_driver(name: str) -> SpectrometerDriver:
    driver = find_driver(name)
    if not isinstance(driver, SpectrometerDriver):
        raise DeviceError(f"driver {name!r} drives a {driver.kind.value}, not a spectrometer")
    return driver
