"""What the rest of Ostwald sees of a device: quantities and states, no bytes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, ClassVar, Protocol

from firmware_bridge.errors import BridgeError

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Mapping

    from firmware_bridge.devices.instruments.base import InstrumentSettings
    from firmware_bridge.link.interfaces import Link
    from firmware_bridge.wire.messages import FaultsReply, HelloReply, Status


class DeviceError(BridgeError):
    """A device answered, but not with what it was asked for."""


class NoAnswerError(DeviceError):
    """A device stayed silent through every retry."""


class NotReadyError(DeviceError):
    """An exposure has not ended yet."""

    def __init__(self, ready_in_s: float) -> None:
        super().__init__(f"the exposure ends in {ready_in_s:.3f} s: fetch it then")
        self.ready_in_s = ready_in_s


class BoardState(Enum):
    """How far a driver and its board have come with each other."""

    CONNECTING = "connecting"
    """Never heard of it, or it booted anew."""
    CONFIGURING = "configuring"
    READY = "ready"
    """The one state in which outputs are sent."""
    LOST = "lost"
    """Heard of it before, but the line is down or silent."""


@dataclass(frozen=True, slots=True)
class Axis:
    """What one pump may do, and what it does when things go wrong."""

    limit_steps_s: float
    limit_steps_s2: int
    safe_steps_s: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.safe_steps_s <= self.limit_steps_s or self.limit_steps_s2 <= 0:
            raise DeviceError(f"{self}: needs 0 <= safe rate <= limit, and an acceleration above 0")


@dataclass(frozen=True, slots=True)
class FrequencyOutput:
    """What one frequency output may do, and what it does when things go wrong; 0 Hz is off."""

    limit_hz: float
    safe_hz: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.safe_hz <= self.limit_hz:
            raise DeviceError(f"{self}: needs 0 <= safe frequency <= limit")


@dataclass(frozen=True, slots=True)
class BoardConfiguration:
    """What a rig uses of its board; the lengths of the tuples say how many of each."""

    deadman_s: float
    axes: tuple[Axis, ...]
    safe_heater_duty: tuple[float, ...]
    limit_c: tuple[float | None, ...]
    """Hard limit of each temperature; None: the board checks none."""
    pressures: int = 0
    lamps: int = 0
    safe_lamp_duty: float = 0.0
    serial_number: str | None = None
    """The one board that this rig is wired to; None: whichever is plugged in."""
    frequencies: tuple[FrequencyOutput, ...] = ()
    safe_duty: tuple[float, ...] = ()
    """Of each general duty output."""
    digitals: int = 0


@dataclass(frozen=True, slots=True)
class BoardOutputs:
    """The whole desired state of a board's outputs: steps/s, duties from 0 to 1, and Hz, where 0 is off."""

    pump_steps_s: tuple[float, ...]
    heater_duty: tuple[float, ...]
    lamp_duty: float
    frequency_hz: tuple[float, ...] = ()
    duty: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class BoardInputs:
    """What a board senses and does. NaN: a sensor that is absent or broken."""

    received_s: float
    """When it came, on the clock that `poll` was given."""
    board_s: float
    """The board's own clock, since its boot; wraps after 49.7 days."""
    status: Status
    temperatures_c: tuple[float, ...]
    pressures_kpa: tuple[float, ...]
    pump_steps_s: tuple[float, ...]
    heater_duty: tuple[float, ...]
    lamp_duty: float
    frequency_hz: tuple[float, ...] = ()
    duty: tuple[float, ...] = ()
    digitals: tuple[bool, ...] = ()
    """True: the input is active."""


@dataclass(slots=True)
class LinkStatistics:
    """What a driver has seen of its line since it was made."""

    frames_sent: int = 0
    frames_received: int = 0
    retries: int = 0
    damaged: int = 0
    """Pieces of the stream that were no frame, or frames that were no message of a board."""
    out_of_order: int = 0
    """Replies to what was asked long before, or never."""
    lost: int = 0
    """Requests without a reply in time."""
    held: int = 0
    """Outputs not sent, because the line or the board was behind."""
    reboots: int = 0
    reconnects: int = 0
    round_trip_s: float = 0.0
    """Smoothed, as seen by the polls: never finer than their period."""
    round_trip_max_s: float = 0.0


class ControlBoard(Protocol):
    """The board as the control tick sees it. No call waits, and no failing line raises."""

    @property
    def state(self) -> BoardState: ...

    @property
    def problem(self) -> str | None:
        """One line on what stands between the driver and a working board; None: nothing does."""
        ...

    @property
    def identity(self) -> HelloReply | None:
        """What the board said of itself when it was last greeted."""
        ...

    @property
    def faults(self) -> FaultsReply | None:
        """The board's answer to the last `request_faults`."""
        ...

    @property
    def statistics(self) -> LinkStatistics: ...

    def poll(self, now_s: float) -> BoardInputs | None:
        """Read the line and do what is due on it; the newest inputs, or None when none came."""
        ...

    def send(self, outputs: BoardOutputs, now_s: float) -> None:
        """Send the desired state if the board is ready; MessageError for a value that no wire can carry."""
        ...

    def estop(self, now_s: float) -> None:
        """Drive all outputs safe, and say so again in `poll` until the board confirms it."""
        ...

    def clear(self, now_s: float) -> None:
        """Ask the board, if it is ready, to leave its tripped state; `problem` tells if it refused."""
        ...

    def request_faults(self, now_s: float) -> None:
        """Ask for the board's fault counters; they appear in `faults` after a later poll."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class SpectrometerIdentity:
    """What a spectrometer is. `wavelengths_nm` has one value for each pixel, rising."""

    model: str
    serial_number: str
    wavelengths_nm: array[float]
    max_counts: int
    min_integration_s: float
    max_integration_s: float

    @property
    def pixels(self) -> int:
        return len(self.wavelengths_nm)


@dataclass(frozen=True, slots=True)
class Exposure:
    """An exposure under way."""

    id: int
    ready_in_s: float
    """From the moment of the call that started it."""


class Spectrometer(Protocol):
    """A spectrometer as a worker thread sees it: calls wait for the wire, never for the light."""

    def identify(self) -> SpectrometerIdentity: ...

    def start(self, integration_s: float, scans: int) -> Exposure:
        """Start to average `scans` exposures of `integration_s` each. Ends the exposure before it."""
        ...

    def fetch(self, exposure: Exposure) -> array[int]:
        """Read the counts, one for each pixel. NotReadyError: ask again after its `ready_in_s`."""
        ...

    def close(self) -> None: ...


class DescribedSpectrometer(Spectrometer, Protocol):
    """A spectrometer's driver that is made from what the rig file says of it.

    DeviceError from its making names a setting that is missing or can't be; nothing is opened yet.
    """

    OPTIONS: ClassVar[Mapping[str, str]]
    """The keys of `options`, each with one line on what it means."""

    def __init__(self, open_link: Callable[[], Link], settings: InstrumentSettings) -> None: ...
