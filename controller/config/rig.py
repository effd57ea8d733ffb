"""A rig file in TOML, checked whole: plain data comes out, or every fault with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from controller.config import rules, schema, signals
from controller.config.alarms import alarm_plans
from controller.config.channels import channel_plan
from controller.config.devices import device_plans, kind_of_device, link_plans, offered_signals
from controller.config.documents import Document, Table, unknown
from controller.config.flows import flow_plans
from controller.config.interlocks import check_heaters, interlock_plans
from controller.config.lookup import RigContext
from controller.config.loops import check_loops, loop_plan
from controller.config.pins import pin_channels, pins_plan, watchdog_plan
from controller.config.reagents import ReagentTable, reagent_plans
from controller.config.spectrometer import spectrometer_plan
from controller.domain import plan as domain
from controller.domain.errors import ControllerError, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from controller.domain.drivers import DeviceSignal, KnownInstrument

TableT = TypeVar("TableT", bound=Table)

_NO_OVERRIDES: Final[Mapping[str, str]] = {}
_NO_INSTRUMENTS: Final[Mapping[str, KnownInstrument]] = {}
_SINGLE: Final[Mapping[str, type[Table]]] = {
    "rig": schema.RigTable,
    "reactor": schema.ReactorTable,
    "twin": schema.TwinTable,
    "spectrometer": schema.SpectrometerTable,
    "security": schema.SecurityTable,
    "realtime": schema.RealtimeTable,
    "lease": schema.LeaseTable,
}
_NAMED: Final[Mapping[str, type[Table]]] = {
    "reagents": ReagentTable,
    "links": schema.LinkTable,
    "channels": schema.ChannelTable,
    "loops": schema.LoopTable,
    "interlocks": schema.InterlockTable,
}
# Read by their own modules.
_OWN: Final = ("devices", "flows", "alarms", "pins", "watchdog")
_REQUIRED: Final = ("rig", "reactor", "links", "devices", "channels")


def load_rig(
    path: Path,
    *,
    known_drivers: Mapping[str, str],
    instruments: Mapping[str, KnownInstrument] = _NO_INSTRUMENTS,
    link_overrides: Mapping[str, str] = _NO_OVERRIDES,
) -> domain.RigPlan:
    """Read a rig file; arguments and errors as `parse_rig`, and ControllerError RIG_UNREADABLE."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        cause = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else f"{error.strerror}"
        raise ControllerError(
            f"{path}: {cause}", reason="RIG_UNREADABLE", kind=Kind.NOT_FOUND, remedy="name a rig file in TOML"
        ) from error
    return parse_rig(text, str(path), known_drivers, instruments=instruments, link_overrides=link_overrides)


def parse_rig(
    text: str,
    document: str,
    known_drivers: Mapping[str, str],
    *,
    instruments: Mapping[str, KnownInstrument] = _NO_INSTRUMENTS,
    link_overrides: Mapping[str, str] = _NO_OVERRIDES,
) -> domain.RigPlan:
    """Turn the text of a rig file into its plan; `document` names it in errors.

    `known_drivers` maps each driver to the kind of its device, "board" or "spectrometer"; `instruments` are
    the drivers of instruments; `link_overrides` puts another URL behind a link. Raises DocumentError with
    every fault.
    """
    return _RigReader(Document(text, document), known_drivers, instruments, link_overrides).read()


