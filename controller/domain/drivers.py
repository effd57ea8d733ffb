"""What configuration knows of an instrument's driver, without knowing the driver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DeviceSignal:
    """A signal that a device offers, in its own unit; `low` and `high` bound what an actuator takes."""

    unit: str
    low: float
    high: float
    actuator: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """What an instrument offers with given settings: its signals, or one line on why they can't be."""

    signals: Mapping[str, DeviceSignal] = field(default_factory=dict)
    fault: str = ""


@dataclass(frozen=True, slots=True)
class KnownInstrument:
    """A driver of instruments that a rig file may name.

    `options` gives its own keys, each with what it means; `describe` what it offers at an address with such
    options. Both may load the driver, so they are asked only for what a rig uses.
    """

    options: Callable[[], Mapping[str, str]]
    describe: Callable[[str, Mapping[str, str]], Offer]
