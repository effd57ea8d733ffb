"""What only New Era's pumps have: modes, alarms, the watchdog, the manual's own packet."""

from __future__ import annotations

import pytest

from firmware_bridge.devices.instruments.base import InstrumentSettings, RestartedError
from firmware_bridge.devices.instruments.new_era import NewEra
from firmware_bridge.devices.interfaces import DeviceError, NoAnswerError
from firmware_bridge.simulator.instruments.interfaces import TwinSettings
from firmware_bridge.simulator.instruments.new_era import NewEraTwin
from tests.contract.instrument_bench import converse

SYRINGE = {"syringe": "BD Plastic 10 mL"}


def make(**options: str) -> tuple[NewEra, NewEraTwin]:
    driver = NewEra(InstrumentSettings("03", {**SYRINGE, **options}, ("flow",), {"flow": 0.0}))
    twin = NewEraTwin(TwinSettings("03"))
    converse(driver.identify(), twin)
    converse(driver.configure(), twin)
    return driver, twin


def test_the_twin_leaves_safe_mode_on_the_manuals_own_packet():
    twin = NewEraTwin(TwinSettings("00"))
    twin.feed(b"00\r00SAF5\r")
    assert twin.feed(b"\x02\x08SAF0\x55\x43\x03") == b"\x0200S\x03"


def test_a_pump_that_hears_nothing_stops_by_itself_and_says_so():
    driver, twin = make(watchdog="5 s")
    converse(driver.write({"flow": 500.0}), twin)
    twin.advance(4.9)
    assert twin.action.flow_ul_s > 0.0
    twin.advance(0.2)
    assert twin.action.flow_ul_s == 0.0
    twin.feed(b"")
    with pytest.raises(RestartedError, match="heard nothing"):
        converse(driver.read(), twin)


def test_a_pump_without_a_watchdog_goes_on():
    driver, twin = make(watchdog="off")
    converse(driver.write({"flow": 500.0}), twin)
    twin.advance(3600.0)
    assert twin.action.flow_ul_s == pytest.approx(500.0 / 60.0)


def test_a_pump_left_in_safe_mode_by_another_host_is_found_and_brought_back():
    _, twin = make(watchdog="5 s")
    driver = NewEra(InstrumentSettings("03", {**SYRINGE, "watchdog": "off"}, ("flow",), {"flow": 0.0}))
    script = driver.identify()
    assert twin.feed(next(script).data) == b""
    ask = script.throw(NoAnswerError("no answer"))
    with pytest.raises(StopIteration):
        script.send(twin.feed(ask.data))
    converse(driver.configure(), twin)
    twin.advance(3600.0)
    assert converse(driver.read(), twin) == {"flow": 0.0}


def test_an_alarm_told_unasked_does_not_pass_for_an_answer_to_nothing():
    driver, twin = make()
    twin.stall()
    assert twin.feed(b"").endswith(b"\x03"), "in safe mode the pump tells it by itself"
    with pytest.raises(RestartedError, match="stalled"):
        converse(driver.read(), twin)


def test_a_packet_with_a_wrong_crc_is_answered_with_com():
    _, twin = make()
    assert b"?COM" in twin.feed(b"\x02\x0903STP\x00\x00\x03")


@pytest.mark.parametrize(
    ("flow", "shown"),
    [(0.1234, "0.123"), (1.0, "1.000"), (83.418, "83.42"), (834.15, "834.1"), (8341.0, "8341")],
)
def test_a_rate_is_written_with_four_digits(flow: float, shown: str):
    driver, _ = make()
    script = driver.write({"flow": flow})
    ask = next(script)
    assert f"RAT{shown}".encode() in ask.data
    script.close()


@pytest.mark.parametrize(
    ("options", "address", "fault"),
    [
        ({}, "03", "syringe"),
        ({"syringe": "BD Plastic 11 mL"}, "03", "did you mean 'BD Plastic 1 mL'"),
        ({**SYRINGE, "watchdog": "300 s"}, "03", "watchdog '300 s': must lie in 1 to 255 s"),
        ({**SYRINGE, "watchdog": "soon"}, "03", "watchdog 'soon': write a number and a unit"),
        (SYRINGE, "3a", "address '3a': a whole number from 0 to 99"),
    ],
)
def test_a_setting_that_cannot_be_is_named(options: dict[str, str], address: str, fault: str):
    with pytest.raises(DeviceError, match=fault):
        NewEra(InstrumentSettings(address, options))
