"""What is wired where on each board that the firmware runs on: the one source of its pinout headers.

Levels are the same everywhere. Step pulses and direction "forward" are high; driver enable is low, as on all
common stepper drivers. Heaters, lamp, frequency and duty outputs are high when on. Digital inputs have the
chip's pull-up and are active when low. The stop input has the pull-up, too, and a normally closed contact to
ground: pressed, or its wire broken, it is high.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

TICK_HZ: Final = 16_000
"""Timer 1 interrupts so often, by compare A; every pulse begins and ends on such a tick."""
HEATER_SLOT_MS: Final = 20
"""A heater changes its state at most once a slot: a mains cycle at 50 Hz, for zero-crossing relays."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One pin of a port, and what is printed beside it."""

    port: str
    bit: int
    label: str

    def __post_init__(self) -> None:
        if self.port not in "ABCDEFGHJKL" or not 0 <= self.bit <= 7:
            raise ValueError(f"{self}: a port is one letter and has bits 0 to 7")


@dataclass(frozen=True, slots=True)
class Axis:
    """The driver of one stepper. Several axes may share one enable pin."""

    step: Pin
    direction: Pin
    enable: Pin


class Amplifier(Enum):
    """A thermocouple amplifier with SPI, type K."""

    MAX31855 = 1
    """SPI mode 0; one frame of 32 bits."""
    MAX31856 = 2
    """SPI mode 1; registers."""


@dataclass(frozen=True, slots=True)
class Thermocouple:
    """A thermocouple behind its amplifier, selected when `select` is low."""

    amplifier: Amplifier
    select: Pin


@dataclass(frozen=True, slots=True)
class Thermistor:
    """A thermistor to ground, pulled up to the ADC's reference; see `circuits`."""

    adc: int
    """Channel of the ADC. Below 8: its only ones that a simulated ATmega2560 has."""
    label: str


@dataclass(frozen=True, slots=True)
class PressureSensor:
    """A ratiometric pressure transducer; see `circuits`."""

    adc: int
    label: str


@dataclass(frozen=True, slots=True)
class Spi:
    """The chip's own SPI pins; `select` is its slave-select pin, an output so that it stays master."""

    clock: Pin
    to_device: Pin
    from_device: Pin
    select: Pin


@dataclass(frozen=True, slots=True)
class Pinout:
    """One board. Index n of a tuple is output or input n of the protocol."""

    name: str
    mcu: str
    """As avr-gcc and simavr call it."""
    ram_bytes: int
    flash_bytes: int
    """What the bootloader leaves of it."""
    axes: tuple[Axis, ...]
    heaters: tuple[Pin, ...]
    lamps: tuple[Pin, ...]
    frequencies: tuple[Pin, ...]
    duties: tuple[Pin, ...]
    temperatures: tuple[Thermistor | Thermocouple, ...]
    pressures: tuple[PressureSensor, ...]
    digitals: tuple[Pin, ...]
    stop: Pin
    spi: Spi
    f_cpu_hz: int = 16_000_000
    uart: int = 0
    """8 data bits, no parity, one stop bit."""
    baud: int = 250_000
    """Divides the clock without a rest; 115200 would be 2.1 % off."""

    @property
    def output_pins(self) -> tuple[Pin, ...]:
        """Every pin that the firmware drives, but the SPI's, each once."""
        axes = (pin for axis in self.axes for pin in (axis.step, axis.direction, axis.enable))
        return tuple(dict.fromkeys((*axes, *self.heaters, *self.lamps, *self.frequencies, *self.duties)))

    @property
    def selects(self) -> tuple[Pin, ...]:
        """The select pins of the thermocouple amplifiers."""
        return tuple(each.select for each in self.temperatures if isinstance(each, Thermocouple))


MEGA2560: Final = Pinout(
    name="mega2560",
    mcu="atmega2560",
    ram_bytes=8192,
    flash_bytes=262_144 - 8192,
    axes=tuple(
        Axis(
            step=Pin("A", n, f"D{22 + n}"),
            direction=Pin("L", n, f"D{49 - n}"),
            enable=Pin("K", n, f"A{8 + n}"),
        )
        for n in range(6)
    ),
    heaters=(Pin("C", 3, "D34"), Pin("C", 4, "D33")),
    lamps=(Pin("C", 0, "D37"),),
    frequencies=(Pin("A", 6, "D28"), Pin("A", 7, "D29")),
    duties=(Pin("C", 1, "D36"), Pin("C", 2, "D35")),
    temperatures=(
        Thermistor(0, "A0"),
        Thermistor(1, "A1"),
        Thermocouple(Amplifier.MAX31855, Pin("B", 4, "D10")),
        Thermocouple(Amplifier.MAX31856, Pin("B", 5, "D11")),
    ),
    pressures=(PressureSensor(2, "A2"), PressureSensor(3, "A3")),
    digitals=tuple(Pin("D", n, f"D{21 - n}") for n in range(4)),
    stop=Pin("E", 4, "D2"),
    spi=Spi(
        clock=Pin("B", 1, "D52"),
        to_device=Pin("B", 2, "D51"),
        from_device=Pin("B", 3, "D50"),
        select=Pin("B", 0, "D53"),
    ),
)
"""Arduino Mega 2560: everything that the protocol knows."""

UNO328P: Final = Pinout(
    name="uno328p",
    mcu="atmega328p",
    ram_bytes=2048,
    flash_bytes=32_768 - 2048,
    axes=tuple(
        Axis(
            step=Pin("D", 2 + n, f"D{2 + n}"),
            direction=Pin("D", 5 + n, f"D{5 + n}"),
            enable=Pin("B", 0, "D8"),
        )
        for n in range(3)
    ),
    heaters=(Pin("B", 1, "D9"),),
    lamps=(Pin("C", 3, "A3"),),
    frequencies=(Pin("C", 2, "A2"),),
    duties=(),
    temperatures=(Thermistor(1, "A1"), Thermocouple(Amplifier.MAX31855, Pin("B", 2, "D10"))),
    pressures=(PressureSensor(4, "A4"),),
    digitals=(Pin("C", 5, "A5"),),
    stop=Pin("C", 0, "A0"),
    spi=Spi(
        clock=Pin("B", 5, "D13"),
        to_device=Pin("B", 3, "D11"),
        from_device=Pin("B", 4, "D12"),
        select=Pin("B", 2, "D10"),
    ),
)
"""Arduino Uno or Nano: all 18 pins; its steppers sit as on the CNC shield of version 3."""

PINOUTS: Final[Mapping[str, Pinout]] = {pinout.name: pinout for pinout in (MEGA2560, UNO328P)}
