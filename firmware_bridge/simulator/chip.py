"""A simulated chip behind the `RPi.GPIO` interface; its levels stand in a small file that both ends map.

The near end is the driver, in the words of RPi.GPIO. The far end is whoever opens the same file, in a test or
in another process: it presses the button with `drive` and reads the lamps with `level`. Each field is one
byte, so neither end ever sees half a change.
"""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING, Final

from firmware_bridge.errors import BridgeError

if TYPE_CHECKING:
    from pathlib import Path

PINS: Final = 28
_MAGIC: Final = b"OPIN"
_SIZE: Final = len(_MAGIC) + 4 * PINS
# Four bytes a pin: what it is, its own pull, what the far end does to it, what it drives.
_FUNCTION, _PULL, _DRIVEN, _OUTPUT = range(4)
_UNUSED, _AN_INPUT, _AN_OUTPUT = range(3)
_FLOATING, _LOW, _HIGH = range(3)


class SimulatedChip:
    """One end of a chip. Fails as the real module does: RuntimeError and ValueError for wrong use."""

    BCM = 11
    IN = 1
    OUT = 0
    PUD_OFF = 20
    PUD_DOWN = 21
    PUD_UP = 22

    def __init__(self, path: Path) -> None:
        """Map the file at `path`, made if there is none; BridgeError for one that is something else."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
        except OSError as error:
            raise BridgeError(f"simulated pins: {path}: {error.strerror}; name a writable place") from error
        try:
            size = os.fstat(descriptor).st_size
            if size not in (0, _SIZE):
                raise BridgeError(f"simulated pins: {path} is another file: remove it, or name another place")
            os.ftruncate(descriptor, _SIZE)
            self._memory = mmap.mmap(descriptor, _SIZE)
        finally:
            os.close(descriptor)
        self.fresh = self._memory[: len(_MAGIC)] == bytes(len(_MAGIC))
        """Whether nobody has used this file before."""
        if self.fresh:
            self._memory[: len(_MAGIC)] = _MAGIC
        elif self._memory[: len(_MAGIC)] != _MAGIC:
            self._memory.close()
            raise BridgeError(f"simulated pins: {path} is another file: remove it, or name another place")
        self._mode: int | None = None

    def setwarnings(self, _value: bool) -> None:
        """Warn of nothing, whatever the value: the simulated chip has no other users."""

    def setmode(self, mode: int) -> None:
        if mode != self.BCM:
            raise ValueError("the simulated chip numbers its pins as BCM does")
        self._mode = mode

    def setup(
        self, channel: int, direction: int, pull_up_down: int = PUD_OFF, initial: int | None = None
    ) -> None:
        """Make a pin an input with a pull, or an output with an initial level."""
        self._check(channel)
        if direction == self.OUT:
            if pull_up_down != self.PUD_OFF:
                raise ValueError("an output has no pull_up_down")
            if initial is not None:
                self._put(channel, _OUTPUT, int(bool(initial)))
        elif direction != self.IN:
            raise ValueError(f"{direction} is neither IN nor OUT")
        elif initial is not None:
            raise ValueError("an input has no initial level")
        elif pull_up_down not in (self.PUD_OFF, self.PUD_DOWN, self.PUD_UP):
            raise ValueError(f"{pull_up_down} is no value of pull_up_down")
        self._put(channel, _PULL, (pull_up_down - self.PUD_OFF))
        self._put(channel, _FUNCTION, _AN_OUTPUT if direction == self.OUT else _AN_INPUT)

    def input(self, channel: int) -> int:
        """Read the level on a pin: of an output, what it drives."""
        self._check(channel)
        if self._get(channel, _FUNCTION) == _UNUSED:
            raise RuntimeError(f"GPIO {channel} has not been set up")
        return int(self.level(channel))

    def output(self, channel: int, value: bool) -> None:
        self._check(channel)
        if self._get(channel, _FUNCTION) != _AN_OUTPUT:
            raise RuntimeError(f"GPIO {channel} has not been set up as an output")
        self._put(channel, _OUTPUT, int(bool(value)))

    def cleanup(self, channel: int) -> None:
        """Let go of a pin: it floats, unless the far end drives it."""
        self._check(channel)
        self._put(channel, _FUNCTION, _UNUSED)
        self._put(channel, _PULL, _FLOATING)

    def drive(self, pin: int, level: bool | None) -> None:
        """Put a level on a pin from outside; None cuts the wire."""
        self._check_pin(pin)
        self._put(pin, _DRIVEN, _FLOATING if level is None else _HIGH if level else _LOW)

    def level(self, pin: int) -> bool:
        """Measure a pin: what it drives, else what is driven into it, else its pull. Floating reads low."""
        self._check_pin(pin)
        if self._get(pin, _FUNCTION) == _AN_OUTPUT:
            return bool(self._get(pin, _OUTPUT))
        driven = self._get(pin, _DRIVEN)
        return (self._get(pin, _PULL) if driven == _FLOATING else driven) == _HIGH

    def close(self) -> None:
        """Unmap the file, which stays as it is for the other end."""
        self._memory.close()

    def _check(self, channel: int) -> None:
        if self._mode is None:
            raise RuntimeError("setmode comes first")
        self._check_pin(channel)

    def _check_pin(self, pin: int) -> None:
        if not 0 <= pin < PINS:
            raise ValueError(f"there is no GPIO {pin}: they run from 0 to {PINS - 1}")

    def _get(self, pin: int, field: int) -> int:
        return self._memory[len(_MAGIC) + 4 * pin + field]

    def _put(self, pin: int, field: int, value: int) -> None:
        self._memory[len(_MAGIC) + 4 * pin + field] = value
