"""Links and devices of a rig file: what hangs on which wire, and what a board holds by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from controller.config import schema, signals
from controller.config.documents import unknown
from controller.config.lookup import declared
from controller.domain.plan import DevicePlan, LinkPlan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from controller.config.documents import Document
    from controller.config.lines import Path
    from controller.domain.drivers import DeviceSignal, KnownInstrument

_TICKS_A_DEADMAN: Final = 3
_DEADMAN_MS: Final = 500.0
_ACCELERATION_STEPS_S2: Final = 20_000.0
_BOARD_OPTIONS: Final = ("deadman", "temperature_limits", "acceleration", "serial_number")
_LONGEST_OPTION: Final = 16_384
"""Characters: a map of registers is written as one."""


def kind_of_device(document: Document, drivers: Mapping[str, str], device: str) -> str | None:
    """Return what kind of device `device` is; None when faults hide it."""
    return drivers.get(str(_tables(document).get(device, {}).get("driver")))


def _tables(document: Document) -> Mapping[str, Mapping[str, Any]]:
    """Return the devices' tables as they are written, but for what is no table."""
    raw: Any = document.raw.get("devices")
    return (
        {name: each for name, each in raw.items() if isinstance(each, dict)} if isinstance(raw, dict) else {}
    )


def link_plans(
    document: Document, tables: Mapping[str, schema.LinkTable], overrides: Mapping[str, str]
) -> tuple[LinkPlan, ...]:
    """Resolve the links; `overrides` puts another URL behind some of them."""
    for name in overrides:
        document.reference(("links", name), name, "link to override", declared(document, "links", ()))
    links = tuple(
        LinkPlan(name, overrides.get(name, table.url), table.baud, table.framing, table.handshake, table.echo)
        for name, table in tables.items()
    )
    for link in links:
        if link.url.startswith("twin:") and not document.raw.get("twin"):
            text = f"{link.url} needs a [twin] section that names the synthesis"
            document.fault(("links", link.name, "url"), text)
    return links


def device_plans(
    document: Document,
    drivers: Mapping[str, str],
    instruments: Mapping[str, KnownInstrument],
    rig: schema.RigTable | None,
) -> tuple[DevicePlan, ...]:
    """Resolve `[devices.*]`; `drivers` maps each driver to the kind of its device."""
    reader = _DevicesReader(document, drivers, instruments, rig)
    found = (reader.read(name, raw) for name, raw in document.section("devices").items())
    devices = tuple(device for device in found if device is not None)
    _check_links(document, drivers, devices)
    return devices


def offered_signals(
    instruments: Mapping[str, KnownInstrument], devices: Iterable[DevicePlan]
) -> dict[str, Mapping[str, DeviceSignal]]:
    """Return what each instrument offers, by its name; a driver's fault offers nothing."""
    return {
        device.name: instruments[device.driver].describe(device.address, device.options).signals
        for device in devices
        if device.driver in instruments
    }


