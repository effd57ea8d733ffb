"""What the simulated devices and the physical model say to each other.

The devices speak bytes to the host and these values to the plant: pins and quantities on one side,
chemistry and physics on the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from firmware_bridge.wire.messages import ResetCause, Status


@dataclass(frozen=True, slots=True)
class Drive:
    """What the board's pins, and the state of the tubing, do to the plant during one step."""

    pump_steps_s: tuple[float, ...]
    heater_duty: tuple[float, ...]
    lamp_duty: float
    frequency_hz: tuple[float, ...] = ()
    duty: tuple[float, ...] = ()
    resistance: float = 1.0
    """Of the tubing to flow, over that of clean tubing."""
    lost_share: float = 0.0
    """Of what the pumps deliver, what a leak at their fittings lets out."""
    running_out: tuple[tuple[int, float], ...] = ()
    """Pump axes whose bottle holds only so many microlitres more, from the first step on that names them."""


@dataclass(frozen=True, slots=True)
class Sensed:
    """What the plant's sensors show the board at the end of one step."""

    temperatures_c: tuple[float, ...]
    pressures_kpa: tuple[float, ...]
    stop_pressed: bool
    digitals: tuple[bool, ...] = ()
    """What the digital inputs see, from input 0; an input beyond them is not active."""


@dataclass(frozen=True, slots=True)
class BoardEvent:
    """Something that a person at the board would want to have seen."""

    index: int
    """Counts up from 0, so that a reader can tell what it missed."""
    time_s: float
    text: str

    def __str__(self) -> str:
        return f"t={self.time_s:.3f} s board {self.text}"


class SimulatedBoard(Protocol):
    """A board between its serial port and the plant, in simulated time: the twin, or the firmware itself."""

    @property
    def drive(self) -> Drive:
        """What the pins do now."""
        ...

    @property
    def status(self) -> Status:
        """What the board says of itself."""
        ...

    def feed(self, chunk: bytes) -> bytes:
        """Take bytes from the host and return what the board has answered by now."""
        ...

    def advance(self, dt_s: float) -> Drive:
        """Let `dt_s` pass; return what the pins do to the plant meanwhile."""
        ...

    def sense(self, sensed: Sensed) -> None:
        """Show the board its sensors, its digital inputs and its stop input."""
        ...

    def reboot(self, cause: ResetCause) -> None:
        """Reset it as if by this cause."""
        ...

    def events_after(self, index: int) -> list[BoardEvent]:
        """List the events kept whose index is above `index`; -1 for all."""
        ...


class Plant(Protocol):
    """A synthesis: pumps, zones, tubing, chemistry and the light path."""

    def advance(self, dt_s: float, drive: Drive) -> Sensed:
        """Move the plant by `dt_s` under a constant drive."""
        ...

    @property
    def wavelengths_nm(self) -> NDArray[np.float64]:
        """Centre wavelength of each spectrometer pixel, shape (pixels,)."""
        ...

    def expose(self, integration_s: float, scans: int) -> NDArray[np.float64]:
        """Mean detector counts of `scans` exposures that end now, shape (pixels,)."""
        ...
