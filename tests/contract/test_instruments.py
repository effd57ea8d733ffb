"""What every instrument's driver keeps, on its twin: range, units, stop, reconnect, bad replies, silence."""

from __future__ import annotations

import math
import random

import pytest

from controller.config.units import check_unit
from firmware_bridge.devices.instruments.base import Purpose
from firmware_bridge.devices.interfaces import BoardState, DeviceError
from firmware_bridge.devices.registry import DRIVERS, DeviceKind
from tests.contract.instrument_bench import CASES, Case, InstrumentBench, converse, noise

every_instrument = pytest.mark.parametrize("case", CASES, ids=str)
every_actuator = pytest.mark.parametrize("case", [case for case in CASES if case.work], ids=str)
every_shared_line = pytest.mark.parametrize("case", [case for case in CASES if case.other], ids=str)
every_pump = pytest.mark.parametrize(
    "case", [case for case in CASES if case.make_driver().PURPOSE is Purpose.PUMP], ids=str
)


def test_every_instrument_driver_is_held_to_the_contract() -> None:
    drivers = {name for name, driver in DRIVERS.items() if driver.kind is DeviceKind.INSTRUMENT}
    assert {case.driver for case in CASES} == drivers


@every_instrument
def test_signals_have_units_that_a_rig_file_knows_and_ranges_that_hold_the_safe_values(case: Case) -> None:
    driver = case.make_driver()
    for name, facts in driver.signals.items():
        check_unit(facts.unit)
        assert facts.low < facts.high, name
    assert set(case.used) <= set(driver.signals)
    for name, value in {**case.safe, **case.work}.items():
        assert driver.signals[name].actuator
        assert driver.signals[name].low <= value <= driver.signals[name].high


@every_instrument
def test_every_option_is_explained_in_a_line(case: Case) -> None:
    assert set(case.options) <= set(case.make_driver().OPTIONS)
    assert all(text and "\n" not in text for text in case.make_driver().OPTIONS.values())


@every_shared_line
def test_an_address_that_cannot_be_is_refused_by_name(case: Case) -> None:
    with pytest.raises(DeviceError, match="address"):
        case.make_driver("no such address")


@every_instrument
def test_it_is_found_configured_safe_and_read(case: Case) -> None:
    bench = InstrumentBench(case)
    bench.until(lambda: bench.ready, 10.0)
    bench.run(1.0)
    session = bench.session
    assert session.problem is None
    assert session.identity is not None
    assert session.identity.model
    assert set(session.values) == set(case.used)
    assert all(math.isfinite(value) for value in session.values.values()), session.values
    assert bench.reads(case.safe)
    assert session.is_safe


@every_actuator
def test_what_is_written_is_read_back(case: Case) -> None:
    bench = InstrumentBench(case)
    bench.at_work()
    bench.run(2.0)
    assert bench.reads(case.work)
    assert bench.session.problem is None


@every_actuator
def test_the_newest_value_wins_and_nothing_queues(case: Case) -> None:
    bench = InstrumentBench(case)
    bench.at_work()
    asked = len(bench.world.heard)
    for index in range(50):
        bench.session.write({name: value * (1.0 - index / 100.0) for name, value in case.work.items()})
    bench.session.write(case.work)
    bench.run(0.2)
    assert bench.reads(case.work)
    assert len(bench.world.heard) - asked <= 12


@every_actuator
def test_a_value_beyond_the_range_is_never_carried_out(case: Case) -> None:
    bench = InstrumentBench(case)
    bench.at_work()
    signals = case.make_driver().signals
    for name in case.work:
        bench.session.write({name: signals[name].high * 3.0 + 1.0})
        for _ in range(200):
            bench.step()
            slack = case.tolerance * (signals[name].high - signals[name].low)
            assert not bench.session.values[name] > signals[name].high + slack
    bench.session.write(case.work)
    bench.until(lambda: bench.ready and bench.reads(case.work), 5.0 + case.settle_s)


@every_actuator
def test_stop_makes_it_safe_before_anything_else_and_holds_it_so(case: Case) -> None:
    bench = InstrumentBench(case)
    bench.at_work()
    bench.session.stop()
    bench.until(lambda: bench.session.is_safe, 1.0)
    bench.session.write(case.work)
    bench.run(case.settle_s + 1.0)
    assert bench.reads(case.safe)
    assert bench.session.is_safe
    bench.session.release()
    bench.session.write(case.work)
    bench.until(lambda: bench.reads(case.work), case.settle_s + 3.0)


@every_pump
def test_a_stopped_pump_delivers_nothing(case: Case) -> None:
    bench = InstrumentBench(case)
    bench.at_work()
    delivered_ul_s = case.work["flow"] / 60.0
    assert bench.twin.action.flow_ul_s == pytest.approx(delivered_ul_s, rel=2e-3)
    bench.session.stop()
    bench.until(lambda: bench.twin.action.flow_ul_s == 0.0, 0.5)


@every_actuator
def test_all_safe_is_a_stop_too(case: Case) -> None:
    bench = InstrumentBench(case)
    bench.at_work()
    bench.session.write(case.safe)
    bench.until(lambda: bench.session.is_safe, 1.0)
    bench.until(lambda: bench.reads(case.safe), case.settle_s + 1.0)


@every_actuator
def test_a_script_left_anywhere_does_not_keep_it_from_stopping(case: Case) -> None:
    for asks in range(1, 12):
        driver, twin = case.make_driver(), case.make_twin()
        twin.sense(case.surroundings)
        converse(driver.identify(), twin)
        converse(driver.configure(), twin)
        converse(driver.write(case.work), twin, asks)
        converse(driver.stop(), twin)
        twin.advance(0.1)
        values = converse(driver.read(), twin)
        assert isinstance(values, dict)
        for name, safe in case.safe.items():
            assert values[name] == pytest.approx(safe, abs=1e-6)


