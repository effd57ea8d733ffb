"""One suite for the pins' driver: over the simulated chip, and the interface itself over the real module.

The real module is asked only for what it offers: a test must not switch what hangs on somebody's pins.
"""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.devices import gpio
from firmware_bridge.devices.gpio import DigitalPins, import_gpio
from firmware_bridge.devices.interfaces import DeviceError
from firmware_bridge.errors import BridgeError
from firmware_bridge.simulator.chip import PINS, SimulatedChip

if TYPE_CHECKING:
    from pathlib import Path

CALLS = {"setmode": 1, "setwarnings": 1, "input": 1, "output": 2, "cleanup": 1}
CONSTANTS = ("BCM", "IN", "OUT", "PUD_OFF", "PUD_UP", "PUD_DOWN")


def real_module() -> Any:
    """Find the module; None anywhere but on a Raspberry Pi."""
    try:
        return importlib.import_module(gpio.MODULE)
    except (ImportError, RuntimeError, OSError):
        return None


# On a Pi the suite is held to the real module as well.
MODULES = ["simulated"] if real_module() is None else ["simulated", "real"]


@pytest.fixture(params=MODULES)
def module(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return SimulatedChip(tmp_path / "chip") if request.param == "simulated" else real_module()


@pytest.fixture
def near(tmp_path: Path) -> SimulatedChip:
    return SimulatedChip(tmp_path / "chip")


@pytest.fixture
def far(tmp_path: Path, near: SimulatedChip) -> SimulatedChip:
    assert near.fresh
    return SimulatedChip(tmp_path / "chip")


def test_a_module_offers_what_the_driver_calls(module):
    for name in CALLS:
        assert callable(getattr(module, name))
    numbers = [getattr(module, name) for name in CONSTANTS]
    assert all(isinstance(number, int) for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_a_module_takes_the_arguments_as_the_driver_gives_them(module):
    try:
        setup = inspect.signature(module.setup)
        for name, count in CALLS.items():
            inspect.signature(getattr(module, name)).bind(*range(count))
    except ValueError:
        pytest.skip("this module is written in C and tells no signatures")
    setup.bind(4, module.OUT, initial=0)
    setup.bind(4, module.IN, pull_up_down=module.PUD_UP)


def test_an_output_starts_at_its_inactive_level(near, far):
    DigitalPins(near, {}, {4: False, 5: True})
    assert (far.level(4), far.level(5)) == (False, True)


def test_what_is_written_is_seen_at_the_far_end(near, far):
    pins = DigitalPins(near, {}, {4: False})
    for level in (True, False, True):
        pins.write(4, level)
        assert far.level(4) is level


@pytest.mark.parametrize(("pull", "level"), [("up", True), ("down", False), ("none", False)])
def test_an_open_contact_reads_as_its_pull(near, far, pull, level):
    pins = DigitalPins(near, {17: pull}, {})
    assert pins.read(17) is level
    far.drive(17, not level)
    assert pins.read(17) is not level
    far.drive(17, None)
    assert pins.read(17) is level


@given(pressed=st.lists(st.tuples(st.integers(0, PINS - 1), st.booleans()), max_size=40))
@settings(max_examples=30)
def test_a_pin_changes_no_other(tmp_path_factory, pressed):
    path = tmp_path_factory.mktemp("pins") / "chip"
    pins = DigitalPins(SimulatedChip(path), dict.fromkeys(range(PINS), "down"), {})
    far, expected = SimulatedChip(path), [False] * PINS
    for pin, level in pressed:
        far.drive(pin, level)
        expected[pin] = level
        assert [pins.read(each) for each in range(PINS)] == expected


def test_another_process_presses_the_button_and_reads_the_lamp(near, tmp_path):
    pins = DigitalPins(near, {17: "down"}, {4: False})
    pins.write(4, True)
    script = (
        "import sys; from pathlib import Path; from firmware_bridge.simulator.chip import SimulatedChip\n"
        "far = SimulatedChip(Path(sys.argv[1])); far.drive(17, True); print(far.level(4))"
    )
    said = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "chip")], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "True"
    assert pins.read(17) is True


