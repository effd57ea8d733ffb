"""The drivers of the bridge, as configuration sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.domain.drivers import DeviceSignal, KnownInstrument, Offer
from firmware_bridge.devices.instruments.base import InstrumentSettings
from firmware_bridge.devices.interfaces import DeviceError
from firmware_bridge.devices.registry import DRIVERS, DescribedSpectrometerDriver, InstrumentDriver
from firmware_bridge.link.interfaces import LinkError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.link.interfaces import Link


def known_instruments() -> Mapping[str, KnownInstrument]:
    """Name every driver that takes options; its module is loaded when it is asked for details."""
    known = {name: _known(driver) for name, driver in DRIVERS.items() if isinstance(driver, InstrumentDriver)}
    described = {
        name: _described(driver)
        for name, driver in DRIVERS.items()
        if isinstance(driver, DescribedSpectrometerDriver)
    }
    return {**known, **described}


def _described(driver: DescribedSpectrometerDriver) -> KnownInstrument:
    """Describe a spectrometer: it offers no signals, but its options can be wrong."""

    def describe(address: str, options: Mapping[str, str]) -> Offer:
        try:
            driver.make(_never_opened, InstrumentSettings(address, options))
        except DeviceError as error:
            return Offer(fault=str(error))
        return Offer({})

    return KnownInstrument(lambda: driver.load().OPTIONS, describe)


def _never_opened() -> Link:
    raise LinkError("a driver that is only made opens no line")


def _known(driver: InstrumentDriver) -> KnownInstrument:
    def describe(address: str, options: Mapping[str, str]) -> Offer:
        try:
            instrument = driver.make(InstrumentSettings(address, options))
        except DeviceError as error:
            return Offer(fault=str(error))
        return Offer(
            {
                name: DeviceSignal(facts.unit, facts.low, facts.high, facts.actuator)
                for name, facts in instrument.signals.items()
            }
        )

    return KnownInstrument(lambda: driver.load().OPTIONS, describe)