@every_instrument
def test_an_unplugged_line_is_told_and_heals_by_itself(case: Case) -> None:
    bench = InstrumentBench(case)
    bench.at_work()
    bench.unplug()
    bench.until(lambda: bench.session.state is BoardState.LOST, 0.1)
    bench.run(1.0)
    assert bench.session.problem == "line: no such port: check the cable"
    bench.plug()
    bench.until(lambda: bench.session.state is BoardState.READY, 4.0)
    bench.until(lambda: bench.reads(case.work), case.settle_s + 3.0)
    assert bench.line.statistics.reconnects == 1


@every_instrument
def test_silence_is_noticed_and_ends(case: Case) -> None:
    bench = InstrumentBench(case)
    bench.at_work()
    bench.world.mute = lambda _request: True
    bench.until(lambda: bench.session.state is BoardState.LOST, 6.0)
    assert bench.session.problem is not None
    assert "no answer" in bench.session.problem
    bench.run(5.0)
    bench.world.mute = lambda _request: False
    bench.until(lambda: bench.session.state is BoardState.READY, 3.0)
    bench.until(lambda: bench.reads(case.work), case.settle_s + 3.0)
    assert bench.session.problem is None


@every_instrument
def test_a_busy_instrument_that_answers_late_is_waited_for(case: Case) -> None:
    bench = InstrumentBench(case)
    bench.world.delay_s = 0.1
    bench.at_work()
    bench.run(3.0)
    assert bench.session.state is BoardState.READY
    assert bench.session.statistics.lost == 0


@every_instrument
def test_one_damaged_answer_is_asked_for_again(case: Case) -> None:
    bench = InstrumentBench(case)
    bench.at_work()
    pending = [True]

    def damage(data: bytes) -> bytes:
        if len(data) > 2 and pending:
            pending.clear()
            return bytes(byte ^ 0x55 for byte in data)
        return data

    bench.world.damage = damage
    bench.run(3.0)
    statistics = bench.session.statistics
    assert bench.session.state is BoardState.READY
    assert statistics.retries >= 1
    assert statistics.damaged + statistics.lost >= 1
    assert bench.reads(case.work)


@every_instrument
@pytest.mark.parametrize("seed", range(5))
def test_nonsense_for_ever_is_told_in_one_line_and_raises_nothing(case: Case, seed: int) -> None:
    bench = InstrumentBench(case)
    bench.until(lambda: bench.ready, 10.0)
    chance = random.Random(seed)
    bench.world.damage = lambda data: chance.randbytes(len(data))
    bench.until(lambda: bench.session.state is not BoardState.READY, 10.0)
    bench.run(5.0)
    assert bench.session.problem
    assert "\n" not in bench.session.problem
    bench.world.damage = bytes
    bench.until(lambda: bench.session.state is BoardState.READY, 4.0)


@every_instrument
def test_a_power_cut_leaves_it_as_it_is_asked_to_be(case: Case) -> None:
    bench = InstrumentBench(case)
    bench.at_work()
    bench.twin.power_cycle()
    bench.run(6.0 + case.settle_s)
    assert bench.session.state is BoardState.READY
    assert bench.reads(case.work)


@every_instrument
def test_another_serial_number_than_the_rigs_is_not_used(case: Case) -> None:
    bench = InstrumentBench(case, serial_number="SN-OTHER")
    bench.run(3.0)
    assert bench.session.state is BoardState.CONNECTING
    assert "'SN-OTHER'" in str(bench.session.problem)


@every_shared_line
def test_two_on_one_line_each_do_their_own(case: Case) -> None:
    bench = InstrumentBench(case, addresses=(case.address, case.other))
    bench.at_work()
    bench.run(1.0)
    assert bench.reads(case.work, 0)
    assert bench.reads(case.safe, 1)
    half = {name: value / 2.0 for name, value in case.work.items()}
    bench.sessions[1].write(half)
    bench.until(lambda: bench.reads(half, 1), case.settle_s + 3.0)
    assert bench.reads(case.work, 0)


@every_shared_line
def test_a_dead_one_on_the_line_delays_the_other_by_little(case: Case) -> None:
    bench = InstrumentBench(case, addresses=(case.address, case.other))
    bench.at_work()
    bench.kill(1)
    longest_s = 0.0
    for _ in range(500):
        before_s = bench.session.read_s
        bench.step()
        if bench.session.read_s != before_s:
            longest_s = max(longest_s, bench.session.read_s - before_s)
    assert bench.sessions[1].state is BoardState.LOST
    assert bench.session.state is BoardState.READY
    # A time-out of the missing one, and what else is due, but never more than one between two turns.
    assert longest_s < 1.5


@pytest.mark.parametrize("case", [case for case in CASES if case.checked and case.work], ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_no_wrong_command_is_ever_carried_out_on_a_noisy_line(case: Case, seed: int) -> None:
    bench = InstrumentBench(case)
    bench.at_work()
    right = [bench.twin.action]
    bench.session.stop()
    bench.until(lambda: bench.session.is_safe, 1.0)
    right.append(bench.twin.action)
    bench.session.release()
    bench.world.damage = noise(seed, 0.01)
    for index in range(3000):
        if index % 100 == 0:
            bench.session.write(case.work if index % 200 else case.safe)
        bench.step()
        assert bench.twin.action in right, bench.twin.log[-3:]
    bench.world.damage = bytes
    bench.session.write(case.work)
    bench.until(lambda: bench.ready and bench.reads(case.work), 3.0 + case.settle_s)
