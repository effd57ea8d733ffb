"""VICI valve actuators: what they say, in both dialects, and a valve that does not come."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices.instruments.base import InstrumentSettings
from firmware_bridge.devices.instruments.vici import Vici
from firmware_bridge.devices.interfaces import BoardState, DeviceError
from firmware_bridge.simulator.instruments.interfaces import TwinSettings
from firmware_bridge.simulator.instruments.vici import ViciTwin
from tests.contract.instrument_bench import Case, InstrumentBench, converse

SAFE = {"position": 1.0}


def make_bench(positions: str = "10") -> tuple[InstrumentBench, ViciTwin]:
    case = Case(
        "vici", options={"positions": positions}, used=("position",), work={"position": 6.0}, safe=SAFE
    )
    bench = InstrumentBench(case)
    assert isinstance(bench.twin, ViciTwin)
    return bench, bench.twin


def make_driver(positions: str = "10", address: str = "") -> Vici:
    return Vici(InstrumentSettings(address, {"positions": positions}, ("position",), SAFE))


def test_a_valve_that_turns_is_read_until_it_stands_where_it_shall() -> None:
    bench, twin = make_bench()
    bench.at_work()
    assert twin.action.position == 6
    assert [line.split(" s ")[1] for line in twin.log if "GO" in line] == [
        "GO1: turns to 1",
        "GO6: turns to 6",
    ]


def test_a_microelectric_actuator_is_understood_and_unknown_between_positions() -> None:
    bench, twin = make_bench()
    twin.feed(b"LG1\r")
    bench.until(lambda: bench.ready, 3.0)
    bench.session.write({"position": 6.0})
    bench.until(lambda: math.isnan(bench.session.values["position"]), 1.0)
    bench.until(lambda: bench.reads({"position": 6.0}), 2.0)
    assert bench.session.state is BoardState.READY
    assert bench.session.problem is None


def test_a_move_that_is_lost_on_the_line_is_asked_for_again() -> None:
    bench, twin = make_bench()
    bench.until(lambda: bench.ready, 3.0)
    bench.world.damage = lambda data: b"" if data.startswith(b"GO") else data
    bench.session.write({"position": 6.0})
    bench.run(0.5)
    assert twin.action.position == 1
    bench.world.damage = bytes
    bench.until(lambda: bench.reads({"position": 6.0}), 4.0)


def test_a_valve_that_is_stuck_is_told_with_where_it_stays() -> None:
    bench, twin = make_bench()
    bench.until(lambda: bench.ready, 3.0)
    twin.jam()
    bench.session.write({"position": 6.0})
    bench.until(lambda: bench.session.problem is not None, 6.0)
    assert "stays at 1 on its way to 6" in str(bench.session.problem)
    twin.jam(jammed=False)
    bench.until(lambda: bench.reads({"position": 6.0}), 6.0)


def test_the_shortest_way_is_taken_and_counted() -> None:
    twin = ViciTwin(TwinSettings(options={"positions": "10"}))
    twin.feed(b"IFM0\rGO9\r")
    twin.advance(2.0)
    assert twin.feed(b"CP\rCNT\r") == b"CP09\rCNT00002\r"


def test_without_ifm0_the_answer_to_a_move_does_not_pass_for_another() -> None:
    driver = make_driver()
    script = driver.read()
    ask = next(script)
    assert ask.ends is not None
    noise = b"GO06\r\nVR = 1\r"
    assert ask.ends(noise) == 0
    assert ask.ends(noise + b"CP06\rCP07\r") == len(noise) + 5


@pytest.mark.parametrize(
    ("answer", "position"),
    [(b"CP06\r", 6.0), (b"CP6\r", 6.0), (b"Position is  = 6\r", 6.0), (b"3CP06\r", 6.0), (b"\nCP06\r", 6.0)],
)
def test_positions_are_read_in_every_dialect(answer: bytes, position: float) -> None:
    script = make_driver(address="3").read()
    ask = next(script)
    assert ask.data == b"3CP\r"
    assert ask.ends is not None
    assert ask.ends(answer) == len(answer)
    with pytest.raises(StopIteration) as ended:
        script.send(answer)
    assert ended.value.value == {"position": position}


@pytest.mark.parametrize(
    ("positions", "answer", "told"),
    [
        ("10", b"CPA\r", "check the option positions"),
        ("two", b"CP06\r", "check the option positions"),
        ("10", b"CP11\r", "position 11 of 10"),
        ("10", b"CP00\r", "position 0 of 10"),
        ("10", b"CP = Bad command\r", "check the model"),
    ],
)
def test_what_cannot_be_is_never_a_position(positions: str, answer: bytes, told: str) -> None:
    script = make_driver(positions).read()
    ask = next(script)
    assert ask.ends is not None
    assert ask.ends(answer) == len(answer)
    with pytest.raises(DeviceError, match=told):
        script.send(answer)


@given(noise=st.binary(max_size=400))
def test_noise_bounds_itself(noise: bytes) -> None:
    ask = next(make_driver().read())
    assert ask.ends is not None
    try:
        assert 0 <= ask.ends(noise) <= len(noise)
    except ValueError:
        assert len(noise) > 160


def test_another_number_of_positions_than_the_rigs_is_refused() -> None:
    twin = ViciTwin(TwinSettings(options={"positions": "6"}))
    with pytest.raises(DeviceError, match="set to 6 positions, the rig names 10"):
        converse(make_driver().configure(), twin)


@pytest.mark.parametrize("wanted", [0.0, 11.0, 2.5, math.nan])
def test_a_position_that_there_is_not_is_never_sent(wanted: float) -> None:
    with pytest.raises(DeviceError, match="a whole number from 1 to 10"):
        next(make_driver().write({"position": wanted}))


@pytest.mark.parametrize("positions", ["", "1", "41", "AB", "²"])
def test_a_number_of_positions_that_cannot_be_is_refused(positions: str) -> None:
    with pytest.raises(DeviceError, match="positions"):
        make_driver(positions)


def test_a_valve_that_the_rig_only_reads_is_not_turned() -> None:
    driver = Vici(InstrumentSettings("", {"positions": "10"}, ("position",)))
    twin = ViciTwin(TwinSettings(options={"positions": "10"}))
    converse(driver.configure(), twin)
    converse(driver.stop(), twin)
    assert not any("turns" in line for line in twin.log)


def test_two_position_twins_toggle_as_the_manual_says() -> None:
    twin = ViciTwin(TwinSettings(options={"positions": "two"}))
    assert twin.feed(b"IFM0\rCC\r") == b""
    twin.advance(1.0)
    assert twin.feed(b"CP\r") == b"CPB\r"
    twin.feed(b"CC\r")
    twin.advance(1.0)
    assert twin.feed(b"CP\r") == b"CPB\r"
    twin.feed(b"TO\r")
    twin.advance(1.0)
    assert twin.feed(b"CP\rHM\r") == b"CPA\rHM = Bad command\r"
