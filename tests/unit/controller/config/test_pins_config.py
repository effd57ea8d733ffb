"""`[pins]` and `[watchdog]`: what is read, what is refused, and why."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from controller.config.documents import Document
from controller.config.pins import pin_channels, pins_plan, watchdog_plan
from controller.domain import plain
from controller.domain.errors import DocumentError
from controller.domain.pins import (
    InputPin,
    NamedInput,
    OutputPin,
    PinsPlan,
    WatchdogPlan,
)

GUIDE = Path(__file__).parents[4] / "docs" / "wiring.md"
PINS = """\
[pins]
driver = "rpi-gpio"
stop = { pin = 17 }
heater_relay = { pin = 22 }
watchdog = { pin = 27 }
red = { pin = 23 }
amber = { pin = 24, active = "low" }
green = { pin = 25 }
buzzer = { pin = 18 }
[pins.inputs."leak.tray"]
pin = 5
active = "low"
pull = "up"
debounce = "50 ms"
"""
PLAN = PinsPlan(
    driver="rpi-gpio",
    stop=InputPin(17, active_high=True, pull="up", debounce_s=0.01),
    heater_relay=OutputPin(22, active_high=True),
    watchdog=OutputPin(27, active_high=True),
    red=OutputPin(23, active_high=True),
    amber=OutputPin(24, active_high=False),
    green=OutputPin(25, active_high=True),
    buzzer=OutputPin(18, active_high=True),
    inputs=(NamedInput("leak.tray", InputPin(5, active_high=False, pull="up", debounce_s=0.05)),),
)


def read(text: str, declared: tuple[str, ...] = ()) -> PinsPlan | None:
    document = Document(text, "rig.toml")
    plan = pins_plan(document, declared)
    document.raise_faults()
    return plan


def faults(text: str, declared: tuple[str, ...] = ()) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        read(text, declared)
    return [str(violation) for violation in caught.value.violations]


def read_watchdog(text: str, rate_hz: float = 50.0) -> WatchdogPlan | None:
    document = Document(text, "rig.toml")
    plan = watchdog_plan(document, rate_hz)
    document.raise_faults()
    return plan


def watchdog_faults(text: str, rate_hz: float = 50.0) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        read_watchdog(text, rate_hz)
    return [str(violation) for violation in caught.value.violations]


def test_a_whole_section_is_read():
    assert read(PINS) == PLAN


def test_a_rig_without_the_section_has_no_pins():
    assert read("[rig]\n") is None


def test_pins_may_do_without_a_heater_relay():
    assert read('[pins]\ndriver = "simulated"\ngreen = { pin = 4 }') == PinsPlan(
        "simulated", green=OutputPin(4, active_high=True)
    )


def test_a_plan_survives_its_way_through_json():
    assert plain.from_json(PinsPlan, plain.to_json(PLAN)) == PLAN
    bare = PinsPlan("simulated")
    assert plain.from_json(PinsPlan, plain.to_json(bare)) == bare


def test_each_named_input_becomes_a_sensor_channel():
    (channel,) = pin_channels(PLAN)
    assert (channel.name, channel.device, channel.signal) == ("leak.tray", "pins", "input.5")
    assert (channel.unit, channel.low, channel.high, channel.is_actuator) == ("1", 0.0, 1.0, False)


def test_every_fault_is_told_with_its_line():
    broken = (
        PINS.replace("pin = 22", "pin = 28").replace('"50 ms"', '"-1 s"').replace('"rpi-gpio"', '"rpi-gpoi"')
    )
    assert faults(broken) == [
        "line 2, pins.driver: unknown driver 'rpi-gpoi'; did you mean 'rpi-gpio'?",
        "line 4, pins.heater_relay.pin: must be less than or equal to 27",
        'line 14, pins.inputs."leak.tray".debounce: -1 s must lie in 0 to 1 s',
    ]


def test_a_pin_has_one_use():
    assert faults(PINS.replace("pin = 5\n", "pin = 17\n").replace("pin = 25", "pin = 22")) == [
        "line 8, pins.green.pin: GPIO 22 already is pins.heater_relay",
        'line 11, pins.inputs."leak.tray".pin: GPIO 17 already is pins.stop',
    ]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("{ pin = 17, pull = 'down' }", "a broken wire would read as released"),
        ("{ pin = 17, active = 'low' }", "a broken wire would read as released"),
        ("{ pin = 17, pull = 'none' }", "wire the button normally closed"),
        ("{ pin = 17, bounce = '1 ms' }", "unknown key 'bounce'; did you mean 'debounce'?"),
        ("{ pin = 17, debounce = '2 s' }", "2 s must lie in 0 to 1 s"),
        ("{ }", "pins.stop.pin: is missing"),
        ("17", "pins.stop: must be a table"),
        ("{ pin = 3, active = 'low', pull = 'down' }", "GPIO 3 has a fixed pull-up"),
    ],
)
def test_a_stop_button_that_would_not_stop_is_refused(written, told):
    (fault,) = faults(PINS.replace("{ pin = 17 }", written))
    assert told in fault


def test_a_stop_button_may_be_wired_to_3_3_volts():
    plan = read(PINS.replace("{ pin = 17 }", "{ pin = 17, active = 'low', pull = 'down' }"))
    assert plan is not None
    assert plan.stop == InputPin(17, active_high=False, pull="down", debounce_s=0.01)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[pins]\ngreen = { pin = 4 }", "pins.driver: is missing"),
        ('[pins]\ndriver = "simulated"', "uses no pin"),
        ('[pins]\ndriver = "simulated"\ngren = { pin = 4 }', "did you mean 'green'?"),
        ("pins = 5", "pins: must be a table"),
        (PINS.replace('pull = "up"', 'pull = "sideways"'), "must be 'up', 'down' or 'none'"),
        (PINS.replace('pull = "up"\n', ""), 'pins.inputs."leak.tray".pull: is missing'),
        (PINS.replace("leak.tray", ""), "a name has 1 to 64 characters"),
        (PINS.replace("pin = 5\n", "pin = 2\n").replace('"up"', '"none"'), "GPIO 2 has a fixed pull-up"),
    ],
)
def test_a_section_that_makes_no_sense_is_refused(text, told):
    (fault,) = faults(text)
    assert told in fault


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("{ pin = 7 }", 'pulled high from power-up on: take one of 9 to 27, or active = "low"'),
        (
            "{ pin = 22, active = 'low' }",
            'pulled low from power-up on: take one of 0 to 8, or active = "high"',
        ),
    ],
)
def test_a_heater_relay_that_could_pull_in_while_the_computer_boots_is_refused(written, told):
    (fault,) = faults(PINS.replace("{ pin = 22 }", written))
    assert told in fault
    assert read(PINS.replace("{ pin = 22 }", "{ pin = 7, active = 'low' }")) is not None


def test_the_sections_of_the_wiring_guide_are_good():
    (text,) = re.findall(r"^```toml\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    plan = read(text)
    assert plan is not None
    assert plan.stop is not None
    assert plan.heater_relay is not None
    assert read_watchdog(text) == WatchdogPlan("/dev/watchdog", 10)


def test_an_input_cannot_take_the_name_of_a_channel():
    (fault,) = faults(PINS, declared=("leak.tray",))
    assert "there already is a channel leak.tray" in fault


def test_a_watchdog_is_read_with_its_defaults():
    assert read_watchdog("[watchdog]\n") == WatchdogPlan("/dev/watchdog", 10)
    assert read_watchdog("") is None
    written = '[watchdog]\ndevice = "/dev/watchdog1"\ntimeout = "0.25 min"'
    assert read_watchdog(written) == WatchdogPlan("/dev/watchdog1", 15)


def test_a_watchdog_survives_its_way_through_json():
    plan = WatchdogPlan("/dev/watchdog", 10)
    assert plain.from_json(WatchdogPlan, plain.to_json(plan)) == plan


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('timeout = "2.5 s"', "watchdog.timeout: 2.5 s: a watchdog counts whole seconds"),
        ('timeout = "0 s"', "must lie in 1 to 3600 s"),
        ("timeout = 10", 'write the unit, like "10 s"'),
        ('device = "watchdog"', "is not a full path"),
        ('path = "/dev/watchdog"', "unknown key 'path'"),
    ],
)
def test_a_watchdog_that_makes_no_sense_is_refused(text, told):
    (fault,) = watchdog_faults(f"[watchdog]\n{text}\n")
    assert told in fault


def test_a_watchdog_leaves_time_for_a_few_ticks():
    (fault,) = watchdog_faults('[watchdog]\ntimeout = "5 s"\n', rate_hz=1.0)
    assert "5 s is too short at 1 Hz: take 8 s or more" in fault
