"""Judges that need no memory: limits, inputs, deviations, and what is lost, pressed or tripped."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import fsum, isfinite, isnan
from typing import TYPE_CHECKING, Final

from controller.control.seen import GOOD, amount

if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.control.seen import Seen

NO_GOOD_READING: Final = "no good reading"
MEND: Final = "mend the sensor or its wire"
# Shared, so that a tick in which nothing happens allocates nothing.
STANDS: Final = (None, True)
CLEAR: Final = (None, False)
UNJUDGED: Final = (None, None)

Verdict = tuple[None, bool | None]


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as judges see it."""

    name: str
    unit: str
    index: int

    def show(self, seen: Seen) -> str:
        """Say what it reads: "zone is 86.2 degC"."""
        if not seen.good(self.index):
            return f"{self.name} has {NO_GOOD_READING}"
        return f"{self.name} is {self.amount(seen.values[self.index])}"

    def amount(self, value: float) -> str:
        """Write a value with its unit."""
        return amount(value, self.unit)


class Momentary:
    """What judges without a memory share."""

    __slots__ = ()

    def initial(self) -> None:
        return None


class SightJudge(Momentary, ABC):
    """Judges by what is seen in a tick alone."""

    __slots__ = ()

    def judge(self, _memory: object, seen: Seen, _dt_s: float, *, standing: bool) -> Verdict:  # noqa: ARG002
        return self.verdict(seen)

    @abstractmethod
    def verdict(self, seen: Seen) -> Verdict: ...


@dataclass(frozen=True, slots=True)
class LimitsJudge(Momentary):
    channel: Channel
    low: float
    high: float
    deadband: float
    cannot: str = NO_GOOD_READING

    def judge(self, _memory: object, seen: Seen, _dt_s: float, *, standing: bool) -> Verdict:
        index = self.channel.index
        if seen.qualities[index] != GOOD:
            return UNJUDGED
        deadband = self.deadband if standing else 0.0
        inside = self.low + deadband <= seen.values[index] <= self.high - deadband
        return CLEAR if inside else STANDS

    def describe(self) -> str:
        return f"{self.channel.name} {self._outside(0.0)}"

    def explain(self, _memory: object, seen: Seen) -> str:
        return self.channel.show(seen)

    def remedy(self, seen: Seen) -> str:
        if not seen.good(self.channel.index):
            return MEND
        return f"bring it back to not {self._outside(self.deadband)}"

    def _outside(self, deadband: float) -> str:
        bounds = (("below", self.low + deadband), ("above", self.high - deadband))
        return " or ".join(f"{side} {self.channel.amount(at)}" for side, at in bounds if isfinite(at))


@dataclass(frozen=True, slots=True)
class StaleJudge(SightJudge):
    channel: Channel
    cannot: str = ""

    def verdict(self, seen: Seen) -> Verdict:
        return CLEAR if seen.qualities[self.channel.index] == GOOD else STANDS

    def describe(self) -> str:
        return f"{self.channel.name} has {NO_GOOD_READING}"

    def explain(self, _memory: object, seen: Seen) -> str:
        return self.channel.show(seen)

    def remedy(self, _seen: Seen) -> str:
        return MEND


@dataclass(frozen=True, slots=True)
class InputJudge(SightJudge):
    channel: Channel
    on: bool
    cannot: str = NO_GOOD_READING

    def verdict(self, seen: Seen) -> Verdict:
        index = self.channel.index
        if seen.qualities[index] != GOOD:
            return UNJUDGED
        return STANDS if (seen.values[index] > 0.5) == self.on else CLEAR

    def describe(self) -> str:
        return f"{self.channel.name} {'on' if self.on else 'off'}"

    def explain(self, _memory: object, seen: Seen) -> str:
        if not seen.good(self.channel.index):
            return self.channel.show(seen)
        return f"{self.channel.name} is {'on' if seen.values[self.channel.index] > 0.5 else 'off'}"

    def remedy(self, seen: Seen) -> str:
        if not seen.good(self.channel.index):
            return MEND
        return f"see what turned it {'on' if self.on else 'off'}"


@dataclass(frozen=True, slots=True)
class PressureJudge(SightJudge):
    """Unit of the flows is that of the pumps, `pumps` are their channels."""

    pressure: Channel
    pumps: tuple[int, ...]
    flow_unit: str
    resistance: float
    offset: float
    tolerance: float
    least_flow: float
    cannot: str = NO_GOOD_READING

    def verdict(self, seen: Seen) -> Verdict:
        flow = self._flow(seen)
        if flow < self.least_flow:
            return CLEAR
        index = self.pressure.index
        if seen.qualities[index] != GOOD:
            return UNJUDGED
        residual = seen.values[index] - self._expected(flow)
        return CLEAR if abs(residual) <= self.tolerance else STANDS

    def describe(self) -> str:
        tolerance = self.pressure.amount(self.tolerance)
        return f"{self.pressure.name} more than {tolerance} off what the flow takes"

    def explain(self, _memory: object, seen: Seen) -> str:
        flow = self._flow(seen)
        expected = self.pressure.amount(self._expected(flow))
        return f"{self.pressure.show(seen)} where {flow:g} {self.flow_unit} take {expected}"

    def remedy(self, seen: Seen) -> str:
        if not seen.good(self.pressure.index):
            return MEND
        return "clear the clog, close the leak, or let the pressure settle"

    def _flow(self, seen: Seen) -> float:
        outputs = seen.outputs
        return fsum([outputs[pump] for pump in self.pumps])

    def _expected(self, flow: float) -> float:
        return self.offset + self.resistance * flow


@dataclass(frozen=True, slots=True)
class DeviationJudge(SightJudge):
    """Not standing while the loop does not regulate."""

    sensor: Channel
    loop: int
    limit: float
    cannot: str = NO_GOOD_READING

    def verdict(self, seen: Seen) -> Verdict:
        setpoint = seen.setpoints[self.loop]
        if isnan(setpoint):
            return CLEAR
        if seen.qualities[self.sensor.index] != GOOD:
            return UNJUDGED
        return CLEAR if abs(seen.values[self.sensor.index] - setpoint) <= self.limit else STANDS

    def describe(self) -> str:
        return f"{self.sensor.name} further than {self.sensor.amount(self.limit)} from its setpoint"

    def explain(self, _memory: object, seen: Seen) -> str:
        return show_at_setpoint(self.sensor, self.loop, seen)

    def remedy(self, seen: Seen) -> str:
        return "see what keeps the loop from its setpoint" if seen.good(self.sensor.index) else MEND


@dataclass(frozen=True, slots=True)
class FlagJudge(SightJudge):
    """A condition that a tick knows as yes or no; `over` says that it does not stand."""

    flag: Callable[[Seen], bool]
    text: str
    over: str
    mend: str
    cannot: str = ""

    def verdict(self, seen: Seen) -> Verdict:
        return STANDS if self.flag(seen) else CLEAR

    def describe(self) -> str:
        return self.text

    def explain(self, _memory: object, seen: Seen) -> str:
        return self.text if self.flag(seen) else self.over

    def remedy(self, _seen: Seen) -> str:
        return self.mend


def show_at_setpoint(sensor: Channel, loop: int, seen: Seen) -> str:
    """Say what a loop's sensor reads, and what it should."""
    setpoint = seen.setpoints[loop]
    if isnan(setpoint):
        return f"{sensor.show(seen)}, its loop off"
    return f"{sensor.show(seen)} at a setpoint of {sensor.amount(setpoint)}"
