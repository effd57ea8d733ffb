"""A New Era pump's syringe: its account over stops and power cuts, and its calibration."""

from __future__ import annotations

import pytest

from firmware_bridge.devices.instruments.base import InstrumentSettings, RestartedError
from firmware_bridge.devices.instruments.new_era import NewEra
from firmware_bridge.devices.interfaces import DeviceError
from firmware_bridge.simulator.instruments.interfaces import TwinSettings
from firmware_bridge.simulator.instruments.new_era import NewEraTwin
from tests.contract.instrument_bench import converse


def make_pair(**options):
    options = {"syringe": "BD Plastic 10 mL", "watchdog": "255 s", **options}
    settings = InstrumentSettings("03", options, ("flow", "volume"), {"flow": 0.0})
    driver, twin = NewEra(settings), NewEraTwin(TwinSettings("03"))
    converse(driver.identify(), twin)
    converse(driver.configure(), twin)
    return driver, twin


def read(driver, twin) -> dict[str, float]:
    values = converse(driver.read(), twin)
    assert isinstance(values, dict)
    return values


def test_what_is_left_follows_what_went_out_and_came_in():
    driver, twin = make_pair(filled="8 mL")
    converse(driver.write({"flow": 1000.0}), twin)
    twin.advance(120.0)
    assert read(driver, twin)["volume"] == pytest.approx(6000.0, rel=1e-3)
    converse(driver.write({"flow": -500.0}), twin)
    twin.advance(60.0)
    assert read(driver, twin)["volume"] == pytest.approx(6500.0, rel=1e-3)


def test_a_stall_does_not_lose_the_account():
    driver, twin = make_pair(filled="8 mL")
    converse(driver.write({"flow": 1000.0}), twin)
    twin.advance(120.0)
    twin.stall()
    with pytest.raises(RestartedError, match="stalled"):
        read(driver, twin)
    converse(driver.configure(), twin)
    assert read(driver, twin) == {"flow": 0.0, "volume": pytest.approx(6000.0, rel=1e-3)}


def test_a_calibrated_pump_is_set_so_that_it_delivers_what_is_asked():
    driver, twin = make_pair(calibration="0.98")
    converse(driver.write({"flow": 490.0}), twin)
    assert twin.action.flow_ul_s * 60.0 == pytest.approx(500.0)
    assert read(driver, twin)["flow"] == pytest.approx(490.0)


def test_a_syringe_without_a_name_is_given_by_its_measures():
    settings = InstrumentSettings("03", {"diameter": "14.43 mm", "volume": "10 mL"})
    assert NewEra(settings).signals["volume"].high == 10000.0
    with pytest.raises(DeviceError, match="syringe is missing"):
        NewEra(InstrumentSettings("03", {}))
