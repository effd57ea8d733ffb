"""The vocabulary of signals: what the board's wire carries, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from controller.config import signals
from controller.config.rig import parse_rig
from controller.domain.errors import DocumentError
from firmware_bridge.wire import messages

if TYPE_CHECKING:
    from controller.domain.plan import ChannelPlan

DRIVERS = {"ostwald-board": "board"}
RIG = """\
[rig]
name = "small"
[reactor]
volume = "0.1 mL"
[links.board]
url = "/dev/ttyACM0"
[devices.board]
driver = "ostwald-board"
link = "board"
[channels.it]
device = "board"
"""


def channel(lines: str) -> ChannelPlan:
    return parse_rig(RIG + lines, "rig.toml", DRIVERS).channels[0]


def test_the_vocabulary_of_signals_is_what_the_wire_carries() -> None:
    counts = {kind: signal.count for kind, signal in signals.SIGNALS.items() if signal.count}
    assert counts == {
        "pump": messages.PUMP_AXES,
        "heater": messages.HEATERS,
        "frequency": messages.FREQUENCIES,
        "duty": messages.DUTIES,
        "temperature": messages.TEMPERATURES,
        "pressure": messages.PRESSURES,
        "digital": messages.DIGITALS,
    }


def test_every_name_is_found_and_no_other() -> None:
    assert all(signals.find(name) is not None for name in signals.names())
    for name in ("frequency", "frequency.2", "duty.2", "digital.4", "digital.-1", "lamp.0", "stop.0", ""):
        assert signals.find(name) is None


def test_a_frequency_is_written_in_its_unit_and_sent_in_hertz() -> None:
    mixing = channel(
        'signal = "frequency.1"\nunit = "kHz"\nrange = ["0 Hz", "200 kHz"]\nsafe = "0 kHz"\n'
        'rate_limit = "50 kHz/s"'
    )
    assert mixing.is_actuator
    assert (mixing.high, mixing.safe_value, mixing.rate_limit_per_s) == (200.0, 0.0, 50.0)
    assert mixing.scale * mixing.high + mixing.offset == 200_000.0


def test_a_duty_is_an_actuator_and_a_digital_input_a_sensor_from_0_to_1() -> None:
    mixer = channel('signal = "duty.0"\nunit = "%"\nrange = ["0 %", "60 %"]\nsafe = "10 %"')
    assert mixer.scale * mixer.high + mixer.offset == pytest.approx(0.6)
    leak = channel('signal = "digital.0"\nunit = "1"\nrange = ["0", "1"]')
    assert (leak.is_actuator, leak.low, leak.high, leak.scale, leak.offset) == (False, 0.0, 1.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (
            'signal = "frequency.0"\nunit = "MHz"\nrange = ["0 MHz", "5 MHz"]\nsafe = "0 MHz"',
            "channels.it.range: ends above 4e+06 Hz, which the device can't do",
        ),
        (
            'signal = "duty.1"\nunit = "%"\nrange = ["0 %", "101 %"]\nsafe = "0 %"',
            "ends above 100 %, which the device can't do",
        ),
        (
            'signal = "pump.0"\nsteps_per_ul = 1e6\nunit = "L/s"\nrange = ["0 L/s", "9 L/s"]\nsafe = "0 L/s"',
            "ends above 4e+06 steps/s, which the device can't do",
        ),
        (
            'signal = "frequency.0"\nunit = "Hz"\nrange = ["-1 Hz", "5 Hz"]\nsafe = "0 Hz"',
            "begins below zero, which the device can't do",
        ),
        ('signal = "frequency.0"\nunit = "Hz"\nrange = ["0 Hz", "5 Hz"]', "an actuator needs a safe value"),
        (
            'signal = "frequency.0"\nunit = "%"\nrange = ["0 %", "5 %"]\nsafe = "0 %"',
            "frequency.0: '%' does not convert to 'Hz'",
        ),
        (
            'signal = "digital.0"\nunit = "1"\nrange = ["0", "1"]\nsafe = "0"',
            "digital.0 is a sensor: remove it",
        ),
        (
            'signal = "duty.0"\nunit = "1"\nrange = ["0", "1"]\nsafe = "0"\nsteps_per_ul = 3',
            "duty.0 is no pump: remove it",
        ),
    ],
)
def test_what_a_signal_cannot_do_is_refused_with_its_place(lines: str, fault: str) -> None:
    with pytest.raises(DocumentError) as caught:
        channel(lines)
    assert any(fault in str(violation) for violation in caught.value.violations)
