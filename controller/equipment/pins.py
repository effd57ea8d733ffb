"""The computer's own pins in one tick: stop button and contacts in; relay, lamps and watchdog pulse out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from controller.control.debounce import Contact, at_rest, debounce
from controller.domain.pins import RPI_GPIO, SIMULATED, InputPin, PinInputs, PinOutputs
from firmware_bridge.devices.gpio import DigitalPins, import_gpio
from firmware_bridge.devices.interfaces import DeviceError
from firmware_bridge.simulator.chip import SimulatedChip

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from controller.domain.pins import PinsPlan
    from firmware_bridge.devices.gpio import Gpio

RELEASE_S: Final = 0.5
"""How long a stop button must be seen released: a stop is taken at once, its end with care."""
_REFRESH_S: Final = 1.0
"""RPi.GPIO shares its pins with any other program: what was written is written again this often."""


def open_chip(plan: PinsPlan, simulated_path: Path) -> Gpio:
    """Open the chip that a plan names; BridgeError says what is missing.

    A simulated chip lives in the file at `simulated_path`; a new one has every contact at rest.
    """
    return CHIPS[plan.driver](plan, simulated_path)


def _simulate(plan: PinsPlan, path: Path) -> Gpio:
    chip = SimulatedChip(path)
    if chip.fresh:
        for contact in _contacts(plan):
            chip.drive(contact.pin, not contact.active_high)
    return chip


CHIPS: Final[Mapping[str, Callable[[PinsPlan, Path], Gpio]]] = {
    RPI_GPIO: lambda _plan, _path: import_gpio(),
    SIMULATED: _simulate,
}


class Pins:
    """The pins of one rig. Once made, it never raises and never waits."""

    def __init__(self, plan: PinsPlan, chip: Gpio) -> None:
        """Set the pins up, all outputs inactive. Raise DeviceError when the chip or a pin can't be had."""
        self._contacts = _contacts(plan)
        self._delays_s = [(each.debounce_s, each.debounce_s) for each in self._contacts]
        self._has_stop = plan.stop is not None
        if plan.stop is not None:
            self._delays_s[0] = (plan.stop.debounce_s, max(plan.stop.debounce_s, RELEASE_S))
        # The relay first: of all outputs it may wait least.
        outputs = (plan.heater_relay, plan.red, plan.amber, plan.green, plan.buzzer)
        self._outputs = outputs
        self._pulse_pin = plan.watchdog
        self._pulse = False
        self._seen: list[Contact] = []
        self._read_s = 0.0
        self._written: dict[int, bool] = {}
        self._refresh_s = 0.0
        self._read_problem: str | None = None
        self._write_problem: str | None = None
        used = [each for each in (*outputs, plan.watchdog) if each is not None]
        self._pins = DigitalPins(
            chip,
            {each.pin: each.pull for each in self._contacts},
            {each.pin: not each.active_high for each in used},
        )

    @property
    def problem(self) -> str | None:
        """One line on what is wrong with the pins; None: nothing is."""
        return self._read_problem or self._write_problem

    def read(self, now_s: float) -> PinInputs:
        """Look at every contact at `now_s`, on the clock of the ticks."""
        try:
            levels = [self._pins.read(each.pin) is each.active_high for each in self._contacts]
        except DeviceError as error:
            self._read_problem = str(error)
            return self._inputs()
        finally:
            # Time in which nothing was seen counts for no contact.
            dt_s, self._read_s = now_s - self._read_s, now_s
        self._read_problem = None
        if not self._seen:
            self._seen = [at_rest(level) for level in levels]
        self._seen = [
            debounce(contact, level, dt_s, on_s=on_s, off_s=off_s)
            for contact, level, (on_s, off_s) in zip(self._seen, levels, self._delays_s, strict=True)
        ]
        return self._inputs()

    def write(self, outputs: PinOutputs, now_s: float) -> None:
        """Show `outputs`, then flip the watchdog pulse: one edge a tick, and none unless all was written."""
        if now_s >= self._refresh_s:
            self._refresh_s = now_s + _REFRESH_S
            self._written.clear()
        try:
            self._show(outputs)
            if self._pulse_pin is not None:
                self._pulse = not self._pulse
                self._pins.write(self._pulse_pin.pin, self._pulse)
        except DeviceError as error:
            self._write_problem = str(error)
            self._written.clear()
        else:
            self._write_problem = None

    def close(self) -> None:
        """Leave all inactive: relay open, lamps dark, no more pulse."""
        try:
            self._pins.close()
        except DeviceError as error:
            self._write_problem = str(error)

    def _show(self, outputs: PinOutputs) -> None:
        wanted = (outputs.relay, outputs.red, outputs.amber, outputs.green, outputs.buzzer)
        for output, active in zip(self._outputs, wanted, strict=True):
            if output is None:
                continue
            level = active is output.active_high
            if self._written.get(output.pin) is not level:
                self._pins.write(output.pin, level)
                self._written[output.pin] = level

    def _inputs(self) -> PinInputs:
        healthy = self.problem is None
        active = [contact.active for contact in self._seen] or [False] * len(self._contacts)
        pressed = self._has_stop and active[0]
        return PinInputs(
            stop_pressed=pressed or not healthy,
            healthy=healthy,
            levels=tuple(active[1:] if self._has_stop else active),
        )


def _contacts(plan: PinsPlan) -> tuple[InputPin, ...]:
    """List the input pins: the stop button first, if there is one, then the others in the plan's order."""
    others = tuple(each.input for each in plan.inputs)
    return others if plan.stop is None else (plan.stop, *others)
