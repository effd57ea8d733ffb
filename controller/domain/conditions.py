"""What interlocks and alarms watch for: one frozen value a kind. `control.conditions` judges them.

Numbers are in the units of the channels that they name.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The channel reads below `low` or above `high`. Once so, it must come back inside by `deadband`."""

    channel: str
    low: float = float("-inf")
    high: float = float("inf")
    deadband: float = 0.0


@dataclass(frozen=True, slots=True)
class RateOfChange:
    """The channel moves faster than `limit_per_s`, up or down, over `window_s`."""

    channel: str
    limit_per_s: float
    window_s: float


@dataclass(frozen=True, slots=True)
class Stale:
    """The channel has no good reading."""

    channel: str


@dataclass(frozen=True, slots=True)
class Stuck:
    """The channel's readings spanned less than `span` for `window_s`: a live sensor has noise."""

    channel: str
    span: float
    window_s: float


@dataclass(frozen=True, slots=True)
class HeaterImplausible:
    """The loop's heater works and its sensor does not follow, after Klipper's verify_heater.

    Approaching, the sensor must gain `heating_gain` in every `gain_time_s`; once there, the error beyond
    `hysteresis` may sum up to `max_error_s` (sensor unit times seconds). Also heat without power: the sensor
    above its setpoint by `runaway` while the heater is off and still rising; infinite: not judged.
    """

    loop: str
    hysteresis: float
    heating_gain: float
    gain_time_s: float
    max_error_s: float
    runaway: float = float("inf")


@dataclass(frozen=True, slots=True)
class PressureResidual:
    """Pressure differs from `offset + resistance * sum(flows)` by more than `tolerance`: a clog or a leak.

    `resistance` is in pressure units per flow unit. Judged at a total flow of at least `least_flow`.
    """

    pressure: str
    pumps: tuple[str, ...]
    resistance: float
    offset: float
    tolerance: float
    least_flow: float = 0.0


@dataclass(frozen=True, slots=True)
class DigitalInput:
    """A digital channel is on, or, for a normally closed contact, off."""

    channel: str
    on: bool = True


@dataclass(frozen=True, slots=True)
class Deviation:
    """The loop's sensor is further than `limit` from its ramped setpoint."""

    loop: str
    limit: float


@dataclass(frozen=True, slots=True)
class LeaseLost:
    """A lease ran out without being released."""


@dataclass(frozen=True, slots=True)
class ServiceLost:
    """No service is connected to control."""


@dataclass(frozen=True, slots=True)
class BoardLost:
    """The device does not answer; or, of a board, it booted anew, or its dead-man's switch went off."""

    device: str


@dataclass(frozen=True, slots=True)
class StopPressed:
    """The stop button of a board or on a pin."""


@dataclass(frozen=True, slots=True)
class Tripped:
    """The interlock of this name has tripped."""

    interlock: str


Condition = (
    Limits
    | RateOfChange
    | Stale
    | Stuck
    | HeaterImplausible
    | PressureResidual
    | DigitalInput
    | Deviation
    | LeaseLost
    | ServiceLost
    | BoardLost
    | StopPressed
    | Tripped
)