def test_closing_leaves_outputs_inactive_and_lets_go_of_inputs(near, far):
    pins = DigitalPins(near, {17: "up"}, {4: False, 5: True})
    pins.write(4, True)
    pins.write(5, False)
    pins.close()
    assert (far.level(4), far.level(5)) == (False, True)
    assert far.level(17) is False
    with pytest.raises(DeviceError, match="GPIO 17 can't be read: GPIO 17 has not been set up"):
        pins.read(17)
    with pytest.raises(DeviceError, match="GPIO 4 can't be written"):
        pins.write(4, True)


def test_a_program_that_starts_anew_finds_its_pins_inactive(near, far):
    DigitalPins(near, {}, {4: False}).write(4, True)
    assert far.level(4) is True
    DigitalPins(near, {}, {4: False})
    assert far.level(4) is False


def test_a_pin_that_is_not_there_is_named(near):
    with pytest.raises(DeviceError, match="GPIO 28 can't be set up: there is no GPIO 28: they run from 0"):
        DigitalPins(near, {28: "up"}, {})


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda chip: chip.setup(4, chip.OUT, pull_up_down=chip.PUD_UP), "an output has no pull_up_down"),
        (lambda chip: chip.setup(4, chip.IN, initial=0), "an input has no initial level"),
        (lambda chip: chip.setup(4, chip.IN, pull_up_down=7), "7 is no value of pull_up_down"),
        (lambda chip: chip.setup(4, 9), "9 is neither IN nor OUT"),
        (lambda chip: chip.setmode(10), "as BCM does"),
        (lambda chip: chip.drive(99, True), "there is no GPIO 99"),
        (lambda chip: chip.level(-1), "there is no GPIO -1"),
    ],
)
def test_a_simulated_chip_refuses_what_a_real_one_would(near, call, told):
    near.setmode(near.BCM)
    with pytest.raises(ValueError, match=told):
        call(near)


def test_a_simulated_chip_wants_its_numbering_first(near):
    with pytest.raises(RuntimeError, match="setmode comes first"):
        near.setup(4, near.IN)


def test_an_input_cannot_be_written(near):
    near.setmode(near.BCM)
    near.setup(4, near.IN)
    with pytest.raises(RuntimeError, match="not been set up as an output"):
        near.output(4, True)


@pytest.mark.parametrize("content", [b"a letter", b"NOPE" + bytes(4 * PINS)])
def test_a_file_that_is_no_chip_stays_untouched(tmp_path, content):
    (tmp_path / "letter").write_bytes(content)
    with pytest.raises(BridgeError, match="letter is another file: remove it"):
        SimulatedChip(tmp_path / "letter")
    assert (tmp_path / "letter").read_bytes() == content


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(BridgeError, match="No such file or directory; name a writable place"):
        SimulatedChip(tmp_path / "nowhere" / "chip")


class OwnError(Exception):
    """As lgpio's error: nothing but an Exception."""


class Lgpio:
    error = OwnError


class ShimmedChip(SimulatedChip):
    """Fails as rpi-lgpio does, whose module holds lgpio."""

    lgpio = Lgpio

    def setmode(self, mode: int) -> None:
        super().setmode(mode)
        raise OwnError("can not open gpiochip")


def test_errors_of_lgpio_are_told_like_any_other(tmp_path):
    with pytest.raises(DeviceError, match="can not open gpiochip; check that this is a Raspberry Pi"):
        DigitalPins(ShimmedChip(tmp_path / "chip"), {}, {4: False})


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (ModuleNotFoundError("no", name="lgpio"), "no module lgpio .* install python3-rpi-lgpio"),
        (
            RuntimeError("This module can only be run on a Raspberry Pi!"),
            "can only be run .* check that this",
        ),
        (FileNotFoundError(2, "No such file or directory", ".lgd-nfy-3"), "working directory is writable"),
    ],
)
def test_a_module_that_cannot_be_imported_says_what_to_do(monkeypatch, raised, told):
    def fail(_name: str) -> None:
        raise raised

    monkeypatch.setattr(importlib, "import_module", fail)
    with pytest.raises(DeviceError, match=told):
        import_gpio()
