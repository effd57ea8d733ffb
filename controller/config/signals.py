"""What signals a device offers, by the kind of device: the vocabulary of `signal` in a rig file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.domain.plan import ChannelPlan

BOARD: Final = "board"
SPECTROMETER: Final = "spectrometer"
INSTRUMENT: Final = "instrument"


@dataclass(frozen=True, slots=True)
class Signal:
    """A kind of signal in its device's own unit.

    `count` is how many the largest board has, 0 for one that carries no number. Actuators take device
    values from `least` to `most`.
    """

    count: int
    unit: str
    actuator: bool = False
    most: float = 0.0
    least: float = 0.0
    steps: bool = False
    """Its device counts steps, of which the channel says how many go to a uL."""
    analog: bool = False
    """Whatever an instrument sends: a channel may say what its values stand for."""

    @property
    def reach(self) -> str:
        """`most` in words."""
        if self.steps:
            return f"{self.most:g} steps/s"
        return "100 %" if self.unit == "1" and self.most == 1.0 else f"{self.most:g} {self.unit}"


# Pumps: uL/s, times the channel's steps per uL; the board counts mHz of steps and of frequencies in 32 bits.
SIGNALS: Final[Mapping[str, Signal]] = {
    "pump": Signal(6, "uL/s", actuator=True, most=4_000_000.0, steps=True),
    "heater": Signal(2, "1", actuator=True, most=1.0),
    "lamp": Signal(0, "1", actuator=True, most=1.0),
    "frequency": Signal(2, "Hz", actuator=True, most=4_000_000.0),
    "duty": Signal(2, "1", actuator=True, most=1.0),
    "temperature": Signal(4, "degC"),
    "pressure": Signal(2, "kPa", analog=True),
    "digital": Signal(4, "1"),
    "stop": Signal(0, "1"),
}


def is_pump(channel: ChannelPlan) -> bool:
    """Whether the channel moves liquid: a board's pump, or an instrument's flow."""
    return channel.is_actuator and kind_of(channel.signal) in ("pump", "flow")


def kind_of(signal: str) -> str:
    """Return the kind in a signal's name: "heater" of "heater.1"."""
    return signal.partition(".")[0]


def find(signal: str) -> Signal | None:
    """Look a signal up by its full name; None when no board has it."""
    kind, dot, number = signal.partition(".")
    found = SIGNALS.get(kind)
    if found is None or bool(dot) != bool(found.count):
        return None
    if dot and number not in {str(index) for index in range(found.count)}:
        return None
    return found


def names() -> list[str]:
    """List every signal of the largest board."""
    return [
        f"{kind}.{index}" if signal.count else kind
        for kind, signal in SIGNALS.items()
        for index in range(max(signal.count, 1))
    ]
