"""Sensirion flow sensors: SHDLC frames, scale and unit, and what is no measurement."""

from __future__ import annotations

import math
import struct
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices.instruments.base import InstrumentSettings, RestartedError
from firmware_bridge.devices.instruments.sensirion_flow import SensirionFlow
from firmware_bridge.devices.instruments.shdlc import LONGEST, find_end, pack, unpack
from firmware_bridge.devices.interfaces import BoardState, DeviceError
from firmware_bridge.simulator.instruments.interfaces import Surroundings, TwinSettings
from firmware_bridge.simulator.instruments.sensirion_flow import SensirionFlowTwin
from tests.contract.instrument_bench import AT_REST, Case, InstrumentBench, converse

if TYPE_CHECKING:
    from collections.abc import Mapping

USED = ("flow", "temperature", "air")
CASE = Case("sensirion-flow", options={"sensor": "SLF3S-0600F"}, used=USED)


def make_driver(options: Mapping[str, str] = CASE.options, used: tuple[str, ...] = USED) -> SensirionFlow:
    return SensirionFlow(InstrumentSettings("0", options, used))


def make_bench(surroundings: Surroundings, **options: str) -> tuple[InstrumentBench, SensirionFlowTwin]:
    case = replace(CASE, surroundings=surroundings)
    if options:
        case = replace(case, options=options, used=("flow",))
    bench = InstrumentBench(case)
    assert isinstance(bench.twin, SensirionFlowTwin)
    return bench, bench.twin


def reply(command: int, state: int, data: bytes, address: int = 0) -> bytes:
    """A device's frame: that of a host, with the state between command and length."""
    body = bytes((address, command, state, len(data))) + data
    body += bytes((~sum(body) & 0xFF,))
    for byte, code in ((0x7D, 0x5D), (0x7E, 0x5E), (0x11, 0x31), (0x13, 0x33)):
        body = body.replace(bytes((byte,)), bytes((0x7D, code)))
    return b"\x7e" + body + b"\x7e"


# The vectors with which Sensirion tests its own driver (python-shdlc-driver, tests/serial_frame_builder).
@pytest.mark.parametrize(
    ("address", "command", "data", "frame"),
    [
        (0x00, 0x00, b"", "7e000000ff7e"),
        (0x00, 0x00, bytes(255), "7e0000ff" + "00" * 255 + "007e"),
        (0x7E, 0x7D, b"\x11\x12\x13\x14", "7e7d5e7d5d047d31127d3314b67e"),
        (0x00, 0x01, b"\x7e" * 255, "7e0001ff" + "7d5e" * 255 + "7d5d7e"),
    ],
)
def test_requests_are_framed_as_sensirion_frames_them(
    address: int, command: int, data: bytes, frame: str
) -> None:
    assert pack(address, command, data).hex() == frame


@pytest.mark.parametrize(
    ("frame", "address", "command", "state", "data"),
    [
        ("7e00000000ff7e", 0, 0, 0, b""),
        ("7effffffff" + "ff" * 255 + "027e", 0xFF, 0xFF, 0xFF, b"\xff" * 255),
        ("7e7d5e7d5d7d3103127d3314b77e", 0x7E, 0x7D, 0x11, b"\x12\x13\x14"),
        ("7e000100ff" + "7d5e" * 255 + "7d5d7e", 0, 1, 0, b"\x7e" * 255),
    ],
)
def test_replies_are_read_as_sensirion_reads_them(
    frame: str, address: int, command: int, state: int, data: bytes
) -> None:
    found = unpack(bytes.fromhex(frame))
    assert (found.address, found.command, found.data) == (address, command, data)
    assert (found.error, found.is_faulty) == (state & 0x7F, state >= 0x80)


@pytest.mark.parametrize(
    "frame",
    [
        "7e7e",
        "7e000000ff7e",
        "7e00000001fe7e",
        "7e0000000000ff7e",
        "7e00000000fe7e",
        "7e000000007d7e",
        "7e000000007d007e",
    ],
)
def test_damaged_replies_are_refused(frame: str) -> None:
    with pytest.raises(ValueError, match=r"length|checksum|stuffed"):
        unpack(bytes.fromhex(frame))


