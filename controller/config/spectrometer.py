"""The in-line spectrometer of a rig file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from controller.config import signals
from controller.config.lookup import declared
from controller.domain.plan import SpectrometerPlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.config.documents import Document
    from controller.config.schema import SpectrometerTable
    from controller.domain.plan import ChannelPlan

_PATH: Final = ("spectrometer",)


def spectrometer_plan(
    document: Document, table: SpectrometerTable, channels: Mapping[str, ChannelPlan], kind: str | None
) -> SpectrometerPlan | None:
    """Resolve it; `kind` is that of the device it names. None when faults leave nothing to go on with."""
    place = (*_PATH, "device")
    known = document.reference(place, table.device, "device", declared(document, "devices", ()))
    if known and kind == signals.BOARD:
        document.fault(place, f"{table.device} is a board: name a spectrometer")
    low_nm, high_nm = table.window
    if low_nm >= high_nm:
        document.fault((*_PATH, "window"), f"{low_nm:g} nm is not below {high_nm:g} nm")
    lamp = _lamp(document, table.lamp, channels)
    if lamp is None:
        return None
    level = document.quantity((*_PATH, "lamp_level"), table.lamp_level, lamp.unit)
    if level is None:
        return None
    if not lamp.low < level <= lamp.high:
        text = f"{table.lamp_level} must lie above {lamp.low:g} and up to {lamp.high:g} {lamp.unit}"
        document.fault((*_PATH, "lamp_level"), text)
    return SpectrometerPlan(table.device, table.lamp, level, table.integration, table.scans, low_nm, high_nm)


def _lamp(document: Document, name: str, channels: Mapping[str, ChannelPlan]) -> ChannelPlan | None:
    place = (*_PATH, "lamp")
    if not document.reference(place, name, "channel", declared(document, "channels", ())):
        return None
    channel = channels.get(name)
    if channel is not None and signals.kind_of(channel.signal) != "lamp":
        document.fault(place, f"{name} is {channel.signal}: name a lamp")
        return None
    return channel
