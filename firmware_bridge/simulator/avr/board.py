"""The board's real firmware, run in simavr: the same face as `BoardTwin`, with nothing of it imitated.

What the plant shows becomes volts, SPI bytes and pin levels; what the firmware does to its pins becomes the
plant's drive. Bytes take their time on the line, so an answer comes with a later `feed`.
"""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, Final

from firmware_bridge.firmware.pinout import Amplifier, Thermistor
from firmware_bridge.simulator.avr import sensors
from firmware_bridge.simulator.avr.controller import Controller, Silicon
from firmware_bridge.simulator.avr.meters import DutyMeter, FrequencyMeter, StepMeter
from firmware_bridge.simulator.avr.witness import Witness
from firmware_bridge.simulator.interfaces import Drive
from firmware_bridge.wire import messages as m

if TYPE_CHECKING:
    from pathlib import Path

    from firmware_bridge.firmware.pinout import Pin, Pinout, PressureSensor, Thermocouple
    from firmware_bridge.simulator.avr.native import PinCount
    from firmware_bridge.simulator.interfaces import BoardEvent, Sensed

_MCUSR: Final = {
    m.ResetCause.UNKNOWN: 0,
    m.ResetCause.POWER_ON: 1 << 0,
    m.ResetCause.EXTERNAL: 1 << 1,
    m.ResetCause.BROWN_OUT: 1 << 2,
    m.ResetCause.WATCHDOG: 1 << 3,
}
"""Bits of MCUSR, the same on both controllers."""


class _Meters:
    """Everything that the board drives, read as the plant feels it."""

    def __init__(self, controller: Controller, pinout: Pinout) -> None:
        self._controller = controller
        self._clock_hz = pinout.f_cpu_hz
        self._cycle = controller.cycle
        watched: dict[Pin, int] = {}

        def watch(pin: Pin) -> int:
            if pin not in watched:
                watched[pin] = controller.watch(pin)
            return watched[pin]

        self.steps = [
            controller.watch(axis.step, direction=watch(axis.direction), enable=watch(axis.enable))
            for axis in pinout.axes
        ]
        self.switched = [watch(pin) for pin in (*pinout.heaters, *pinout.lamps, *pinout.duties)]
        self.frequencies = [watch(pin) for pin in pinout.frequencies]
        self._step_meters = [StepMeter() for _ in self.steps]
        self._duty_meters = [DutyMeter() for _ in self.switched]
        self._frequency_meters = [FrequencyMeter(self._clock_hz) for _ in self.frequencies]
        self._heaters, self._lamps = len(pinout.heaters), len(pinout.lamps)

    def count(self, watched: int) -> PinCount:
        return self._controller.count(watched)

    def read(self) -> Drive:
        """Mean of every output since the last reading."""
        now = self._controller.cycle
        cycles = max(now - self._cycle, 1)
        self._cycle = now
        dt_s = cycles / self._clock_hz
        steps = zip(self._step_meters, self.steps, strict=True)
        switched = zip(self._duty_meters, self.switched, strict=True)
        waves = zip(self._frequency_meters, self.frequencies, strict=True)
        shares = tuple(meter.read(self.count(pin), cycles) for meter, pin in switched)
        lamp = self._heaters + self._lamps
        return Drive(
            pump_steps_s=tuple(meter.read(self.count(pin), dt_s) for meter, pin in steps),
            heater_duty=shares[: self._heaters],
            lamp_duty=shares[self._heaters] if self._lamps else 0.0,
            frequency_hz=tuple(meter.read(self.count(pin), now) for meter, pin in waves),
            duty=shares[lamp:],
        )


