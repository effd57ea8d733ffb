"""The pins as a tick sees them: the button, the lamps, the pulse, and a chip that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from controller.domain.pins import DRIVERS, InputPin, NamedInput, OutputPin, PinInputs, PinOutputs, PinsPlan
from controller.equipment.pins import CHIPS, RELEASE_S, Pins, open_chip
from firmware_bridge.devices import gpio
from firmware_bridge.devices.interfaces import DeviceError
from firmware_bridge.simulator.chip import SimulatedChip

if TYPE_CHECKING:
    from pathlib import Path

STOP, RELAY, PULSE, RED, AMBER, GREEN, BUZZER, LEAK = 17, 22, 27, 5, 6, 13, 19, 26
PLAN = PinsPlan(
    driver="simulated",
    stop=InputPin(STOP, active_high=True, pull="up", debounce_s=0.01),
    heater_relay=OutputPin(RELAY, active_high=True),
    watchdog=OutputPin(PULSE, active_high=True),
    red=OutputPin(RED, active_high=True),
    amber=OutputPin(AMBER, active_high=False),
    green=OutputPin(GREEN, active_high=True),
    buzzer=OutputPin(BUZZER, active_high=True),
    inputs=(NamedInput("leak.tray", InputPin(LEAK, active_high=False, pull="up", debounce_s=0.05)),),
)
READY = PinOutputs(relay=True, red=False, amber=False, green=True, buzzer=False)
ALARM = PinOutputs(relay=False, red=True, amber=True, green=False, buzzer=True)
TICK_S = 0.02
QUIET = PinInputs(stop_pressed=False, healthy=True, levels=(False,))


class Bench:
    """Pins on a simulated chip, its far end, and a clock of ticks."""

    def __init__(self, path: Path, plan: PinsPlan = PLAN) -> None:
        self.chip = FailingChip(path)
        self.far = SimulatedChip(path)
        if plan.stop is not None:
            self.far.drive(STOP, False)
        self.pins = Pins(plan, self.chip)
        self.now_s = 100.0

    def tick(self, outputs: PinOutputs = READY, *, count: int = 1) -> PinInputs:
        for _ in range(count):
            self.now_s += TICK_S
            inputs = self.pins.read(self.now_s)
            self.pins.write(outputs, self.now_s)
        return inputs

    def lamps(self) -> dict[str, bool]:
        named = {"relay": RELAY, "red": RED, "amber": AMBER, "green": GREEN, "buzzer": BUZZER}
        return {name: self.far.level(pin) for name, pin in named.items()}


class FailingChip(SimulatedChip):
    """A chip whose pins can be taken away while the program runs."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.broken: set[int] = set()

    def input(self, channel: int) -> int:
        self._fail(channel)
        return super().input(channel)

    def output(self, channel: int, value: bool) -> None:
        self._fail(channel)
        super().output(channel, value)

    def _fail(self, channel: int) -> None:
        if channel in self.broken:
            raise RuntimeError("the line is gone")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "chip")


def test_before_the_first_tick_every_output_is_inactive(bench: Bench) -> None:
    assert bench.lamps() == {"relay": False, "red": False, "amber": True, "green": False, "buzzer": False}


def test_outputs_reach_their_pins_at_their_own_polarity(bench: Bench) -> None:
    bench.tick(ALARM)
    assert bench.lamps() == {"relay": False, "red": True, "amber": False, "green": False, "buzzer": True}
    bench.tick(READY)
    assert bench.lamps() == {"relay": True, "red": False, "amber": True, "green": True, "buzzer": False}


def test_a_quiet_bench_reads_quiet(bench: Bench) -> None:
    assert bench.tick(count=3) == QUIET


def test_a_press_is_seen_within_two_ticks_and_its_end_only_after_the_release_time(bench: Bench) -> None:
    bench.tick()
    bench.far.drive(STOP, True)
    bench.tick()
    assert bench.tick().stop_pressed
    bench.far.drive(STOP, False)
    looks = round(RELEASE_S / TICK_S)
    assert bench.tick(count=looks).stop_pressed
    assert not bench.tick().stop_pressed


def test_a_broken_wire_is_a_stop(bench: Bench) -> None:
    bench.tick()
    bench.far.drive(STOP, None)
    assert bench.tick(count=2) == PinInputs(stop_pressed=True, healthy=True, levels=(False,))


def test_a_button_pressed_at_the_start_is_a_stop_at_the_first_look(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "chip")
    bench.far.drive(STOP, True)
    assert bench.tick().stop_pressed


def test_a_named_input_follows_its_contact(bench: Bench) -> None:
    bench.tick()
    bench.far.drive(LEAK, False)
    assert bench.tick(count=5).levels == (True,)


