"""A spectrometer that is asked in text: what a rig file can declare, and what a device can get wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices.instruments.base import InstrumentSettings
from firmware_bridge.devices.interfaces import DeviceError, NoAnswerError
from firmware_bridge.devices.registry import find_spectrometer_driver
from firmware_bridge.devices.text_commands import read_protocol
from firmware_bridge.devices.text_spectrometer import TextSpectrometer
from firmware_bridge.link.interfaces import Link, LinkError
from firmware_bridge.link.loopback import loopback_pair
from firmware_bridge.simulator.endpoint import LoopbackEndpoint
from firmware_bridge.simulator.text_spectrometer import OPTIONS, TextSpectrometerTwin
from tests.unit.firmware_bridge.workers import InlineWorker

WAVELENGTHS_NM = [400.0 + 0.5 * pixel for pixel in range(300)]
NEEDED = {"wavelengths_ask": "W", "integration_ask": "I {s}", "read_ask": "R"}


class Bench:
    """Driver and twin on one in-process line; time passes when the driver waits."""

    def __init__(self, serial_number: str = "", **options: str) -> None:
        self.time_s = 0.0
        self.plugged = True
        self.opened = 0
        self.twin = TextSpectrometerTwin(WAVELENGTHS_NM, self.shine)
        self._endpoint: LoopbackEndpoint | None = None
        self.far: Link | None = None
        self.driver = TextSpectrometer(
            self._open,
            InstrumentSettings(options={**OPTIONS, **options}, serial_number=serial_number),
            worker=InlineWorker(),
            clock=lambda: self.time_s,
            pause=self._pass,
        )

    def shine(self, integration_s: float) -> list[float]:
        return [100.0 + 1e5 * integration_s * (pixel % 10) for pixel in range(len(WAVELENGTHS_NM))]

    def expose(self, integration_s: float = 0.05, scans: int = 1) -> list[int]:
        return list(self.driver.fetch(self.driver.start(integration_s, scans)))

    def unplug(self) -> None:
        self.plugged = False
        assert self.far is not None
        self.far.close()

    def _open(self) -> Link:
        if not self.plugged:
            raise LinkError("line: no such port: check the cable")
        self.opened += 1
        near, self.far = loopback_pair("line")
        self._endpoint = LoopbackEndpoint(self.far, self.twin)
        return near

    def _pass(self, seconds: float) -> None:
        self.time_s += seconds
        self.twin.advance(seconds)
        if self._endpoint is not None and self.plugged:
            self._endpoint.pump()


def test_it_says_what_it_is() -> None:
    identity = Bench().driver.identify()
    assert (identity.model, identity.serial_number, identity.pixels) == ("OST-TEXT", "T-0042", 300)
    assert list(identity.wavelengths_nm) == pytest.approx(WAVELENGTHS_NM)
    assert (identity.max_counts, identity.min_integration_s, identity.max_integration_s) == (
        65535,
        0.001,
        10.0,
    )


def test_counts_follow_the_light_and_the_integration_time() -> None:
    bench = Bench()
    assert bench.expose(0.05)[:3] == [100, 5100, 10100]
    assert bench.expose(0.1)[:3] == [100, 10100, 20100]
    assert max(bench.expose(1.0)) == 65535
    assert bench.opened == 1


def test_scans_are_averaged_and_each_takes_its_light() -> None:
    bench = Bench()
    bench.driver.identify()
    began_s = bench.time_s
    assert bench.expose(0.2, scans=5)[1] == 20100
    assert bench.twin.scans == 5
    assert bench.time_s - began_s >= 1.0


def test_how_long_the_wire_takes_is_learnt() -> None:
    bench = Bench()
    bench.expose(0.1)
    exposure = bench.driver.start(0.1, 2)
    assert 0.2 < exposure.ready_in_s < 0.3


def test_one_without_a_greeting_and_with_a_declared_calibration_needs_no_more() -> None:
    options = {key: OPTIONS[key] for key in ("integration_ask", "integration_answer", "read_ask")}
    bench = Bench()
    bench.driver = TextSpectrometer(
        bench._open,
        InstrumentSettings(options={**options, "wavelengths": "400 0.5", "pixels": "300"}),
        worker=InlineWorker(),
        clock=lambda: bench.time_s,
        pause=bench._pass,
    )
    identity = bench.driver.identify()
    assert list(identity.wavelengths_nm) == pytest.approx(WAVELENGTHS_NM)
    assert (identity.model, identity.serial_number) == ("text spectrometer", "")
    assert bench.expose()[1] == 5100


def test_numbers_may_stand_on_many_lines_when_a_prompt_ends_them() -> None:
    bench = Bench(answer_end=r"\n>")
    bench.twin.garble = lambda data: (
        data.replace(b" ", b"\r\n").replace(b",T", b";T").replace(b";T", b",T") + (b">" if data else b"")
    )
    assert bench.expose()[:3] == [100, 5100, 10100]


def test_an_unplugged_line_is_told_and_opened_anew() -> None:
    bench = Bench()
    bench.expose()
    bench.unplug()
    with pytest.raises(LinkError):
        bench.expose()
    with pytest.raises(LinkError, match="no such port"):
        bench.driver.identify()
    bench.plugged = True
    assert bench.expose()[1] == 5100
    assert bench.opened == 2


def test_silence_ends_and_is_told_with_what_was_asked() -> None:
    bench = Bench(patience="1 s")
    bench.driver.identify()
    bench.twin.mute = True
    began_s = bench.time_s
    with pytest.raises(NoAnswerError, match="no answer to 'INT 50000'"):
        bench.expose()
    assert bench.time_s - began_s < 1.1
    bench.twin.mute = False
    assert bench.expose()[1] == 5100


@pytest.mark.parametrize(
    ("garbled", "told"),
    [
        (b"1,2,3\r\n", "3 values for 300 pixels"),
        (b"1,x,3\r\n", "could not convert"),
        (b"1,nan,3\r\n", "without a value"),
        (b"\xff\xfe\r\n", "no text"),
    ],
)
def test_an_answer_that_is_no_spectrum_is_told(garbled: bytes, told: str) -> None:
    bench = Bench()
    bench.driver.identify()
    bench.twin.garble = lambda data: garbled if b"100 " in data else data
    with pytest.raises(DeviceError, match=told):
        bench.expose()


def test_a_setting_that_it_refuses_is_told_in_its_own_words() -> None:
    bench = Bench(longest="20 s")
    with pytest.raises(DeviceError, match="INT 15000000: it says 'ERR 2 range'"):
        bench.expose(15.0)


def test_a_babbling_line_is_given_up() -> None:
    bench = Bench()
    bench.driver.identify()
    bench.twin.garble = lambda _data: b"7" * 4096
    with pytest.raises(DeviceError, match=r"without an end|never quiet"):
        bench.expose()


def test_another_serial_number_than_the_rigs_is_not_used() -> None:
    with pytest.raises(DeviceError, match="this is 'T-0042', the rig names 'T-1'"):
        Bench(serial_number="T-1").driver.identify()


def test_what_a_late_answer_left_behind_is_not_taken_for_the_next() -> None:
    bench = Bench(patience="0.05 s")
    bench.driver.identify()
    assert bench.far is not None
    bench.far.write(b"1 2 3\r\n")
    assert bench.expose()[1] == 5100


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"integration_ask": "I"}, "integration_ask 'I'"),
        ({"wavelengths": "1 2"}, "either wavelengths_ask"),
        ({"read_answer": "(["}, "read_answer .* is no regular expression"),
        ({"read_answer": ".*"}, r"name a group, \(\?P<numbers>"),
        ({"read_answer": "(?P<numbers>.*)" + "x" * 200}, "at most 200"),
        ({"max_counts": "0"}, "max_counts"),
        ({"max_counts": "²"}, "max_counts"),
        ({"shortest": "20 s"}, "below longest"),
        ({"patience": "0 s"}, "patience"),
        ({"answer_end": ""}, "answer_end"),
        ({"read_ask": "Å?"}, "ASCII"),
    ],
)
def test_an_option_that_cannot_be_is_refused_by_name(changes: dict[str, str], told: str) -> None:
    with pytest.raises(DeviceError, match=told):
        read_protocol({**NEEDED, **changes})


@pytest.mark.parametrize("missing", ["integration_ask", "read_ask"])
def test_an_option_that_is_missing_is_named(missing: str) -> None:
    with pytest.raises(DeviceError, match=f"{missing} is missing"):
        read_protocol({key: value for key, value in NEEDED.items() if key != missing})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"wavelengths": "400", "pixels": "300"}, "two to four"),
        ({"wavelengths": "400 x", "pixels": "300"}, "could not convert"),
        ({"wavelengths": "400 0.5"}, "pixels"),
        ({"wavelengths": "400 0.5", "pixels": "9000"}, "pixels"),
    ],
)
def test_a_calibration_that_cannot_be_is_refused(changes: dict[str, str], told: str) -> None:
    options = {key: value for key, value in NEEDED.items() if key != "wavelengths_ask"}
    with pytest.raises(DeviceError, match=told):
        read_protocol({**options, **changes})


@pytest.mark.parametrize(
    ("ask", "integration_s", "sent"),
    [
        ("INT {us}", 0.05, b"INT 50000\r\n"),
        ("T={ms};", 0.0015, b"T=1.5;\r\n"),
        ("{s} S", 10.0, b"10 S\r\n"),
        ("I{us}", 0.0012345678, b"I1235\r\n"),
    ],
)
def test_the_integration_time_is_written_in_the_unit_that_is_asked_for(
    ask: str, integration_s: float, sent: bytes
) -> None:
    assert read_protocol({**NEEDED, "integration_ask": ask}).integration_request(integration_s) == sent


@given(
    st.lists(st.integers(-1000, 10**6), min_size=1, max_size=50),
    st.sampled_from([",", " ", "\r\n", "; ", ", \t"]),
)
def test_numbers_are_read_whatever_stands_between_them(values: list[int], between: str) -> None:
    protocol = read_protocol(NEEDED)
    assert protocol.numbers("R", between.join(map(str, values)), protocol.read_answer) == values


def test_the_registry_makes_it_from_what_the_rig_file_says() -> None:
    driver = find_spectrometer_driver("text-spectrometer")
    with pytest.raises(DeviceError, match="integration_ask is missing"):
        driver.make(lambda: loopback_pair()[0])
