"""The pins of the computer itself, as plain data: what is wired where, what they read, what they show.

Pins carry their BCM numbers. Active means that the thing on the pin is in force: a button pressed, a lamp
lit, a relay pulled in; `active_high` tells which level that is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Pull = Literal["up", "down", "none"]

RPI_GPIO: Final = "rpi-gpio"
SIMULATED: Final = "simulated"
DRIVERS: Final = (RPI_GPIO, SIMULATED)
LAST_PIN: Final = 27
"""The 40-pin header carries BCM 0 to 27."""


@dataclass(frozen=True, slots=True)
class InputPin:
    """A contact: active once it has been so for `debounce_s`."""

    pin: int
    active_high: bool
    pull: Pull
    debounce_s: float


@dataclass(frozen=True, slots=True)
class OutputPin:
    pin: int
    active_high: bool


@dataclass(frozen=True, slots=True)
class NamedInput:
    """A digital input that is also a sensor channel of this name, 0 or 1."""

    name: str
    input: InputPin


@dataclass(frozen=True, slots=True)
class PinsPlan:
    """What a rig uses of the header. `driver` is one of `DRIVERS`; None: not wired."""

    driver: str
    stop: InputPin | None = None
    heater_relay: OutputPin | None = None
    watchdog: OutputPin | None = None
    red: OutputPin | None = None
    amber: OutputPin | None = None
    green: OutputPin | None = None
    buzzer: OutputPin | None = None
    inputs: tuple[NamedInput, ...] = ()


@dataclass(frozen=True, slots=True)
class PinInputs:
    """The pins at one tick, debounced; `levels` in the order of the plan's inputs.

    A chip that fails can't tell that nobody presses the button: unhealthy comes with `stop_pressed`.
    """

    stop_pressed: bool
    healthy: bool
    levels: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class PinOutputs:
    """What the pins are to show. `relay` lets the heaters have their supply."""

    relay: bool
    red: bool
    amber: bool
    green: bool
    buzzer: bool


@dataclass(frozen=True, slots=True)
class WatchdogPlan:
    """The hardware watchdog: it restarts the computer once the tick has been silent for `timeout_s`."""

    device: str
    timeout_s: int
