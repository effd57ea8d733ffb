"""Digital pins through the `RPi.GPIO` interface, whichever package brings it.

On a Raspberry Pi 5, and on kernels without /sys/class/gpio, that is rpi-lgpio; on older ones RPi.GPIO does as
well. Both install a module of the same name, so there is one of them in an environment.
"""

from __future__ import annotations

import importlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Literal, Protocol, cast

from firmware_bridge.devices.interfaces import DeviceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Pull = Literal["up", "down", "none"]

MODULE: Final = "RPi.GPIO"
_INSTALL: Final = (
    "install python3-rpi-lgpio with apt, or rpi-lgpio with pip; "
    'without pins to control, set driver = "simulated" or remove [pins]'
)
_ACCESS: Final = (
    "check that this is a Raspberry Pi, that this user is in the group 'gpio', that the working directory "
    "is writable (lgpio keeps a pipe there), and on a Pi 5 that rpi-lgpio is installed, not RPi.GPIO"
)
_TAKEN: Final = "see in `gpioinfo` whether another program or an overlay in config.txt holds it"


class Gpio(Protocol):
    """The part of the module `RPi.GPIO` that Ostwald uses. Channels are BCM numbers."""

    BCM: int
    IN: int
    OUT: int
    PUD_OFF: int
    PUD_UP: int
    PUD_DOWN: int

    def setwarnings(self, value: bool, /) -> None: ...

    def setmode(self, mode: int, /) -> None: ...

    def setup(
        self, channel: int, direction: int, /, pull_up_down: int = ..., initial: int | None = ...
    ) -> None: ...

    def input(self, channel: int, /) -> int: ...

    def output(self, channel: int, value: bool, /) -> None: ...

    def cleanup(self, channel: int, /) -> None: ...


def import_gpio() -> Gpio:
    """Import the module; DeviceError says what to install, or why it can't work here."""
    try:
        return cast("Gpio", importlib.import_module(MODULE))
    except ModuleNotFoundError as error:
        raise DeviceError(f"no module {error.name} to reach the pins with: {_INSTALL}") from error
    except (ImportError, RuntimeError, OSError) as error:
        # Both packages look for their hardware while they are imported.
        raise DeviceError(f"{MODULE} can't reach the pins: {error}; {_ACCESS}") from error


class DigitalPins:
    """Pins set up for one program. Every failing call raises DeviceError."""

    def __init__(self, gpio: Gpio, inputs: Mapping[int, Pull], outputs: Mapping[int, bool]) -> None:
        """Set all pins up, outputs first; `outputs` maps each to its inactive level, where it starts."""
        self._gpio = gpio
        self._failures = _failures_of(gpio)
        self._inputs = tuple(inputs)
        self._outputs = dict(outputs)
        with self._naming("the pins can't be opened", _ACCESS):
            # What it would warn of is a pin left set up by a run that was killed: ours again.
            gpio.setwarnings(False)
            gpio.setmode(gpio.BCM)
        pulls: Mapping[Pull, int] = {"up": gpio.PUD_UP, "down": gpio.PUD_DOWN, "none": gpio.PUD_OFF}
        for pin, level in outputs.items():
            with self._naming(f"GPIO {pin} can't be set up", _TAKEN):
                gpio.setup(pin, gpio.OUT, initial=int(level))
        for pin, pull in inputs.items():
            with self._naming(f"GPIO {pin} can't be set up", _TAKEN):
                gpio.setup(pin, gpio.IN, pull_up_down=pulls[pull])

    def read(self, pin: int) -> bool:
        """Return the level: True is high."""
        try:
            return bool(self._gpio.input(pin))
        except self._failures as error:
            raise DeviceError(f"GPIO {pin} can't be read: {error}") from error

    def write(self, pin: int, level: bool) -> None:
        try:
            self._gpio.output(pin, level)
        except self._failures as error:
            raise DeviceError(f"GPIO {pin} can't be written: {error}") from error

    def close(self) -> None:
        """Leave every output inactive, let go of the inputs; try all, then raise for the first failure.

        An output ends as an input pulled to its inactive level: `cleanup` would leave it floating.
        """
        gpio, problems = self._gpio, []
        for pin, level in self._outputs.items():
            try:
                gpio.output(pin, level)
                gpio.setup(pin, gpio.IN, pull_up_down=gpio.PUD_UP if level else gpio.PUD_DOWN)
            except self._failures as error:
                problems.append(f"GPIO {pin} can't be released: {error}")
        for pin in self._inputs:
            try:
                gpio.cleanup(pin)
            except self._failures as error:
                problems.append(f"GPIO {pin} can't be released: {error}")
        if problems:
            raise DeviceError(problems[0])

    @contextmanager
    def _naming(self, what: str, remedy: str) -> Iterator[None]:
        try:
            yield
        except self._failures as error:
            raise DeviceError(f"{what}: {error}; {remedy}") from error


def _failures_of(gpio: Gpio) -> tuple[type[Exception], ...]:
    """Collect what a module raises: rpi-lgpio lets through lgpio's own error, which is a bare Exception."""
    own = getattr(getattr(gpio, "lgpio", None), "error", None)
    known: tuple[type[Exception], ...] = (RuntimeError, ValueError, OSError)
    return (*known, own) if isinstance(own, type) and issubclass(own, Exception) else known
