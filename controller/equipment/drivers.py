"""The drivers of the bridge, as configuration sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.domain.drivers import DeviceSignal, KnownInstrument, Offer
from firmware_bridge.devices.instruments.base import InstrumentSettings
from firmware_bridge.devices.interfaces import DeviceError
from firmware_bridge.devices.registry import DRIVERS, InstrumentDriver

if TYPE_CHECKING:
    from collections.abc import Mapping


def known_instruments() -> Mapping[str, KnownInstrument]:
    """Name every driver of instruments; its module is loaded when it is asked for details."""
    return {name: _known(driver) for name, driver in DRIVERS.items() if isinstance(driver, InstrumentDriver)}


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
