"""IKA hotplates: their watchdog, what switches heater and motor, what a power cut and a hand do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices.instruments.base import InstrumentSettings
from firmware_bridge.devices.instruments.ika import Ika
from firmware_bridge.devices.interfaces import BoardState, DeviceError
from firmware_bridge.simulator.instruments.ika import IkaTwin
from firmware_bridge.simulator.instruments.interfaces import Surroundings, TwinSettings
from tests.contract.instrument_bench import Case, InstrumentBench, converse

if TYPE_CHECKING:
    from firmware_bridge.devices.instruments.base import Script

USED = ("temperature", "setpoint", "stirring", "speed")
WORK = {"setpoint": 60.0, "stirring": 400.0}
SAFE = {"setpoint": 0.0, "stirring": 0.0}


def make_bench(safe: dict[str, float] | None = None, **options: str) -> tuple[InstrumentBench, IkaTwin]:
    case = Case(
        "ika",
        used=USED,
        options=options,
        work=WORK,
        safe=SAFE if safe is None else safe,
        settle_s=2.0,
        surroundings=Surroundings(),
    )
    bench = InstrumentBench(case)
    assert isinstance(bench.twin, IkaTwin)
    return bench, bench.twin


def make_driver(**options: str) -> Ika:
    return Ika(InstrumentSettings("", options, USED, SAFE))


def leave_alone(bench: InstrumentBench, seconds: float) -> None:
    """Let time pass for the plate alone, as when the host is dead."""
    for _ in range(round(seconds / 0.1)):
        bench.twin.advance(0.1)


def test_it_heats_and_stirs_as_it_is_asked_to() -> None:
    bench, twin = make_bench()
    bench.at_work()
    bench.until(lambda: abs(bench.session.values["temperature"] - 60.0) < 1.0, 600.0)
    assert bench.session.values["speed"] == 400.0
    assert twin.action.heat > 0.0


def test_a_dead_host_costs_the_plate_its_heat_after_the_watchdogs_time() -> None:
    bench, twin = make_bench(watchdog="20 s")
    bench.at_work()
    leave_alone(bench, 19.0)
    assert twin.heating
    leave_alone(bench, 2.0)
    assert not twin.heating
    assert not twin.stirring
    assert twin.display == "Er02"
    assert twin.action.heat == 0.0


def test_the_other_watchdog_goes_to_the_safe_values_and_stirs_on() -> None:
    bench, twin = make_bench({"setpoint": 30.0, "stirring": 150.0}, lost="safe")
    bench.at_work()
    leave_alone(bench, 31.0)
    assert twin.display == "WD"
    assert twin.heating
    assert twin.feed(b"IN_SP_1\r\nIN_SP_4\r\n") == b"30.0 1\r\n150.0 4\r\n"


def test_the_watchdog_stays_quiet_while_the_host_lives_even_in_a_held_stop() -> None:
    bench, twin = make_bench(watchdog="20 s")
    bench.at_work()
    bench.run(25.0)
    bench.session.stop()
    bench.run(25.0)
    assert twin.display == ""
    bench.session.release()
    bench.session.write(WORK)
    bench.until(lambda: twin.heating, 2.0)


def test_after_its_watchdog_has_bitten_it_is_brought_back_when_the_host_is() -> None:
    bench, twin = make_bench(watchdog="20 s")
    bench.at_work()
    leave_alone(bench, 21.0)
    bench.run(8.0)
    assert twin.heating
    assert twin.stirring
    assert bench.reads(WORK)


def test_the_low_end_of_the_range_switches_the_heater_off_and_zero_the_motor() -> None:
    bench, twin = make_bench({"setpoint": 20.0, "stirring": 0.0}, range="20..200 degC")
    bench.at_work()
    assert twin.heating
    bench.session.write({"setpoint": 20.0})
    bench.until(lambda: not twin.heating, 1.0)
    assert twin.stirring
    bench.session.write({"stirring": 0.0})
    bench.until(lambda: not twin.stirring, 1.0)


def test_a_power_cut_that_it_does_not_tell_is_healed_within_seconds() -> None:
    bench, twin = make_bench()
    bench.at_work()
    twin.power_cycle()
    bench.until(lambda: twin.heating and twin.stirring, 6.0)


def test_a_hand_on_the_knob_is_seen_and_undone() -> None:
    bench, twin = make_bench()
    bench.at_work()
    twin.turn_knob(200.0)
    bench.until(lambda: bench.session.statistics.reboots == 1, 1.0)
    bench.until(lambda: bench.reads(WORK), 3.0)


def test_a_rig_that_only_reads_arms_no_watchdog() -> None:
    twin = IkaTwin(TwinSettings())
    driver = Ika(InstrumentSettings("", {}, ("temperature", "torque", "safety_temperature")))
    converse(driver.configure(), twin)
    assert converse(driver.read(), twin) == {"temperature": 25.0, "torque": 0.0, "safety_temperature": 360.0}
    converse(driver.stop(), twin)
    assert not twin.log


def test_a_setpoint_that_its_safety_temperature_forbids_is_told() -> None:
    script = make_driver().write({"setpoint": 200.0})
    with pytest.raises(DeviceError, match="it took 100 for 200: check its safety limit"):
        _answer_all(script, {b"IN_SP_1\r\n": b"100.0 1\r\n"})


def _answer_all(script: Script[None], answers: dict[bytes, bytes]) -> None:
    ask = next(script)
    while True:
        ask = script.send(answers.get(ask.data, b""))


@pytest.mark.parametrize(
    "wanted", [{"setpoint": 310.1}, {"setpoint": math.nan}, {"stirring": 1501.0}, {"stirring": -1.0}]
)
def test_what_is_out_of_range_is_never_sent(wanted: dict[str, float]) -> None:
    with pytest.raises(DeviceError, match="its range is"):
        next(make_driver().write(wanted))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"watchdog": "10 s"}, "watchdog"),
        ({"watchdog": "off"}, "watchdog"),
        ({"lost": "on"}, "lost"),
        ({"range": "0..700 degC"}, "range"),
    ],
)
def test_an_option_that_cannot_be_is_refused_by_name(options: dict[str, str], named: str) -> None:
    with pytest.raises(DeviceError, match=named):
        make_driver(**options)


def test_it_has_no_address() -> None:
    with pytest.raises(DeviceError, match="remove it"):
        Ika(InstrumentSettings("1"))


def test_an_endless_line_is_damage_and_so_is_what_is_no_text() -> None:
    ask = next(make_driver().identify())
    assert ask.ends is not None
    assert ask.ends(b"RCT") == 0
    with pytest.raises(ValueError, match="line's end"):
        ask.ends(b"R" * 83)
    with pytest.raises(ValueError, match="no text"):
        ask.ends(b"RCT\x80\r\n")


@given(noise=st.binary(max_size=300))
def test_noise_bounds_itself(noise: bytes) -> None:
    ask = next(make_driver().read())
    assert ask.ends is not None
    try:
        length = ask.ends(noise)
    except ValueError:
        return
    assert 0 <= length <= len(noise)
    assert length or len(noise) <= 82


def test_a_line_that_babbles_ends_in_a_lost_plate_and_a_bitten_watchdog() -> None:
    bench, twin = make_bench(watchdog="20 s")
    bench.at_work()
    bench.world.damage = lambda data: bytes(byte | 0x80 for byte in data)
    bench.until(lambda: bench.session.state is BoardState.LOST, 10.0)
    bench.until(lambda: not twin.heating, 30.0)