@given(data=st.binary(max_size=255), command=st.integers(0, 255), address=st.integers(0, 254))
def test_any_data_comes_through(data: bytes, command: int, address: int) -> None:
    frame = reply(command, 0, data, address)
    assert len(frame) <= LONGEST
    assert find_end(frame) == len(frame)
    assert all(find_end(frame[:length]) == 0 for length in range(len(frame)))
    assert unpack(frame).data == data


@given(noise=st.binary(max_size=600))
def test_noise_bounds_itself(noise: bytes) -> None:
    try:
        assert 0 <= find_end(noise) <= len(noise)
    except ValueError:
        assert noise[:1] != b"\x7e" or len(noise) >= LONGEST


def test_a_flow_is_seen_with_its_temperature_and_air() -> None:
    bench, twin = make_bench(replace(AT_REST, flow_ul_s=-10.0, temperature_c=31.5))
    twin.air = True
    bench.until(lambda: bench.ready, 3.0)
    assert bench.session.values == pytest.approx({"flow": -600.0, "temperature": 31.5, "air": 1.0})
    assert twin.log[0].endswith("sensor type 3")


@pytest.mark.parametrize(
    ("sensor", "flow_ul_s"),
    [("SLF3S-1300F", 500.0), ("SLF3S-4000B", 5000.0), ("SLI-1000", 12.5)],
)
def test_each_kind_is_read_by_its_own_scale_and_unit(sensor: str, flow_ul_s: float) -> None:
    bench, _ = make_bench(replace(AT_REST, flow_ul_s=flow_ul_s), sensor=sensor)
    bench.until(lambda: bench.ready, 3.0)
    assert bench.session.values["flow"] == pytest.approx(flow_ul_s * 60.0, rel=1e-3)


def test_a_flow_beyond_the_sensor_is_no_value() -> None:
    bench, _ = make_bench(replace(AT_REST, flow_ul_s=80.0))
    bench.until(lambda: bench.ready, 3.0)
    assert math.isnan(bench.session.values["flow"])
    assert bench.session.values["temperature"] == pytest.approx(25.0)


def test_a_sensor_that_is_pulled_off_its_cable_is_told_and_comes_back() -> None:
    bench, twin = make_bench(AT_REST)
    bench.until(lambda: bench.ready, 3.0)
    twin.pull_sensor()
    bench.until(lambda: bench.session.state is not BoardState.READY, 3.0)
    assert "check its plug" in str(bench.session.problem)
    twin.pull_sensor(pulled=False)
    bench.until(lambda: bench.session.state is BoardState.READY, 3.0)


def test_an_error_of_the_cable_is_told_and_cleared() -> None:
    bench, twin = make_bench(AT_REST)
    bench.until(lambda: bench.ready, 3.0)
    twin.raise_error()
    bench.until(lambda: "error of its own" in str(bench.session.problem), 1.0)
    bench.until(lambda: bench.session.problem is None, 3.0)


def test_a_supply_that_was_cut_starts_the_measurement_anew_with_its_liquid() -> None:
    driver = make_driver({"sensor": "SLF3S-0600F", "liquid": "IPA"})
    twin = SensirionFlowTwin(TwinSettings(options={"sensor": "SLF3S-0600F"}))
    twin.sense(AT_REST)
    converse(driver.configure(), twin)
    twin.advance(0.2)
    assert converse(driver.read(), twin) == {"flow": 0.0, "temperature": 25.0, "air": 0.0}
    twin.power_cycle()
    with pytest.raises(RestartedError, match="supply was interrupted"):
        converse(driver.read(), twin)


def test_no_measurement_is_never_the_last_one_again() -> None:
    driver = make_driver()
    twin = SensirionFlowTwin(TwinSettings(options={"sensor": "SLF3S-0600F"}))
    converse(driver.configure(), twin)
    with pytest.raises(DeviceError, match="no measurement comes"):
        converse(driver.read(), twin)


