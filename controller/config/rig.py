"""A rig file in TOML, checked whole: plain data comes out, or every fault with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from controller.config import rules, schema, signals
from controller.config.channels import channel_plan
from controller.config.documents import Document, Table, unknown
from controller.config.interlocks import check_heaters, interlock_plans
from controller.config.lookup import RigContext
from controller.config.loops import check_loops, loop_plan
from controller.domain import plan as domain
from controller.domain.errors import ControllerError, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TableT = TypeVar("TableT", bound=Table)

_NO_OVERRIDES: Final[Mapping[str, str]] = {}
_TICKS_A_DEADMAN: Final = 3
_DEADMAN_MS: Final = 500.0
_ACCELERATION_STEPS_S2: Final = 20_000.0
_SINGLE: Final[Mapping[str, type[Table]]] = {
    "rig": schema.RigTable,
    "reactor": schema.ReactorTable,
    "twin": schema.TwinTable,
    "spectrometer": schema.SpectrometerTable,
    "security": schema.SecurityTable,
}
_NAMED: Final[Mapping[str, type[Table]]] = {
    "reagents": schema.ReagentTable,
    "links": schema.LinkTable,
    "devices": schema.DeviceTable,
    "channels": schema.ChannelTable,
    "loops": schema.LoopTable,
    "interlocks": schema.InterlockTable,
}
_REQUIRED: Final = ("rig", "reactor", "links", "devices", "channels")


def load_rig(
    path: Path, *, known_drivers: Mapping[str, str], link_overrides: Mapping[str, str] = _NO_OVERRIDES
) -> domain.RigPlan:
    """Read a rig file; arguments and errors as `parse_rig`, and ControllerError RIG_UNREADABLE."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        cause = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else f"{error.strerror}"
        raise ControllerError(
            f"{path}: {cause}", reason="RIG_UNREADABLE", kind=Kind.NOT_FOUND, remedy="name a rig file in TOML"
        ) from error
    return parse_rig(text, str(path), known_drivers, link_overrides=link_overrides)


def parse_rig(
    text: str,
    document: str,
    known_drivers: Mapping[str, str],
    *,
    link_overrides: Mapping[str, str] = _NO_OVERRIDES,
) -> domain.RigPlan:
    """Turn the text of a rig file into its plan; `document` names it in errors.

    `known_drivers` maps each driver to the kind of its device, "board" or "spectrometer";
    `link_overrides` puts another URL behind a link. Raises DocumentError with every fault.
    """
    return _RigReader(Document(text, document), known_drivers, link_overrides).read()


