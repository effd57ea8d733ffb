"""What a lab instrument's driver is: scripts of questions and answers, without a line and without a clock.

A script is a generator. It yields an `Ask` and is sent the whole answer; who runs it owns the line, waits
and counts the time. So a driver reads like the manual's dialogue, and its tests are transcripts:

    def _read_flow(self) -> Script[float]:
        answer = yield self._ask(b"RAT")
        return self._parse_rate(answer)

Raised in a script: NoAnswerError at the `yield` whose answer did not come in time, DeviceError for an answer
that is not what the manual says, RestartedError for one that shows that `configure` no longer holds. Who runs
the script decides what follows.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Protocol, TypeAlias, TypeVar

from firmware_bridge.devices.interfaces import DeviceError

T = TypeVar("T")


class RestartedError(DeviceError):
    """The instrument has lost its configuration, as after a power cut: it is configured anew."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request.

    `ends` gets all bytes since it was sent, one at least, and returns how many of them are the answer; 0: not
    complete yet. None in its place: nothing answers, and the script goes on once the bytes are out.
    ValueError from it: these bytes can't become an answer; they are damage, and the request is repeated.
    `quiet_s` is how long the line must have been silent before, as Modbus RTU wants it.
    """

    data: bytes
    ends: Callable[[bytes], int] | None
    timeout_s: float = 0.5
    quiet_s: float = 0.0
    # Asked again so often before NoAnswerError; 0 for what must not be done twice.
    repeats: int = 1


Script: TypeAlias = Generator[Ask, bytes, T]


class Purpose(StrEnum):
    """What a person would call an instrument; the contract suite has one part for each."""

    PUMP = "pump"
    TEMPERATURE = "temperature"
    VALVE = "valve"
    SENSOR = "sensor"


@dataclass(frozen=True, slots=True)
class SignalFacts:
    """One signal that an instrument offers, in its device's own unit, as pint spells it.

    `low` and `high` bound what an actuator takes; of a sensor they are what it can read.
    """

    unit: str
    low: float
    high: float
    actuator: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """What an instrument says of itself; empty where its protocol can't tell."""

    model: str
    serial_number: str = ""
    firmware: str = ""


@dataclass(frozen=True, slots=True)
class InstrumentSettings:
    """What the rig file says of one instrument.

    `address` is its place on a shared line, empty where it is alone. `options` are the driver's own keys,
    as text with units ("syringe": "BD Plastic 10 mL"); `used` the signals that the rig uses; `safe` what
    each used actuator becomes when things go wrong.
    """

    address: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    used: tuple[str, ...] = ()
    safe: Mapping[str, float] = field(default_factory=dict)
    serial_number: str = ""


class Instrument(Protocol):
    """One instrument's driver. Made from its settings; DeviceError names a setting that can't be.

    Every script may be abandoned between two asks; the next one must cope with what is left of it.
    """

    PURPOSE: ClassVar[Purpose]
    OPTIONS: ClassVar[Mapping[str, str]]
    """The keys of `options`, each with one line on what it means."""

    def __init__(self, settings: InstrumentSettings) -> None: ...

    @property
    def signals(self) -> Mapping[str, SignalFacts]:
        """What it offers with these settings: the range of a pump follows from its syringe."""
        ...

    @property
    def refresh_s(self) -> float:
        """How often outputs that did not change are written again, as watchdogs want it; 0: never."""
        ...

    def identify(self) -> Script[Identity]:
        """Find out what is there; DeviceError when it is another model than this driver's."""
        ...

    def configure(self) -> Script[None]:
        """Bring it into the mode and the units that the other scripts rely on; outputs go safe."""
        ...

    def read(self) -> Script[Mapping[str, float]]:
        """Read what the used signals are, actuators included; NaN for one that is broken or absent."""
        ...

    def write(self, wanted: Mapping[str, float]) -> Script[None]:
        """Make the used actuators so; it is given those that changed, or all when it is time to refresh."""
        ...

    def stop(self) -> Script[None]:
        """Bring every output to its safe value at once, in as few asks as there can be."""
        ...
