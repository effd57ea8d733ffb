"""The conditions of a rig file, one table a kind, shared by interlocks and alarms.

`[interlocks.NAME]` and `[alarms.NAME]` hold the keys of one condition, chosen by `kind`, beside their own.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from pydantic import Field

from controller.config import signals
from controller.config.documents import Table, unknown
from controller.config.lookup import Lookup, RigContext, declared
from controller.config.schema import Name, Quantity, measured
from controller.config.units import per
from controller.domain import conditions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.config.documents import Document
    from controller.config.lines import Path
    from controller.domain.plan import ChannelPlan, LoopPlan

Window = Annotated[float, measured("s", 0.1, 86_400.0)]
MOST_PUMPS: Final = 16


class ConditionTable(Table):
    """The keys of one kind of condition."""

    @abstractmethod
    def condition(self, lookup: Lookup) -> conditions.Condition | None:
        """Resolve the names and units; None when a fault, which is kept, leaves nothing to go on with."""


class LimitsTable(ConditionTable):
    channel: Name
    low: Quantity | None = None
    high: Quantity | None = None
    deadband: Quantity | None = None

    def condition(self, lookup: Lookup) -> conditions.Condition | None:
        if self.low is None and self.high is None:
            lookup.document.fault(lookup.path, "needs low, high or both")
        channel = lookup.sensor("channel", self.channel)
        if channel is None:
            return None
        low, high = _limit(lookup, "low", self.low, channel), _limit(lookup, "high", self.high, channel)
        if low is not None and high is not None and low >= high:
            lookup.fault("low", f"{self.low} is not below {self.high}")
            return None
        return conditions.Limits(
            channel.name,
            low=float("-inf") if low is None else low,
            high=float("inf") if high is None else high,
            deadband=self._deadband(lookup, channel, low, high),
        )

    def _deadband(self, lookup: Lookup, channel: ChannelPlan, low: float | None, high: float | None) -> float:
        """Convert the deadband; one that leaves no room between the limits would never let go."""
        if self.deadband is None:
            return 0.0
        deadband = lookup.difference("deadband", self.deadband, channel.unit, zero=True) or 0.0
        room = (channel.high if high is None else high) - (channel.low if low is None else low)
        sides = 2 if low is not None and high is not None else 1
        if deadband * sides >= room:
            lookup.fault("deadband", f"{self.deadband} leaves no room within the limits")
        return deadband


class RateTable(ConditionTable):
    channel: Name
    limit: Quantity
    window: Window

    def condition(self, lookup: Lookup) -> conditions.Condition | None:
        channel = lookup.sensor("channel", self.channel)
        if channel is None:
            return None
        limit = lookup.positive("limit", self.limit, per(channel.unit, "s"))
        return None if limit is None else conditions.RateOfChange(channel.name, limit, self.window)


class StaleTable(ConditionTable):
    channel: Name

    def condition(self, lookup: Lookup) -> conditions.Condition | None:
        channel = lookup.sensor("channel", self.channel)
        return None if channel is None else conditions.Stale(channel.name)


class StuckTable(ConditionTable):
    channel: Name
    span: Quantity
    window: Window

    def condition(self, lookup: Lookup) -> conditions.Condition | None:
        channel = lookup.sensor("channel", self.channel)
        span = None if channel is None else lookup.difference("span", self.span, channel.unit)
        return None if span is None else conditions.Stuck(self.channel, span, self.window)


class HeaterTable(ConditionTable):
    """Numbers without a default depend on the heater: how fast it heats and how well it holds."""

    loop: Name
    hysteresis: Quantity
    heating_gain: Quantity
    gain_time: Window
    max_error: Quantity
    runaway: Quantity | None = None

    def condition(self, lookup: Lookup) -> conditions.Condition | None:
        loop = lookup.loop("loop", self.loop)
        sensor = None if loop is None else lookup.context.channels.get(loop.sensor)
        if loop is None or sensor is None:
            return None
        heater = driven_by(loop, lookup.context)
        if heater is not None and signals.kind_of(heater.signal) != "heater":
            lookup.fault("loop", f"{self.loop} drives {heater.name}: name a loop that drives a heater")
        hysteresis = lookup.difference("hysteresis", self.hysteresis, sensor.unit)
        gain = lookup.difference("heating_gain", self.heating_gain, sensor.unit)
        error = lookup.positive("max_error", self.max_error, per(sensor.unit, "1/s"))
        runaway: float | None = float("inf")
        if self.runaway is not None:
            runaway = lookup.difference("runaway", self.runaway, sensor.unit)
        if hysteresis is None or gain is None or error is None or runaway is None:
            return None
        return conditions.HeaterImplausible(loop.name, hysteresis, gain, self.gain_time, error, runaway)


class PressureFlowTable(ConditionTable):
    pressure: Name
    pumps: Annotated[list[Name], Field(min_length=1, max_length=MOST_PUMPS)] | None = None
    flows: Name | None = None
    resistance: Quantity
    offset: Quantity | None = None
    tolerance: Quantity
    least_flow: Quantity | None = None

    def condition(self, lookup: Lookup) -> conditions.Condition | None:
        pumps = self._pumps(lookup)
        pressure = lookup.sensor("pressure", self.pressure)
        if pressure is None or not pumps:
            return None
        flow_unit = pumps[0].unit
        resistance = lookup.positive("resistance", self.resistance, per(pressure.unit, flow_unit))
        tolerance = lookup.difference("tolerance", self.tolerance, pressure.unit)
        offset = 0.0 if self.offset is None else lookup.quantity("offset", self.offset, pressure.unit)
        least: float | None = 0.0
        if self.least_flow is not None:
            least = lookup.positive("least_flow", self.least_flow, flow_unit)
        if resistance is None or tolerance is None or offset is None or least is None:
            return None
        names = tuple(pump.name for pump in pumps)
        return conditions.PressureResidual(pressure.name, names, resistance, offset, tolerance, least)

    def _pumps(self, lookup: Lookup) -> list[ChannelPlan]:
        """Find the pumps; empty when there are none, or faults hide one."""
        if (self.pumps is None) == (self.flows is None):
            lookup.document.fault(lookup.path, "needs either pumps or flows, a flow group")
            return []
        key, names = "pumps", self.pumps or []
        if self.flows is not None:
            group = lookup.flow("flows", self.flows)
            key, names = "flows", [] if group is None else [member.pump for member in group.members]
        if len(set(names)) < len(names):
            lookup.fault(key, "names a pump twice")
        found = [lookup.channel(key, name) for name in names]
        pumps = [pump for pump in found if pump is not None]
        for pump in pumps:
            if not signals.is_pump(pump):
                lookup.fault(key, f"{pump.name} is {pump.signal}: name a pump")
            elif pump.unit != pumps[0].unit:
                lookup.fault(
                    key, f"{pump.name} is in {pump.unit}, not {pumps[0].unit}: flows add in one unit"
                )
        return pumps if len(pumps) == len(names) else []


class InputTable(ConditionTable):
    channel: Name
    on: bool = True

    def condition(self, lookup: Lookup) -> conditions.Condition | None:
        channel = lookup.sensor("channel", self.channel)
        if channel is None:
            return None
        if channel.unit != "1" or channel.is_computed:
            lookup.fault("channel", f"{channel.name} is not on or off: name a digital input, in unit 1")
            return None
        return conditions.DigitalInput(channel.name, on=self.on)


class DeviationTable(ConditionTable):
    loop: Name
    limit: Quantity

    def condition(self, lookup: Lookup) -> conditions.Condition | None:
        loop = lookup.loop("loop", self.loop)
        sensor = None if loop is None else lookup.context.channels.get(loop.sensor)
        if sensor is None:
            return None
        limit = lookup.difference("limit", self.limit, sensor.unit)
        return None if limit is None else conditions.Deviation(self.loop, limit)


class ReagentTable(ConditionTable):
    reagent: Name
    reserve: Quantity

    def condition(self, lookup: Lookup) -> conditions.Condition | None:
        reagent = lookup.reagent("reagent", self.reagent)
        if reagent is None:
            return None
        reserve = lookup.positive("reserve", self.reserve, "uL")
        if not reagent.level:
            raw = lookup.document.section("reagents").get(reagent.name)
            if not isinstance(raw, dict) or "volume" not in raw:
                lookup.fault("reagent", f"what is left of {reagent.name} is not known: declare its volume")
            return None
        return None if reserve is None else conditions.Limits(reagent.level, low=reserve)


class BoardTable(ConditionTable):
    device: Name

    def condition(self, lookup: Lookup) -> conditions.Condition | None:
        context = lookup.context
        known = [*context.boards, *([context.spectrometer] if context.spectrometer else [])]
        if not lookup.document.reference((*lookup.path, "device"), self.device, "device", known):
            return None
        if self.device not in context.losable:
            lookup.fault("device", f"{self.device} carries no channel: nothing is lost with it")
            return None
        return conditions.BoardLost(self.device)


class FlagTable(ConditionTable):
    """Without a key: there is one of it in a rig."""

    made: ClassVar[conditions.Condition]

    def condition(self, lookup: Lookup) -> conditions.Condition | None:  # noqa: ARG002
        return self.made


class LeaseTable(FlagTable):
    made = conditions.LeaseLost()


class ServiceTable(FlagTable):
    made = conditions.ServiceLost()


class StopTable(FlagTable):
    made = conditions.StopPressed()


class TrippedTable(ConditionTable):
    interlock: Name

    def condition(self, lookup: Lookup) -> conditions.Condition | None:
        names = declared(lookup.document, "interlocks", lookup.context.interlocks)
        path = (*lookup.path, "interlock")
        found = lookup.document.reference(path, self.interlock, "interlock", names)
        return conditions.Tripped(self.interlock) if found else None


INTERLOCK_KINDS: Final[Mapping[str, type[ConditionTable]]] = {
    "limits": LimitsTable,
    "rate": RateTable,
    "stale": StaleTable,
    "stuck": StuckTable,
    "heater": HeaterTable,
    "pressure_flow": PressureFlowTable,
    "input": InputTable,
    "deviation": DeviationTable,
    "reagent_empty": ReagentTable,
    "board_lost": BoardTable,
    "lease_lost": LeaseTable,
    "service_lost": ServiceTable,
    "stop": StopTable,
}
ALARM_KINDS: Final[Mapping[str, type[ConditionTable]]] = {**INTERLOCK_KINDS, "tripped": TrippedTable}


def read_condition(
    document: Document,
    path: Path,
    raw: object,
    context: RigContext,
    *,
    owner: type[Table],
    kinds: Mapping[str, type[ConditionTable]] = ALARM_KINDS,
) -> conditions.Condition | None:
    """Read the condition in the table at `path`; None when a fault, which is kept, hides it.

    `raw` is the whole table: keys that `owner` declares are its own (read them with `owned`), `kind` chooses
    among `kinds` ("limits" when it is missing), and the others must be the condition's.
    """
    if not isinstance(raw, dict):
        return None
    kind = raw.get("kind", "limits")
    model = kinds.get(kind) if isinstance(kind, str) else None
    if model is None:
        document.fault((*path, "kind"), unknown("kind", str(kind), kinds))
        return None
    mine = {key: value for key, value in raw.items() if key != "kind" and key not in owner.model_fields}
    keys = ["kind", *model.model_fields, *owner.model_fields]
    for key in [key for key in mine if key not in model.model_fields]:
        del mine[key]
        document.fault((*path, key), unknown("key", key, keys))
    table = document.read(path, mine, model)
    return None if table is None else table.condition(Lookup(document, path, context))


def owned(raw: object, owner: type[Table]) -> object:
    """Return the part of a table that `owner` reads; what is no table is left for it to fault."""
    if not isinstance(raw, dict):
        return raw
    return {key: value for key, value in raw.items() if key in owner.model_fields}


def driven_by(loop: LoopPlan, context: RigContext) -> ChannelPlan | None:
    """Return the actuator at the end of a cascade; None when faults hide it."""
    inner = {each.sensor: each for each in context.loops.values()}
    for _ in inner:  # A cascade that bites its tail is a fault of the loops; here it only must end.
        if loop.actuator not in inner:
            break
        loop = inner[loop.actuator]
    channel = context.channels.get(loop.actuator)
    return channel if channel is not None and channel.is_actuator else None


def _limit(lookup: Lookup, key: str, text: str | None, channel: ChannelPlan) -> float | None:
    """Convert a limit; one outside the sensor's range could never be seen to be passed."""
    if text is None:
        return None
    value = lookup.quantity(key, text, channel.unit)
    if value is not None and not channel.low <= value <= channel.high:
        span = f"{channel.low:g} to {channel.high:g} {channel.unit}"
        lookup.fault(key, f"{text} lies outside the range of {channel.name}, {span}")
    return value
