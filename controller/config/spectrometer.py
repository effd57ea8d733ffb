"""The in-line spectrometer of a rig file, and the diode under which it sees emission."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from controller.config import signals
from controller.config.lookup import declared
from controller.domain.plan import EmissionPlan, SpectrometerPlan

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from controller.config.documents import Document
    from controller.config.lines import Path
    from controller.config.schema import EmissionTable, SpectrometerTable
    from controller.domain.plan import ChannelPlan

_PATH: Final = ("spectrometer",)
_EMISSION: Final = ("spectrometer", "emission")
_DIODES: Final = ("duty", "lamp")
"""Signals that a diode's driver may hang on."""


def spectrometer_plan(
    document: Document, table: SpectrometerTable, channels: Mapping[str, ChannelPlan], kind: str | None
) -> SpectrometerPlan | None:
    """Resolve it; `kind` is that of the device it names. None when faults leave nothing to go on with."""
    place = (*_PATH, "device")
    known = document.reference(place, table.device, "device", declared(document, "devices", ()))
    if known and kind == signals.BOARD:
        document.fault(place, f"{table.device} is a board: name a spectrometer")
    low_nm, high_nm = _window(document, _PATH, table.window)
    emission = None if table.emission is None else _emission(document, table, table.emission, channels)
    lamp = _light(document, (*_PATH, "lamp"), table.lamp, channels, ("lamp",))
    if lamp is None:
        return None
    level = _level(document, (*_PATH, "lamp_level"), table.lamp_level, lamp)
    if level is None:
        return None
    return SpectrometerPlan(
        table.device, table.lamp, level, table.integration, table.scans, low_nm, high_nm, emission
    )


def _emission(
    document: Document, whole: SpectrometerTable, table: EmissionTable, channels: Mapping[str, ChannelPlan]
) -> EmissionPlan | None:
    low_nm, high_nm = _window(document, _EMISSION, table.window)
    _check_yield(document, table)
    place = (*_EMISSION, "excitation")
    diode = _light(document, place, table.excitation, channels, _DIODES)
    if diode is None:
        return None
    if table.excitation == whole.lamp:
        document.fault(place, f"{diode.name} is the lamp, which is off while emission is seen")
    if diode.safe_value != 0.0 or diode.low > 0.0:
        text = (
            f"{diode.name} must be able to go out: its range must begin at 0 {diode.unit}, and safe be that"
        )
        document.fault(place, text)
    level = _level(document, (*_EMISSION, "level"), table.level, diode)
    if level is None:
        return None
    return EmissionPlan(
        excitation=table.excitation,
        level=level,
        integration_s=table.integration,
        scans=table.scans,
        low_nm=low_nm,
        high_nm=high_nm,
        settle_s=table.settle,
        excitation_nm=table.excitation_wavelength or 0.0,
        yield_factor=table.yield_factor or 0.0,
    )


def _check_yield(document: Document, table: EmissionTable) -> None:
    """Want both keys of a quantum yield, and a diode whose own light is not taken for emission."""
    given = {"excitation_wavelength": table.excitation_wavelength, "yield_factor": table.yield_factor}
    missing = [key for key, value in given.items() if value is None]
    if len(missing) == 1:
        document.fault((*_EMISSION, missing[0]), "is missing: a quantum yield needs it")
    at_nm = table.excitation_wavelength
    if at_nm is not None and min(table.window) <= at_nm <= max(table.window):
        text = f"{at_nm:g} nm lies within window: the diode's own light would be taken for emission"
        document.fault((*_EMISSION, "excitation_wavelength"), text)


def _window(document: Document, path: Path, window: Sequence[float]) -> tuple[float, float]:
    low_nm, high_nm = window
    if low_nm >= high_nm:
        document.fault((*path, "window"), f"{low_nm:g} nm is not below {high_nm:g} nm")
    return low_nm, high_nm


def _level(document: Document, place: Path, text: str, light: ChannelPlan) -> float | None:
    level = document.quantity(place, text, light.unit)
    if level is not None and not light.low < level <= light.high:
        document.fault(place, f"{text} must lie above {light.low:g} and up to {light.high:g} {light.unit}")
    return level


def _light(
    document: Document,
    place: Path,
    name: str,
    channels: Mapping[str, ChannelPlan],
    kinds: Collection[str],
) -> ChannelPlan | None:
    if not document.reference(place, name, "channel", declared(document, "channels", ())):
        return None
    channel = channels.get(name)
    if channel is not None and signals.kind_of(channel.signal) not in kinds:
        document.fault(place, f"{name} is {channel.signal}: name a {' or a '.join(kinds)}")
        return None
    return channel
