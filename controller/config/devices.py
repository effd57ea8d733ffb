"""Links and devices of a rig file: what hangs on which wire, and what a board holds by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from controller.config import schema, signals
from controller.config.lookup import declared
from controller.domain.plan import DevicePlan, LinkPlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.config.documents import Document
    from controller.config.lines import Path

_TICKS_A_DEADMAN: Final = 3
_DEADMAN_MS: Final = 500.0
_ACCELERATION_STEPS_S2: Final = 20_000.0
_BOARD_OPTIONS: Final = ("deadman", "temperature_limits", "acceleration")


def kind_of_device(document: Document, drivers: Mapping[str, str], device: str) -> str | None:
    """Return what kind of device `device` is; None when faults hide it."""
    raw: Any = document.raw.get("devices")
    table = raw.get(device) if isinstance(raw, dict) else None
    return drivers.get(str(table.get("driver"))) if isinstance(table, dict) else None


def link_plans(
    document: Document, tables: Mapping[str, schema.LinkTable], overrides: Mapping[str, str]
) -> tuple[LinkPlan, ...]:
    """Resolve the links; `overrides` puts another URL behind some of them."""
    for name in overrides:
        document.reference(("links", name), name, "link to override", declared(document, "links", ()))
    links = tuple(
        LinkPlan(name, overrides.get(name, table.url), table.baud) for name, table in tables.items()
    )
    for link in links:
        if link.url.startswith("twin:") and not document.raw.get("twin"):
            text = f"{link.url} needs a [twin] section that names the synthesis"
            document.fault(("links", link.name, "url"), text)
    return links


def device_plans(
    document: Document,
    tables: Mapping[str, schema.DeviceTable],
    drivers: Mapping[str, str],
    rig: schema.RigTable | None,
) -> tuple[DevicePlan, ...]:
    """Resolve the devices; `drivers` maps each driver to the kind of its device."""
    devices = []
    carried: dict[str, str] = {}
    for name, table in tables.items():
        path: Path = ("devices", name)
        if table.driver not in drivers:
            known = ", ".join(sorted(drivers))
            document.fault((*path, "driver"), f"unknown driver {table.driver!r}; known: {known}")
        document.reference((*path, "link"), table.link, "link", declared(document, "links", ()))
        first = carried.setdefault(table.link, name)
        if first != name:
            document.fault((*path, "link"), f"{table.link} already carries device {first}")
        _check_board_options(document, path, table, rig, drivers.get(table.driver))
        devices.append(_device(name, table))
    return tuple(devices)


def _check_board_options(
    document: Document, path: Path, table: schema.DeviceTable, rig: schema.RigTable | None, kind: str | None
) -> None:
    if kind == signals.SPECTROMETER:
        for key in _BOARD_OPTIONS:
            if getattr(table, key) is not None:
                document.fault((*path, key), "only a board has it: remove it")
    elif rig is not None:
        deadman_ms, least_ms = table.deadman or _DEADMAN_MS, _TICKS_A_DEADMAN * 1000.0 / rig.rate
        if deadman_ms < least_ms:
            text = f"{deadman_ms:g} ms is too short at {rig.rate:g} Hz: take {least_ms:g} ms or more"
            document.fault((*path, "deadman"), text)


def _device(name: str, table: schema.DeviceTable) -> DevicePlan:
    return DevicePlan(
        name=name,
        driver=table.driver,
        link=table.link,
        deadman_ms=round(table.deadman or _DEADMAN_MS),
        temperature_limits_c=tuple(table.temperature_limits or ()),
        acceleration_steps_s2=table.acceleration or _ACCELERATION_STEPS_S2,
    )