def test_a_rig_without_a_button_is_never_stopped_by_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "chip", PinsPlan("simulated", inputs=PLAN.inputs))
    bench.far.drive(LEAK, False)
    assert bench.tick(count=5) == PinInputs(stop_pressed=False, healthy=True, levels=(True,))


def test_every_tick_is_one_edge_of_the_pulse(bench: Bench) -> None:
    seen = []
    for _ in range(6):
        bench.tick()
        seen.append(bench.far.level(PULSE))
    assert seen == [True, False] * 3


def test_without_ticks_there_is_no_pulse(bench: Bench) -> None:
    bench.tick()
    before = bench.far.level(PULSE)
    bench.pins.read(bench.now_s + 1.0)
    assert bench.far.level(PULSE) is before


def test_the_pulse_stops_while_the_relay_cannot_be_written(bench: Bench) -> None:
    bench.tick()
    bench.chip.broken = {RELAY}
    before = bench.far.level(PULSE)
    for _ in range(4):
        bench.tick(ALARM)
        assert bench.far.level(PULSE) is before


def test_what_cannot_be_written_is_a_stop_until_it_can(bench: Bench) -> None:
    bench.tick()
    bench.chip.broken = {RELAY}
    bench.tick(ALARM)
    assert bench.tick(ALARM) == PinInputs(stop_pressed=True, healthy=False, levels=(False,))
    assert bench.pins.problem == "GPIO 22 can't be written: the line is gone"
    bench.chip.broken = set()
    bench.tick(ALARM)
    assert bench.lamps()["relay"] is False
    assert bench.tick(ALARM) == QUIET
    assert bench.pins.problem is None


def test_after_a_failed_write_every_output_is_written_again_at_once(bench: Bench) -> None:
    bench.tick(READY)
    bench.chip.broken = {RELAY}
    bench.tick(ALARM)
    SimulatedChip.output(bench.chip, RELAY, False)
    bench.chip.broken = set()
    bench.tick(READY)
    assert bench.lamps()["relay"] is True


def test_what_cannot_be_read_is_a_stop_until_it_can(bench: Bench) -> None:
    bench.tick()
    bench.chip.broken = {LEAK}
    assert bench.tick() == PinInputs(stop_pressed=True, healthy=False, levels=(False,))
    assert bench.pins.problem == "GPIO 26 can't be read: the line is gone"
    bench.chip.broken = set()
    assert bench.tick() == QUIET


def test_time_in_which_nothing_was_seen_releases_no_button(bench: Bench) -> None:
    bench.far.drive(STOP, True)
    bench.tick(count=2)
    bench.far.drive(STOP, False)
    bench.tick()
    bench.chip.broken = {STOP}
    bench.tick(count=100)
    bench.chip.broken = set()
    assert bench.tick().stop_pressed


def test_what_another_program_changed_is_put_right_within_a_second(bench: Bench) -> None:
    bench.tick(READY)
    SimulatedChip.output(bench.chip, RELAY, False)
    bench.tick(READY, count=51)
    assert bench.lamps()["relay"] is True


def test_closing_leaves_the_relay_open_and_all_dark(bench: Bench) -> None:
    bench.tick(ALARM)
    bench.pins.close()
    assert bench.lamps() == {"relay": False, "red": False, "amber": True, "green": False, "buzzer": False}
    assert bench.far.level(PULSE) is False


def test_closing_on_a_failing_chip_still_darkens_the_rest(bench: Bench) -> None:
    bench.tick(ALARM)
    bench.chip.broken = {RED}
    bench.pins.close()
    assert bench.lamps()["buzzer"] is False
    assert bench.pins.problem == "GPIO 5 can't be released: the line is gone"


def test_a_fresh_simulated_chip_has_its_contacts_at_rest(tmp_path: Path) -> None:
    pins = Pins(PLAN, open_chip(PLAN, tmp_path / "chip"))
    assert pins.read(0.0) == QUIET


def test_a_simulated_chip_keeps_what_its_far_end_did(tmp_path: Path) -> None:
    open_chip(PLAN, tmp_path / "chip")
    SimulatedChip(tmp_path / "chip").drive(STOP, True)
    assert Pins(PLAN, open_chip(PLAN, tmp_path / "chip")).read(0.0).stop_pressed


def test_without_the_package_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpio, "MODULE", "ostwald_has_no_such_module")
    with pytest.raises(DeviceError, match=r"no module .*install python3-rpi-lgpio with apt"):
        open_chip(PinsPlan("rpi-gpio", stop=PLAN.stop), tmp_path / "chip")


def test_every_driver_that_a_rig_may_name_has_a_chip():
    assert set(CHIPS) == set(DRIVERS)
