"""Rig files: what is refused, where, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from controller.config import signals
from controller.config.rig import load_rig, parse_rig
from controller.domain.conditions import Limits
from controller.domain.errors import ControllerError, DocumentError
from controller.domain.plan import RigPlan
from firmware_bridge.wire import messages

if TYPE_CHECKING:
    from pathlib import Path

DRIVERS = {"ostwald-board": "board", "ostwald-spectrometer": "spectrometer"}
RIG = """\
[rig]
name = "small"
rate = "20 Hz"
[reactor]
volume = "0.1 mL"
[twin]
synthesis = "silver"
[links.board]
url = "twin:board"
[links.eye]
url = "twin:spectrometer"
[devices.board]
driver = "ostwald-board"
link = "board"
[devices.eye]
driver = "ostwald-spectrometer"
link = "eye"
[channels."pump.a"]
device = "board"
signal = "pump.0"
unit = "uL/min"
range = ["0 uL/min", "1 mL/min"]
rate_limit = "6 mL/min/min"
safe = "0 uL/min"
steps_per_ul = 120
[channels.heater]
device = "board"
signal = "heater.0"
unit = "%"
range = ["0 %", "80 %"]
safe = "0 %"
[channels.lamp]
device = "board"
signal = "lamp"
unit = "%"
range = ["0 %", "100 %"]
safe = "0 %"
[channels.zone]
device = "board"
signal = "temperature.0"
unit = "degF"
range = ["32 degF", "212 degF"]
[loops.zone]
sensor = "zone"
actuator = "heater"
gain = "18 %/degC"
integral = "1 min"
ramp = "30 degC/min"
[interlocks.hot]
channel = "zone"
high = "85 degC"
delay = "500 ms"
[reagents.a]
pump = "pump.a"
stock = "1 mmol/L"
[spectrometer]
device = "eye"
lamp = "lamp"
lamp_level = "80 %"
integration = "10 ms"
window = ["380 nm", "800 nm"]
"""


def faults(text: str) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        parse_rig(text, "rig.toml", DRIVERS)
    return [str(violation) for violation in caught.value.violations]


def edited(old: str, new: str) -> str:
    assert RIG.count(old) == 1
    return RIG.replace(old, new)


def test_units_are_converted_once_to_what_the_plan_names() -> None:
    plan = parse_rig(RIG, "rig.toml", DRIVERS)
    pump, heater, _, zone = plan.channels
    assert (plan.rate_hz, plan.reactor.volume_ul) == (20.0, 100.0)
    assert (pump.high, pump.rate_limit_per_s, pump.scale) == pytest.approx((1000.0, 100.0, 2.0))
    assert (heater.high, heater.scale) == pytest.approx((80.0, 0.01))
    assert zone.scale * 212.0 + zone.offset == pytest.approx(100.0)
    assert not zone.is_actuator
    assert plan.loops[0].gain == pytest.approx(10.0)
    assert plan.loops[0].ramp_per_s == pytest.approx(0.9)
    condition = plan.interlocks[0].condition
    assert isinstance(condition, Limits)
    assert condition.high == pytest.approx(185.0)
    assert plan.interlocks[0].delay_s == 0.5
    assert RigPlan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            '"ostwald-board"',
            '"x"',
            "line 13, devices.board.driver: unknown driver 'x'; known: ostwald-board, ostwald-spectrometer",
        ),
        (
            'link = "board"',
            'link = "bord"',
            "line 14, devices.board.link: unknown link 'bord'; did you mean 'board'?",
        ),
        (
            'safe = "0 uL/min"\n',
            "",
            'line 18, channels."pump.a".safe: is missing: an actuator needs a safe value',
        ),
        ('safe = "0 uL/min"', 'safe = "2 mL/min"', "outside the range 0 to 1000 uL/min"),
        ('"20 Hz"', '"2 kHz"', "line 3, rig.rate: 2 kHz must lie in 1 to 1000 Hz"),
        ('"20 Hz"', '"2 Hz"', "devices.board.deadman: 500 ms is too short at 2 Hz"),
        ('"20 Hz"', "20", 'line 3, rig.rate: write the unit, like "20 Hz"'),
        (
            'volume = "0.1 mL"',
            'volum = "0.1 mL"',
            "reactor.volum: unknown key 'volum'; did you mean 'volume'?",
        ),
        ('high = "85 degC"', 'low = "5 degC"', "is a heater with no over-temperature limit"),
        ('actuator = "heater"', 'actuator = "lamp"', "is a heater that no temperature loop drives"),
        ('sensor = "zone"', 'sensor = "lamp"', "lamp is an actuator: a loop follows a sensor"),
        (
            'sensor = "zone"',
            'sensor = "zon"',
            "loops.zone.sensor: unknown channel 'zon'; did you mean 'zone'?",
        ),
        ('high = "85 degC"', 'high = "150 degC"', "lies outside the range of zone"),
        ('high = "85 degC"', 'high = "3 kPa"', "'kPa' does not convert to 'degF'"),
        ('high = "85 degC"\n', "", "interlocks.hot: needs low, high or both"),
        ('"temperature.0"', '"temperature.4"', "unknown signal 'temperature.4'"),
        (
            'signal = "lamp"',
            'signal = "heater.0"',
            "channels.lamp.signal: heater.0 of board already is heater",
        ),
        ('["0 %", "80 %"]', '["0 %", "180 %"]', "ends above 100 %"),
        ('["0 %", "80 %"]', '["80 %", "0 %"]', "80 % is not below 0 %"),
        ("steps_per_ul = 120\n", "", "a pump needs its steps per uL"),
        ('unit = "degF"\n', 'unit = "degF"\nsafe = "40 degF"\n', "temperature.0 is a sensor: remove it"),
        ('lamp = "lamp"', 'lamp = "heater"', "spectrometer.lamp: heater is heater.0: name a lamp"),
        ('device = "eye"', 'device = "board"', "board is a board: name a spectrometer"),
        ('pump = "pump.a"', 'pump = "zone"', "reagents.a.pump: zone is temperature.0: name a pump"),
        ('"380 nm", "800 nm"', '"800 nm", "380 nm"', "800 nm is not below 380 nm"),
        ('[twin]\nsynthesis = "silver"\n', "", "twin:board needs a [twin] section"),
        ("[reagents.a]", "[reagent.a]", "unknown section 'reagent'; did you mean 'reagents'?"),
    ],
)
def test_a_fault_is_told_with_its_place_and_its_remedy(old: str, new: str, fault: str) -> None:
    assert any(fault in found for found in faults(edited(old, new)))


def test_all_faults_of_a_file_come_at_once_in_the_order_of_their_lines() -> None:
    text = edited('"20 Hz"', '"0 Hz"').replace('"ostwald-board"', '"x"').replace('"85 degC"', '"hot"')
    places = [fault.partition(":")[0] for fault in faults(text)]
    expected = ["rig.rate", "devices.board.driver", "channels.heater", "interlocks.hot.high"]
    assert [place.partition(", ")[2] for place in places] == expected


def test_text_that_is_not_toml_is_refused_with_its_line() -> None:
    assert faults("[rig]\nname = \n")[0].startswith("line 2, not TOML")


def test_an_empty_file_lacks_its_sections() -> None:
    assert len(faults("")) == 5


def test_a_link_can_be_put_elsewhere_but_only_one_that_exists(tmp_path: Path) -> None:
    path = tmp_path / "rig.toml"
    path.write_text(RIG)
    plan = load_rig(path, known_drivers=DRIVERS, link_overrides={"board": "/dev/ttyACM0"})
    assert plan.links[0].url == "/dev/ttyACM0"
    with pytest.raises(DocumentError, match="did you mean 'board'"):
        load_rig(path, known_drivers=DRIVERS, link_overrides={"bord": "/dev/ttyACM0"})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ControllerError, match=r"none\.toml: No such file"):
        load_rig(tmp_path / "none.toml", known_drivers=DRIVERS)


def test_the_vocabulary_of_signals_is_what_the_wire_carries() -> None:
    counts = {kind: signal.count for kind, signal in signals.SIGNALS.items() if signal.count}
    assert counts == {
        "pump": messages.PUMP_AXES,
        "heater": messages.HEATERS,
        "temperature": messages.TEMPERATURES,
        "pressure": messages.PRESSURES,
        "frequency": messages.FREQUENCIES,
        "duty": messages.DUTIES,
        "digital": messages.DIGITALS,
    }