def test_another_sensor_than_the_rigs_is_refused_by_name() -> None:
    twin = SensirionFlowTwin(TwinSettings(options={"sensor": "SLF3S-1300F"}))
    with pytest.raises(DeviceError, match="the sensor is SLF3S-1300F, the rig names SLF3S-0600F"):
        converse(make_driver().configure(), twin)


def test_the_data_sheets_scale_stands_in_where_the_sensor_tells_none() -> None:
    assert _read_after_scale(make_driver(), reply(0x53, 0x02, b"")) == pytest.approx(100.0)
    with pytest.raises(DeviceError, match="write the option scale"):
        _read_after_scale(make_driver({"sensor": "SF06", "range": "7 uL/min"}), reply(0x53, 0x02, b""))


@pytest.mark.parametrize(("scale", "unit"), [(0, 0x0844), (10, 0x0944), (10, 0x0804), (10, 0x0840)])
def test_a_scale_or_unit_that_is_no_flow_of_a_liquid_is_refused(scale: int, unit: int) -> None:
    with pytest.raises(DeviceError, match="no flow of a liquid"):
        _read_after_scale(make_driver(), reply(0x53, 0, struct.pack(">HHH", scale, unit, 0)))


def test_a_scale_in_the_rig_file_overrules_the_sensor() -> None:
    options = {"sensor": "SF04", "range": "7 uL/min", "scale": "200 counts/(uL/min)"}
    driver = make_driver(options, ("flow",))
    script = driver.configure()
    ask = next(script)
    for command, data in ((0xD2, b""), (0x24, b"\0"), (0x34, b""), (0x42, b""), (0x41, b"")):
        assert ask.data[2] == command
        ask = script.send(reply(command, 0, data))
    assert ask.data[2] == 0x33
    with pytest.raises(StopIteration):
        script.send(reply(0x33, 0, b""))
    reading = driver.read()
    next(reading)
    with pytest.raises(StopIteration) as ended:
        reading.send(reply(0x35, 0, struct.pack(">h", -300)))
    assert ended.value.value == {"flow": -1.5}


def _read_after_scale(driver: SensirionFlow, scale: bytes) -> float:
    """Configure with an answer to the question for the scale, then read 1000 counts."""
    script = driver.configure()
    next(script)
    for command, data in ((0xD2, b""), (0x24, b"\3"), (0x34, b""), (0x50, b"070303010000002304\0")):
        script.send(reply(command, 0, data))
    script.send(scale)
    with pytest.raises(StopIteration):
        script.send(reply(0x33, 0, b""))
    reading = driver.read()
    next(reading)
    with pytest.raises(StopIteration) as ended:
        reading.send(reply(0x35, 0, struct.pack(">hhH", 1000, 5000, 0)))
    flow: float = ended.value.value["flow"]
    return flow


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (reply(0x35, 0, bytes(6), address=1), "device 1 answers"),
        (reply(0x32, 0, bytes(6)), "answers command 0x32"),
        (b"\x7e\x00\x35\x00\x00\x00\x7e", "checksum"),
    ],
)
def test_an_answer_of_another_is_damage(answer: bytes, told: str) -> None:
    ask = next(make_driver().read())
    assert ask.ends is not None
    with pytest.raises(ValueError, match=told):
        ask.ends(answer)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"liquid": "water"}, "sensor is missing"),
        ({"sensor": "SLF3S-1400F"}, "choose one of"),
        ({"sensor": "SLI-1000", "liquid": "IPA"}, "one calibration"),
        ({"sensor": "SF04"}, "range is missing"),
        ({"sensor": "SLI-1000", "range": "7 uL/min"}, "has its own, 1100 uL/min"),
        ({"sensor": "SF06", "range": "7 uL/min", "scale": "13"}, "scale '13'"),
    ],
)
def test_options_that_cannot_be_are_refused_by_name(options: dict[str, str], told: str) -> None:
    with pytest.raises(DeviceError, match=told):
        make_driver(options)


def test_it_sets_nothing() -> None:
    with pytest.raises(DeviceError, match="can't set flow"):
        next(make_driver().write({"flow": 1.0}))
    assert list(make_driver().stop()) == []