class AvrBoard:
    """One board of this pinout, running the firmware of an ELF file. Raises AvrError when it cannot."""

    def __init__(self, pinout: Pinout, elf: Path, *, seed: int = 0) -> None:
        silicon = Silicon(pinout.mcu, pinout.f_cpu_hz, pinout.uart, pinout.baud, sensors.REFERENCE_V)
        self.pinout = pinout
        self.controller = Controller(elf, silicon, seed=seed)
        self.meters = _Meters(self.controller, pinout)
        self._chips = {
            index: self._wire_chip(sensor)
            for index, sensor in enumerate(pinout.temperatures)
            if not isinstance(sensor, Thermistor)
        }
        self._digitals = [self.controller.add_input(pin, level=True) for pin in pinout.digitals]
        self._stop = self.controller.add_input(pinout.stop, level=False)
        self._goal_cycle = self.controller.cycle
        self._part_cycle = 0.0
        self._witness = Witness()
        self._resets = 0
        self._unread = b""
        self.drive = self.meters.read()

    @property
    def time_s(self) -> float:
        """Since power-up."""
        return self.controller.cycle / self.pinout.f_cpu_hz

    @property
    def status(self) -> m.Status:
        """What the board last told of itself."""
        return self._witness.status

    @property
    def told(self) -> tuple[m.Inputs, ...]:
        """Every INPUTS that the board has answered, newest last, as it left the board; bounded."""
        return self._witness.told

    @property
    def log(self) -> list[BoardEvent]:
        return self._witness.log

    def events_after(self, index: int) -> list[BoardEvent]:
        """List the events kept whose index is above `index`; -1 for all."""
        return self._witness.events_after(index)

    def reboot(self, cause: m.ResetCause) -> None:
        """Reset the controller as if by this cause; its EEPROM stays."""
        self.controller.reset(_MCUSR[cause])
        self._note_resets()

    def feed(self, chunk: bytes) -> bytes:
        """Put bytes on the line to the board; return those that it has sent meanwhile."""
        if chunk:
            self.controller.receive(chunk)
        self._take()
        unread, self._unread = self._unread, b""
        return unread

    def advance(self, dt_s: float) -> Drive:
        """Let the firmware run for `dt_s`; return what its pins did to the plant, as the mean over it."""
        self._part_cycle += dt_s * self.pinout.f_cpu_hz
        whole = int(self._part_cycle)
        self._part_cycle -= whole
        self._goal_cycle += whole
        self.controller.run_until(self._goal_cycle)
        self._take()
        self._note_resets()
        self.drive = self.meters.read()
        return self.drive

    def sense(self, sensed: Sensed) -> None:
        """Show the board its sensors, its digital inputs and its stop input."""
        controller, pinout = self.controller, self.pinout
        for index, sensor in enumerate(pinout.temperatures):
            celsius = sensed.temperatures_c[index] if index < len(sensed.temperatures_c) else nan
            self._show_temperature(index, sensor, celsius)
        for index, transducer in enumerate(pinout.pressures):
            kpa = sensed.pressures_kpa[index] if index < len(sensed.pressures_kpa) else nan
            self._show_pressure(transducer, kpa)
        for index, pin in enumerate(self._digitals):
            controller.set_input(pin, level=not (index < len(sensed.digitals) and sensed.digitals[index]))
        controller.set_input(self._stop, level=sensed.stop_pressed)

    def _show_temperature(self, index: int, sensor: Thermistor | Thermocouple, celsius: float) -> None:
        if isinstance(sensor, Thermistor):
            self.controller.set_voltage(sensor.adc, sensors.thermistor_v(celsius))
        elif sensor.amplifier is Amplifier.MAX31855:
            self.controller.set_chip(self._chips[index], sensors.max31855_frame(celsius))
        else:
            registers = sensors.max31856_registers(celsius)
            self.controller.set_chip(self._chips[index], registers, first=sensors.MAX31856_COLD_JUNCTION)

    def _show_pressure(self, transducer: PressureSensor, kpa: float) -> None:
        self.controller.set_voltage(transducer.adc, sensors.pressure_v(kpa))

    def _wire_chip(self, sensor: Thermocouple) -> int:
        registered = sensor.amplifier is Amplifier.MAX31856
        return self.controller.add_chip(self.controller.watch(sensor.select), registers=registered)

    def _take(self) -> None:
        sent = self.controller.transmitted()
        self._witness.hear(sent, self.time_s)
        self._unread = (self._unread + sent)[-_MOST_UNREAD_BYTES:]

    def _note_resets(self) -> None:
        if self.controller.resets > self._resets:
            self._resets = self.controller.resets
            self._witness.note(f"reset {self._resets}", self.time_s)


_MOST_UNREAD_BYTES: Final = 1 << 14
"""A host that does not read loses the oldest, as on a pseudo-terminal."""
