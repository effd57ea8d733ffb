"""Cavro syringe pumps: frames, strokes, and what the pump does when things go wrong."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices.instruments.base import InstrumentSettings
from firmware_bridge.devices.instruments.cavro import Cavro
from firmware_bridge.devices.instruments.cavro_frames import LONGEST_DATA, DtFrames, OemFrames
from firmware_bridge.devices.instruments.cavro_stroke import FASTEST, SLOWEST, plan_stroke, speed_of
from firmware_bridge.devices.interfaces import BoardState, DeviceError
from firmware_bridge.simulator.instruments.cavro import CavroTwin
from firmware_bridge.simulator.instruments.interfaces import TwinSettings
from tests.contract.instrument_bench import Case, InstrumentBench

SYRINGE = {"syringe": "1 mL", "refill": "6 s"}
CASE = Case(
    "cavro",
    address="1",
    options=SYRINGE,
    used=("flow", "dispensed", "left"),
    work={"flow": 6000.0},
    safe={"flow": 0.0},
    settle_s=15.0,
)


def make_bench(**options: str) -> tuple[InstrumentBench, CavroTwin]:
    case = Case("cavro", options={**SYRINGE, **options}, used=CASE.used, work=CASE.work, safe=CASE.safe)
    bench = InstrumentBench(case)
    assert isinstance(bench.twin, CavroTwin)
    return bench, bench.twin


def at_work(**options: str) -> tuple[InstrumentBench, CavroTwin]:
    bench, twin = make_bench(**options)
    bench.until(lambda: bench.ready, 2.0)
    bench.session.write(CASE.work)
    bench.until(lambda: bench.reads(CASE.work), 20.0)
    return bench, twin


@given(speed=st.floats(SLOWEST, FASTEST), increments=st.sampled_from([3000, 24000]))
def test_a_full_stroke_has_the_mean_speed_that_is_wanted(speed: float, increments: int) -> None:
    plan = plan_stroke(increments, speed, increments)
    at, seconds = increments, 0.0
    for rate, to in plan:
        assert SLOWEST <= rate <= FASTEST
        assert 0 <= to < at
        seconds += (at - to) * 6000 / increments / rate
        at = to
    assert at == 0
    assert 6000 / seconds == pytest.approx(speed, rel=1e-3)


@given(start=st.integers(1, 24000), speed=st.floats(SLOWEST, FASTEST))
def test_a_stroke_from_anywhere_fits_the_pumps_buffer_and_ends_empty(start: int, speed: float) -> None:
    plan = plan_stroke(start, speed, 24000)
    assert plan[-1][1] == 0
    assert len("O12" + "".join(f"V{rate}A{to}" for rate, to in plan) + "R") <= 255


def test_a_flow_too_slow_for_the_syringe_is_none() -> None:
    assert speed_of(50.0, 1000.0) == pytest.approx(SLOWEST)
    assert speed_of(49.9, 1000.0) == 0.0


@given(data=st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=LONGEST_DATA))
def test_any_flipped_bit_of_an_oem_answer_is_noticed(data: str) -> None:
    frames = OemFrames(1)
    block = b"\x020`" + data.encode() + b"\x03"
    check = 0
    for byte in block:
        check ^= byte
    block += bytes((check,))
    assert frames.ends(block) == len(block)
    for bit in range(8 * len(block)):
        bad = bytearray(block)
        bad[bit // 8] ^= 1 << bit % 8
        try:
            assert frames.ends(bytes(bad)) != len(block)
        except ValueError:
            continue


@given(noise=st.binary(max_size=120))
def test_noise_is_never_an_answer_and_bounds_itself(noise: bytes) -> None:
    for frames in (OemFrames(1), DtFrames(1)):
        try:
            length = frames.ends(noise)
        except ValueError:
            continue
        assert length <= len(noise)
        if length == 0:
            with pytest.raises(ValueError, match=r"without an end|begins with|status|synchron"):
                frames.ends(noise + b"x" * 400)


def test_rs485_line_synchronisation_before_an_answer_belongs_to_it() -> None:
    assert DtFrames(1).ends(b"\xff/0`\x03\r\n") == 7
    assert DtFrames(1).unpack(b"\xff/0`12\x03\r\n").data == "12"


def test_commands_are_numbered_one_to_seven_in_turn() -> None:
    frames = OemFrames(3)
    blocks = [frames.pack("Q") for _ in range(8)]
    assert [block[2] for block in blocks] == [0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x31]
    assert {block[1] for block in blocks} == {0x33}


def test_nothing_moves_before_a_flow_is_wanted() -> None:
    bench, twin = make_bench()
    bench.run(10.0)
    assert bench.session.state is BoardState.READY
    assert bench.session.problem is None
    assert not any("moves" in line or "initializes" in line for line in twin.log)
    assert math.isnan(bench.session.values["left"])


def test_it_refills_by_itself_and_says_that_nothing_flows_meanwhile() -> None:
    bench, twin = at_work()
    bench.until(lambda: bench.session.values["flow"] == 0.0, 12.0)
    gap_s = bench.until(lambda: bench.reads(CASE.work), 10.0)
    assert 6.0 < gap_s < 7.5
    assert bench.session.values["dispensed"] == pytest.approx(1000.0, rel=0.06)
    assert sum("turns the valve to I" in line for line in twin.log) == 2


def test_volume_that_has_left_is_counted_over_strokes_and_stops() -> None:
    bench, twin = at_work()
    delivered_ul = 0.0
    counted_ul = bench.session.values["dispensed"]
    for step in range(2000):
        if step == 900:
            bench.session.write({"flow": 3000.0})
        bench.step()
        delivered_ul += max(twin.action.flow_ul_s, 0.0) * 0.02
    bench.session.write({"flow": 0.0})
    bench.run(1.0)
    assert bench.session.values["dispensed"] - counted_ul == pytest.approx(delivered_ul, rel=0.02)


def test_without_its_host_the_pump_stands_still_after_one_stroke() -> None:
    _, twin = at_work()
    for _ in range(600):
        twin.advance(0.02)
    assert twin.action.flow_ul_s == 0.0
    assert "moves to 0" in twin.log[-1]


def test_a_plunger_overload_is_told_and_homed_away_once_it_is_free() -> None:
    bench, twin = at_work()
    twin.block_plunger()
    bench.until(lambda: bench.session.problem is not None, 2.0)
    assert "plunger overload" in str(bench.session.problem) or "initializ" in str(bench.session.problem)
    bench.run(3.0)
    assert twin.action.flow_ul_s == 0.0
    twin.block_plunger(blocked=False)
    bench.until(lambda: bench.reads(CASE.work), 20.0)
    assert bench.session.problem is None


def test_a_valve_that_does_not_turn_is_told() -> None:
    bench, twin = make_bench()
    bench.until(lambda: bench.ready, 2.0)
    twin.block_valve()
    bench.session.write(CASE.work)
    bench.until(lambda: "valve overload" in str(bench.session.problem), 3.0)
    assert twin.action.flow_ul_s == 0.0


def test_a_stop_while_it_initializes_holds_it_still() -> None:
    bench, twin = make_bench()
    bench.until(lambda: bench.ready, 2.0)
    bench.session.write(CASE.work)
    bench.until(lambda: twin.action.flow_ul_s != 0.0, 3.0)
    bench.session.stop()
    bench.until(lambda: bench.session.is_safe, 0.5)
    homed = len(twin.log)
    bench.run(5.0)
    assert twin.action.flow_ul_s == 0.0
    assert len(twin.log) == homed


def test_a_new_flow_during_a_refill_waits_for_its_end() -> None:
    bench, twin = at_work()
    bench.until(lambda: "moves to 6000" in twin.log[-1], 15.0)
    bench.session.write({"flow": 1200.0})
    bench.until(lambda: bench.session.values["flow"] == 1200.0, 8.0)
    assert not any("terminated" in line for line in twin.log)
    assert twin.action.flow_ul_s == pytest.approx(20.0)


def test_a_distribution_valve_returns_its_content_to_the_bottle_at_initialization() -> None:
    bench, twin = make_bench(valve="distribution", inlet="3", outlet="7")
    bench.until(lambda: bench.ready, 2.0)
    bench.session.write(CASE.work)
    while not any("turns the valve to 7" in line for line in twin.log):
        assert twin.action.flow_ul_s <= 0.0
        bench.step()
        assert bench.time_s < 30.0
    assert any("initializes by Z0,7,3" in line for line in twin.log)
    bench.until(lambda: bench.reads(CASE.work), 1.0)
    assert twin.action.flow_ul_s == pytest.approx(100.0)


def test_a_3_port_valve_can_return_its_content_to_the_bottle_too() -> None:
    bench, twin = make_bench(home="inlet")
    bench.until(lambda: bench.ready, 2.0)
    bench.session.write(CASE.work)
    while not any(line.endswith("moves to 6000 at 1000 half-steps/s") for line in twin.log):
        assert twin.action.flow_ul_s <= 0.0
        bench.step()
        assert bench.time_s < 30.0
    bench.until(lambda: bench.reads(CASE.work), 10.0)
    assert any("initializes by Y0" in line for line in twin.log)
    assert twin.action.flow_ul_s == pytest.approx(100.0)


def test_a_3_port_valve_expels_by_its_outlet_unless_told() -> None:
    bench, twin = make_bench()
    bench.until(lambda: bench.ready, 2.0)
    bench.session.write(CASE.work)
    bench.until(lambda: twin.action.flow_ul_s > 0.0, 2.0)
    assert twin.log[-1].endswith("initializes by Z0")


def test_the_left_output_is_initialized_by_y_and_small_syringes_with_less_force() -> None:
    bench, twin = make_bench(syringe="250 uL", output="left")
    bench.until(lambda: bench.ready, 2.0)
    bench.session.write({"flow": 1000.0})
    bench.until(lambda: any("initializes by Y1" in line for line in twin.log), 2.0)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "syringe is missing"),
        ({"syringe": "1 L"}, "write a number and a unit"),
        ({"syringe": "1 mL", "protocol": "CAN"}, "choose one of OEM, DT"),
        ({"syringe": "1 mL", "increments": "6000"}, "choose one of 3000, 24000"),
        ({"syringe": "1 mL", "refill": "1 s"}, "refill"),
        ({"syringe": "1 mL", "home": "waste"}, "choose one of outlet, inlet"),
        ({"syringe": "1 mL", "inlet": "2"}, "a 3-port valve has none"),
        ({"syringe": "1 mL", "valve": "distribution", "output": "left"}, "outlet with a number"),
        ({"syringe": "1 mL", "valve": "distribution", "inlet": "2"}, "both port 2"),
    ],
)
def test_options_that_cannot_be_are_refused_by_name(options: dict[str, str], told: str) -> None:
    with pytest.raises(DeviceError, match=told):
        Cavro(InstrumentSettings(options=options))


def _status(twin: CavroTwin, command: str) -> int:
    return twin.feed(f"/1{command}\r".encode())[2]


def test_the_twin_reports_errors_when_the_manual_says_so() -> None:
    twin = CavroTwin(TwinSettings(options={"protocol": "DT"}))
    assert _status(twin, "A300R") == 0x67  # not initialized
    assert _status(twin, "ZR") == 0x40
    assert _status(twin, "A300R") == 0x4F  # command overflow
    twin.advance(20.0)
    assert _status(twin, "Q") == 0x6F
    assert _status(twin, "Q") == 0x60
    assert _status(twin, "E2000R") == 0x62  # 3-46: an invalid command, at once
    assert _status(twin, "IA3000A4000R") == 0x40
    twin.advance(20.0)
    assert _status(twin, "Q") == 0x63  # 3-46: an invalid operand, asked for
    assert _status(twin, "BA1000R") == 0x40
    twin.advance(1.0)
    assert _status(twin, "Q") == 0x6B  # plunger move not allowed
    assert twin.feed(b"/1?\r") == b"/0`3000\x03\r\n"


def test_the_twin_does_not_repeat_what_it_has_done() -> None:
    twin = CavroTwin(TwinSettings())
    frame = OemFrames(1).pack("ZR")
    first = twin.feed(frame)
    again = bytearray(frame)
    again[2] |= 0x08
    again[-1] ^= 0x08
    assert twin.feed(bytes(again)) == first
    assert sum("initializes" in line for line in twin.log) == 1
