"""Chemyx Fusion pumps: runs that end by themselves, stalls, volumes, and answers that are none."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices.instruments.base import InstrumentSettings, RestartedError
from firmware_bridge.devices.instruments.chemyx import Chemyx
from firmware_bridge.devices.interfaces import DeviceError
from firmware_bridge.simulator.instruments.chemyx import ChemyxTwin
from firmware_bridge.simulator.instruments.interfaces import TwinSettings
from tests.contract.instrument_bench import converse

ALL = ("flow", "volume", "infused", "withdrawn")


def make_driver(address="", *, used=ALL, safe_ul_min=0.0, **options):
    options = {"syringe": "BD Plastic 10 mL", "filled": "8 mL", **options}
    return Chemyx(InstrumentSettings(address, options, used, {"flow": safe_ul_min}))


def make_pair(address="", **options):
    driver, twin = make_driver(address, **options), ChemyxTwin(TwinSettings(address))
    converse(driver.identify(), twin)
    converse(driver.configure(), twin)
    return driver, twin


def read(driver, twin) -> dict[str, float]:
    values = converse(driver.read(), twin)
    assert isinstance(values, dict)
    return values


def delivers_ul_min(twin):
    return twin.action.flow_ul_s * 60.0


@pytest.mark.parametrize("address", ["", "1", "2"])
@pytest.mark.parametrize("flow_ul_min", [0.1, 500.0, 29000.0, -0.1, -29000.0])
def test_it_runs_at_what_it_is_asked(address, flow_ul_min):
    driver, twin = make_pair(address)
    converse(driver.write({"flow": flow_ul_min}), twin)
    assert delivers_ul_min(twin) == pytest.approx(flow_ul_min, rel=1e-3)
    assert read(driver, twin)["flow"] == pytest.approx(flow_ul_min, rel=1e-3)


def test_the_same_flow_again_does_not_interrupt_it():
    driver, twin = make_pair()
    converse(driver.write({"flow": 500.0}), twin)
    before = len(twin.log)
    converse(driver.write({"flow": 500.0}), twin)
    assert len(twin.log) == before


def test_left_alone_it_stops_after_one_syringe():
    driver, twin = make_pair()
    converse(driver.write({"flow": 5000.0}), twin)
    twin.advance(150.0)
    assert delivers_ul_min(twin) == 0.0
    values = read(driver, twin)
    assert (values["flow"], values["volume"]) == (0.0, 0.0)
    assert values["infused"] == pytest.approx(10000.0)


def test_every_change_of_the_flow_keeps_what_was_delivered_before():
    driver, twin = make_pair()
    for flow_ul_min in (1000.0, 2000.0, -500.0):
        converse(driver.write({"flow": flow_ul_min}), twin)
        twin.advance(60.0)
    converse(driver.stop(), twin)
    values = read(driver, twin)
    assert values["infused"] == pytest.approx(3000.0, abs=0.1)
    assert values["withdrawn"] == pytest.approx(500.0, abs=0.1)
    assert values["volume"] == pytest.approx(5500.0, abs=0.1)


def test_what_it_moved_while_nobody_listened_is_counted():
    driver, twin = make_pair()
    converse(driver.write({"flow": 1000.0}), twin)
    twin.advance(120.0)
    converse(driver.identify(), twin)
    converse(driver.configure(), twin)
    assert read(driver, twin)["volume"] == pytest.approx(6000.0, abs=0.1)


def test_a_power_cut_is_told_and_does_not_fill_the_syringe():
    driver, twin = make_pair()
    converse(driver.write({"flow": 1000.0}), twin)
    twin.advance(120.0)
    read(driver, twin)
    twin.power_cycle()
    with pytest.raises(RestartedError, match="supply"):
        read(driver, twin)
    converse(driver.configure(), twin)
    assert read(driver, twin)["volume"] == pytest.approx(6000.0, abs=0.1)


def test_a_pump_that_somebody_stopped_at_its_panel_is_left_alone():
    driver, twin = make_pair()
    converse(driver.write({"flow": 1000.0}), twin)
    twin.advance(10.0)
    twin.feed(b"stop\r")
    assert read(driver, twin)["flow"] == 0.0
    assert delivers_ul_min(twin) == 0.0


def test_units_that_somebody_changed_at_the_panel_are_set_anew():
    driver, twin = make_pair()
    twin.feed(b"set units 0\r")
    with pytest.raises(RestartedError, match="changed at the pump"):
        read(driver, twin)


def test_a_stall_is_told_once_and_leaves_the_pump_stopped():
    driver, twin = make_pair()
    converse(driver.write({"flow": 100.0}), twin)
    twin.stall()
    with pytest.raises(RestartedError, match="stalled"):
        read(driver, twin)
    converse(driver.configure(), twin)
    assert read(driver, twin)["flow"] == 0.0
    assert delivers_ul_min(twin) == 0.0
    converse(driver.write({"flow": 100.0}), twin)
    assert delivers_ul_min(twin) == pytest.approx(100.0)


def test_a_stall_that_shows_only_when_the_flow_changes_is_told_too():
    driver, twin = make_pair()
    converse(driver.write({"flow": 100.0}), twin)
    twin.stall()
    with pytest.raises(RestartedError, match="stalled"):
        converse(driver.write({"flow": 120.0}), twin)
    assert delivers_ul_min(twin) == 0.0


def test_a_stalled_pump_can_be_stopped():
    driver, twin = make_pair()
    converse(driver.write({"flow": 100.0}), twin)
    twin.stall()
    converse(driver.stop(), twin)
    assert read(driver, twin)["flow"] == 0.0


def test_a_refill_ends_by_itself_when_the_syringe_is_full():
    driver, twin = make_pair(filled="8 mL")
    converse(driver.write({"flow": -1000.0}), twin)
    for _ in range(250):
        twin.advance(0.5)
        read(driver, twin)
    assert delivers_ul_min(twin) == 0.0
    assert read(driver, twin)["volume"] == 10000.0


def test_a_full_syringe_is_not_drawn_out_of_its_barrel():
    driver, twin = make_pair(filled="10 mL")
    with pytest.raises(DeviceError, match="full by its account"):
        converse(driver.write({"flow": -1000.0}), twin)
    assert delivers_ul_min(twin) == 0.0
    converse(driver.write({"flow": 1000.0}), twin)
    assert delivers_ul_min(twin) == pytest.approx(1000.0)


def test_a_calibrated_pump_is_set_so_that_it_delivers_what_is_asked():
    driver, twin = make_pair(calibration="1.02")
    converse(driver.write({"flow": 510.0}), twin)
    assert delivers_ul_min(twin) == pytest.approx(500.0)
    assert read(driver, twin)["flow"] == pytest.approx(510.0)


def test_a_pump_that_is_slower_than_its_signal_promises_is_refused_with_the_remedy():
    driver, twin = make_driver(fastest="300 mm/min"), ChemyxTwin(TwinSettings())
    converse(driver.identify(), twin)
    with pytest.raises(DeviceError, match=r'write fastest = "178\.2 mm/min"'):
        converse(driver.configure(), twin)


def test_a_safe_flow_that_is_not_zero_runs_from_the_start():
    _driver, twin = make_pair(safe_ul_min=20.0)
    assert delivers_ul_min(twin) == pytest.approx(20.0)


def test_an_answer_without_the_echo_is_understood_too():
    driver = make_driver()
    script = driver.stop()
    ask = next(script)
    answer = b"Pump stop!\r\n>"
    assert ask.ends(answer) == len(answer)
    assert script.send(answer).data == b"pump status\r"


def test_a_line_that_never_ends_is_given_up():
    ask = next(make_driver().stop())
    assert ask.ends(b"x" * 512) == 0
    with pytest.raises(ValueError, match="prompt"):
        ask.ends(b"x" * 513)


@given(st.binary(min_size=1, max_size=600))
def test_no_bytes_crash_what_finds_the_end_of_an_answer(data):
    ask = next(make_driver().read())
    try:
        length = ask.ends(data)
    except ValueError:
        return
    assert 0 <= length <= len(data)


@given(st.text(alphabet="0123456789. =abcdefgilmnoprstuvwx>\r\n", max_size=80))
def test_any_answer_is_taken_or_is_a_device_error(text):
    script = make_driver().read()
    next(script)
    with contextlib.suppress(DeviceError):
        script.send((text + "\r\n>").encode())


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_no_bytes_crash_the_twin_or_make_it_pump(chunks):
    twin = ChemyxTwin(TwinSettings())
    for chunk in chunks:
        twin.feed(chunk.replace(b"start", b""))
    assert twin.action.flow_ul_s == 0.0


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"set diameter 11.73\r", b"diameter = 11.730"),
        (b"set diameter 60\r", b"diameter = 28.600"),
        (b"set units 4\r", b"units = 0"),
        (b"set speed 4\r", b"Invalid Command!"),
        (b"SET RATE 4\r", b"Invalid Command!"),
        (b"elapsed time\r", b"elapsed time = 0.00000"),
        (b"pause\r", b"Pump pause!"),
    ],
)
def test_the_twin_tells_what_it_took(sent, answered):
    assert ChemyxTwin(TwinSettings()).feed(sent) == sent.strip() + b"\r\n" + answered + b"\r\n>"