class _RigReader:
    """Reads section after section. What refers to a table with faults of its own adds none for it."""

    def __init__(
        self, document: Document, known_drivers: Mapping[str, str], link_overrides: Mapping[str, str]
    ) -> None:
        self._document = document
        self._drivers = known_drivers
        self._overrides = link_overrides

    def read(self) -> domain.RigPlan:
        document = self._document
        self._check_sections()
        rig = self._single("rig", schema.RigTable)
        reactor = self._single("reactor", schema.ReactorTable)
        twin = self._single("twin", schema.TwinTable)
        security = self._single("security", schema.SecurityTable) or schema.SecurityTable()
        links = self._links()
        devices = self._devices(rig)
        channels = self._channels()
        loops = self._loops(channels)
        reagents = self._reagents(channels)
        context = RigContext(
            channels=channels,
            loops={loop.name: loop for loop in loops},
            reagents={reagent.name: reagent for reagent in reagents},
            boards=[name for name in self._declared("devices") if self._kind(name) == signals.BOARD],
            interlocks=self._declared("interlocks"),
        )
        interlocks = interlock_plans(document, context)
        check_heaters(document, channels, loops, interlocks)
        spectrometer = self._spectrometer(channels)
        self._check_twin(links)
        document.raise_faults()
        assert rig is not None
        assert reactor is not None
        return domain.RigPlan(
            name=rig.name,
            rate_hz=rig.rate,
            orphan_hold_s=rig.orphan_hold,
            reactor=domain.ReactorPlan(reactor.volume, reactor.dead_volume),
            links=links,
            devices=devices,
            channels=tuple(channels.values()),
            loops=loops,
            interlocks=interlocks,
            reagents=reagents,
            spectrometer=spectrometer,
            twin=None if twin is None else domain.TwinPlan(twin.synthesis, twin.seed),
            trusted_keys=tuple(security.trusted_keys),
        )

    def _check_sections(self) -> None:
        known = [*_SINGLE, *_NAMED]
        for name in self._document.raw:
            if name not in known:
                self._document.fault((name,), unknown("section", name, known))
        for name in _REQUIRED:
            if not self._document.raw.get(name):
                self._document.fault((name,), "section is missing")
        for section, most in (("channels", schema.MOST_CHANNELS), ("interlocks", schema.MOST_INTERLOCKS)):
            count = len(self._document.raw.get(section) or ())
            if count > most:
                self._document.fault((section,), f"{count} of them: at most {most} fit a snapshot")

    def _single(self, name: str, model: type[TableT]) -> TableT | None:
        raw = self._document.raw.get(name)
        return None if not raw else self._document.read((name,), raw, model)

    def _named(self, section: str, model: type[TableT]) -> dict[str, TableT]:
        tables = {}
        for name, raw in self._document.section(section).items():
            table = self._document.read((section, name), raw, model)
            if table is not None:
                tables[name] = table
        return tables

    def _declared(self, section: str) -> list[str]:
        raw: Any = self._document.raw.get(section)
        return list(raw) if isinstance(raw, dict) else []

    def _kind(self, device: str) -> str | None:
        """Return what kind of device `device` is; None when faults hide it."""
        raw: Any = self._document.raw.get("devices")
        table = raw.get(device) if isinstance(raw, dict) else None
        return self._drivers.get(str(table.get("driver"))) if isinstance(table, dict) else None

    def _links(self) -> tuple[domain.LinkPlan, ...]:
        tables = self._named("links", schema.LinkTable)
        for name in self._overrides:
            self._document.reference(("links", name), name, "link to override", self._declared("links"))
        return tuple(
            domain.LinkPlan(name, self._overrides.get(name, table.url), table.baud)
            for name, table in tables.items()
        )

    def _devices(self, rig: schema.RigTable | None) -> tuple[domain.DevicePlan, ...]:
        devices = []
        carried: dict[str, str] = {}
        for name, table in self._named("devices", schema.DeviceTable).items():
            path = ("devices", name)
            if table.driver not in self._drivers:
                known = ", ".join(sorted(self._drivers))
                self._document.fault((*path, "driver"), f"unknown driver {table.driver!r}; known: {known}")
            self._document.reference((*path, "link"), table.link, "link", self._declared("links"))
            first = carried.setdefault(table.link, name)
            if first != name:
                self._document.fault((*path, "link"), f"{table.link} already carries device {first}")
            self._check_board_options(name, table, rig)
            devices.append(_device(name, table))
        return tuple(devices)

    def _check_board_options(self, name: str, table: schema.DeviceTable, rig: schema.RigTable | None) -> None:
        path = ("devices", name)
        if self._kind(name) == signals.SPECTROMETER:
            options = ("deadman", "temperature_limits", "acceleration")
            for key in options:
                if getattr(table, key) is not None:
                    self._document.fault((*path, key), "only a board has it: remove it")
        elif rig is not None:
            deadman_ms, least_ms = table.deadman or _DEADMAN_MS, _TICKS_A_DEADMAN * 1000.0 / rig.rate
            if deadman_ms < least_ms:
                text = f"{deadman_ms:g} ms is too short at {rig.rate:g} Hz: take {least_ms:g} ms or more"
                self._document.fault((*path, "deadman"), text)

    def _channels(self) -> dict[str, domain.ChannelPlan]:
        channels = {}
        for name, table in self._named("channels", schema.ChannelTable).items():
            place = ("channels", name, "device")
            found = self._document.reference(place, table.device, "device", self._declared("devices"))
            if found and self._kind(table.device) == signals.SPECTROMETER:
                self._document.fault(place, f"{table.device} is a spectrometer: only boards have channels")
            channel = channel_plan(self._document, name, table)
            if channel is not None:
                channels[name] = channel
        rules.check_signals(self._document, tuple(channels.values()))
        return channels

    def _loops(self, channels: Mapping[str, domain.ChannelPlan]) -> tuple[domain.LoopPlan, ...]:
        declared = self._declared("channels")
        found = (
            loop_plan(self._document, name, table, channels, declared)
            for name, table in self._named("loops", schema.LoopTable).items()
        )
        loops = tuple(loop for loop in found if loop is not None)
        check_loops(self._document, loops, channels)
        return loops

    def _reagents(self, channels: Mapping[str, domain.ChannelPlan]) -> tuple[domain.ReagentPlan, ...]:
        reagents = []
        taken: dict[str, str] = {}
        for name, table in self._named("reagents", schema.ReagentTable).items():
            place = ("reagents", name, "pump")
            self._signal(place, table.pump, "pump", channels)
            first = taken.setdefault(table.pump, name)
            if first != name:
                self._document.fault(place, f"{table.pump} already delivers {first}")
            reagents.append(domain.ReagentPlan(name, table.pump, table.stock))
        return tuple(reagents)

    def _signal(
        self,
        place: tuple[str, ...],
        name: str,
        kind: str,
        channels: Mapping[str, domain.ChannelPlan],
    ) -> domain.ChannelPlan | None:
        """Look up a channel that must be of one kind of signal."""
        if not self._document.reference(place, name, "channel", self._declared("channels")):
            return None
        channel = channels.get(name)
        if channel is not None and signals.kind_of(channel.signal) != kind:
            self._document.fault(place, f"{name} is {channel.signal}: name a {kind}")
            return None
        return channel

    def _spectrometer(self, channels: Mapping[str, domain.ChannelPlan]) -> domain.SpectrometerPlan | None:
        document, path = self._document, ("spectrometer",)
        table = self._single("spectrometer", schema.SpectrometerTable)
        if table is None:
            return None
        place = (*path, "device")
        known = document.reference(place, table.device, "device", self._declared("devices"))
        if known and self._kind(table.device) == signals.BOARD:
            document.fault(place, f"{table.device} is a board: name a spectrometer")
        low_nm, high_nm = table.window
        if low_nm >= high_nm:
            document.fault((*path, "window"), f"{low_nm:g} nm is not below {high_nm:g} nm")
        lamp = self._signal((*path, "lamp"), table.lamp, "lamp", channels)
        if lamp is None:
            return None
        level = document.quantity((*path, "lamp_level"), table.lamp_level, lamp.unit)
        if level is None:
            return None
        if not lamp.low < level <= lamp.high:
            text = f"{table.lamp_level} must lie above {lamp.low:g} and up to {lamp.high:g} {lamp.unit}"
            document.fault((*path, "lamp_level"), text)
        return domain.SpectrometerPlan(
            table.device, table.lamp, level, table.integration, table.scans, low_nm, high_nm
        )

    def _check_twin(self, links: tuple[domain.LinkPlan, ...]) -> None:
        for link in links:
            if link.url.startswith("twin:") and not self._document.raw.get("twin"):
                text = f"{link.url} needs a [twin] section that names the synthesis"
                self._document.fault(("links", link.name, "url"), text)


def _device(name: str, table: schema.DeviceTable) -> domain.DevicePlan:
    return domain.DevicePlan(
        name=name,
        driver=table.driver,
        link=table.link,
        deadman_ms=round(table.deadman or _DEADMAN_MS),
        temperature_limits_c=tuple(table.temperature_limits or ()),
        acceleration_steps_s2=table.acceleration or _ACCELERATION_STEPS_S2,
    )
