"""One suite for the spectrometer's driver and its twin, over every kind of line that joins them."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

import numpy as np
import pytest

from firmware_bridge.devices.interfaces import DeviceError, NoAnswerError, NotReadyError
from firmware_bridge.devices.spectrometer import TRIES, FramedSpectrometer
from firmware_bridge.link.interfaces import Link, LinkError
from firmware_bridge.link.loopback import loopback_pair
from firmware_bridge.link.serial_link import open_serial
from firmware_bridge.simulator.endpoint import DevicePort, LoopbackEndpoint, PtyEndpoint
from firmware_bridge.simulator.faults import FaultyPort, LineFaults
from firmware_bridge.simulator.spectrometer import SpectrometerModel, SpectrometerTwin
from firmware_bridge.wire import framing
from firmware_bridge.wire import messages as m

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from firmware_bridge.simulator.interfaces import Drive, Sensed
    from firmware_bridge.wire.layout import Message

PIXELS = 1044
TIMEOUT_S = 1.0
PAUSE_S = 0.001
"""What one pause adds to the driver's clock, which is not the wall's."""


class GlowPlant:
    """A light that grows with pixel number and integration time, and remembers when it was looked at."""

    def __init__(self, pixels: int = PIXELS) -> None:
        i = np.arange(pixels)
        self.wavelengths_nm: NDArray[np.float64] = 339.5 + 0.52 * i - 2.1e-5 * i**2 - 1.5e-9 * i**3
        self.exposures: list[tuple[float, int]] = []

    def advance(self, dt_s: float, drive: Drive) -> Sensed:
        raise AssertionError(f"the spectrometer drives nothing: {dt_s} {drive}")

    def expose(self, integration_s: float, scans: int) -> NDArray[np.float64]:
        self.exposures.append((integration_s, scans))
        return np.arange(PIXELS, dtype=np.float64) * 1000.0 * integration_s - 3.0


class Bench:
    def __init__(self, wire: str, faults: LineFaults | None = None, seed: int = 0) -> None:
        self.plant = GlowPlant()
        self.twin = SpectrometerTwin(self.plant, SpectrometerModel(max_counts=60_000))
        self.port: DevicePort = self.twin if faults is None else FaultyPort(self.twin, faults, seed=seed)
        self.connected = True
        self.opened = 0
        self.clock_s = 0.0
        self._pump: Callable[[], object] = lambda: None
        self._pty = PtyEndpoint(self.port) if wire == "pty" else None
        self.link: Link | None = None
        self.driver = FramedSpectrometer(
            self._open, reply_timeout_s=TIMEOUT_S, clock=lambda: self.clock_s, pause=self._pause
        )

    def _open(self) -> Link:
        self.opened += 1
        if self._pty is not None:
            self._pump = self._pty.pump
            self.link = open_serial(self._pty.path)
        else:
            self.link, far = loopback_pair("bench")
            self._pump = LoopbackEndpoint(far, self.port).pump
        return self.link

    def _pause(self, _seconds: float) -> None:
        self.clock_s += PAUSE_S
        if not self.connected:
            return
        if self._pty is not None:
            select.select([self._pty], [], [], PAUSE_S)
        self._pump()

    def close(self) -> None:
        self.driver.close()
        if self._pty is not None:
            self._pty.close()


@pytest.fixture(params=["loopback", "pty"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    bench = Bench(request.param)
    yield bench
    bench.close()


def test_it_says_what_it_is_and_where_its_pixels_lie(bench: Bench) -> None:
    identity = bench.driver.identify()
    assert (identity.serial_number, identity.pixels, identity.max_counts) == ("TWIN-S001", PIXELS, 60_000)
    assert (identity.min_integration_s, identity.max_integration_s) == pytest.approx((0.001, 10.0))
    assert np.asarray(identity.wavelengths_nm) == pytest.approx(bench.plant.wavelengths_nm, abs=0.01)


def test_an_exposure_is_ready_when_simulated_time_has_passed(bench: Bench) -> None:
    exposure = bench.driver.start(0.05, 4)
    assert exposure.ready_in_s == pytest.approx(0.2)
    bench.twin.advance(0.15)
    with pytest.raises(NotReadyError, match=r"0\.050 s") as caught:
        bench.driver.fetch(exposure)
    assert caught.value.ready_in_s == pytest.approx(0.05)
    bench.twin.advance(0.051)
    counts = bench.driver.fetch(exposure)
    expected = np.clip(np.rint(np.arange(PIXELS) * 50.0 - 3.0), 0, 60_000)
    assert list(counts) == expected.tolist()
    assert counts[-1] == 52_147
    assert bench.plant.exposures == [(0.05, 4)]


def test_counts_saturate_at_both_ends(bench: Bench) -> None:
    exposure = bench.driver.start(1.0, 1)
    bench.twin.advance(1.0)
    counts = bench.driver.fetch(exposure)
    assert (counts[0], counts[-1]) == (0, 60_000)


def test_a_finished_exposure_can_be_read_again(bench: Bench) -> None:
    exposure = bench.driver.start(0.01, 1)
    bench.twin.advance(0.02)
    first = bench.driver.fetch(exposure)
    bench.twin.advance(5.0)
    assert bench.driver.fetch(exposure) == first
    assert len(bench.plant.exposures) == 1


def test_a_new_exposure_replaces_the_one_before(bench: Bench) -> None:
    replaced = bench.driver.start(0.01, 1)
    bench.twin.advance(0.02)
    bench.driver.start(0.02, 1)
    with pytest.raises(DeviceError, match="refused FETCH: no such exposure"):
        bench.driver.fetch(replaced)


@pytest.mark.parametrize(("integration_s", "scans"), [(0.0001, 1), (11.0, 1), (0.01, 0), (0.01, 2000)])
def test_what_the_instrument_cannot_do_is_refused(bench: Bench, integration_s: float, scans: int) -> None:
    with pytest.raises(DeviceError, match="refused EXPOSE: out of range"):
        bench.driver.start(integration_s, scans)


@pytest.mark.parametrize("integration_s", [0.0, -1.0, float("nan"), float("inf"), 1e9])
def test_an_impossible_integration_time_never_reaches_the_wire(bench: Bench, integration_s: float) -> None:
    with pytest.raises(DeviceError, match="integration time"):
        bench.driver.start(integration_s, 1)
    assert bench.opened == 0


def test_silence_is_bounded_and_says_what_to_check(bench: Bench) -> None:
    bench.connected = False
    with pytest.raises(NoAnswerError, match="no answer to IDENTIFY in 4 tries of 1 s: check"):
        bench.driver.identify()
    assert bench.clock_s == pytest.approx(TRIES * TIMEOUT_S, rel=0.01)


def test_a_line_that_broke_is_opened_again(bench: Bench) -> None:
    bench.driver.identify()
    assert bench.link is not None
    bench.link.close()
    assert bench.driver.identify().pixels == PIXELS
    assert bench.opened == 2


def test_a_line_that_cannot_be_opened_is_a_link_error() -> None:
    def refuse() -> Link:
        raise LinkError("ttyUSB3: no such port")

    with pytest.raises(LinkError, match="ttyUSB3"):
        FramedSpectrometer(refuse).identify()


@pytest.mark.parametrize("seed", range(5))
def test_a_whole_spectrum_comes_through_a_noisy_line_unharmed(seed: int) -> None:
    bench = Bench("loopback", LineFaults(flip_per_byte=0.0005, loss_per_byte=0.0003, split=True), seed)
    exposure = bench.driver.start(0.02, 1)
    bench.twin.advance(0.02)
    assert (
        list(bench.driver.fetch(exposure))
        == np.clip(np.rint(np.arange(PIXELS) * 20.0 - 3.0), 0, None).tolist()
    )


class Impostor:
    """A spectrometer that answers everything with one message."""

    def __init__(self, reply: Message) -> None:
        self._reply = reply

    def feed(self, chunk: bytes) -> bytes:
        return b"".join(m.encode(f.sequence, self._reply) for f in framing.FrameStream().feed(chunk))


def identity(**changes: object) -> m.Identity:
    facts: dict[str, object] = {
        "model": "X",
        "serial_number": "S",
        "pixels": 16,
        "coefficients_nm": (300.0, 1.0, 0.0, 0.0),
        "max_counts": 65535,
        "min_integration_us": 1000,
        "max_integration_us": 1_000_000,
    }
    return m.Identity(**(facts | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        (identity(pixels=0), "'S' claims 0 pixels"),
        (identity(pixels=60_000), "claims 60000 pixels"),
        (identity(coefficients_nm=(300.0, -1.0, 0.0, 0.0)), "does not rise"),
        (identity(coefficients_nm=(300.0, float("nan"), 0.0, 0.0)), "does not rise"),
        (m.Exposing(1, 1), "answered IDENTIFY with EXPOSING"),
        (
            m.Inputs(
                0, m.Status(0), (0.0,) * 4, (0.0,) * 2, (0.0,) * 6, (0.0,) * 2, 0.0, (0.0,) * 2, (0.0,) * 2, 0
            ),
            "0x83 is not expected",
        ),
    ],
)
def test_nonsense_from_the_instrument_is_an_error_not_data(reply: Message, complaint: str) -> None:
    bench = Bench("loopback")
    bench.port = Impostor(reply)
    with pytest.raises(DeviceError, match=complaint):
        bench.driver.identify()


def test_pixels_of_another_exposure_are_an_error_not_data() -> None:
    bench = Bench("loopback")
    bench.driver.identify()
    exposure = bench.driver.start(0.01, 1)
    bench.driver.close()
    bench.port = Impostor(m.Pixels(exposure.id + 1, 0, 100, (0,) * 100))
    with pytest.raises(DeviceError, match="asked for 100 pixels from 0 of exposure 0"):
        bench.driver.fetch(exposure)


def test_a_grating_that_no_cubic_describes_is_refused() -> None:
    plant = GlowPlant()
    plant.wavelengths_nm = 500.0 + 100.0 * np.sin(np.arange(PIXELS) / 50.0)
    with pytest.raises(ValueError, match="off any cubic"):
        SpectrometerTwin(plant)
