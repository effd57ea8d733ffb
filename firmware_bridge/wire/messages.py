"""Every message on the wire, in one table: the source of these classes and of the board's C header.

Values stand in physical units here; `Wire` says how they lie on the wire. HELLO keeps its layout in every
protocol version and HELLO_REPLY only grows at its end, so that two versions can still tell each other apart.
"""

from __future__ import annotations

from binascii import crc32
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from firmware_bridge.wire import framing
from firmware_bridge.wire.layout import Layout, Message, MessageError, Wire

if TYPE_CHECKING:
    from collections.abc import Mapping

PROTOCOL_VERSION = 2

# What the largest board (an ATmega with six steppers) has; smaller ones leave the rest unused.
PUMP_AXES = 6
HEATERS = 2
TEMPERATURES = 4
PRESSURES = 2
LAMPS = 1
FREQUENCIES = 2
DUTIES = 2
DIGITALS = 4
PIXELS_PER_FRAME = 100

DEADMAN_MS = range(20, 10_001)
"""The dead-man times that a board takes."""


class ResetCause(IntEnum):
    """Why the board booted."""

    UNKNOWN = 0
    POWER_ON = 1
    EXTERNAL = 2
    BROWN_OUT = 3
    WATCHDOG = 4


class Status(IntFlag):
    """What INPUTS tells about the board itself."""

    CONFIGURED = 1 << 0
    DEADMAN = 1 << 1
    ESTOPPED = 1 << 2
    OVER_TEMPERATURE = 1 << 3
    SENSOR_FAULT = 1 << 4
    """A temperature that has a hard limit cannot be read."""
    STOP_PRESSED = 1 << 5
    """The stop input at this moment; a trip stays after its release."""
    LIMITED = 1 << 6
    """A pump rate or frequency asked for was held at its limit, or an output that is not there at 0."""


TRIPS: Final = Status.DEADMAN | Status.ESTOPPED | Status.OVER_TEMPERATURE | Status.SENSOR_FAULT
"""The states that hold all outputs at their safe values until CLEAR."""


class TripCause(IntEnum):
    """What last drove the outputs safe."""

    NONE = 0
    DEADMAN = 1
    HOST_STOP = 2
    STOP_INPUT = 3
    OVER_TEMPERATURE = 4
    SENSOR_FAULT = 5


class Refusal(IntEnum):
    """Why a peer did not do what it was asked."""

    UNKNOWN_TYPE = 1
    MALFORMED = 2
    OUT_OF_RANGE = 3
    CAUSE_STANDS = 4
    NO_SUCH_EXPOSURE = 5
    NO_SUCH_PIXEL = 6


U8 = Annotated[int, Wire("B")]
U16 = Annotated[int, Wire("H")]
U32 = Annotated[int, Wire("I")]
Text = Annotated[str, Wire("s", 16)]
PumpRates = Annotated[tuple[float, ...], Wire("I", PUMP_AXES, scale=1000, unit="steps/s")]
Accelerations = Annotated[tuple[int, ...], Wire("I", PUMP_AXES, unit="steps/s2")]
HeaterDuties = Annotated[tuple[float, ...], Wire("H", HEATERS, scale=65535)]
Frequencies = Annotated[tuple[float, ...], Wire("I", FREQUENCIES, scale=1000, unit="Hz")]
Duties = Annotated[tuple[float, ...], Wire("H", DUTIES, scale=65535)]
Duty = Annotated[float, Wire("H", scale=65535)]
Temperatures = Annotated[tuple[float, ...], Wire("h", TEMPERATURES, scale=100, unit="degC", absent=-32768)]
Pressures = Annotated[tuple[float, ...], Wire("H", PRESSURES, scale=10, unit="kPa", absent=65535)]
Milliseconds16 = Annotated[int, Wire("H", unit="ms")]
Milliseconds = Annotated[int, Wire("I", unit="ms")]
Microseconds = Annotated[int, Wire("I", unit="us")]


@dataclass(frozen=True, slots=True)
class Hello(Message):
    """Host: asks the board what it is. Changes nothing on it."""

    protocol: U8


@dataclass(frozen=True, slots=True)
class HelloReply(Message):
    """Board: its identity, and how much of the largest board it has."""

    # Protocol 1 ended with the serial number.
    FIRST_SIZE: ClassVar[int | None] = 43

    protocol: U8
    boot_id: U32
    reset_cause: Annotated[ResetCause, Wire("B", enum=ResetCause)]
    axes: U8
    heaters: U8
    temperatures: U8
    pressures: U8
    lamps: U8
    firmware: Text
    serial_number: Text
    frequencies: U8
    duties: U8
    digitals: U8


@dataclass(frozen=True, slots=True)
class Configure(Message):
    """Host: the limits and safe values to work under. All outputs go to these safe values."""

    deadman_ms: Milliseconds16
    safe_pump_steps_s: PumpRates
    safe_heater_duty: HeaterDuties
    safe_lamp_duty: Duty
    limit_c: Temperatures
    """Above it the board trips; NaN: no limit on this sensor."""
    limit_steps_s: PumpRates
    limit_steps_s2: Accelerations
    safe_frequency_hz: Frequencies
    limit_hz: Frequencies
    safe_duty: Duties


@dataclass(frozen=True, slots=True)
class Configured(Message):
    """Board: CRC-32 of the CONFIGURE payload that it works under now."""

    digest: U32


@dataclass(frozen=True, slots=True)
class Outputs(Message):
    """Host: the whole desired state of the outputs; the one message that feeds the dead-man's switch."""

    pump_steps_s: PumpRates
    heater_duty: HeaterDuties
    lamp_duty: Duty
    frequency_hz: Frequencies
    """0: off."""
    duty: Duties


