"""What a scan of serial ports finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """A device that answered as its driver expects; empty where its protocol can't tell."""

    driver: str
    address: str
    baud: int
    framing: str
    model: str
    serial_number: str
    firmware: str


@dataclass(frozen=True, slots=True)
class ScannedPort:
    """A serial port. `url` is what to write into a rig file; `problem` says why it was not asked."""

    port: str
    url: str
    description: str
    usb_serial_number: str
    problem: str
    devices: tuple[FoundDevice, ...] = ()
