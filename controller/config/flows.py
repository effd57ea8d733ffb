"""`[flows.NAME]` of a rig file: pumps that are set by their total and by each one's share of it."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from controller.config import schema
from controller.config.conditions import MOST_PUMPS
from controller.config.documents import Table
from controller.config.lookup import Lookup, RigContext, declared
from controller.config.signals import is_pump
from controller.config.units import per
from controller.domain.plan import ChannelPlan, FlowGroupPlan, FlowMember

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from controller.config.documents import Document
    from controller.config.lines import Path

TOTAL: Final = "total"
"""What the channel of a group's whole flow is called, and its signal."""
FRACTION_SIGNAL: Final = "fraction"
_LONGEST_NAME: Final = 64
_LEAST_PUMPS: Final = 2
# For a group whose pumps are all hidden by faults: limits on its total still convert.
_ANY_FLOW_UNIT: Final = "uL/s"

Shares = dict[str, schema.Name]


class FlowTable(Table):
    """`fractions` names the shares and the pump of each; `high` and `ramp` are those of the total."""

    fractions: Shares
    high: schema.Quantity | None = None
    ramp: schema.Quantity | None = None


def flow_plans(
    document: Document, channels: Mapping[str, ChannelPlan]
) -> tuple[tuple[FlowGroupPlan, ...], tuple[ChannelPlan, ...]]:
    """Resolve the groups; also their computed channels NAME.total, in the pumps' unit, and NAME.SHARE, in 1.

    Faults are kept. A pump that they hide is missing from its group, but not its share's channel, to which
    other tables may refer.
    """
    reader = _FlowsReader(document, channels)
    groups = []
    for name, raw in document.section("flows").items():
        table = document.read(("flows", name), raw, FlowTable)
        if table is not None:
            groups.append(reader.read(name, table))
    return tuple(groups), tuple(reader.computed.values())


class _FlowsReader:
    """Reads group after group, and knows which pumps and names are taken."""

    def __init__(self, document: Document, channels: Mapping[str, ChannelPlan]) -> None:
        self.computed: dict[str, ChannelPlan] = {}
        self._document = document
        self._context = RigContext(channels=channels)
        self._names = declared(document, "channels", channels)
        self._fraction_of: dict[str, str] = {}
        self._loop_of = dict(_driven(document.raw.get("loops")))

    def read(self, name: str, table: FlowTable) -> FlowGroupPlan:
        group = Lookup(self._document, ("flows", name), self._context)
        shares = Lookup(self._document, ("flows", name, "fractions"), self._context)
        count = len(table.fractions)
        if not _LEAST_PUMPS <= count <= MOST_PUMPS:
            group.fault("fractions", f"a group has {_LEAST_PUMPS} to {MOST_PUMPS} pumps, not {count}")
        pumps = self._pumps(shares, name, table.fractions)
        unit = next((pump.unit for pump in pumps.values()), _ANY_FLOW_UNIT)
        written = None if table.high is None else group.positive("high", table.high, unit)
        # What can't be summed up sets no limit: it would be another fault of what refers to the total.
        is_whole = len(pumps) == count and all(pump.unit == unit for pump in pumps.values())
        high = _high(group, written, pumps.values(), unit) if is_whole else inf
        ramp = None if table.ramp is None else group.positive("ramp", table.ramp, per(unit, "s"))
        self._add(group.path, ChannelPlan(f"{name}.{TOTAL}", "", TOTAL, unit, 0.0, high))
        for share in table.fractions:
            fraction = ChannelPlan(f"{name}.{share}", "", FRACTION_SIGNAL, "1", 0.0, 1.0)
            self._add((*shares.path, share), fraction)
        members = tuple(FlowMember(pump.name, f"{name}.{share}") for share, pump in pumps.items())
        return FlowGroupPlan(name, f"{name}.{TOTAL}", members, ramp or 0.0)

    def _add(self, path: Path, channel: ChannelPlan) -> None:
        """Add a computed channel, unless its name can't be one."""
        if "" in path or len(channel.name) > _LONGEST_NAME:
            text = f"its channel is called {channel.name!r}: a name has 1 to {_LONGEST_NAME} characters"
            self._document.fault(path, text)
        elif channel.name in self._names or channel.name in self.computed:
            text = f"there already is a channel {channel.name}: give one of them another name"
            self._document.fault(path, text)
        else:
            self.computed[channel.name] = channel

    def _pumps(self, lookup: Lookup, name: str, fractions: Mapping[str, str]) -> dict[str, ChannelPlan]:
        """Find the pump of each share; without those that faults hide."""
        pumps: dict[str, ChannelPlan] = {}
        for share, pump_name in fractions.items():
            pump = lookup.channel(share, pump_name)
            if pump is None:
                continue
            if not is_pump(pump):
                lookup.fault(share, f"{pump.name} is {pump.signal}: name a pump")
                continue
            self._check_free(lookup, share, pump, f"{name}.{share}")
            _check_pump(lookup, share, pump, next(iter(pumps.values()), pump))
            pumps[share] = pump
        return pumps

    def _check_free(self, lookup: Lookup, share: str, pump: ChannelPlan, fraction: str) -> None:
        """Allow a pump one master."""
        first = self._fraction_of.setdefault(pump.name, fraction)
        if first != fraction:
            lookup.fault(share, f"{pump.name} already delivers {first}: a pump belongs to one share")
        loop = self._loop_of.get(pump.name)
        if loop is not None:
            remedy = "take it out of the loop, or out of the group"
            lookup.fault(share, f"{pump.name} is driven by loop {loop}: {remedy}")


def _driven(loops: object) -> Iterator[tuple[str, str]]:
    """Yield what the loops drive and which of them, as written: they are read after the groups."""
    for name, table in loops.items() if isinstance(loops, dict) else ():
        for key in ("actuator", "cooler"):
            actuator = table.get(key) if isinstance(table, dict) else None
            if isinstance(actuator, str):
                yield actuator, name


def _check_pump(lookup: Lookup, share: str, pump: ChannelPlan, first: ChannelPlan) -> None:
    if pump.unit != first.unit:
        text = f"{pump.name} is in {pump.unit}, {first.name} in {first.unit}: flows add in one unit"
        lookup.fault(share, text)
    if pump.low > 0.0:
        remedy = "let its range begin at 0, so that its share can be anything and the group can stop"
        lookup.fault(share, f"{pump.name} never delivers less than {pump.low:g} {pump.unit}: {remedy}")


def _high(lookup: Lookup, written: float | None, pumps: Collection[ChannelPlan], unit: str) -> float:
    """Return the largest total: as written, or else what all pumps together can deliver."""
    # Sums of what people write have few digits: 0.1 + 0.2 must not turn into 0.30000000000000004.
    most = float(f"{sum(pump.high for pump in pumps):.12g}")
    if written is None:
        return most
    if written > most:
        lookup.fault("high", f"is more than the {most:g} {unit} that the pumps deliver together")
    safe = sum(pump.safe_value or 0.0 for pump in pumps)
    if safe > written:
        lookup.fault("high", f"is less than the {safe:g} {unit} of the pumps' safe values together")
    return written
