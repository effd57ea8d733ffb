"""What breaks in and around a plant, one class a fault, for whoever wants to see an interlock act.

Pure: a fault changes what drives the plant or what its sensors show, told how long it has lasted and what was
shown when it began. `fault_panel` switches faults on and off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

from firmware_bridge.simulator.plant.errors import PlantError
from firmware_bridge.wire import messages as m

if TYPE_CHECKING:
    from firmware_bridge.simulator.interfaces import Drive, Sensed

T = TypeVar("T")

LEAK_INPUT: Final = 0
"""The digital input that the leak sensor is wired to."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something broken; as it stands here it changes nothing."""

    RANK: ClassVar[int] = 0
    """Of two faults at one place, the one of higher rank has the last word."""

    @property
    def place(self) -> tuple[type[Fault], int | None]:
        """What may be broken in this way once: a new fault there takes the place of the old one."""
        return type(self), None

    def drive(self, drive: Drive, _age_s: float) -> Drive:
        """Change what drives the plant; the fault's age counts from its beginning."""
        return drive

    def sense(self, sensed: Sensed, _first: Sensed, _age_s: float) -> Sensed:
        """Change what the sensors show; `first` is what they showed when the fault began."""
        return sensed


@dataclass(frozen=True, slots=True)
class _OneOf(Fault):
    """A fault of one of several: index counts as on the board, from 0."""

    index: int

    COUNT: ClassVar[int] = 0

    def __post_init__(self) -> None:
        _check_index(self)

    @property
    def place(self) -> tuple[type[Fault], int | None]:
        return type(self), self.index


class HeaterOpen(_OneOf):
    """The heater's circuit is broken: no heat, although it is on."""

    __slots__ = ()

    RANK = 1
    COUNT = m.HEATERS

    def drive(self, drive: Drive, _age_s: float) -> Drive:
        return replace(drive, heater_duty=_put(drive.heater_duty, self.index, 0.0))


class HeaterStuckOn(_OneOf):
    """The heater's switch is welded: full power, whatever the board does."""

    __slots__ = ()

    COUNT = m.HEATERS

    def drive(self, drive: Drive, _age_s: float) -> Drive:
        return replace(drive, heater_duty=_put(drive.heater_duty, self.index, 1.0))


class HeaterSupplyOff(Fault):
    """The supply of all heaters is cut, as by a relay of the host: no heat, even through a welded switch."""

    __slots__ = ()

    RANK = 1

    def drive(self, drive: Drive, _age_s: float) -> Drive:
        return replace(drive, heater_duty=(0.0,) * len(drive.heater_duty))


class TemperatureOpen(_OneOf):
    """The sensor's circuit is broken: it reads as NaN."""

    __slots__ = ()

    RANK = 2
    COUNT = m.TEMPERATURES

    def sense(self, sensed: Sensed, _first: Sensed, _age_s: float) -> Sensed:
        return replace(sensed, temperatures_c=_put(sensed.temperatures_c, self.index, math.nan))


class TemperatureStuck(_OneOf):
    """The sensor goes on showing what it showed when the fault began."""

    __slots__ = ()

    RANK = 1
    COUNT = m.TEMPERATURES

    def sense(self, sensed: Sensed, first: Sensed, _age_s: float) -> Sensed:
        return replace(
            sensed, temperatures_c=_with_one_of(sensed.temperatures_c, first.temperatures_c, self.index)
        )


@dataclass(frozen=True, slots=True)
class TemperatureOffset(_OneOf):
    """The sensor shows too much by `offset_c`, and by `drift_c_s` more each second."""

    offset_c: float = 0.0
    drift_c_s: float = 0.0

    COUNT: ClassVar[int] = m.TEMPERATURES

    def __post_init__(self) -> None:
        _check_index(self)
        if not (math.isfinite(self.offset_c) and math.isfinite(self.drift_c_s)):
            raise PlantError(f"{self}: offset and drift must be finite")

    def sense(self, sensed: Sensed, _first: Sensed, age_s: float) -> Sensed:
        shown_c = sensed.temperatures_c
        wrong_c = [true_c + self.offset_c + self.drift_c_s * age_s for true_c in shown_c]
        return replace(sensed, temperatures_c=_with_one_of(shown_c, tuple(wrong_c), self.index))


