"""What one table of a rig file refers to: channels, loops, flows, reagents and devices, found or faulted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from controller.config.units import parse_quantity, per
from controller.domain.errors import ControllerError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from controller.config.documents import Document
    from controller.config.lines import Path
    from controller.domain.plan import ChannelPlan, FlowGroupPlan, LoopPlan, ReagentPlan

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RigContext:
    """What stands by the time that conditions are read; tables with faults of their own are left out.

    `boards`, the devices that control reads, `interlocks` and `spectrometer`, which the service reads, are
    names.
    """

    channels: Mapping[str, ChannelPlan]
    loops: Mapping[str, LoopPlan] = field(default_factory=dict)
    flows: Mapping[str, FlowGroupPlan] = field(default_factory=dict)
    reagents: Mapping[str, ReagentPlan] = field(default_factory=dict)
    boards: Collection[str] = ()
    interlocks: Collection[str] = ()
    spectrometer: str = ""

    @property
    def losable(self) -> list[str]:
        """Name the devices whose loss is noticed: those that carry channels, and the spectrometer."""
        carriers = {channel.device for channel in self.channels.values()}
        found = [name for name in self.boards if name in carriers]
        return [*found, self.spectrometer] if self.spectrometer else found


@dataclass(frozen=True, slots=True)
class Lookup:
    """Finds what the table at `path` names. None: a fault is kept, here or at the table that is named."""

    document: Document
    path: Path
    context: RigContext

    def fault(self, key: str, description: str) -> None:
        self.document.fault((*self.path, key), description)

    def channel(self, key: str, name: str) -> ChannelPlan | None:
        return self._find(key, name, "channel", "channels", self.context.channels)

    def sensor(self, key: str, name: str) -> ChannelPlan | None:
        channel = self.channel(key, name)
        if channel is not None and channel.is_actuator:
            self.fault(key, f"{name} is an actuator: name a sensor")
            return None
        return channel

    def loop(self, key: str, name: str) -> LoopPlan | None:
        return self._find(key, name, "loop", "loops", self.context.loops)

    def flow(self, key: str, name: str) -> FlowGroupPlan | None:
        return self._find(key, name, "flow group", "flows", self.context.flows)

    def reagent(self, key: str, name: str) -> ReagentPlan | None:
        return self._find(key, name, "reagent", "reagents", self.context.reagents)

    def quantity(self, key: str, text: str, unit: str) -> float | None:
        return self.document.quantity((*self.path, key), text, unit)

    def positive(self, key: str, text: str, unit: str) -> float | None:
        """Convert a quantity that must be above zero."""
        return self._above_zero(key, text, self.quantity(key, text, unit))

    def difference(self, key: str, text: str, unit: str, *, zero: bool = False) -> float | None:
        """Convert a difference of two values, above zero or, with `zero`, at least zero.

        A difference in degC has no zero to move: as a quotient of units it is converted without.
        """
        try:
            value = parse_quantity(f"{text}/s", per(unit, "s"))
        except ControllerError:
            self.fault(
                key, f'{text!r} is no difference in {unit}: write a number and a unit, like "1 {unit}"'
            )
            return None
        return value if zero and value == 0.0 else self._above_zero(key, text, value)

    def _above_zero(self, key: str, text: str, value: float | None) -> float | None:
        if value is not None and value <= 0.0:
            self.fault(key, f"{text} is not above zero")
            return None
        return value

    def _find(self, key: str, name: str, kind: str, section: str, items: Mapping[str, T]) -> T | None:
        found = items.get(name)
        if found is None:
            self.document.reference((*self.path, key), name, kind, declared(self.document, section, items))
        return found


def declared(document: Document, section: str, items: Collection[str]) -> Collection[str]:
    """Return the names of a section, those of tables with faults included."""
    raw = document.raw.get(section)
    return {*items, *raw} if isinstance(raw, dict) else items