@dataclass(frozen=True, slots=True)
class Inputs(Message):
    """Board: everything it senses and does, in answer to OUTPUTS, ESTOP and a CLEAR that it granted."""

    tick_ms: Milliseconds
    status: Annotated[Status, Wire("H", enum=Status)]
    temperatures_c: Temperatures
    pressures_kpa: Pressures
    pump_steps_s: PumpRates
    heater_duty: HeaterDuties
    lamp_duty: Duty
    frequency_hz: Frequencies
    duty: Duties
    digital_bits: U8
    """Digital input n in bit n, 1 when it is active."""


@dataclass(frozen=True, slots=True)
class Estop(Message):
    """Host: all outputs safe now, until CLEAR. Needs no configuration."""


@dataclass(frozen=True, slots=True)
class Clear(Message):
    """Host: leave the tripped state. REFUSED while a cause stands."""


@dataclass(frozen=True, slots=True)
class Faults(Message):
    """Host: asks for the counters of what went wrong."""


@dataclass(frozen=True, slots=True)
class FaultsReply(Message):
    """Board: counters since boot, and its last trip."""

    bad_crc: U32
    bad_cobs: U32
    overruns: U32
    """Frames longer than the receive buffer."""
    unknown_type: U32
    malformed: U32
    """Intact frames whose length or values are not those of their type."""
    deadman_trips: U32
    last_trip: Annotated[TripCause, Wire("B", enum=TripCause)]
    last_trip_ms: Milliseconds


@dataclass(frozen=True, slots=True)
class Refused(Message):
    """Board or spectrometer: not done, and why."""

    request: U8
    """Type number of what was asked."""
    reason: Annotated[Refusal, Wire("B", enum=Refusal)]


@dataclass(frozen=True, slots=True)
class Identify(Message):
    """Host: asks the spectrometer what it is."""


@dataclass(frozen=True, slots=True)
class Identity(Message):
    """Spectrometer: its identity; wavelength in nm of pixel p is the sum of coefficient[k] p^k."""

    model: Text
    serial_number: Text
    pixels: U16
    coefficients_nm: Annotated[tuple[float, ...], Wire("f", 4, unit="nm")]
    max_counts: U16
    min_integration_us: Microseconds
    max_integration_us: Microseconds


@dataclass(frozen=True, slots=True)
class Expose(Message):
    """Host: average `scans` exposures, starting now. Replaces an exposure under way."""

    integration_us: Microseconds
    scans: U16


@dataclass(frozen=True, slots=True)
class Exposing(Message):
    """Spectrometer: exposure started, or in answer to FETCH: not ended yet."""

    exposure_id: U16
    ready_in_ms: Milliseconds


@dataclass(frozen=True, slots=True)
class Fetch(Message):
    """Host: the counts of an exposure from this pixel on."""

    exposure_id: U16
    first_pixel: U16


@dataclass(frozen=True, slots=True)
class NotReady(Message):
    """Spectrometer: the exposure to fetch has not ended."""

    exposure_id: U16
    ready_in_ms: Milliseconds


@dataclass(frozen=True, slots=True)
class Pixels(Message):
    """Spectrometer: `count` pixels from `first_pixel` on; the rest of `counts` is zero."""

    exposure_id: U16
    first_pixel: U16
    count: U8
    counts: Annotated[tuple[int, ...], Wire("H", PIXELS_PER_FRAME)]


def _table(*rows: tuple[int, type[Message]]) -> Mapping[int, Layout]:
    return {number: Layout(number, message_class) for number, message_class in rows}


REPLY_BIT: Final = 0x80
"""Set in the number of every message that answers another."""

BOARD_REQUESTS: Final = _table(
    (0x01, Hello), (0x02, Configure), (0x03, Outputs), (0x04, Estop), (0x05, Clear), (0x06, Faults)
)
BOARD_REPLIES: Final = _table(
    (0x81, HelloReply), (0x82, Configured), (0x83, Inputs), (0x86, FaultsReply), (0xFF, Refused)
)
SPECTROMETER_REQUESTS: Final = _table((0x41, Identify), (0x42, Expose), (0x43, Fetch))
SPECTROMETER_REPLIES: Final = _table(
    (0xC1, Identity), (0xC2, Exposing), (0xC3, Pixels), (0xC4, NotReady), (0xFF, Refused)
)
_LAYOUTS: Final[Mapping[type[Message], Layout]] = {
    layout.message_class: layout
    for table in (BOARD_REQUESTS, BOARD_REPLIES, SPECTROMETER_REQUESTS, SPECTROMETER_REPLIES)
    for layout in table.values()
}


def encode(sequence: int, message: Message) -> bytes:
    """Write a message's whole frame, with its delimiter; MessageError when a value does not fit its field."""
    layout = _LAYOUTS[type(message)]
    return framing.encode(sequence, layout.number, layout.pack(message))


class UnknownTypeError(MessageError):
    """An intact frame whose type this side does not take."""


def decode(frame: framing.Frame, accepted: Mapping[int, Layout]) -> Message:
    """Read the message in a frame; UnknownTypeError, or MessageError when the payload is not of its type."""
    layout = accepted.get(frame.number)
    if layout is None:
        raise UnknownTypeError(f"message type 0x{frame.number:02X} is not expected here", frame.payload)
    return layout.unpack(frame.payload)


def digest(configure: Configure) -> int:
    """Compute what a board acknowledges a configuration with: CRC-32 of its payload."""
    return crc32(_LAYOUTS[Configure].pack(configure))
