"""Harvard Apparatus' and KD Scientific's pumps: stalls, volumes, limits, and answers that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices.instruments.base import InstrumentSettings, RestartedError
from firmware_bridge.devices.instruments.harvard import Harvard
from firmware_bridge.devices.interfaces import DeviceError
from firmware_bridge.simulator.instruments.harvard import HarvardTwin
from firmware_bridge.simulator.instruments.interfaces import TwinSettings
from tests.contract.instrument_bench import converse

ALL = ("flow", "volume", "infused", "withdrawn")


def make_driver(address="", *, used=ALL, safe_ul_min=0.0, **options):
    options = {"syringe": "BD Plastic 10 mL", "filled": "8 mL", **options}
    return Harvard(InstrumentSettings(address, options, used, {"flow": safe_ul_min}))


def make_pair(address="", **options):
    driver = make_driver(address, **options)
    twin = HarvardTwin(TwinSettings(address, {"filled": "8 mL", **options}))
    converse(driver.identify(), twin)
    converse(driver.configure(), twin)
    return driver, twin


def read(driver, twin) -> dict[str, float]:
    values = converse(driver.read(), twin)
    assert isinstance(values, dict)
    return values


def delivers_ul_min(twin):
    return twin.action.flow_ul_s * 60.0


@pytest.mark.parametrize("flow_ul_min", [0.05, 3.2, 999.9, 26000.0, -0.05, -26000.0])
def test_it_runs_at_what_it_is_asked_in_whatever_unit_that_is_written(flow_ul_min):
    driver, twin = make_pair()
    converse(driver.write({"flow": flow_ul_min}), twin)
    assert delivers_ul_min(twin) == pytest.approx(flow_ul_min, rel=1e-3)
    assert read(driver, twin)["flow"] == pytest.approx(flow_ul_min, rel=1e-3)


def test_a_flow_below_the_slowest_is_a_stop():
    driver, twin = make_pair()
    converse(driver.write({"flow": 100.0}), twin)
    converse(driver.write({"flow": 0.01}), twin)
    assert delivers_ul_min(twin) == 0.0


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


def test_an_empty_syringe_stalls_and_its_account_is_at_zero():
    driver, twin = make_pair(filled="10 mL")
    converse(driver.write({"flow": 10000.0}), twin)
    twin.advance(65.0)
    with pytest.raises(RestartedError, match="empty syringe"):
        read(driver, twin)
    converse(driver.configure(), twin)
    values = read(driver, twin)
    assert (values["volume"], values["flow"]) == (0.0, 0.0)
    assert values["infused"] == pytest.approx(10000.0)
    converse(driver.write({"flow": -10000.0}), twin)
    twin.advance(30.0)
    values = read(driver, twin)
    assert values["volume"] == pytest.approx(5000.0)
    assert values["withdrawn"] == pytest.approx(5000.0)


def test_what_it_moved_while_nobody_listened_is_counted():
    driver, twin = make_pair()
    read(driver, twin)
    converse(driver.write({"flow": 1000.0}), twin)
    twin.advance(120.0)
    converse(driver.identify(), twin)
    converse(driver.configure(), twin)
    assert read(driver, twin)["volume"] == pytest.approx(6000.0)


def test_a_power_cut_does_not_fill_the_syringe():
    driver, twin = make_pair()
    read(driver, twin)
    converse(driver.write({"flow": 1000.0}), twin)
    twin.advance(120.0)
    read(driver, twin)
    twin.power_cycle()
    converse(driver.identify(), twin)
    converse(driver.configure(), twin)
    assert read(driver, twin)["volume"] == pytest.approx(6000.0)


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
    driver, twin = make_pair(calibration="0.98, 0.5 uL/min")
    converse(driver.write({"flow": 500.0}), twin)
    assert delivers_ul_min(twin) * 0.98 + 0.5 == pytest.approx(500.0, rel=1e-6)
    assert read(driver, twin)["flow"] == pytest.approx(500.0, rel=1e-6)
    twin.advance(60.0)
    assert read(driver, twin)["infused"] == pytest.approx(499.5)


def test_a_pump_that_is_slower_than_its_signal_promises_is_refused_with_the_remedy():
    driver, twin = make_driver(fastest="190 mm/min"), HarvardTwin(TwinSettings())
    converse(driver.identify(), twin)
    with pytest.raises(DeviceError, match=r'write fastest = "159\.0 mm/min"'):
        converse(driver.configure(), twin)


def test_a_pump_that_only_infuses_is_never_asked_to_withdraw():
    class InfuseOnly(HarvardTwin):
        def feed(self, chunk):
            assert chunk[:1] != b"w", chunk
            return super().feed(chunk)

    driver, twin = make_driver(direction="infuse"), InfuseOnly(TwinSettings())
    for script in (driver.identify(), driver.configure(), driver.write({"flow": 5.0}), driver.read()):
        converse(script, twin)
    assert driver.signals["flow"].low == 0.0
    assert read(driver, twin)["withdrawn"] == 0.0


def test_a_safe_flow_that_is_not_zero_runs_from_the_start_and_after_a_stop():
    driver, twin = make_pair(safe_ul_min=20.0)
    assert delivers_ul_min(twin) == pytest.approx(20.0)
    converse(driver.write({"flow": 500.0}), twin)
    converse(driver.stop(), twin)
    assert delivers_ul_min(twin) == pytest.approx(20.0)


def test_the_force_is_set_where_it_is_given():
    _driver, twin = make_pair(force="50 %")
    assert b"50%" in twin.feed(b"force\r")


def test_a_pump_that_wants_a_colon_after_its_address_gets_one():
    driver = make_driver("12", colon="yes")
    assert next(driver.stop()).data == b"12:stop\r"


def test_only_what_the_rig_uses_is_asked():
    driver, twin = make_pair(used=("flow",))
    assert set(read(driver, twin)) == {"flow"}


@pytest.mark.parametrize(
    "answer",
    [
        b"\n11:\x11",  # another pump
        b"\n:\x11",  # a pump without an address
        b"\n12?\x11",
        b"12:\x11",
        b"\x11",
        b"\n12:\xff\r\n12:\x11",
        b"noise\n12:\x11",
    ],
)
def test_an_answer_that_is_not_this_pumps_is_damage(answer):
    ask = next(make_driver("12").stop())
    with pytest.raises(ValueError, match="no answer"):
        ask.ends(answer)


def test_a_line_that_never_ends_is_given_up():
    ask = next(make_driver().stop())
    assert ask.ends(b"x" * 512) == 0
    with pytest.raises(ValueError, match="XON"):
        ask.ends(b"x" * 513)


@given(st.binary(min_size=1, max_size=600))
def test_no_bytes_crash_what_finds_the_end_of_an_answer(data):
    ask = next(make_driver("12").read())
    try:
        length = ask.ends(data)
    except ValueError:
        return
    assert 0 <= length <= len(data)


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_no_bytes_crash_the_twin_or_make_it_pump(chunks):
    twin = HarvardTwin(TwinSettings("12"))
    for chunk in chunks:
        twin.feed(chunk.replace(b"run", b""))
    assert twin.action.flow_ul_s == 0.0


def test_the_twin_takes_commands_cut_to_four_letters():
    twin = HarvardTwin(TwinSettings("12"))
    assert twin.feed(b"12irat 3.2 u/m\r") == b"\n12:"
    assert twin.feed(b"12irat\r") == b"\n12:3.2000 ul/min\r\n12:"
    assert twin.feed(b"12addr\r") == b"\n12:Pump address is 12\r\n12:"
    assert twin.feed(b"13irat\r") == b""


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"syringe": "no such"}, "unknown syringe"),
        ({"direction": "up"}, "direction"),
        ({"force": "200 %"}, "force"),
        ({"colon": "maybe"}, "colon"),
    ],
)
def test_a_setting_that_cannot_be_is_named(options, complaint):
    with pytest.raises(DeviceError, match=complaint):
        make_driver(**options)
