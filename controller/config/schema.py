"""The tables of a rig file, one class a table. Bounds stand where the value is declared.

A quantity is written with its unit. One whose unit is fixed is converted here; one that follows a channel's
unit stays text until the channel is known.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from controller.config.documents import Table
from controller.config.units import parse_quantity
from controller.domain.errors import ControllerError

LARGEST_SEED: Final = 2**32 - 1
MOST_CHANNELS: Final = 128
MOST_INTERLOCKS: Final = 64
"""A snapshot holds their trips in 64 bits."""


def measured(unit: str, low: float, high: float) -> BeforeValidator:
    """Make a field a quantity within [low, high] of `unit`."""

    def read(value: Any) -> float:
        if not isinstance(value, str):
            raise ValueError(f'write the unit, like "{value} {unit}"')  # noqa: TRY004 - pydantic's way
        try:
            number = parse_quantity(value, unit)
        except ControllerError as error:
            raise ValueError(str(error)) from error
        if not low <= number <= high:
            raise ValueError(f"{value} must lie in {low:g} to {high:g} {unit}")
        return number

    return BeforeValidator(read)


Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Quantity = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class RigTable(Table):
    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
    rate: Annotated[float, measured("Hz", 1.0, 1000.0)] = 50.0
    orphan_hold: Annotated[float, measured("s", 0.0, 3600.0)] = 10.0


class ReactorTable(Table):
    volume: Annotated[float, measured("uL", 0.1, 1e7)]
    dead_volume: Annotated[float, measured("uL", 0.0, 1e7)] = 0.0


class TwinTable(Table):
    synthesis: Name
    seed: Annotated[int, Field(ge=0, le=LARGEST_SEED)] = 0
    board: Name = "twin"
    # Where instruments are fitted in the plant.
    piping: dict[Name, Annotated[str, StringConstraints(pattern=r"^((pump|zone|stream)\.[0-9]|lamp)$")]] = (
        Field(default_factory=dict)
    )


class LinkTable(Table):
    url: Text
    baud: Annotated[int, Field(ge=300, le=4_000_000)] = 115200
    framing: Annotated[str, StringConstraints(pattern=r"^[5-8][NEOMS](1|1\.5|2)$")] = "8N1"
    handshake: Literal["none", "rts/cts", "xon/xoff"] = "none"
    echo: bool = False


Limit = Annotated[float, measured("degC", -50.0, 300.0)]
Acceleration = Annotated[float, measured("steps/s^2", 1.0, 4e9)]


class DeviceTable(Table):
    driver: Name
    link: Name
    # The board counts milliseconds in 16 bits.
    deadman: Annotated[float, measured("ms", 50.0, 60_000.0)] | None = None
    temperature_limits: Annotated[list[Limit], Field(max_length=4)] | None = None
    acceleration: Acceleration | None = None
    serial_number: Name | None = None


class InstrumentTable(Table):
    """What every instrument has beside its driver's own options."""

    driver: Name
    link: Name
    address: Annotated[str, StringConstraints(max_length=16)] = ""
    serial_number: Name | None = None
    read_every: Annotated[float, measured("s", 0.02, 60.0)] = 0.25


Pair = Annotated[list[Quantity], Field(min_length=2, max_length=2)]


class ChannelTable(Table):
    device: Name
    signal: Name
    unit: Name
    range: Annotated[list[Quantity], Field(min_length=2, max_length=2)]
    safe: Quantity | None = None
    rate_limit: Quantity | None = None
    steps_per_ul: Annotated[float, Field(gt=0.0, le=1e9, strict=False)] | None = None
    # Two pairs of what the device says and what it means: [["0 kPa", "0 ohm"], ["1000 kPa", "1 kohm"]].
    calibration: Annotated[list[Pair], Field(min_length=2, max_length=2)] | None = None
    stale_after: Annotated[float, measured("s", 0.01, 60.0)] = 1.0


Integral = Annotated[float, measured("s", 0.0, 86_400.0)]
Derivative = Annotated[float, measured("s", 0.0, 3600.0)]


class FeedForwardTable(Table):
    channel: Name
    gain: Quantity
    reference: Quantity | None = None


class ScheduleTable(Table):
    at: Quantity
    gain: Quantity
    integral: Integral
    derivative: Derivative = 0.0


class LoopTable(Table):
    sensor: Name
    actuator: Name
    gain: Quantity
    integral: Integral
    derivative: Derivative = 0.0
    derivative_filter: Annotated[float, Field(ge=1.0, le=100.0, strict=False)] = 10.0
    setpoint_weight: Annotated[float, Field(ge=0.0, le=1.0, strict=False)] = 1.0
    ramp: Quantity
    cooler: Name | None = None
    # Of the heater's process gain over the cooler's.
    cooler_ratio: Annotated[float, Field(ge=0.01, le=100.0, strict=False)] | None = None
    split_gap: Annotated[float, Field(ge=0.0, le=0.5, strict=False)] | None = None
    # Each is computed in every tick.
    feed_forward: Annotated[list[FeedForwardTable], Field(max_length=8)] = Field(default_factory=list)
    schedule_on: Name | None = None
    schedule: Annotated[list[ScheduleTable], Field(max_length=16)] = Field(default_factory=list)


class InterlockTable(Table):
    """What every interlock has beside its condition, whose keys are in `config.conditions`."""

    delay: Annotated[float, measured("s", 0.0, 60.0)] = 0.0
    latching: bool = True
    forces: Annotated[list[Name], Field(max_length=MOST_CHANNELS)] = Field(default_factory=list)


Wavelength = Annotated[float, measured("nm", 100.0, 5000.0)]


class EmissionTable(Table):
    excitation: Name
    level: Quantity
    integration: Annotated[float, measured("s", 1e-5, 10.0)]
    scans: Annotated[int, Field(ge=1, le=1000)] = 1
    window: Annotated[list[Wavelength], Field(min_length=2, max_length=2)]
    # How long the diode shines before the exposure begins.
    settle: Annotated[float, measured("s", 0.0, 60.0)] = 1.0
    excitation_wavelength: Wavelength | None = None
    yield_factor: Annotated[float, Field(gt=0.0, le=1e12, strict=False)] | None = None


class SpectrometerTable(Table):
    device: Name
    lamp: Name
    lamp_level: Quantity
    integration: Annotated[float, measured("s", 1e-5, 10.0)]
    scans: Annotated[int, Field(ge=1, le=1000)] = 1
    window: Annotated[list[Wavelength], Field(min_length=2, max_length=2)]
    emission: EmissionTable | None = None


class RealtimeTable(Table):
    """What control asks of the kernel; where it is not permitted, it warns and goes on without."""

    priority: Annotated[int, Field(ge=1, le=99)] = 80
    cpu: Annotated[int, Field(ge=0, le=1023)] | None = None


class LeaseTable(Table):
    longest: Annotated[float, measured("s", 1.0, 86_400.0)] = 300.0


class SecurityTable(Table):
    trusted_keys: Annotated[list[Text], Field(max_length=64)] = Field(default_factory=list)
