"""Circulators of Huber and JULABO: when they start and stop, what keys and alarms do, what is nonsense."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices.instruments.base import InstrumentSettings
from firmware_bridge.devices.instruments.huber import Huber
from firmware_bridge.devices.instruments.julabo import Julabo
from firmware_bridge.devices.interfaces import BoardState, DeviceError
from firmware_bridge.simulator.instruments.huber import HuberTwin
from firmware_bridge.simulator.instruments.interfaces import Surroundings, TwinSettings
from firmware_bridge.simulator.instruments.julabo import JulaboTwin
from tests.contract.instrument_bench import Case, InstrumentBench, converse

if TYPE_CHECKING:
    from firmware_bridge.devices.instruments.circulator import Circulator

USED = ("temperature", "setpoint", "running", "alarm")
WORK = {"setpoint": 60.0, "running": 1.0}
SAFE = {"setpoint": 20.0, "running": 0.0}
MAKERS = ("julabo", "huber")
DRIVERS: dict[str, type[Circulator]] = {"julabo": Julabo, "huber": Huber}


def make_bench(maker: str, **changes: Any) -> InstrumentBench:
    case = Case(maker, used=USED, work=WORK, safe=SAFE, settle_s=3.0)
    return InstrumentBench(replace(case, **changes))


def commands(twin: JulaboTwin | HuberTwin) -> list[str]:
    return [line.split(" s ", 1)[1] for line in twin.log]


def julabo_bench(**changes: Any) -> tuple[InstrumentBench, JulaboTwin]:
    bench = make_bench("julabo", **changes)
    assert isinstance(bench.twin, JulaboTwin)
    return bench, bench.twin


def huber_bench(**changes: Any) -> tuple[InstrumentBench, HuberTwin]:
    bench = make_bench("huber", **changes)
    assert isinstance(bench.twin, HuberTwin)
    return bench, bench.twin


@pytest.mark.parametrize("maker", MAKERS)
def test_a_bath_comes_to_its_setpoint_and_cools_back(maker: str) -> None:
    bench = make_bench(maker, surroundings=Surroundings())
    bench.at_work()
    bench.run(0.5)
    assert bench.twin.action.heat == 1.0
    bench.until(lambda: abs(bench.session.values["temperature"] - 60.0) < 1.0, 900.0)
    bench.session.write({"setpoint": 10.0})
    bench.run(2.0)
    assert bench.twin.action.heat == -1.0


@pytest.mark.parametrize("maker", MAKERS)
def test_a_stopped_circulator_neither_heats_nor_cools(maker: str) -> None:
    bench = make_bench(maker)
    bench.at_work()
    bench.session.stop()
    bench.until(lambda: bench.session.is_safe, 1.0)
    bench.run(0.1)
    assert bench.twin.action.heat == 0.0


@pytest.mark.parametrize("maker", MAKERS)
def test_a_rig_that_uses_the_setpoint_alone_has_it_run(maker: str) -> None:
    bench = make_bench(
        maker, used=("temperature", "setpoint"), work={"setpoint": 60.0}, safe={"setpoint": 20.0}
    )
    bench.until(lambda: bench.ready, 5.0)
    bench.run(0.5)
    assert bench.twin.action.heat != 0.0
    bench.session.stop()
    bench.run(1.0)
    assert bench.twin.action.heat != 0.0, "it tempers to its safe setpoint"


@pytest.mark.parametrize("maker", MAKERS)
def test_a_rig_that_only_reads_changes_nothing(maker: str) -> None:
    bench = make_bench(maker, used=("temperature", "setpoint", "alarm"), work={}, safe={})
    bench.run(5.0)
    assert bench.session.problem is None
    assert bench.session.values["temperature"] == 25.0
    assert isinstance(bench.twin, JulaboTwin | HuberTwin)
    assert not commands(bench.twin)


@pytest.mark.parametrize("maker", MAKERS)
def test_a_power_cut_is_seen_and_counts_as_a_restart(maker: str) -> None:
    bench = make_bench(maker)
    bench.at_work()
    bench.twin.power_cycle()
    bench.until(lambda: bench.session.statistics.reboots == 1, 2.0)
    bench.until(lambda: bench.reads(WORK), 6.0)


def test_an_alarm_is_told_and_nothing_starts_it_again_before_a_person_has_looked() -> None:
    bench, twin = julabo_bench()
    bench.at_work()
    twin.raise_alarm("-01 LOW LEVEL ALARM")
    bench.until(lambda: bench.session.values["alarm"] == 1.0, 2.0)
    bench.run(5.0)
    assert bench.session.values["running"] == 0.0
    assert bench.session.state is BoardState.READY
    twin.raise_alarm("")
    bench.until(lambda: bench.session.values["running"] == 1.0, 6.0)


def test_an_error_of_a_huber_is_told_by_its_number_and_a_warning_too() -> None:
    bench, twin = huber_bench()
    bench.at_work()
    twin.warn(-2129)
    bench.until(lambda: bench.session.values["alarm"] == 2129.0, 2.0)
    assert bench.reads(WORK)
    twin.fail(-328)
    bench.until(lambda: bench.session.values["alarm"] == 328.0, 2.0)
    assert bench.session.values["running"] == 0.0


def test_manual_mode_is_told_with_what_to_do_about_it() -> None:
    bench, twin = julabo_bench()
    bench.at_work()
    twin.press_keys(remote=False, running=False)
    bench.until(lambda: "set it to remote control" in str(bench.session.problem), 5.0)
    twin.press_keys(remote=True, running=False)
    bench.until(lambda: bench.reads(WORK), 8.0)


def test_julabos_are_given_the_pauses_that_their_manual_wants() -> None:
    bench, _ = julabo_bench()
    times: list[tuple[float, bytes]] = []

    def note(request: bytes) -> bool:
        times.append((bench.time_s, request))
        return False

    bench.world.mute = note
    bench.at_work()
    bench.session.stop()
    bench.run(3.0)
    outs = [(b - a) for (a, first), (b, _) in pairwise(times) if first.startswith(b"OUT")]
    assert len(outs) >= 6
    assert min(outs) >= 0.25 - 1e-9


def test_a_setpoint_that_it_refuses_is_told_in_its_own_words() -> None:
    driver = Julabo(InstrumentSettings("", {"range": "-20..400 degC"}, USED, SAFE))
    twin = JulaboTwin(TwinSettings())
    converse(driver.configure(), twin)
    with pytest.raises(DeviceError, match="setpoint 350 degC: it says -11 VALUE TOO LARGE"):
        converse(driver.write({"setpoint": 350.0}), twin)


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize(
    "text", ["0..20", "20..0 degC", "-200..20 degC", "0..501 degC", "0..2O degC", "²..20 degC"]
)
def test_a_range_that_cannot_be_is_refused(maker: str, text: str) -> None:
    with pytest.raises(DeviceError, match="range"):
        DRIVERS[maker](InstrumentSettings("", {"range": text}))


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("wanted", [{"setpoint": 100.01}, {"setpoint": math.nan}, {"running": 2.0}])
def test_what_is_out_of_range_is_never_sent(maker: str, wanted: dict[str, float]) -> None:
    with pytest.raises(DeviceError, match="its range is"):
        next(DRIVERS[maker](InstrumentSettings("", {}, USED, SAFE)).write(wanted))


def test_a_huber_has_no_address() -> None:
    with pytest.raises(DeviceError, match="remove it"):
        Huber(InstrumentSettings("1"))


@pytest.mark.parametrize("text", ["ACME pump", "25.0", "---"])
def test_what_is_no_julabo_is_not_taken_for_one(text: str) -> None:
    script = Julabo(InstrumentSettings()).identify()
    next(script)
    with pytest.raises(DeviceError, match="is no JULABO"):
        script.send(f"{text}\r\n".encode())


def test_the_answer_of_another_address_is_damage() -> None:
    ask = next(Julabo(InstrumentSettings("32")).identify())
    assert ask.ends is not None
    with pytest.raises(ValueError, match="another's"):
        ask.ends(b"A033_JULABO V 1.0\r\n")


@pytest.mark.parametrize("answer", [b"{S02", b"{S0209C4\r\n", b"{M0109C4\r\n", b"{S0109C4\n\r", b"x"])
def test_an_answer_for_another_variable_or_of_another_form_is_damage(answer: bytes) -> None:
    ask = next(Huber(InstrumentSettings("", {}, ("temperature",))).read())
    assert ask.ends is not None
    if answer == b"{S02":
        assert ask.ends(answer) == 0
        return
    with pytest.raises(ValueError, match="answer"):
        ask.ends(answer)


@pytest.mark.parametrize("maker", MAKERS)
@given(noise=st.binary(max_size=300))
def test_noise_bounds_itself(maker: str, noise: bytes) -> None:
    ask = next(DRIVERS[maker](InstrumentSettings("", {}, ("temperature",))).read())
    assert ask.ends is not None
    try:
        length = ask.ends(noise)
    except ValueError:
        return
    assert 0 <= length <= len(noise)
    assert length or len(noise) <= 80


@given(st.integers(-15099, 32766))
def test_a_hubers_temperature_is_read_to_the_hundredth(hundredths: int) -> None:
    script = Huber(InstrumentSettings("", {}, ("temperature",))).read()
    next(script)
    with pytest.raises(StopIteration) as ended:
        script.send(f"{{S01{hundredths & 0xFFFF:04X}\r\n".encode())
    assert ended.value.value == {"temperature": hundredths / 100.0}


def test_a_probe_that_is_not_plugged_in_reads_as_nothing() -> None:
    for driver, twin in (
        (Julabo(InstrumentSettings("", {}, ("process_temperature",))), JulaboTwin(TwinSettings())),
        (Huber(InstrumentSettings("", {}, ("process_temperature",))), HuberTwin(TwinSettings())),
    ):
        if isinstance(twin, JulaboTwin):
            twin.external = False
        else:
            twin.probe = False
        values = converse(driver.read(), twin)
        assert isinstance(values, dict)
        assert math.isnan(values["process_temperature"])


def test_twins_take_commands_in_pieces_and_forget_endless_ones() -> None:
    julabo, huber = JulaboTwin(TwinSettings()), HuberTwin(TwinSettings())
    assert b"".join(julabo.feed(bytes([byte])) for byte in b"in_sp_00\r") == b"25.00\r\n"
    assert b"".join(huber.feed(bytes([byte])) for byte in b"{M00****\r\n") == b"{S0007D0\r\n"
    for twin in (julabo, huber):
        for _ in range(100):
            assert twin.feed(b"x" * 100) == b""
        assert len(twin._received) <= 64