class PressureStuck(_OneOf):
    """The sensor goes on showing what it showed when the fault began."""

    __slots__ = ()

    COUNT = m.PRESSURES

    def sense(self, sensed: Sensed, first: Sensed, _age_s: float) -> Sensed:
        return replace(
            sensed, pressures_kpa=_with_one_of(sensed.pressures_kpa, first.pressures_kpa, self.index)
        )


@dataclass(frozen=True, slots=True)
class Clog(Fault):
    """The tubing's resistance to flow rises to `factor` times its clean value, linearly over `over_s`."""

    factor: float
    over_s: float = 0.0

    def __post_init__(self) -> None:
        # Written so that NaN fails too.
        if not (1.0 <= self.factor < math.inf and 0.0 <= self.over_s < math.inf):
            raise PlantError(f"{self}: needs a factor of 1 or more, and a time of 0 s or more, both finite")

    def drive(self, drive: Drive, age_s: float) -> Drive:
        done = min(age_s / self.over_s, 1.0) if self.over_s > 0.0 else 1.0
        return replace(drive, resistance=drive.resistance * (1.0 + (self.factor - 1.0) * done))


@dataclass(frozen=True, slots=True)
class Leak(Fault):
    """The pumps' fittings let out a share of what the pumps deliver, onto the leak sensor."""

    share: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.share <= 1.0:
            raise PlantError(f"{self}: the share that leaks must lie in 0 to 1")

    def drive(self, drive: Drive, _age_s: float) -> Drive:
        return replace(drive, lost_share=self.share)

    def sense(self, sensed: Sensed, _first: Sensed, _age_s: float) -> Sensed:
        dry = (False,) * (LEAK_INPUT + 1 - len(sensed.digitals))
        return replace(sensed, digitals=_put(sensed.digitals + dry, LEAK_INPUT, True))


@dataclass(frozen=True, slots=True)
class ReagentEmpty(_OneOf):
    """The pump's reagent runs out after `left_ul` more: it turns on and delivers air."""

    left_ul: float = 0.0

    COUNT: ClassVar[int] = m.PUMP_AXES

    def __post_init__(self) -> None:
        _check_index(self)
        if not 0.0 <= self.left_ul < math.inf:
            raise PlantError(f"{self}: what is left must be 0 uL or more, and finite")

    def drive(self, drive: Drive, _age_s: float) -> Drive:
        if self.index >= len(drive.pump_steps_s):
            return drive
        return replace(drive, running_out=(*drive.running_out, (self.index, self.left_ul)))


class StopPressed(Fault):
    """The stop button at the board is pressed."""

    __slots__ = ()

    def sense(self, sensed: Sensed, _first: Sensed, _age_s: float) -> Sensed:
        return replace(sensed, stop_pressed=True)


class BoardMute(Fault):
    """The board hears and obeys, but nothing that it says arrives."""

    __slots__ = ()


def _check_index(fault: _OneOf) -> None:
    if not 0 <= fault.index < fault.COUNT:
        raise PlantError(f"{fault}: the index counts from 0 to {fault.COUNT - 1}")


def _put(values: tuple[T, ...], index: int, value: T) -> tuple[T, ...]:
    """Replace one value; a plant that has none there stays as it is."""
    if index >= len(values):
        return values
    return (*values[:index], value, *values[index + 1 :])


def _with_one_of(values: tuple[float, ...], others: tuple[float, ...], index: int) -> tuple[float, ...]:
    return values if index >= len(others) else _put(values, index, others[index])
