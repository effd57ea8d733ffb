"""Two pumps as one, over the wire: the flow has no gap while syringe after syringe runs empty."""

from __future__ import annotations

import pytest

from firmware_bridge.devices.instruments.base import InstrumentSettings, RestartedError
from firmware_bridge.devices.instruments.syringe_pair import SyringePair
from firmware_bridge.devices.interfaces import DeviceError
from firmware_bridge.simulator.instruments.interfaces import TwinSettings
from firmware_bridge.simulator.instruments.syringe_pair import SyringePairTwin
from tests.contract.instrument_bench import STEP_S, Case, InstrumentBench, converse

# Without its watchdog a New Era pump stays in basic mode, where it is never asked twice.
MORE: dict[str, dict[str, str]] = {"harvard": {}, "new-era": {"watchdog": "off"}}


def make_driver(address="01+02", *, safe_ul_min=0.0, **options):
    return SyringePair(InstrumentSettings(address, options, ("flow", "volume"), {"flow": safe_ul_min}))


def make_pair(pump, *, safe_ul_min=0.0):
    options = {"syringe": "BD Plastic 1 mL", "refill": "600 uL/min", "pump": pump, **MORE[pump]}
    driver = make_driver(safe_ul_min=safe_ul_min, **options)
    twin = SyringePairTwin(TwinSettings("01+02", options))
    converse(driver.identify(), twin)
    converse(driver.configure(), twin)
    return driver, twin


def follow(driver, twin, seconds):
    """Read four times a second, as a session does; return what was delivered and what was read each time."""
    delivered_ul, seen = 0.0, []
    for _ in range(round(seconds / 0.25)):
        values = converse(driver.read(), twin)
        assert isinstance(values, dict)
        seen.append(twin.action.flow_ul_s * 60.0)
        delivered_ul += twin.action.flow_ul_s * 0.25
        twin.advance(0.25)
    return delivered_ul, seen


@pytest.mark.parametrize("pump", MORE)
def test_ten_syringes_run_out_and_the_flow_never_falters(pump):
    driver, twin = make_pair(pump)
    converse(driver.write({"flow": 400.0}), twin)
    delivered_ul, seen = follow(driver, twin, 1500.0)
    # A pump that is to give less than its slowest gives nothing for one step of a hand-over.
    assert min(seen) > 0.99 * 400.0
    assert max(seen) < 1.01 * 400.0
    assert delivered_ul == pytest.approx(10000.0, rel=1e-3)


@pytest.mark.parametrize("pump", MORE)
def test_over_a_line_that_takes_its_time_a_hand_over_is_off_by_a_step_at_most(pump):
    options = {"syringe": "BD Plastic 1 mL", "refill": "600 uL/min", "pump": pump}
    case = Case("syringe-pair", "01+02", "", options, ("flow", "volume"), {"flow": 400.0}, {"flow": 0.0})
    bench = InstrumentBench(case)
    bench.at_work()
    seen = []
    for _ in range(round(300.0 / STEP_S)):
        bench.step()
        seen.append(bench.twin.action.flow_ul_s * 60.0)
    assert sum(seen) / len(seen) == pytest.approx(400.0, rel=1e-3)
    assert max(abs(each - 400.0) for each in seen) < 400.0 / 8.0


def test_the_flow_changes_at_once_even_while_one_hands_over_to_the_other():
    driver, twin = make_pair("harvard")
    for flow_ul_min in (400.0, 37.0, 410.0, 120.0) * 6:
        converse(driver.write({"flow": flow_ul_min}), twin)
        _, seen = follow(driver, twin, 21.0)
        assert seen == pytest.approx([flow_ul_min] * len(seen), rel=0.01)


def test_no_flow_stops_everything_a_refill_too():
    driver, twin = make_pair("harvard")
    converse(driver.write({"flow": 400.0}), twin)
    follow(driver, twin, 180.0)
    assert any(each.action.flow_ul_s < 0.0 for each in twin.pumps)
    converse(driver.stop(), twin)
    assert all(each.action.flow_ul_s == 0.0 for each in twin.pumps)
    follow(driver, twin, 5.0)
    assert all(each.action.flow_ul_s == 0.0 for each in twin.pumps)


@pytest.mark.parametrize("place", [0, 1])
def test_a_stall_of_either_is_told(place):
    driver, twin = make_pair("harvard")
    converse(driver.write({"flow": 400.0}), twin)
    follow(driver, twin, 180.0)
    twin.pumps[place].stall()
    with pytest.raises(RestartedError, match="stalled"):
        follow(driver, twin, 300.0)


def test_a_safe_flow_that_is_not_zero_runs_after_a_stop():
    driver, twin = make_pair("harvard", safe_ul_min=50.0)
    assert twin.action.flow_ul_s * 60.0 == pytest.approx(50.0)
    converse(driver.write({"flow": 400.0}), twin)
    converse(driver.stop(), twin)
    assert twin.action.flow_ul_s * 60.0 == pytest.approx(50.0)


def test_a_flow_that_no_refill_could_follow_is_refused():
    driver, twin = make_pair("harvard")
    high = driver.signals["flow"].high
    assert 400.0 < high < 600.0
    with pytest.raises(DeviceError, match="without a gap"):
        converse(driver.write({"flow": high * 1.01}), twin)
    assert driver.signals["flow"].low == 0.0


@pytest.mark.parametrize(
    ("address", "options", "complaint"),
    [
        ("01", {}, "address"),
        ("01+01", {}, "address"),
        ("01+x", {}, "address"),
        ("01+02", {"pump": "chemyx"}, "pump"),
        ("01+02", {"pump": "harvard", "watchdog": "5 s"}, "watchdog: a harvard pump has no such option"),
        ("01+02", {"refill": "40 mL/min"}, "refill"),
        ("01+02", {"refill": "20 mL/min", "overlap": "60 s"}, "refill: too fast"),
        ("01+02", {"overlap": "0 s"}, "overlap"),
    ],
)
def test_a_setting_that_cannot_be_is_named(address, options, complaint):
    with pytest.raises(DeviceError, match=complaint):
        make_driver(address, **{"syringe": "BD Plastic 10 mL", **options})
