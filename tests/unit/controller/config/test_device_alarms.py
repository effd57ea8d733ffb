"""The alarms that devices have without being asked for: a lost device is never lost silently."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.config.alarms import MOST_ALARMS
from controller.config.rig import load_rig, parse_rig
from controller.domain.alarms import Priority
from controller.domain.conditions import BoardLost
from controller.domain.errors import DocumentError
from controller.equipment.drivers import known_instruments
from tests.unit.controller.config.test_rig import DRIVERS, RIG

EXAMPLES = Path(__file__).parents[4] / "examples" / "rigs"
BOARD_LOST = """
[{section}.gone]
kind = "board_lost"
device = "board"
{more}
"""


def alarms(text: str = "") -> dict[str, Priority]:
    return {each.name: each.priority for each in parse_rig(RIG + text, "rig.toml", DRIVERS).alarms}


def faults(text: str) -> str:
    with pytest.raises(DocumentError) as refused:
        alarms(text)
    return str(refused.value)


def test_a_board_and_a_spectrometer_have_an_alarm_each_of_high_priority() -> None:
    assert alarms() == {"board.lost": Priority.HIGH, "eye.lost": Priority.HIGH}


@pytest.mark.parametrize(("section", "more"), [("interlocks", ""), ("alarms", 'priority = "low"')])
def test_a_device_that_has_an_alarm_by_the_rig_file_gets_no_other(section: str, more: str) -> None:
    assert "board.lost" not in alarms(BOARD_LOST.format(section=section, more=more))


def test_an_interlock_that_waits_leaves_a_short_loss_to_the_devices_own_alarm() -> None:
    assert "board.lost" in alarms(BOARD_LOST.format(section="interlocks", more='delay = "2 s"'))


def test_a_spectrometer_may_be_watched_by_a_rule_too() -> None:
    rule = BOARD_LOST.format(section="alarms", more='priority = "low"').replace('"board"', '"eye"')
    assert alarms(rule) == {"gone": Priority.LOW, "board.lost": Priority.HIGH}


def test_a_device_without_channels_has_none() -> None:
    spare = '[devices.spare]\ndriver = "ostwald-board"\nlink = "spare"\n[links.spare]\nurl = "twin:spare"\n'
    assert "spare.lost" not in alarms(spare)
    rule = BOARD_LOST.format(section="alarms", more='priority = "low"').replace('"board"', '"spare"')
    assert "spare carries no channel" in faults(spare + rule)


@pytest.mark.parametrize("section", ["alarms", "interlocks"])
def test_the_name_of_such_an_alarm_is_not_free(section: str) -> None:
    priority = 'priority = "low"' if section == "alarms" else ""
    said = faults(f'[{section}."board.lost"]\nchannel = "zone"\nhigh = "80 degC"\n{priority}\n')
    assert "is the name of the alarm of a device: choose another" in said


def test_the_alarms_of_devices_count() -> None:
    many = "".join(
        f'[alarms.a{number}]\nchannel = "zone"\nhigh = "80 degC"\npriority = "low"\n'
        for number in range(MOST_ALARMS - 1)
    )
    assert f"{MOST_ALARMS + 1} of them, 2 of devices: at most {MOST_ALARMS}" in faults(many)


@pytest.mark.parametrize("name", ["silver-twin", "silver-instruments"])
def test_each_device_of_the_example_rigs_has_an_alarm(name: str) -> None:
    rig = load_rig(EXAMPLES / f"{name}.toml", known_drivers=DRIVERS, instruments=known_instruments())
    watched = [each.condition.device for each in rig.alarms if isinstance(each.condition, BoardLost)]
    assert sorted(watched) == sorted(each.name for each in rig.devices)