class _DevicesReader:
    """Reads one table after another; a device with faults is left out."""

    def __init__(
        self,
        document: Document,
        drivers: Mapping[str, str],
        instruments: Mapping[str, KnownInstrument],
        rig: schema.RigTable | None,
    ) -> None:
        self._document = document
        self._drivers = drivers
        self._instruments = instruments
        self._rig = rig

    def read(self, name: str, raw: object) -> DevicePlan | None:
        path: Path = ("devices", name)
        if isinstance(raw, dict) and (known := self._instruments.get(str(raw.get("driver")))) is not None:
            return self._instrument(path, name, raw, known)
        if (
            isinstance(raw, dict)
            and isinstance(name_of := raw.get("driver"), str)
            and name_of not in self._drivers
        ):
            # What else the table may hold, its driver says.
            self._document.fault((*path, "driver"), unknown("driver", name_of, self._drivers))
            return None
        table = self._document.read(path, raw, schema.DeviceTable)
        if table is None:
            return None
        self._check_link(path, table.link)
        self._check_board_options(path, table, self._drivers.get(table.driver))
        return DevicePlan(
            name=name,
            driver=table.driver,
            link=table.link,
            deadman_ms=round(table.deadman or _DEADMAN_MS),
            temperature_limits_c=tuple(table.temperature_limits or ()),
            acceleration_steps_s2=table.acceleration or _ACCELERATION_STEPS_S2,
            serial_number=table.serial_number or "",
        )

    def _instrument(
        self, path: Path, name: str, raw: Mapping[str, Any], driver: KnownInstrument
    ) -> DevicePlan | None:
        own = schema.InstrumentTable.model_fields
        table = self._document.read(
            path, {key: value for key, value in raw.items() if key in own}, schema.InstrumentTable
        )
        options = self._options(path, {key: value for key, value in raw.items() if key not in own}, driver)
        if table is None:
            return None
        self._check_link(path, table.link)
        if options is None:
            return None
        facts = driver.describe(table.address, options)
        if facts.fault:
            self._document.fault(path, facts.fault)
        return DevicePlan(
            name=name,
            driver=table.driver,
            link=table.link,
            address=table.address,
            serial_number=table.serial_number or "",
            options=options,
            read_every_s=table.read_every,
        )

    def _options(
        self, path: Path, written: Mapping[str, object], driver: KnownInstrument
    ) -> Mapping[str, str] | None:
        """Check the driver's own keys; None when one of them has a fault."""
        known, options = driver.options(), {}
        for key, value in written.items():
            if key not in known:
                keys = [*known, *schema.InstrumentTable.model_fields]
                self._document.fault((*path, key), unknown("key", key, keys))
            elif not isinstance(value, str) or not 0 < len(value) <= _LONGEST_OPTION:
                text = f"write it as text of up to {_LONGEST_OPTION} characters: {known[key]}"
                self._document.fault((*path, key), text)
            else:
                options[key] = value
        return options if len(options) == len(written) else None

    def _check_link(self, path: Path, link: str) -> None:
        self._document.reference((*path, "link"), link, "link", declared(self._document, "links", ()))

    def _check_board_options(self, path: Path, table: schema.DeviceTable, kind: str | None) -> None:
        if kind == signals.SPECTROMETER:
            for key in _BOARD_OPTIONS:
                if getattr(table, key) is not None:
                    self._document.fault((*path, key), "only a board has it: remove it")
        elif self._rig is not None:
            deadman_ms, least_ms = table.deadman or _DEADMAN_MS, _TICKS_A_DEADMAN * 1000.0 / self._rig.rate
            if deadman_ms < least_ms:
                text = (
                    f"{deadman_ms:g} ms is too short at {self._rig.rate:g} Hz: take {least_ms:g} ms or more"
                )
                self._document.fault((*path, "deadman"), text)


def _check_links(document: Document, drivers: Mapping[str, str], devices: Iterable[DevicePlan]) -> None:
    """Let a link carry one device, or instruments that differ in their addresses."""
    first_on: dict[str, DevicePlan] = {}
    taken: dict[tuple[str, str], str] = {}
    for device in devices:
        path: Path = ("devices", device.name)
        first = first_on.setdefault(device.link, device)
        if first is device:
            taken[device.link, device.address] = device.name
            continue
        both = (first, device)
        if any(kind_of_device(document, drivers, each.name) != signals.INSTRUMENT for each in both):
            document.fault((*path, "link"), f"{device.link} already carries device {first.name}")
            continue
        if not all(each.address for each in both):
            text = (
                f"{device.link} also carries {first.name}: each instrument on a shared link needs an address"
            )
            document.fault((*path, "address"), text)
            continue
        other = taken.setdefault((device.link, device.address), device.name)
        if other != device.name:
            document.fault((*path, "address"), f"{device.address} on {device.link} already is {other}")