class _RigReader:
    """Reads section after section. What refers to a table with faults of its own adds none for it."""

    def __init__(
        self,
        document: Document,
        known_drivers: Mapping[str, str],
        instruments: Mapping[str, KnownInstrument],
        link_overrides: Mapping[str, str],
    ) -> None:
        self._document = document
        self._drivers = {**known_drivers, **dict.fromkeys(instruments, signals.INSTRUMENT)}
        self._instruments = instruments
        self._overrides = link_overrides

    def read(self) -> domain.RigPlan:
        document = self._document
        self._check_sections()
        rig = self._single("rig", schema.RigTable)
        reactor = self._single("reactor", schema.ReactorTable)
        twin = self._single("twin", schema.TwinTable)
        security = self._single("security", schema.SecurityTable) or schema.SecurityTable()
        realtime = self._single("realtime", schema.RealtimeTable) or schema.RealtimeTable()
        lease = self._single("lease", schema.LeaseTable) or schema.LeaseTable()
        links = link_plans(document, self._named("links", schema.LinkTable), self._overrides)
        devices = device_plans(document, self._drivers, self._instruments, rig)
        channels = self._channels(offered_signals(self._instruments, devices))
        pins = pins_plan(document, channels)
        channels |= _by_name(() if pins is None else pin_channels(pins))
        groups, computed = flow_plans(document, channels)
        channels |= _by_name(computed)
        reagents, levels = reagent_plans(document, self._named("reagents", ReagentTable), channels)
        channels |= _by_name(levels)
        loops = self._loops(channels)
        spectrometer = self._spectrometer(channels)
        context = RigContext(
            channels=channels,
            loops={loop.name: loop for loop in loops},
            flows={group.name: group for group in groups},
            reagents={reagent.name: reagent for reagent in reagents},
            boards=[
                name
                for name in self._declared("devices")
                if self._kind(name) in (signals.BOARD, signals.INSTRUMENT)
            ],
            interlocks=self._declared("interlocks"),
            spectrometer="" if spectrometer is None else spectrometer.device,
        )
        interlocks = interlock_plans(document, context)
        check_heaters(document, channels, loops, interlocks)
        alarms = alarm_plans(document, context, interlocks)
        twin_plan = self._twin(twin)
        watchdog = watchdog_plan(document, rig.rate if rig else 1.0)
        self._check_counts(channels)
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
            flows=groups,
            interlocks=interlocks,
            alarms=alarms,
            reagents=reagents,
            spectrometer=spectrometer,
            twin=twin_plan,
            trusted_keys=tuple(security.trusted_keys),
            realtime=domain.RealtimePlan(realtime.priority, realtime.cpu),
            lease=domain.LeasePlan(lease.longest),
            pins=pins,
            watchdog=watchdog,
        )

    def _check_sections(self) -> None:
        known = [*_SINGLE, *_NAMED, *_OWN]
        for name in self._document.raw:
            if name not in known:
                self._document.fault((name,), unknown("section", name, known))
        for name in _REQUIRED:
            if not self._document.raw.get(name):
                self._document.fault((name,), "section is missing")

    def _check_counts(self, channels: Mapping[str, domain.ChannelPlan]) -> None:
        """Bound what a snapshot holds; computed channels count."""
        for section, count, most in (
            ("channels", len(channels), schema.MOST_CHANNELS),
            ("interlocks", len(self._declared("interlocks")), schema.MOST_INTERLOCKS),
        ):
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
        return kind_of_device(self._document, self._drivers, device)

    def _twin(self, table: schema.TwinTable | None) -> domain.TwinPlan | None:
        if table is None:
            return None
        for device in table.piping:
            place = ("twin", "piping", device)
            self._document.reference(place, device, "device", self._declared("devices"))
        return domain.TwinPlan(table.synthesis, table.seed, table.board, table.piping)

    def _channels(self, offered: Mapping[str, Mapping[str, DeviceSignal]]) -> dict[str, domain.ChannelPlan]:
        channels = {}
        for name, table in self._named("channels", schema.ChannelTable).items():
            place = ("channels", name, "device")
            found = self._document.reference(place, table.device, "device", self._declared("devices"))
            if found and self._kind(table.device) == signals.SPECTROMETER:
                self._document.fault(place, f"{table.device} is a spectrometer: it has no channels")
            if self._kind(table.device) == signals.INSTRUMENT and not offered.get(table.device):
                # Its own table has the fault.
                continue
            channel = channel_plan(self._document, name, table, offered.get(table.device))
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

    def _spectrometer(self, channels: Mapping[str, domain.ChannelPlan]) -> domain.SpectrometerPlan | None:
        table = self._single("spectrometer", schema.SpectrometerTable)
        if table is None:
            return None
        return spectrometer_plan(self._document, table, channels, self._kind(table.device))


def _by_name(channels: Iterable[domain.ChannelPlan]) -> dict[str, domain.ChannelPlan]:
    return {channel.name: channel for channel in channels}
